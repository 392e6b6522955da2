"""One value opened: the arithmetic that leads to it, with the numbers of the case.

The derivation stands on the right values of what the node reads, so that it shows the fault of this node alone. It is
written in ordinary integers and holds its outcome against the expected value.
"""

from refsim.errors import GoldenError
from refsim.golden.opening import attention, neurons, selections, sums
from refsim.golden.opening.numbers import address, three_ways, written
from refsim.golden.opening.question import Question
from refsim.golden.sites import place_words

__all__ = ["calculation", "open_sum", "three_ways"]

OPENINGS = {
    "Argmax": selections.argmax,
    "Context": attention.context,
    "Convolution": sums.convolution,
    "Grid": selections.grid,
    "KeyValue": attention.key_value,
    "LIF": neurons.lif,
    "Linear": sums.linear,
    "Mask": selections.mask,
    "MaxPool": selections.max_pool,
    "ReLU": neurons.relu,
    "Residual": sums.residual,
    "Retrieval": attention.retrieval,
    "Scores": attention.scores,
    "TapBias": sums.tap_bias,
    "TimeSum": sums.time_sum,
    "TokenSum": sums.token_sum,
    "Tokens": selections.tokens,
}
"""How a value of each operator is opened."""


def open_sum(case, got, difference):
    """Open the first wrong value of a difference.

    Parameters
    ----------
    case : Case
        With `expected`.
    got : dict of ndarray by site, or None
        None gives the calculation alone.
    difference : Difference

    Returns
    -------
    lines : list of str
        Empty where the difference is not one of values, or the site is a digest, which has no sum.

    Raises
    ------
    GoldenError
        If the case does not hold the values that the node reads.
    """
    if difference.problem != "values" or case.draws:
        return []
    value = None if got is None else int(got[difference.site][difference.first])
    return opened(Question(case, difference.site, tuple(map(int, difference.first)), value))


def calculation(case, site, index):
    """Write out how one value of a case is calculated.

    Parameters
    ----------
    case : Case
        With `expected`.
    site : str
        An output or register of a node.
    index : tuple of int
        (timestep, ...), with the sample before it where there are several.

    Returns
    -------
    lines : list of str

    Raises
    ------
    GoldenError
        If there is no such value, or the case does not hold the values that the node reads.
    """
    shape = case.expected[site].shape if site in case.expected else None
    if shape is None or len(index) != len(shape) or not all(0 <= place < size for place, size in zip(index, shape)):
        raise GoldenError(f"{case.id}: {site}: expected an index within {shape}, got {tuple(index)}")
    return opened(Question(case, site, tuple(map(int, index))))


def opened(question):
    """Write out the calculation of a value, and what was got instead."""
    if question.node is None:
        raise GoldenError(f"{question.case.id}: {question.site} is not computed by a node")
    lines, total = OPENINGS[question.operator.kind()](question)
    name = address(question.site, question.index)
    assert total == question.expected, f"{name}: derived {total}, the case expects {question.expected}"
    head = f"{name}: {question.operator.kind()} of {', '.join(question.node.inputs)} at "
    head += place_words(question.case, question.site, question.index)
    outcome = {name: written(total, question.bits)}
    if question.got is not None:
        outcome |= {"got": written(question.got, question.bits), "got - expected": f"{question.got - total:+d}"}
    widest = max(map(len, outcome))
    return [
        head,
        *(f"  {line}" for line in lines),
        *(f"{words.rjust(widest)} = {number}" for words, number in outcome.items()),
    ]
