// One ReLU neuron (rule N10 of golden/NUMERICS.md): two comparators and a shift by a constant. It keeps no state.

module relu #(
    parameter SHIFT = 0,
    parameter CAP = 127,
    parameter INPUT_BITS = 32,
    parameter OUTPUT_BITS = 8
) (
    input signed [INPUT_BITS-1:0] current,
    output signed [OUTPUT_BITS-1:0] graded
);

  // verilator lint_off WIDTH
  // The cap fits the output, which has a sign bit.
  wire signed [INPUT_BITS-1:0] shifted = current >>> SHIFT;
  assign graded = current < 0 ? 0 : shifted > CAP ? CAP : shifted;
  // verilator lint_on WIDTH

endmodule
