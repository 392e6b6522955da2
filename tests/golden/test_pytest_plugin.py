"""The plugin for pytest, seen from a pytest run of its own: one test a case, and no way to pass without checking."""

import configparser
import subprocess
import sys
from importlib.metadata import entry_points
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from door_cases import linear_case, neuron_case

from refsim.errors import GoldenError
from refsim.golden import pytest_plugin

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


@pytest.fixture
def run(pytester, monkeypatch):
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
        "            sites['neuron.membrane'] = sites['neuron.membrane'][1:]\n"
        "        return sites",
    )
    result = run([neuron_case(), linear_case()], source)
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(
        [
            "l1.lif.by-hand: 2 of 2 sites differ: a charge that meets the threshold",
            "  neuron: first at (0, 0, 0): expected 0, got 1 (6 of 6 values differ)",
            "  neuron.membrane: expected the shape (3, 1, 2), got (2, 1, 2)",
        ]
    )
    result.stdout.no_fnmatch_line("*Traceback*")
    result.stdout.no_fnmatch_line("*golden_case.check(answer)*")


@pytest.mark.parametrize(
    ("body", "outcome", "line"),
    [
        ("raise ValueError('bad row')", "failed", "l1.lif.by-hand: failed: ValueError: bad row (*.py:*)"),
        ("raise refsim.golden.Rejected('odd')", "failed", "l1.lif.by-hand: refused, but it is valid: odd"),
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


def test_a_case_without_outputs_cannot_be_passed_by_saying_nothing(run):
    """Some site has to be seen."""
    source = RIGHT.replace("return refsim.golden.reference.answer(case)", "return {}")
    result = run([neuron_case(outputs=())], source)
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["l1.lif.by-hand: none of its sites was answered"])


def test_a_case_to_be_refused_is_passed_by_refusing(run):
    """And failed by answering."""
    case = neuron_case(reject_reason="the thresholds are upside down", expected={})
    refusing = RIGHT.replace(
        "return refsim.golden.reference.answer(case)", "raise refsim.golden.Rejected('thresholds')"
    )
    run([case], refusing).assert_outcomes(passed=1)
    result = run([case], RIGHT)
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*answered, but it has to be refused: the thresholds are upside down"])


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


def test_the_options_choose_the_cases(monkeypatch):
    """Folder, selection and pattern reach the suite as they are."""
    asked = []

    class Suite:
        def cases(self, selection="quick", pattern="*"):
            asked.append((selection, pattern))
            return iter([neuron_case()])

    def load_suite(folder=None):
        asked.append(folder)
        return Suite()

    monkeypatch.setitem(sys.modules, "refsim.golden.suite", SimpleNamespace(load_suite=load_suite))
    options = {"golden_suite": "my-suite", "golden_select": "nightly", "golden_cases": "l1.*"}
    cases = pytest_plugin.load_cases(SimpleNamespace(getoption=options.__getitem__))
    assert [case.id for case in cases] == ["l1.lif.by-hand"]
    assert asked == ["my-suite", ("nightly", "l1.*")]


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


def test_long_reports_are_cut():
    """A case of many sites gives a few lines."""
    expected = {f"site{number}": np.zeros(2, np.int8) for number in range(20)}
    case = SimpleNamespace(expected=expected, outputs=tuple(expected), title="many", samples=1)
    lines = pytest_plugin.report(case, {}).splitlines()
    assert len(lines) == 10 and lines[0] == "20 of 20 sites differ: many" and lines[-1] == "  and 12 more"
