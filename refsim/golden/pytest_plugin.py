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
    return [
        suite.read(entry)
        for entry in suite.entries(config.getoption("golden_select"), config.getoption("golden_cases"))
    ]


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
        from refsim.golden.doors.python import PythonDoor
        from refsim.golden.report import verdict_lines
        from refsim.golden.verify import PASS, SKIP, verify

        __tracebackhide__ = True
        (verdict,) = verify(PythonDoor(function), [self.case])
        if verdict.status == SKIP:
            pytest.skip(f"unsupported: {verdict.reason}")
        if verdict.status != PASS:
            pytest.fail("\n".join(verdict_lines(verdict)), pytrace=False)
