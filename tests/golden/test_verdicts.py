"""What a report says of a verdict, and what it does not claim."""

import numpy as np
import pytest
from frozen import suite

from refsim.golden.comparison import compare
from refsim.golden.diagnosis import Diagnosis, Fault
from refsim.golden.report import diagnosis_lines, divergence_json, order_line


@pytest.mark.parametrize(
    ("timestep", "unobserved", "told"),
    [(0, [], "none unobserved"), (1, ["neuron.membrane"], "1 never observed (neuron.membrane)")],
)
def test_a_register_that_was_not_given_may_have_been_wrong_before(timestep, unobserved, told):
    """The spike of a timestep is computed after the membranes of those before it, though its site comes first."""
    case = suite().case("l1.lif.leak")
    spikes = case.expected["neuron"].copy()
    spikes[timestep] ^= 1
    comparison = compare(case, {"neuron": spikes})
    assert timestep == comparison.first.first[0]
    assert f"before it 0 sites proved equal, {told}" == order_line(comparison)
    assert unobserved == divergence_json(comparison, [])["unobserved_before"]


def test_a_sample_comes_after_all_of_the_one_before_it():
    """Its first timestep too."""
    case = suite().case("l1.lif.samples-are-cleared")
    spikes = case.expected["neuron"].copy()
    spikes[1, 0] ^= 1
    comparison = compare(case, {"neuron": spikes})
    assert (1, 0) == comparison.first.first[:2] and ["neuron.membrane"] == comparison.unobserved_before


@pytest.mark.parametrize(
    ("cases", "claim"),
    [(1, "the answer of the one case bit for bit"), (365, "every answer of 365 cases bit for bit")],
)
def test_a_bug_is_claimed_for_the_cases_that_were_compared(cases, claim):
    """One case proves little."""
    _, named, reproduced = diagnosis_lines(Diagnosis(("N30",), (), cases))
    assert named.startswith("this is the known bug N30: Sign lost") and f"it reproduces {claim}" in reproduced


def test_a_bug_is_not_claimed_where_it_does_not_fit():
    """An operator that is wrong elsewhere too may have another bug, of which this one is a part."""
    faults = (
        Fault("LIF", (("l1.a", "n"), ("l1.b", "n"), ("l1.c", "n")), ("N36",)),
        Fault("LIF", (("l1.d", "n"),), ()),
        Fault("ReLU", (("l1.e", "n"),), ("N30",)),
    )
    first, second, third = diagnosis_lines(Diagnosis((), faults, 9))[1:]
    assert "at 3 places (l1.a, ...): there, not at 1 other, as the known bug N36: " in first
    assert second.endswith("at 1 place (l1.d): no known bug reproduces it")
    assert "at 1 place (l1.e): there as the known bug N30: " in third


def test_an_answer_that_is_whole_leaves_nothing_unobserved():
    """At any timestep."""
    case = suite().case("l1.lif.leak")
    got = {site: values.copy() for site, values in case.expected.items()}
    got["neuron"][-1] ^= 1
    assert "before it 0 sites proved equal, none unobserved" == order_line(compare(case, got))
    assert np.array_equal(got["neuron.membrane"], case.expected["neuron.membrane"])
