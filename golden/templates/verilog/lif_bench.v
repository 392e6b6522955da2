// Runs the neurons of a golden case one after the other, and prints what `refsim golden verify --trace` reads.
//
// `case.vh` and its hex files come from `refsim golden export`; see README.md beside this file.

module lif_bench;

  `include "case.vh"

  localparam CHANNELS = REFSIM_NEURON_SIZE_2;
  localparam NEURONS = REFSIM_NEURON_SIZE_1 * CHANNELS;

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

  reg signed [1:0] spikes[0:REFSIM_NEURON_WORDS-1];
  reg signed [REFSIM_NEURON_MEMBRANE_BITS-1:0] membranes[0:REFSIM_NEURON_WORDS-1];
  integer n, t;

  task tick;
    begin
      #1 clock = 1;
      #1 clock = 0;
    end
  endtask

  initial begin
    if (REFSIM_SAMPLES != 1 || REFSIM_NEURON_ROUNDING != "exact") begin
      $display("this bench runs one sample, and exact neurons only");
      $finish;
    end
    #1;  // the memories are loaded at time 0
    for (n = 0; n < NEURONS; n = n + 1) begin
      threshold = refsim_neuron_thresholds[n%CHANNELS];
      clear = 1;
      tick;
      clear = 0;
      for (t = 0; t < REFSIM_TIMESTEPS; t = t + 1) begin
        shift = REFSIM_NEURON_LEAK_SHIFT * t;
        current = refsim_currents[t*NEURONS+n];
        tick;
        spikes[t*NEURONS+n] = spike;
        membranes[t*NEURONS+n] = membrane;
      end
    end
    for (t = 0; t < REFSIM_TIMESTEPS; t = t + 1) begin
      $write("{\"t\": %0d, \"site\": \"neuron\", \"values\": [", t);
      for (n = 0; n < NEURONS; n = n + 1) begin
        if (n) $write(", ");
        $write("%0d", spikes[t*NEURONS+n]);
      end
      $write("]}\n{\"t\": %0d, \"site\": \"neuron.membrane\", \"values\": [", t);
      for (n = 0; n < NEURONS; n = n + 1) begin
        if (n) $write(", ");
        $write("%0d", membranes[t*NEURONS+n]);
      end
      $write("]}\n");
    end
    $finish;
  end

endmodule
