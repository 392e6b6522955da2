// Runs the attention of a network of the preset a2os2a, case l3.attention.a2os2a, and writes all of its sites.
//
// Neurons and linear maps are taken site by site, the attention timestep by timestep. `case.vh` and its hex files come from
// `refsim golden export`; see README.md beside this file.

`ifndef REFSIM_DUMP_FOLDER
`define REFSIM_DUMP_FOLDER "./"
`endif

// One site of neurons: an instance of lif.v with the memories of its spikes and membranes.
`define LIF(NAME, SPIKES_KIND, RESET_KIND, HALVED, SPIKE, MEMBRANE, SPIKES, MEMBRANES) \
  wire signed [1:0] SPIKE; \
  wire signed [31:0] MEMBRANE; \
  reg signed [1:0] SPIKES[0:WORDS-1]; \
  reg signed [31:0] MEMBRANES[0:WORDS-1]; \
  lif #(.HALVE_INPUT(HALVED), .TERNARY(SPIKES_KIND == "ternary"), .SUBTRACT(RESET_KIND == "subtract")) NAME ( \
      .clock(clock), .clear(clear), .shift(shift), .current(current), .threshold(threshold), \
      .spike(SPIKE), .membrane(MEMBRANE));

`define RUN_LIF(CURRENTS, THRESHOLDS, LEAK_SHIFT, SPIKE, MEMBRANE, SPIKES, MEMBRANES) \
  for (n = 0; n < NEURONS; n = n + 1) begin \
    threshold = THRESHOLDS[n%CHANNELS]; \
    clear = 1; \
    tick; \
    clear = 0; \
    for (t = 0; t < REFSIM_TIMESTEPS; t = t + 1) begin \
      shift = LEAK_SHIFT * t; \
      current = CURRENTS[t*NEURONS+n]; \
      tick; \
      SPIKES[t*NEURONS+n] = SPIKE; \
      MEMBRANES[t*NEURONS+n] = MEMBRANE; \
    end \
  end

`define RUN_LINEAR(SPIKES, WEIGHTS, BIAS, SUMS) \
  for (d = 0; d < CHANNELS; d = d + 1) bias[d*32+:32] = BIAS[d]; \
  for (n = 0; n < WORDS; n = n + CHANNELS) begin \
    load = 1; \
    tick; \
    load = 0; \
    for (c = 0; c < CHANNELS; c = c + 1) \
      if (SPIKES[n+c] != 0) begin \
        spike = SPIKES[n+c]; \
        for (d = 0; d < CHANNELS; d = d + 1) row[d*8+:8] = WEIGHTS[c*CHANNELS+d]; \
        tick; \
      end \
    for (d = 0; d < CHANNELS; d = d + 1) SUMS[n+d] = sums[d*32+:32]; \
  end

`define DUMP(FILE, MEMORY) $writememh({`REFSIM_DUMP_FOLDER, FILE}, MEMORY);

module attention_bench;

  `include "case.vh"

  localparam TOKENS = REFSIM_BLOCK0_ATTENTION_Q_SIZE_1;
  localparam CHANNELS = REFSIM_BLOCK0_ATTENTION_Q_SIZE_2;
  localparam HEADS = REFSIM_BLOCK0_ATTENTION_SCORES_HEADS;
  localparam WIDTH = CHANNELS / HEADS;
  localparam NEURONS = TOKENS * CHANNELS;
  localparam WORDS = REFSIM_BLOCK0_ATTENTION_Q_WORDS;
  localparam SCORES = REFSIM_BLOCK0_ATTENTION_SCORES_WORDS;

  reg clock = 0, clear = 1, load = 0, write = 0, start = 0;
  reg [5:0] shift = 0;
  reg signed [31:0] current, threshold;
  reg signed [1:0] spike = 0;
  reg [CHANNELS*8-1:0] row;
  reg [CHANNELS*32-1:0] bias;
  wire [CHANNELS*32-1:0] sums;
  wire busy, score_valid, context_valid;
  wire signed [31:0] score, context_sum;
  wire signed [REFSIM_BLOCK0_ATTENTION_MAP_BITS-1:0] mapped;
  integer t, n, c, d, written, head, query, channel;

  `LIF(input_lif, REFSIM_BLOCK0_ATTENTION_INPUT_SPIKES, REFSIM_BLOCK0_ATTENTION_INPUT_RESET,
       REFSIM_BLOCK0_ATTENTION_INPUT_HALVE_INPUT, input_spike, input_membrane, input_spikes, input_membranes)
  `LIF(q_lif, REFSIM_BLOCK0_ATTENTION_Q_SPIKES, REFSIM_BLOCK0_ATTENTION_Q_RESET,
       REFSIM_BLOCK0_ATTENTION_Q_HALVE_INPUT, q_spike, q_membrane, q_spikes, q_membranes)
  `LIF(k_lif, REFSIM_BLOCK0_ATTENTION_K_SPIKES, REFSIM_BLOCK0_ATTENTION_K_RESET,
       REFSIM_BLOCK0_ATTENTION_K_HALVE_INPUT, k_spike, k_membrane, k_spikes, k_membranes)
  `LIF(v_lif, REFSIM_BLOCK0_ATTENTION_V_SPIKES, REFSIM_BLOCK0_ATTENTION_V_RESET,
       REFSIM_BLOCK0_ATTENTION_V_HALVE_INPUT, v_spike, v_membrane, v_spikes, v_membranes)
  `LIF(output_lif, REFSIM_BLOCK0_ATTENTION_OUTPUT_SPIKES, REFSIM_BLOCK0_ATTENTION_OUTPUT_RESET,
       REFSIM_BLOCK0_ATTENTION_OUTPUT_HALVE_INPUT, output_spike, output_membrane, output_spikes, output_membranes)

  reg signed [31:0] q_sums[0:WORDS-1];
  reg signed [31:0] k_sums[0:WORDS-1];
  reg signed [31:0] v_sums[0:WORDS-1];
  reg signed [31:0] scores[0:SCORES-1];
  reg signed [REFSIM_BLOCK0_ATTENTION_MAP_BITS-1:0] maps[0:SCORES-1];
  reg signed [31:0] contexts[0:WORDS-1];
  reg signed [31:0] projections[0:WORDS-1];
  reg signed [31:0] residuals[0:WORDS-1];

  linear #(
      .OUTPUTS(CHANNELS)
  ) shared_linear (
      .clock(clock),
      .load(load),
      .next_plane(1'b0),
      .spike(spike),
      .row(row),
      .bias(bias),
      .sums(sums)
  );

  attention #(
      .HEADS(HEADS),
      .TOKENS(TOKENS),
      .WIDTH(WIDTH),
      .SHIFT(REFSIM_BLOCK0_ATTENTION_MAP_SHIFT),
      .CAP(REFSIM_BLOCK0_ATTENTION_MAP_CAP),
      .MAP_BITS(REFSIM_BLOCK0_ATTENTION_MAP_BITS)
  ) dut (
      .clock(clock),
      .write(write),
      .q_spike(q_spikes[written]),
      .k_spike(k_spikes[written]),
      .v_spike(v_spikes[written]),
      .start(start),
      .busy(busy),
      .score_valid(score_valid),
      .score(score),
      .mapped(mapped),
      .context_valid(context_valid),
      .context_sum(context_sum)
  );

  task tick;
    begin
      #1 clock = 1;
      #1 clock = 0;
    end
  endtask

  task run_attention;  // one timestep
    begin
      write = 1;
      for (n = 0; n < NEURONS; n = n + 1) begin
        written = t * NEURONS + n;
        tick;
      end
      write = 0;
      start = 1;
      tick;
      start = 0;
      n = 0;
      c = 0;
      while (busy) begin
        if (score_valid) begin
          scores[t*SCORES/REFSIM_TIMESTEPS+n] = score;
          maps[t*SCORES/REFSIM_TIMESTEPS+n] = mapped;
          n = n + 1;
        end
        if (context_valid) begin  // they come head by head, and stand token by token
          head = c / (TOKENS * WIDTH);
          query = c / WIDTH % TOKENS;
          channel = head * WIDTH + c % WIDTH;
          contexts[t*NEURONS+query*CHANNELS+channel] = context_sum;
          c = c + 1;
        end
        tick;
      end
    end
  endtask

  initial begin
    #1;  // the memories of the case are loaded at time 0
    `RUN_LIF(refsim_stem_tokens, refsim_block0_attention_input_thresholds, REFSIM_BLOCK0_ATTENTION_INPUT_LEAK_SHIFT,
             input_spike, input_membrane, input_spikes, input_membranes)
    `RUN_LINEAR(input_spikes, refsim_block0_attention_q_linear_weights, refsim_block0_attention_q_linear_bias, q_sums)
    `RUN_LINEAR(input_spikes, refsim_block0_attention_k_linear_weights, refsim_block0_attention_k_linear_bias, k_sums)
    `RUN_LINEAR(input_spikes, refsim_block0_attention_v_linear_weights, refsim_block0_attention_v_linear_bias, v_sums)
    `RUN_LIF(q_sums, refsim_block0_attention_q_thresholds, REFSIM_BLOCK0_ATTENTION_Q_LEAK_SHIFT,
             q_spike, q_membrane, q_spikes, q_membranes)
    `RUN_LIF(k_sums, refsim_block0_attention_k_thresholds, REFSIM_BLOCK0_ATTENTION_K_LEAK_SHIFT,
             k_spike, k_membrane, k_spikes, k_membranes)
    `RUN_LIF(v_sums, refsim_block0_attention_v_thresholds, REFSIM_BLOCK0_ATTENTION_V_LEAK_SHIFT,
             v_spike, v_membrane, v_spikes, v_membranes)
    for (t = 0; t < REFSIM_TIMESTEPS; t = t + 1) run_attention;
    `RUN_LIF(contexts, refsim_block0_attention_output_thresholds, REFSIM_BLOCK0_ATTENTION_OUTPUT_LEAK_SHIFT,
             output_spike, output_membrane, output_spikes, output_membranes)
    `RUN_LINEAR(output_spikes, refsim_block0_attention_projection_weights, refsim_block0_attention_projection_bias,
                projections)
    for (n = 0; n < WORDS; n = n + 1)
      residuals[n] = (refsim_stem_tokens[n] <<< REFSIM_BLOCK0_ATTENTION_RESIDUAL_STREAM_SHIFT) +
          (projections[n] <<< REFSIM_BLOCK0_ATTENTION_RESIDUAL_BRANCH_SHIFT);

    `DUMP(REFSIM_BLOCK0_ATTENTION_INPUT_FILE, input_spikes)
    `DUMP(REFSIM_BLOCK0_ATTENTION_INPUT_MEMBRANE_FILE, input_membranes)
    `DUMP(REFSIM_BLOCK0_ATTENTION_Q_LINEAR_FILE, q_sums)
    `DUMP(REFSIM_BLOCK0_ATTENTION_Q_FILE, q_spikes)
    `DUMP(REFSIM_BLOCK0_ATTENTION_Q_MEMBRANE_FILE, q_membranes)
    `DUMP(REFSIM_BLOCK0_ATTENTION_K_LINEAR_FILE, k_sums)
    `DUMP(REFSIM_BLOCK0_ATTENTION_K_FILE, k_spikes)
    `DUMP(REFSIM_BLOCK0_ATTENTION_K_MEMBRANE_FILE, k_membranes)
    `DUMP(REFSIM_BLOCK0_ATTENTION_V_LINEAR_FILE, v_sums)
    `DUMP(REFSIM_BLOCK0_ATTENTION_V_FILE, v_spikes)
    `DUMP(REFSIM_BLOCK0_ATTENTION_V_MEMBRANE_FILE, v_membranes)
    `DUMP(REFSIM_BLOCK0_ATTENTION_SCORES_FILE, scores)
    `DUMP(REFSIM_BLOCK0_ATTENTION_MAP_FILE, maps)
    `DUMP(REFSIM_BLOCK0_ATTENTION_CONTEXT_FILE, contexts)
    `DUMP(REFSIM_BLOCK0_ATTENTION_OUTPUT_FILE, output_spikes)
    `DUMP(REFSIM_BLOCK0_ATTENTION_OUTPUT_MEMBRANE_FILE, output_membranes)
    `DUMP(REFSIM_BLOCK0_ATTENTION_PROJECTION_FILE, projections)
    `DUMP(REFSIM_BLOCK0_ATTENTION_RESIDUAL_FILE, residuals)
    $finish;
  end

endmodule
