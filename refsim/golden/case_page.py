"""A case on one page, for a person: the question, the calculation, the answer, the bugs it catches."""

import numpy as np

from refsim.golden.mutants import describe
from refsim.golden.opening import calculation
from refsim.golden.splitmix import NAME as RNG

MOST_CALCULATIONS = 12
MOST_VALUES = 64


def case_page(case, kills):
    """Return the page as Markdown in ASCII.

    Parameters
    ----------
    case : Case
    kills : list of str
        Ids of the bugs that the case notices.

    Returns
    -------
    page : str
    """
    parts = [f"# {case.id}", f"{case.title}.", profile_table(case)]
    if case.draws:
        parts.append(draws_text(case))
    for title, arrays in (("Inputs", case.inputs), ("Parameters", case.params), ("Answer", case.expected)):
        if arrays:
            parts.append(f"## {title}\n\n" + "\n\n".join(value_block(name, array) for name, array in arrays.items()))
    if case.reject_reason is not None:
        parts.append(f"There is no answer: an implementation must refuse the case ({case.reject_reason}).")
    elif not case.draws:
        parts += calculation_parts(case)
    if kills:
        caught = "\n".join(f"- {bug}: {describe(bug)}" for bug in kills)
        parts.append(f"## Known bugs that it notices\n\n{caught}")
    return "\n\n".join(parts) + "\n"


def profile_table(case):
    """Return every choice of the numerics, and the nodes where there are several."""
    lines = [f"- {name}: {value}" for name, value in sorted(case.profile.items())]
    if len(case.nodes) > 1:
        lines += [f"- {node['name']}: {node['operator']} of {', '.join(node['inputs'])}" for node in case.nodes]
    return "\n".join(lines)


def draws_text(case):
    """Return how the inputs of a digest come about, and over what it runs."""
    draws = case.draws
    lines = [f"## Inputs, drawn by {RNG} from the seed {draws.seed}, {draws.chunks} times one after the other", ""]
    for name, (dtype, shape, low, high) in sorted(draws.inputs.items()):
        lines.append(f"- `{name}` {dtype} {tuple(shape)} from {low} to {high}")
    return "\n".join([*lines, "", f"The digest runs over {', '.join(case.outputs)}."])


def value_block(name, array):
    """Return an array as text, shortened where it is long."""
    head = f"`{name}` {array.dtype} {array.shape}"
    if array.size > MOST_VALUES:
        return f"{head}: {array.size} values, first {array.ravel()[:8].tolist()}"
    return f"{head}\n\n```\n{np.array2string(array, separator=', ', threshold=MOST_VALUES + 1)}\n```"


def calculation_parts(case):
    """Return how the values of the answer come about; of what keeps a register only the last timestep."""
    places = [
        (node.name, index)
        for node in case.fragment.nodes
        for index in np.ndindex(case.expected[node.name].shape)
        if node.register_site is None or index[int(case.samples > 1)] == case.timesteps - 1
    ]
    blocks = ["```\n" + "\n".join(calculation(case, *place)) + "\n```" for place in places[:MOST_CALCULATIONS]]
    return ["## Calculation", *blocks]
