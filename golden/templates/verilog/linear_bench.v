// Runs a golden case of a linear map token by token, and writes what `refsim golden verify --trace` reads.

`ifndef REFSIM_DUMP_FOLDER
`define REFSIM_DUMP_FOLDER "./"
`endif

module linear_bench;

  `include "case.vh"

  localparam OUTPUTS = REFSIM_LINEAR_BIAS_WORDS;
  localparam CHANNELS = REFSIM_LINEAR_WEIGHTS_WORDS / OUTPUTS;
  localparam TOKENS = REFSIM_LINEAR_WORDS / OUTPUTS;  // of all timesteps

  reg clock = 0, load, next_plane;
  reg signed [1:0] spike;
  reg [OUTPUTS*REFSIM_LINEAR_WEIGHTS_BITS-1:0] row;
  reg [OUTPUTS*REFSIM_LINEAR_BITS-1:0] bias;
  wire [OUTPUTS*REFSIM_LINEAR_BITS-1:0] sums;

  linear #(
      .OUTPUTS(OUTPUTS),
      .WEIGHT_BITS(REFSIM_LINEAR_WEIGHTS_BITS),
      .SUM_BITS(REFSIM_LINEAR_BITS),
      .PLANES(REFSIM_LINEAR_PLANES)
  ) map (
      .clock(clock),
      .load (load),
      .next_plane(next_plane),
      .spike(spike),
      .row  (row),
      .bias (bias),
      .sums (sums)
  );

  reg signed [REFSIM_LINEAR_BITS-1:0] answer[0:REFSIM_LINEAR_WORDS-1];
  reg signed [REFSIM_VALUES_BITS-1:0] value;
  integer token, channel, plane, d;

  task tick;
    begin
      #1 clock = 1;
      #1 clock = 0;
    end
  endtask

  task gather_row;
    begin
      for (d = 0; d < OUTPUTS; d = d + 1)
        row[d*REFSIM_LINEAR_WEIGHTS_BITS+:REFSIM_LINEAR_WEIGHTS_BITS] = refsim_linear_weights[channel*OUTPUTS+d];
      if (spike != 0) tick;
    end
  endtask

  initial begin
    #1;  // the memories of the case are loaded at time 0
    spike = 0;
    next_plane = 0;
    for (d = 0; d < OUTPUTS; d = d + 1) bias[d*REFSIM_LINEAR_BITS+:REFSIM_LINEAR_BITS] = refsim_linear_bias[d];
    for (token = 0; token < TOKENS; token = token + 1) begin
      load = 1;
      tick;
      load = 0;
      if (REFSIM_LINEAR_PLANES == 0)
        for (channel = 0; channel < CHANNELS; channel = channel + 1) begin
          spike = refsim_values[token*CHANNELS+channel];
          gather_row;
        end
      for (plane = REFSIM_LINEAR_PLANES - 1; plane >= 0; plane = plane - 1) begin
        next_plane = 1;
        tick;
        next_plane = 0;
        for (channel = 0; channel < CHANNELS; channel = channel + 1) begin
          value = refsim_values[token*CHANNELS+channel];
          spike = value[plane] ? 2'sb01 : 2'sb00;
          gather_row;
        end
      end
      for (d = 0; d < OUTPUTS; d = d + 1)
        answer[token*OUTPUTS+d] = sums[d*REFSIM_LINEAR_BITS+:REFSIM_LINEAR_BITS];
    end
    $writememh({`REFSIM_DUMP_FOLDER, REFSIM_LINEAR_FILE}, answer);
    $finish;
  end

endmodule
