// A linear map of one token (rules N6 and N7 of golden/NUMERICS.md): a lane for each output, and a row of weights a spike.
//
// Output `d` has the bits from d * WEIGHT_BITS of `row`, from d * SUM_BITS of `bias` and `sums`. `load` starts a token; then
// comes the row of each input that spikes, in any order, the others may be left out. Where the input is an integer, PLANES
// is not 0, `next_plane` begins each plane, the most significant first, and the bias is added behind the lanes.

module linear #(
    parameter OUTPUTS = 8,
    parameter WEIGHT_BITS = 8,
    parameter SUM_BITS = 32,
    parameter PLANES = 0
) (
    input clock,
    input load,
    input next_plane,
    input signed [1:0] spike,
    input [OUTPUTS*WEIGHT_BITS-1:0] row,
    input [OUTPUTS*SUM_BITS-1:0] bias,
    output [OUTPUTS*SUM_BITS-1:0] sums
);

  genvar d;
  generate
    for (d = 0; d < OUTPUTS; d = d + 1) begin : lanes
      wire [SUM_BITS-1:0] own_bias = bias[d*SUM_BITS+:SUM_BITS];
      wire [SUM_BITS-1:0] sum;
      gather #(
          .TERM_BITS(WEIGHT_BITS),
          .SUM_BITS (SUM_BITS)
      ) lane (
          .clock(clock),
          .load(load),
          .next_plane(next_plane),
          .spike(spike),
          .start(PLANES == 0 ? own_bias : {SUM_BITS{1'b0}}),
          .term(row[d*WEIGHT_BITS+:WEIGHT_BITS]),
          .sum(sum)
      );
      assign sums[d*SUM_BITS+:SUM_BITS] = PLANES == 0 ? sum : sum + own_bias;
    end
  endgenerate

endmodule
