"""The Python template gives every bit of every case, and refuses what must be refused."""

import importlib.util
from pathlib import Path

import numpy as np
import pytest
from template_cases import boundary_cases, reject_cases, valid_cases, width_cases
from template_oracles import oracle_answers

from refsim.golden import reference
from refsim.golden.case import Rejected
from refsim.ops import OPERATORS

SOURCE = Path(__file__).parents[2] / "golden" / "templates" / "python" / "a2os2a.py"


@pytest.fixture(scope="module")
def template():
    spec = importlib.util.spec_from_file_location("a2os2a", SOURCE)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def assert_same(case, got, expected):
    assert list(got) == list(expected), case.id
    for site, values in expected.items():
        assert got[site].dtype == values.dtype, f"{case.id}: {site}"
        assert got[site].shape == values.shape, f"{case.id}: {site}"
        assert np.array_equal(got[site], values), f"{case.id}: {site}"


def test_every_site_is_the_reference(template):
    """Every operator with its options, layers, models and samples."""
    for case in [each for each in valid_cases() if not each.draws]:
        assert_same(case, template.answer(case), reference.answer(case, threads=1))


def test_digests_are_the_reference(template):
    """Asked chunk by chunk."""
    cases = [each for each in valid_cases() if each.draws]
    assert len(cases) == 3
    for case in cases:
        (expected,) = reference.answer(case, threads=1).values()
        assert np.array_equal(reference.digest(case, template.answer), expected), case.id


def test_operators_are_the_oracles(template):
    """Single operators against ordinary arithmetic with multiplication, written apart from refsim."""
    seen = set()
    for case in valid_cases():
        for site, values in oracle_answers(case).items():
            assert np.array_equal(template.answer(case)[site], values), f"{case.id}: {site}"
            seen.add(case.nodes[0]["operator"])
    assert seen == set(OPERATORS)


@pytest.mark.parametrize("case", reject_cases(), ids=lambda case: case.id)
def test_what_must_be_refused_is(template, case):
    """Each case for its one reason, before refsim looks at it."""
    with pytest.raises(Rejected):
        template.prove(case)


def test_registers_just_wide_enough_are_taken(template):
    """One bit more than what is refused."""
    for case, _ in boundary_cases():
        assert_same(case, template.answer(case), reference.answer(case, threads=1))


def test_any_width_gets_the_verdict_of_the_reference(template):
    """Refused or answered, over widths drawn at random."""
    seen = set()
    for case in width_cases():
        expected = verdict(lambda each: reference.answer(each, threads=1), case)
        assert verdict(template.prove, case) == expected, case.id
        seen.add(expected)
    assert seen == {"answered", "rejected"}


def verdict(function, case):
    try:
        function(case)
    except Rejected:
        return "rejected"
    return "answered"


def test_nothing_of_refsim_but_the_refusal_is_used():
    """The template is an independent witness."""
    imports = [line for line in SOURCE.read_text().splitlines() if "import" in line.split()]
    assert imports == ["from typing import NamedTuple", "import numpy as np", "from refsim.golden import Rejected"]
