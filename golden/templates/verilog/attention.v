// The attention of A2OS2A at one timestep (rules N10 and N11 of golden/NUMERICS.md): map = ReLU(Q K^T), context = map V.
//
// Spikes of Q, K and V are written first, one channel of each a clock, token by token. After `start`, for each head and query,
// a lane sums the score of each key, which goes through the ReLU into a row of the map, and a second lane sums that row over
// the spikes of V. Values leave in that order, each with its `valid` for one clock; one row of the map is all that is kept.

module attention #(
    parameter HEADS = 2,
    parameter TOKENS = 16,
    parameter WIDTH = 8,
    parameter SHIFT = 0,
    parameter CAP = 127,
    parameter SCORE_BITS = 32,
    parameter MAP_BITS = 8,
    parameter CONTEXT_BITS = 32
) (
    input clock,
    input write,
    input signed [1:0] q_spike,
    input signed [1:0] k_spike,
    input signed [1:0] v_spike,
    input start,
    output reg busy,
    output score_valid,
    output signed [SCORE_BITS-1:0] score,
    output signed [MAP_BITS-1:0] mapped,
    output context_valid,
    output signed [CONTEXT_BITS-1:0] context_sum
);

  localparam CHANNELS = HEADS * WIDTH;

  reg signed [1:0] q[0:TOKENS*CHANNELS-1];
  reg signed [1:0] k[0:TOKENS*CHANNELS-1];
  reg signed [1:0] v[0:TOKENS*CHANNELS-1];
  reg signed [MAP_BITS-1:0] row[0:TOKENS-1];

  // Step 0 clears the lane, steps 1 to the last gather, and after the last one the sum is there.
  reg [31:0] written, head, query, place, step;
  reg  in_context;
  wire score_last = step == WIDTH + 1;
  wire context_last = step == TOKENS + 1;
  wire last = in_context ? context_last : score_last;
  wire clears = step == 0;

  wire [31:0] channel = head * WIDTH + step - 1;  // addresses, not data
  wire [31:0] key = step - 1;

  assign score_valid   = busy && !in_context && score_last;
  assign context_valid = busy && in_context && context_last;

  gather #(
      .TERM_BITS(2),
      .SUM_BITS (SCORE_BITS)
  ) score_lane (
      .clock(clock),
      .load(clears),
      .next_plane(1'b0),
      .spike(last ? 2'sb00 : q[query*CHANNELS+channel]),
      .start({SCORE_BITS{1'b0}}),
      .term(k[place*CHANNELS+channel]),
      .sum(score)
  );

  relu #(
      .SHIFT(SHIFT),
      .CAP(CAP),
      .INPUT_BITS(SCORE_BITS),
      .OUTPUT_BITS(MAP_BITS)
  ) map_neuron (
      .current(score),
      .graded (mapped)
  );

  gather #(
      .TERM_BITS(MAP_BITS),
      .SUM_BITS (CONTEXT_BITS)
  ) context_lane (
      .clock(clock),
      .load(clears),
      .next_plane(1'b0),
      .spike(last ? 2'sb00 : v[key*CHANNELS+head*WIDTH+place]),
      .start({CONTEXT_BITS{1'b0}}),
      .term(row[key]),
      .sum(context_sum)
  );

  initial begin
    busy = 0;
    written = 0;
  end

  always @(posedge clock) begin
    if (write) begin
      q[written] <= q_spike;
      k[written] <= k_spike;
      v[written] <= v_spike;
      written <= written + 1;
    end
    if (score_valid) row[place] <= mapped;
    if (start) begin
      busy <= 1;
      written <= 0;
      in_context <= 0;
      head <= 0;
      query <= 0;
      place <= 0;
      step <= 0;
    end else if (busy && !last) step <= step + 1;
    else if (busy) begin
      step <= 0;
      if (place != (in_context ? WIDTH : TOKENS) - 1) place <= place + 1;
      else begin
        place <= 0;
        in_context <= !in_context;
        if (in_context && query != TOKENS - 1) query <= query + 1;
        else if (in_context) begin
          query <= 0;
          head  <= head + 1;
          busy  <= head != HEADS - 1;
        end
      end
    end
  end

endmodule
