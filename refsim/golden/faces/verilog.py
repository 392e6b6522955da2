"""The include file that goes with the hex face: the constants of a case, and memories that load themselves.

::

    // Golden case l1.lif.threshold-met, refsim-numerics/1.0. ...
    localparam REFSIM_CASE_ID = "l1.lif.threshold-met";
    localparam REFSIM_NEURON_OPERATOR = "LIF";
    localparam REFSIM_NEURON_LEAK_SHIFT = 1;
    ...
    localparam REFSIM_NEURON_MEMBRANE_BITS = 32;
    localparam REFSIM_NEURON_MEMBRANE_FILE = "neuron.membrane.hex";
    ...
    `ifdef REFSIM_LOAD
    reg signed [7:0] refsim_currents [0:5];
    initial begin
      $readmemh({`REFSIM_HEX_FOLDER, REFSIM_CURRENTS_FILE}, refsim_currents);
    end
    `endif
    `ifdef REFSIM_LOAD_EXPECTED
    reg signed [31:0] refsim_neuron_membrane [0:5];
    ...
    `endif

Inputs and parameters load themselves with REFSIM_LOAD; the answers only with REFSIM_LOAD_EXPECTED, so that a design which
includes the file cannot see them by accident. Verilog-2001, for inside a module.
"""

from refsim.golden.faces.tensors import case_constants, macro, node_constants, tensor_constants
from refsim.golden.splitmix import MASK

HEADER = """\
// Golden case {id}, {numerics}. Include it inside a module.
// Words are in C order, the last axis fastest. With `REFSIM_LOAD defined there is a memory for every input and parameter
// that has values, with `REFSIM_LOAD_EXPECTED one for every expected answer, loaded from `REFSIM_HEX_FOLDER ("./" where
// it is not defined; it ends in a slash).
/* verilator lint_save */
/* verilator lint_off UNUSED */"""

FOLDER = ["`ifndef REFSIM_HEX_FOLDER", '`define REFSIM_HEX_FOLDER "./"', "`endif"]

SWITCHES = {"REFSIM_LOAD": ("input", "param"), "REFSIM_LOAD_EXPECTED": ("output", "trace")}
"""What has to be defined for a memory of each role to be there."""


def verilog_include(case, listed):
    """Return the text of ``case.vh``.

    Parameters
    ----------
    case : Case
    listed : list of Tensor
        All of the case's; those with values have a file.

    Returns
    -------
    text : str
        Ends in a newline.
    """
    constants = case_constants(case)
    lines = [HEADER.format(id=constants["REFSIM_CASE_ID"], numerics=constants["REFSIM_NUMERICS"])]
    lines += [localparam(name, value) for name, value in constants.items()]
    for node in case.nodes:
        lines += ["", *(localparam(name, value) for name, value in node_constants(node).items())]
    for tensor in listed:
        lines.append("")
        lines += [localparam(name, value) for name, value in tensor_constants(case, tensor).items()]
        if tensor.values is not None:
            lines.append(localparam(f"{macro(tensor.name)}_FILE", hex_file(tensor)))
    lines += ["", *FOLDER]
    for switch, roles in SWITCHES.items():
        lines += memory_lines(switch, [tensor for tensor in listed if tensor.is_loaded and tensor.role in roles])
    return "\n".join([*lines, "/* verilator lint_restore */", ""])


def memory_lines(switch, loaded):
    """Return the memories behind a switch and how they are loaded."""
    if not loaded:
        return []
    memories = [
        f"reg {'signed ' * tensor.signed}[{tensor.bits - 1}:0] {tensor.identifier} [0:{tensor.words - 1}];"
        for tensor in loaded
    ]
    loads = [
        f"  $readmemh({{`REFSIM_HEX_FOLDER, {macro(tensor.name)}_FILE}}, {tensor.identifier});" for tensor in loaded
    ]
    return [f"`ifdef {switch}", *memories, "initial begin", *loads, "end", "`endif"]


def hex_file(tensor):
    """Return the name of a tensor's file."""
    return f"{tensor.name}.hex"


def localparam(name, value):
    """Declare a constant: a string, or an integer of 32 bits where it fits and else of 64."""
    if isinstance(value, str):
        return f'localparam {name} = "{value}";'
    if -(1 << 31) < value < 1 << 31:
        return f"localparam {name} = {value};"
    signed, base = ("signed ", "sh") if value < 1 << 63 else ("", "h")
    return f"localparam {signed}[63:0] {name} = 64'{base}{value & MASK:016x};"
