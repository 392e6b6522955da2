// Runs the ReLU neurons of a golden case, and writes what `refsim golden verify --trace` reads.

`ifndef REFSIM_DUMP_FOLDER
`define REFSIM_DUMP_FOLDER "./"
`endif

module relu_bench;

  `include "case.vh"

  reg signed [REFSIM_CURRENTS_BITS-1:0] current;
  wire signed [REFSIM_NEURON_BITS-1:0] graded;
  reg signed [REFSIM_NEURON_BITS-1:0] spikes[0:REFSIM_NEURON_WORDS-1];
  integer n;

  relu #(
      .SHIFT(REFSIM_NEURON_SHIFT),
      .CAP(REFSIM_NEURON_CAP),
      .INPUT_BITS(REFSIM_CURRENTS_BITS),
      .OUTPUT_BITS(REFSIM_NEURON_BITS)
  ) neuron (
      .current(current),
      .graded (graded)
  );

  initial begin
    #1;  // the memories of the case are loaded at time 0
    for (n = 0; n < REFSIM_NEURON_WORDS; n = n + 1) begin
      current = refsim_currents[n];
      #1 spikes[n] = graded;
    end
    $writememh({`REFSIM_DUMP_FOLDER, REFSIM_NEURON_FILE}, spikes);
    $finish;
  end

endmodule
