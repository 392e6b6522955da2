"""The C face of a case: one header of integers, C99, no floats.

::

    #define REFSIM_CASE_ID "l1.lif.threshold-met"
    ...
    #define REFSIM_NEURON_MEMBRANE_RANK 4
    #define REFSIM_NEURON_MEMBRANE_SIZE_0 3
    ...
    static const int32_t refsim_neuron_membrane[REFSIM_NEURON_MEMBRANE_WORDS] REFSIM_UNUSED = {
        0, -5, 8
    };

Arrays are flat; a tensor without values has its constants alone.
"""

import re

from refsim.golden.faces.tensors import case_constants, macro, node_constants, tensor_constants

TYPES = {"|i1": "int8_t", "|u1": "uint8_t", "<i2": "int16_t", "<i4": "int32_t", "<i8": "int64_t"}
VALUES_A_LINE = 16

HEADER = """\
/* Golden case {id}, {numerics}.
 * Arrays are flat, in C order: the last axis is the fastest. One case a translation unit. */
#ifndef {guard}
#define {guard}

#ifdef REFSIM_CASE_ID
#error "another golden case is included already"
#endif

#include <stdint.h>

#ifndef REFSIM_UNUSED
#ifdef __GNUC__
#define REFSIM_UNUSED __attribute__((unused))
#else
#define REFSIM_UNUSED
#endif
#endif
"""


def c_header(case, listed):
    """Return the text of ``case.h``.

    Parameters
    ----------
    case : Case
    listed : list of Tensor
        All of the case's; those with values become arrays.

    Returns
    -------
    text : str
        Ends in a newline.
    """
    constants = case_constants(case)
    guard = f"REFSIM_CASE_{re.sub('[^A-Z0-9]', '_', case.id.upper())}_H"
    lines = [HEADER.format(id=case.id, numerics=constants["REFSIM_NUMERICS"], guard=guard)]
    lines += [define(name, value) for name, value in constants.items()]
    for node in case.nodes:
        lines += ["", *(define(name, value) for name, value in node_constants(node).items())]
    for tensor in listed:
        lines.append("")
        lines += [define(name, value) for name, value in tensor_constants(case, tensor).items()]
        lines += array_lines(tensor) if tensor.is_loaded else []
    return "\n".join([*lines, "", f"#endif /* {guard} */", ""])


def array_lines(tensor):
    """Define one array."""
    literals = [integer(value) for value in tensor.values.ravel().tolist()]
    rows = [
        "    " + ", ".join(literals[start : start + VALUES_A_LINE]) for start in range(0, len(literals), VALUES_A_LINE)
    ]
    form = f"{tensor.identifier}[{macro(tensor.name)}_WORDS]"
    return [f"static const {TYPES[tensor.dtype.str]} {form} REFSIM_UNUSED = {{", ",\n".join(rows), "};"]


def define(name, value):
    """Define a constant: a string, or an integer."""
    if isinstance(value, str):
        return f'#define {name} "{value}"'
    literal = integer(value)
    return f"#define {name} {f'({literal})' if literal.startswith('-') else literal}"


def integer(value):
    """Write an integer so that its type holds it; the most negative ones have no literal of their own in C.

    Examples
    --------
    >>> integer(-2147483648), integer(-5), integer(1 << 40), integer((1 << 64) - 1)
    ('(-2147483647 - 1)', '-5', 'INT64_C(1099511627776)', 'UINT64_C(18446744073709551615)')
    """
    if value in (-(1 << 31), -(1 << 63)):
        return f"({integer(value + 1)} - 1)"
    size = abs(value)
    literal = str(size) if size < 1 << 31 else f"INT64_C({size})" if size < 1 << 63 else f"UINT64_C({size})"
    return f"-{literal}" if value < 0 else literal
