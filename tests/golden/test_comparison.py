"""An answer beside the expected values: nothing is cast, and the first difference is that of the computation."""

from types import SimpleNamespace

import numpy as np
import pytest

from refsim.golden.comparison import compare

SITES = ("conv", "neuron.membrane", "neuron")


def case(samples=1, draws=(), outputs=("neuron",)):
    """A case of three sites, (time, 2) or (samples, time, 2), all of them counting up from 0."""
    shape = (samples, 3, 2) if samples > 1 else (3, 2)
    expected = {site: np.arange(np.prod(shape), dtype=np.int32).reshape(shape) for site in SITES}
    return SimpleNamespace(expected=expected, outputs=outputs, samples=samples, draws=draws)


def answered(case, *wrong, **changed):
    """Compare the right answer, with some (site, place) raised by one and some sites exchanged."""
    got = {site: values.copy() for site, values in case.expected.items()} | changed
    for site, place in wrong:
        got[site][place] += 1
    return compare(case, {site: values for site, values in got.items() if values is not None})


RIGHT = np.arange(6, dtype=np.int32).reshape(3, 2)


@pytest.mark.parametrize(
    ("given", "problem", "message"),
    [
        (RIGHT.astype(np.int64), "type", "neuron: expected int32, got int64; nothing is cast"),
        (RIGHT.astype(np.uint32), "type", "neuron: expected int32, got uint32; nothing is cast"),
        (RIGHT.astype(float), "type", "neuron: expected int32, got float64; nothing is cast"),
        (RIGHT.tolist(), "type", "neuron: expected int32, got list; nothing is cast"),
        (RIGHT.reshape(2, 3), "shape", "neuron: expected the shape (3, 2), got (2, 3)"),
        (RIGHT[np.newaxis], "shape", "neuron: expected the shape (3, 2), got (1, 3, 2)"),
        (RIGHT[:1], "shape", "neuron: expected the shape (3, 2), got (1, 2)"),
        (RIGHT + (RIGHT > 2), "values", "neuron: first at (1, 1): expected 3, got 4"),
        (None, "missing", "neuron: missing; the case asks for it"),
    ],
    ids=["wider", "unsigned", "floating", "a list", "other axes", "an axis more", "cut", "values", "missing"],
)
def test_what_is_not_equal_differs(given, problem, message):
    """By type, shape or value: the values that would be equal after a cast or by broadcasting are not."""
    (difference,) = answered(case(), neuron=given).differences
    assert (problem, message) == (difference.problem, difference.message)
    assert (3, (1, 1)) == (difference.count, difference.first) or problem != "values"


def test_what_is_equal_does_not_differ():
    """Sites that the case does not ask for may be left out; where neurons draw, none may; no other may be there."""
    assert answered(case()).equal and answered(case(), conv=None).equal
    assert ["conv"] == [each.site for each in answered(case(draws=("neuron",)), conv=None).differences]
    (difference,) = answered(case(), other=RIGHT).differences
    assert ("missing", "other: not a site of this case") == (difference.problem, difference.message)


@pytest.mark.parametrize(
    ("samples", "wrong", "first"),
    [
        (1, [("conv", (1, 0)), ("neuron", (0, 1))], "neuron"),
        (1, [("conv", (1, 1)), ("neuron", (1, 0))], "conv"),
        (2, [("conv", (1, 0, 0)), ("neuron", (0, 2, 1))], "neuron"),
        (2, [("conv", (0, 2, 0)), ("neuron", (0, 1, 1))], "neuron"),
        (2, [("conv", (0, 1, 1)), ("neuron", (0, 1, 0))], "conv"),
    ],
    ids=["earlier timestep", "earlier site", "earlier sample", "earlier timestep of a sample", "earlier site of both"],
)
def test_the_first_difference_is_that_of_the_computation(samples, wrong, first):
    """Sample, then timestep, then site; places within a site say nothing of order."""
    assert first == answered(case(samples), *wrong).first.site


def test_what_is_malformed_comes_before_any_value():
    """Also where it is a later site, and before what is no site at all comes nothing."""
    assert "neuron" == answered(case(), ("conv", (0, 0)), neuron=RIGHT[:1]).first.site
    assert "other" == answered(case(), neuron=None, other=RIGHT).first.site
    assert answered(case()).first is None


@pytest.mark.parametrize(
    ("samples", "wrong", "unobserved"),
    [
        (1, ("conv", (0, 1)), []),
        (1, ("neuron", (0, 1)), ["neuron.membrane"]),
        (1, ("conv", (1, 0)), ["neuron.membrane"]),
        (2, ("conv", (0, 0, 1)), []),
        (2, ("conv", (1, 0, 0)), ["neuron.membrane"]),
    ],
)
def test_what_was_not_given_before_the_first_difference(samples, wrong, unobserved):
    """In the first timestep what comes earlier in order, later everything: the membrane is computed after the map."""
    found = answered(case(samples), wrong, **{"neuron.membrane": None})
    assert (["conv"] if wrong[0] == "neuron" else [], unobserved) == (found.equal_before, found.unobserved_before)
    assert ["conv", "neuron"] == found.observed and ["neuron.membrane"] == found.unobserved
