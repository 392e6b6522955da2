// One lane of gather-accumulate (rules N6, N7 and N11 of golden/NUMERICS.md): an adder, and no multiplier.
//
// A spike of +1 adds the term, one of -1 subtracts it, silence leaves the sum. The term is a weight, a key or a map value.
// `load` takes `start`, a bias or 0; `next_plane` takes the first clock of a bit plane, which has no spike.

module gather #(
    parameter TERM_BITS = 8,
    parameter SUM_BITS = 32
) (
    input clock,
    input load,
    input next_plane,
    input signed [1:0] spike,
    input signed [SUM_BITS-1:0] start,
    input signed [TERM_BITS-1:0] term,
    output reg signed [SUM_BITS-1:0] sum
);

  // verilator lint_off WIDTH
  // Operands extend by sign, as the language says.
  always @(posedge clock)
    if (load) sum <= start;
    else if (next_plane) sum <= sum <<< 1;
    else
      case (spike)
        2'sb01:  sum <= sum + term;
        2'sb11:  sum <= sum - term;
        default: sum <= sum;
      endcase
  // verilator lint_on WIDTH

endmodule
