// Runs the neurons of a golden case one after the other, and writes what `refsim golden verify --trace` reads.
//
// `case.vh` and its hex files come from `refsim golden export`; see README.md beside this file.

`ifndef REFSIM_DUMP_FOLDER
`define REFSIM_DUMP_FOLDER "./"
`endif

module lif_bench;

  `include "case.vh"

  localparam CHANNELS = REFSIM_NEURON_THRESHOLDS_WORDS;
  localparam NEURONS = REFSIM_NEURON_WORDS / (REFSIM_SAMPLES * REFSIM_TIMESTEPS);

  reg clock = 0, clear;
  reg [5:0] shift;
  reg signed [63:0] current, threshold;
  wire signed [1:0] spike;
  wire signed [REFSIM_NEURON_MEMBRANE_BITS-1:0] membrane;

  lif #(
      .HALVE_INPUT(REFSIM_NEURON_HALVE_INPUT),
      .TERNARY(REFSIM_NEURON_SPIKES == "ternary"),
      .SUBTRACT(REFSIM_NEURON_RESET == "subtract"),
      .INPUT_BITS(64),
      .THRESHOLD_BITS(64),
      .MEMBRANE_BITS(REFSIM_NEURON_MEMBRANE_BITS)
  ) neuron (
      .clock(clock),
      .clear(clear),
      .shift(shift),
      .current(current),
      .threshold(threshold),
      .spike(spike),
      .membrane(membrane)
  );

  // The memories of the dump: words of the width of the export, all samples and timesteps in C order.
  reg signed [REFSIM_NEURON_BITS-1:0] spikes[0:REFSIM_NEURON_WORDS-1];
  reg signed [REFSIM_NEURON_MEMBRANE_BITS-1:0] membranes[0:REFSIM_NEURON_WORDS-1];
  integer sample, n, t, place;

  task tick;
    begin
      #1 clock = 1;
      #1 clock = 0;
    end
  endtask

  initial begin
    if (REFSIM_NEURON_ROUNDING != "exact") $display("lif.v is the exact neuron");
    #1;  // the memories of the case are loaded at time 0
    for (sample = 0; sample < REFSIM_SAMPLES; sample = sample + 1)
      for (n = 0; n < NEURONS; n = n + 1) begin
        threshold = refsim_neuron_thresholds[n%CHANNELS];
        clear = 1;
        tick;
        clear = 0;
        for (t = 0; t < REFSIM_TIMESTEPS; t = t + 1) begin
          place = (sample * REFSIM_TIMESTEPS + t) * NEURONS + n;
          shift = REFSIM_NEURON_LEAK_SHIFT * t;
          current = refsim_currents[place];
          tick;
          spikes[place] = spike;
          membranes[place] = membrane;
        end
      end
    $writememh({`REFSIM_DUMP_FOLDER, REFSIM_NEURON_FILE}, spikes);
    $writememh({`REFSIM_DUMP_FOLDER, REFSIM_NEURON_MEMBRANE_FILE}, membranes);
    $finish;
  end

endmodule
