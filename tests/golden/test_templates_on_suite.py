"""The templates on the frozen suite: right everywhere, and every bug planted in C is caught, located and named."""

import runpy

import c_template
import pytest
from c_bugs import BUGS
from c_bugs_unseen import UNSEEN_BUGS
from frozen import quick_cases
from test_c_bugs import operator_of, planted

from refsim.golden.diagnosis import diagnose
from refsim.golden.doors.executable import ExecutableDoor
from refsim.golden.doors.python import PythonDoor
from refsim.golden.report import chosen_failure
from refsim.golden.verify import ALL_PASS, FAIL, PASS, exit_code, verify
from refsim.shipped import golden_folder

PLANTED = (*BUGS, *UNSEEN_BUGS)

needs_gcc = pytest.mark.skipif(c_template.COMPILER is None, reason="there is no gcc to build the C template with")

MUTANT_OF = {
    "threshold-strict": "N49",
    "ternary-sign-lost": "N50",
    "reset-to-zero": "N05",
    "negative-reset-direction": "N41",
    "input-not-halved": "N51",
    "rounding-towards-zero": "N52",
    "registers-kept-between-samples": "N23",
    "membrane-cleared-every-timestep": "N20",
    "relu-wraps": "N42",
    "relu-rounds-to-nearest": "N44",
    "negative-spike-ignored": "W01",
    "bias-missing": "B01",
    "lowest-plane-missing": "S14",
    "planes-as-spikes": "S16",
    "kernel-flipped": "S05",
    "bias-before-planes": "B04",
    "padding-wraps": "S15",
    "heads-interleaved": "T02",
    "causal-mask": "T28",
    "residual-shifts-swapped": "R10",
    "last-token-missing": "H11",
    "no-sum-over-time": "H02",
    "highest-of-ties": "H03",
    "pool-pads-with-zero": "P01",
    "level-not-grown": "N37",
    "timesteps-from-one": "N53",
    "halves-each-term": "N54",
    "leak-after-input": "N15",
    "negative-threshold-strict": "N39",
    "negative-spike-does-not-reset": "N40",
    "first-frame-repeated": "S12",
    "cap-before-shift": "N55",
    "weights-transposed": "W10",
    "bias-for-first-row-only": "B05",
    "padding-in-strides": "S19",
    "planes-lowest-first": "S03",
    "last-plane-not-doubled": "S18",
    "pool-row-pitch": "P08",
    "tokens-channels-first": "T32",
    "keys-of-first-head": "T29",
    "map-query-before-head": "T30",
    "branch-shift-on-the-sum": "R11",
    "token-counts-not-cleared": "H12",
    "static-nodes-of-first-sample": "S17",
    "mask-inverted": "M03",
    "mask-of-first-token": "M06",
    "key-value-without-last-token": "K14",
    "retrieval-transposed": "K04",
    "taps-everywhere": "C01",
    "sum-over-tokens-of-16-bits": "H14",
}
"""The bug of the catalogue that each planted line is; the others are in no catalogue."""


@pytest.fixture(scope="module")
def objects(tmp_path_factory):
    """A folder with the objects of the C template without a bug."""
    folder = tmp_path_factory.mktemp("c")
    c_template.build(folder, "-std=c11")
    return folder


def verdicts_of(executable):
    return list(verify(ExecutableDoor([executable]), quick_cases().values()))


def require_all_pass(verdicts):
    """Every case, none skipped, every site of each observed."""
    assert ALL_PASS == exit_code(verdicts) and {PASS} == {verdict.status for verdict in verdicts}
    assert all(not verdict.comparison.unobserved for verdict in verdicts if verdict.comparison)


def test_the_python_template_passes_every_case():
    """Every site of every case, none skipped."""
    template = runpy.run_path(str(golden_folder() / "templates" / "python" / "a2os2a.py"))
    require_all_pass(list(verify(PythonDoor(template["answer"]), quick_cases().values())))


@needs_gcc
def test_the_c_template_passes_every_case(tmp_path):
    """Built with -O2 -Wall -Wextra and the sanitizer of undefined behaviour: every site of every case, none skipped."""
    executable = c_template.build(tmp_path, *c_template.FLAGS)
    assert {"-O2", "-Wall", "-Wextra", "-fsanitize=undefined"} <= set(c_template.FLAGS)
    require_all_pass(verdicts_of(executable))


@pytest.mark.parametrize("bug", PLANTED, ids=lambda bug: bug.name)
def test_the_line_of_a_bug_stands_once(bug):
    """Where the template has changed, the table follows."""
    lines = (c_template.SOURCES / bug.file).read_text().split("\n")
    assert 1 == [line.strip() for line in lines].count(bug.old)


@needs_gcc
@pytest.mark.heavy
@pytest.mark.parametrize("bug", PLANTED, ids=lambda bug: bug.name)
def test_a_planted_bug_is_caught_located_and_named(bug, objects):
    """At the operator that has it, and by the name that it has in the catalogue, where it has one."""
    verdicts = verdicts_of(planted(bug, objects))
    shown = chosen_failure(verdicts)
    assert FAIL == shown.status and shown.comparison.first.problem == "values"
    assert operator_of(shown.case, shown.comparison.first.site) in bug.operators
    diagnosis = diagnose(verdicts)
    named = {*diagnosis.bugs, *(candidate for fault in diagnosis.faults for candidate in fault.candidates)}
    if bug.name in MUTANT_OF:
        assert MUTANT_OF[bug.name] in named
    else:
        assert not diagnosis.bugs


def test_most_planted_bugs_have_a_name():
    """Of 51 all but one are in the catalogue, which grew by them."""
    assert 51 == len(PLANTED) and {"scores-transposed"} == {bug.name for bug in PLANTED} - set(MUTANT_OF)
