// One exact leaky integrate-and-fire neuron (rule N8 of golden/NUMERICS.md): an adder, two shifters, two comparators.
//
// The leak is a growth of input and level by LEAK_SHIFT bits a timestep, so that nothing is ever rounded; `shift` is
// LEAK_SHIFT times the timestep, counted from 0. One timestep a clock; `clear` comes before the first. The level may pass
// what the membrane can hold, and has a width of its own.

module lif #(
    parameter HALVE_INPUT = 1,
    parameter TERNARY = 0,
    parameter SUBTRACT = 0,
    parameter INPUT_BITS = 32,
    parameter THRESHOLD_BITS = 32,
    parameter LEVEL_BITS = 64,
    parameter MEMBRANE_BITS = 32
) (
    input clock,
    input clear,
    input [5:0] shift,
    input signed [INPUT_BITS-1:0] current,
    input signed [THRESHOLD_BITS-1:0] threshold,
    output reg signed [1:0] spike,
    output reg signed [MEMBRANE_BITS-1:0] membrane
);

  // verilator lint_off WIDTH
  // Operands extend by sign, as the language says; the membrane holds every charge (rule N3).
  wire signed [MEMBRANE_BITS-1:0] charge = membrane + (current <<< shift);
  wire signed [LEVEL_BITS-1:0] level = threshold <<< (shift + HALVE_INPUT);
  wire fires = charge >= level;
  wire fires_below = TERNARY && charge <= -level;

  always @(posedge clock)
    if (clear) begin
      spike <= 0;
      membrane <= 0;
    end else begin
      spike <= fires ? 2'sb01 : fires_below ? 2'sb11 : 2'sb00;
      if (!fires && !fires_below) membrane <= charge;
      else if (!SUBTRACT) membrane <= 0;
      else membrane <= fires ? charge - level : charge + level;
    end
  // verilator lint_on WIDTH

endmodule
