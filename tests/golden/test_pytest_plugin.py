"""The plugin for pytest, seen from a pytest run of its own: one test a case, and no way to pass without checking."""

import configparser
import subprocess
import sys
from importlib.metadata import entry_points
from pathlib import Path
from types import SimpleNamespace

import pytest
from door_cases import linear_case, neuron_case

from refsim.errors import GoldenError
from refsim.golden import pytest_plugin
from refsim.golden.doors.door import ANSWERED, Answer
from refsim.golden.reference import answer
from refsim.golden.verify import judge

ROOT = Path(__file__).parents[2]
MODULE = "refsim.golden.pytest_plugin"
INSTALLED = any(entry.value == MODULE for entry in entry_points(group="pytest11"))

RIGHT = """
    import numpy as np
    import refsim.golden.reference

    def answer(case):
        return refsim.golden.reference.answer(case)

    def test_golden(golden_case):
        golden_case.check(answer)
"""


@pytest.fixture(scope="module")
def compiled():
    """Import whatever refsim imports late; a run within a run would take it out of the list of modules again."""
    for case in (neuron_case(), linear_case()):
        judge(case, Answer(ANSWERED, answer(case)))


@pytest.fixture
def run(compiled, pytester, monkeypatch):
    """Run a test file over given cases."""

    def over(cases, source, *options):
        loader = cases if callable(cases) else lambda config: cases
        monkeypatch.setattr(pytest_plugin, "load_cases", loader)
        pytester.makepyfile(source)
        plugin = () if INSTALLED else ("-p", MODULE)
        return pytester.runpytest_inprocess("-p", "no:cacheprovider", "-rs", *plugin, *options)

    return over


def test_each_case_is_a_test(run):
    """Under the id of the case; the reference passes."""
    result = run([neuron_case(), linear_case()], RIGHT, "-v")
    result.assert_outcomes(passed=2)
    result.stdout.fnmatch_lines(["*::test_golden?l1.lif.by-hand? PASSED*", "*::test_golden?l1.linear.by-hand? PASSED*"])


def test_a_wrong_answer_fails_with_a_short_report(run):
    """Which sites, where first, how many; no traceback; the next case goes on."""
    source = RIGHT.replace(
        "return refsim.golden.reference.answer(case)",
        "sites = refsim.golden.reference.answer(case)\n"
        "        if case.op == 'lif':\n"
        "            sites['neuron'] = 1 - sites['neuron']\n"
        "        return sites",
    )
    result = run([neuron_case(), linear_case()], source)
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(
        [
            "l1.lif.by-hand: a charge that meets the threshold",
            "  first difference at neuron, timestep 0, token 0, channel 0",
            "  expected 0 = 0x0 = 0b00; got 1 = 0x1 = 0b01",
        ]
    )
    result.stdout.no_fnmatch_line("*Traceback*")
    result.stdout.no_fnmatch_line("*golden_case.check(answer)*")


@pytest.mark.parametrize(
    ("body", "outcome", "line"),
    [
        ("raise ValueError('bad row')", "failed", "  ValueError: bad row (*.py:*)"),
        ("raise refsim.golden.Rejected('odd')", "failed", "  refused a valid case: odd"),
        ("raise refsim.golden.Unsupported('no leak')", "skipped", "SKIPPED*unsupported: no leak"),
        ("return {}", "failed", "  neuron: missing; the case asks for it"),
        ("return {'neurons': np.zeros(1, np.int8)}", "failed", "  neurons: not a site of this case"),
        ("return None", "failed", "*expected a dict of integer arrays by site, got NoneType"),
    ],
)
def test_what_is_not_right_does_not_pass(run, body, outcome, line):
    """It fails, or is skipped where it is unsupported, with the reason."""
    result = run([neuron_case()], RIGHT.replace("return refsim.golden.reference.answer(case)", body))
    result.assert_outcomes(**{outcome: 1})
    result.stdout.fnmatch_lines([line])


def test_a_case_to_be_refused_is_passed_by_refusing(run):
    """And failed by answering."""
    case = neuron_case(reject_reason="the thresholds are upside down", expected={})
    refusing = RIGHT.replace(
        "return refsim.golden.reference.answer(case)", "raise refsim.golden.Rejected('thresholds')"
    )
    run([case], refusing).assert_outcomes(passed=1)
    result = run([case], RIGHT)
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*answered a case that must be refused: the thresholds are upside down"])


def test_a_test_sees_the_case(run):
    """For those who compare by themselves."""
    source = "def test_id(golden_case):\n    assert golden_case.case.id == 'l1.lif.by-hand'\n"
    run([neuron_case()], source).assert_outcomes(passed=1)


def test_no_case_is_an_error(run):
    """A pattern that matches nothing checks nothing."""
    result = run([], RIGHT, "--golden-cases", "l9.*", "--golden-select", "full")
    result.assert_outcomes(errors=1)
    assert result.ret != 0
    result.stdout.fnmatch_lines(
        ["golden suite: no case matches --golden-cases 'l9.?' in --golden-select full; nothing would be checked"]
    )
    result.stdout.no_fnmatch_line("*Traceback*")


def test_a_damaged_suite_is_an_error(run):
    """With its reason and no traceback."""

    def damaged(config):
        raise GoldenError("SUITE.json: missing")

    result = run(damaged, RIGHT)
    result.assert_outcomes(errors=1)
    assert result.ret != 0
    result.stdout.fnmatch_lines(["golden suite: SUITE.json: missing"])


def test_cases_are_loaded_once(run):
    """However many tests ask for them, and not at all where none does."""
    calls = []

    def counting(config):
        calls.append(config)
        return [neuron_case()]

    run(counting, RIGHT + "\n    def test_again(golden_case):\n        golden_case.check(answer)\n").assert_outcomes(
        passed=2
    )
    assert len(calls) == 1
    run(counting, "def test_other():\n    pass\n").assert_outcomes(passed=1)
    assert len(calls) == 1


def test_the_options_choose_the_cases():
    """Folder, selection and pattern reach the suite; a pattern that matches nothing is an error."""

    def loaded(pattern, select="quick"):
        options = {"golden_suite": None, "golden_select": select, "golden_cases": pattern}
        return [case.id for case in pytest_plugin.load_cases(SimpleNamespace(getoption=options.__getitem__))]

    assert ["l1.lif.threshold-met"] == loaded("l1.lif.threshold-met")
    assert loaded("l6.*") == [name for name in loaded("l6.*", "nightly") if name.endswith("-100")]
    with pytest.raises(GoldenError, match="no case of the selection quick matches 'l9.*'"):
        loaded("l9.*")


def test_an_unknown_selection_is_refused(run):
    """By pytest, when it reads its options."""
    result = run([neuron_case()], RIGHT, "--golden-select", "some")
    assert result.ret == pytest.ExitCode.USAGE_ERROR


def test_loading_the_plugin_is_cheap():
    """Neither the compiler nor NumPy, since pytest loads it in every run."""
    code = f"import {MODULE}, sys; print(*sorted({{'numba', 'numpy', 'scipy', 'PIL'}} & set(sys.modules)))"
    outcome = subprocess.run([sys.executable, "-c", code], capture_output=True, check=False, text=True, cwd=ROOT)
    assert (outcome.returncode, outcome.stdout, outcome.stderr) == (0, "\n", "")


def test_pytest_finds_the_plugin():
    """By an entry point, in packages that are installed."""
    settings = configparser.ConfigParser()
    settings.read(ROOT / "setup.cfg")
    assert settings["options.entry_points"]["pytest11"].strip() == f"refsim = {MODULE}"
    packages = settings["options"]["packages"].split()
    folders = [path.parent.relative_to(ROOT) for path in (ROOT / "refsim" / "golden").rglob("__init__.py")]
    assert {".".join(folder.parts) for folder in folders} <= set(packages)
