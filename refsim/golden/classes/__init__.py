"""In what way a site is wrong, in words that point at a circuit.

Each class is a function that looks at the evidence and yields a phrase where it holds. The tables below are in the
order in which phrases are given, the most specific first: a coincidence of places is rarer than one of values.
"""

from itertools import chain

import numpy as np

from refsim.golden.classes import neurons, placement, timing, values
from refsim.golden.classes.evidence import Evidence

VALUE_CLASSES = (
    values.all_zero,
    values.sign_wrong,
    values.read_unsigned,
    values.bytes_swapped,
    values.wrapped,
    values.saturated,
    values.bias_wrong,
    values.off_by_constant,
    values.binarised,
    values.shifted,
    values.capped,
    values.only_negative,
    values.off_by_one_in_places,
)
PLACE_CLASSES = (
    placement.other_site,
    placement.samples_mixed,
    placement.masked,
    placement.at_the_border,
    placement.tokens_by_column,
    placement.heads_interleaved,
    placement.axes_permuted,
    placement.reversed_order,
    placement.reversed_whole,
    placement.first_everywhere,
    placement.rolled,
)
TIME_CLASSES = (timing.stuck, timing.delayed, timing.early, timing.timestep_left_out)
NEURON_CLASSES = (neurons.neuron_wrong,)

FOLLOWING = " (up to the first wrong value of each neuron)"


def classify(case, site, expected, got):
    """Say in what way the values of a site are wrong.

    A class is named only where it explains every wrong value, and agrees with every right one. Where a site keeps a
    register and no class explains all timesteps, classes of single values are asked again up to the first wrong value
    of each neuron, because what follows it follows from it.

    Parameters
    ----------
    case : Case
        With `expected`.
    site : str
    expected, got : ndarray, shape (T, ...), or (samples, T, ...) where there are several samples

    Returns
    -------
    phrases : list of str
        The most specific first; empty where nothing known explains the values, where they are equal, and where `got`
        has another type or shape, so that nothing can be held against anything.
    """
    if not isinstance(got, np.ndarray) or got.dtype != expected.dtype or got.shape != expected.shape:
        return []
    evidence = Evidence.of(case, site, expected, got)
    if not evidence.unequal.any() or evidence.node is None:
        return []
    moved = phrases_of((*PLACE_CLASSES, *TIME_CLASSES), evidence)
    by_charge, by_value = phrases_of(NEURON_CLASSES, evidence), phrases_of(VALUE_CLASSES, evidence)
    if not moved and not by_value and evidence.node.operator.register is not None:
        first = evidence.up_to_first_differences()
        by_value = [phrase + FOLLOWING for phrase in phrases_of(VALUE_CLASSES, first)]
    return [*moved, *by_charge, *by_value]


def phrases_of(classes, evidence):
    """Ask each class."""
    return list(chain.from_iterable(describe(evidence) for describe in classes))
