"""The text face of a case: everything as words and decimal integers, one thing a line, for any language to read.

::

    refsim-case/1 l1.lif.threshold-met
    numerics refsim-numerics/1.0
    op lif
    result valid
    timesteps 2
    samples 1
    profile reset zero                          every choice of the profile
    node neuron LIF 1 currents                  name, operator, number of inputs, inputs
    setting neuron leak_shift 1                 every setting of the node; truth values are 0 and 1
    range currents -100 100                     name, lowest and highest value of every input; registers hold for these
    static currents                             only for an input that is the same at every timestep: no axis of time
    tensor input currents <i4 3 2 1 1           role, name, type, number of axes, sizes; then the values
    8
    3
    tensor param neuron.thresholds <i4 1 1
    4
    draw currents <i4 3 4 1000 1 -100 100       only in a digest case, after ``seed`` and ``chunks``: see `Draws`
    site output neuron |i1 3 2 1 1              what to answer; output: must be given, trace: compared where given
    site trace neuron.membrane <i4 3 2 1 1
    over neuron                                 only in a digest case, after its site: the sites hashed, in order
    end

Where the answers are written too, each ``site`` line is followed by its values.
"""

import math

import numpy as np

FORMAT = "refsim-case/1"
COUNTED = ("timesteps", "samples")


def case_text(case, answers=False):
    """Return the text face of a case.

    Parameters
    ----------
    case : Case
    answers : bool
        Whether the values of every site follow.

    Returns
    -------
    text : str
        Ends in a newline.
    """
    lines = [
        f"{FORMAT} {case.id}",
        f"numerics {case.numerics}",
        f"op {case.op}",
        f"result {case.result}",
        f"timesteps {case.timesteps}",
        f"samples {case.samples}",
    ]
    lines += [f"profile {name} {word(value)}" for name, value in sorted(case.profile.items()) if name not in COUNTED]
    for node in case.nodes:
        lines.append(f"node {node['name']} {node['operator']} {len(node['inputs'])} {' '.join(node['inputs'])}")
        lines += [f"setting {node['name']} {name} {word(value)}" for name, value in sorted(node["settings"].items())]
    lines += [f"range {name} {low} {high}" for name, (low, high) in case.ranges.items()]
    lines += [f"static {name}" for name in case.ranges if name in case.static_inputs]
    for role, arrays in (("input", case.inputs), ("param", case.params)):
        for name, array in arrays.items():
            lines += [f"tensor {role} {name} {form(array.dtype, array.shape)}", *value_lines(array)]
    if case.draws:
        lines += [f"seed {case.draws.seed}", f"chunks {case.draws.chunks}"]
        for name, (dtype, shape, low, high) in sorted(case.draws.inputs.items()):
            lines.append(f"draw {name} {form(np.dtype(dtype), shape)} {low} {high}")
    for site, (dtype, shape) in ({} if case.reject_reason else case.sites).items():
        role = "output" if case.draws or site in case.outputs else "trace"
        lines.append(f"site {role} {site} {form(dtype, shape)}")
        lines += value_lines(case.expected[site]) if answers else []
    lines += [f"over {site}" for site in case.outputs] if case.draws else []
    return "\n".join([*lines, "end", ""])


def form(dtype, shape):
    """Return type, number of axes and sizes."""
    return " ".join(map(str, (dtype.newbyteorder("<").str, len(shape), *shape)))


def value_lines(array):
    """Return the values, a line for each row of the last axis."""
    rows = array.reshape(math.prod(array.shape[:-1]), array.shape[-1]) if array.ndim else array.reshape(1, 1)
    return [" ".join(map(str, row)) for row in rows.tolist()]


def word(value):
    """Return a word or an integer as it is, a truth value as 0 or 1, a sequence joined by commas."""
    if isinstance(value, (list, tuple)):
        return ",".join(map(str, value)) or "none"
    return str(int(value)) if isinstance(value, bool) else str(value)
