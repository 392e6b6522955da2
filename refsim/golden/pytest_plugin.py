"""The plugin for pytest: one test a golden case.

::

    def test_golden(golden_case):
        golden_case.check(my_function)

``my_function`` is what `refsim.golden.doors.python.PythonDoor` takes. The cases are chosen by ``--golden-suite DIR``,
``--golden-select quick|full|nightly`` and ``--golden-cases PATTERN``. Nothing of refsim is imported before a test asks for
``golden_case``, since pytest loads this module in every run.
"""

import pytest

SELECTIONS = ("quick", "full", "nightly")
MOST_DIFFERENCES = 8
CASES = pytest.StashKey()


def pytest_addoption(parser):
    """Declare how cases are chosen."""
    group = parser.getgroup("refsim", "golden cases of refsim")
    group.addoption(
        "--golden-suite", metavar="DIR", help="folder of a suite; by default the one that comes with refsim"
    )
    group.addoption(
        "--golden-select", choices=SELECTIONS, default="quick", help="how many of its cases; default: quick"
    )
    group.addoption(
        "--golden-cases", metavar="PATTERN", default="*", help="cases by id, as in 'l1.lif.*'; default: all"
    )


def load_cases(config):
    """Return the cases that the options choose.

    Parameters
    ----------
    config : pytest.Config

    Returns
    -------
    cases : list of Case

    Raises
    ------
    GoldenError
        If the suite is damaged.
    """
    from refsim.golden.suite import load_suite

    suite = load_suite(config.getoption("golden_suite"))
    return list(suite.cases(config.getoption("golden_select"), config.getoption("golden_cases")))


def pytest_generate_tests(metafunc):
    """Make one test a case, under the id of the case."""
    if "golden_case" in metafunc.fixturenames:
        cases = chosen_cases(metafunc.config)
        metafunc.parametrize("golden_case", cases, ids=[case.id for case in cases], indirect=True)


def chosen_cases(config):
    """Load the cases once a run; none at all is an error, since nothing would be checked and all would pass."""
    from refsim.errors import RefsimError

    if CASES not in config.stash:
        try:
            config.stash[CASES] = load_cases(config)
        except RefsimError as error:
            raise pytest.Collector.CollectError(f"golden suite: {error}") from error
    if not config.stash[CASES]:
        raise pytest.Collector.CollectError(
            f"golden suite: no case matches --golden-cases {config.getoption('golden_cases')!r} "
            f"in --golden-select {config.getoption('golden_select')}; nothing would be checked"
        )
    return config.stash[CASES]


@pytest.fixture
def golden_case(request):
    """One case of refsim's golden suite: ``golden_case.check(function)``; ``golden_case.case`` is the case itself."""
    return GoldenCase(request.param)


class GoldenCase:
    """A case in a test.

    Parameters
    ----------
    case : Case
    """

    def __init__(self, case):
        self.case = case

    def check(self, function):
        """Ask a function for the case, and fail unless every bit of its answer is right.

        Parameters
        ----------
        function : callable or str
            As for `refsim.golden.doors.python.PythonDoor`. Where it raises `refsim.golden.Unsupported` the test is
            skipped.

        Raises
        ------
        GoldenError
            If there is no such function.
        """
        from refsim.golden.doors.door import UNSUPPORTED
        from refsim.golden.doors.python import PythonDoor

        __tracebackhide__ = True
        ((_, answer),) = PythonDoor(function).answers([self.case])
        if answer.status == UNSUPPORTED:
            pytest.skip(f"unsupported: {answer.reason}")
        message = fault(self.case, answer)
        if message:
            pytest.fail(f"{self.case.id}: {message}", pytrace=False)


def fault(case, answer):
    """Return what is wrong with an answer in a few lines, or nothing where all is right."""
    from refsim.golden.doors.door import FAILED, REJECTED

    if answer.status == FAILED:
        return f"failed: {answer.reason}"
    if case.reject_reason:
        return "" if answer.status == REJECTED else f"answered, but it has to be refused: {case.reject_reason}"
    if answer.status == REJECTED:
        return f"refused, but it is valid: {answer.reason}"
    return report(case, answer.sites)


def report(case, sites):
    """Return how arrays differ from the expected ones, or nothing where they do not."""
    from refsim.golden.comparison import compare

    comparison = compare(case, sites)
    if comparison.equal:
        return "" if comparison.observed else "none of its sites was answered"
    lines = [f"{len(comparison.differences)} of {len(case.expected)} sites differ: {case.title}"]
    for each in comparison.differences[:MOST_DIFFERENCES]:
        count = f" ({each.count} of {case.expected[each.site].size} values differ)" if each.count else ""
        lines.append(f"  {each.message}{count}")
    if len(comparison.differences) > MOST_DIFFERENCES:
        lines.append(f"  and {len(comparison.differences) - MOST_DIFFERENCES} more")
    return "\n".join(lines)
