"""Hold an implementation against the suite: one verdict a case."""

from dataclasses import dataclass

from refsim.errors import GoldenError
from refsim.golden.comparison import Comparison, compare
from refsim.golden.doors.door import ANSWERED, FAILED, REJECTED, UNSUPPORTED

PASS, FAIL, SKIP, ERROR = "pass", "fail", "unsupported", "error"
ALL_PASS, MISMATCH, NOTHING_SUPPORTED, HARNESS_ERROR = 0, 1, 2, 3
"""Exit codes of ``refsim golden verify``."""


@dataclass(frozen=True)
class Unreadable:
    """Stands for a case whose files are missing, damaged or hostile; what the index says of it."""

    id: str
    level: str
    op: str
    title: str = "cannot be read"


@dataclass(frozen=True, eq=False)
class Verdict:
    """What became of one case.

    Attributes
    ----------
    case : Case or Unreadable
    status : {"pass", "fail", "unsupported", "error"}
        ``"error"`` where the case itself could not be read.
    reason : str
        One line; empty for a pass.
    seconds : float
    comparison : Comparison or None
        Where there was an answer to a valid case.
    """

    case: object
    status: str
    reason: str = ""
    seconds: int | float = 0
    comparison: Comparison | None = None

    @property
    def observed(self):
        """Sites that were compared."""
        return self.comparison.observed if self.comparison else []


def judge(case, answer):
    """Return the verdict on an answer.

    Parameters
    ----------
    case : Case
    answer : Answer
    """
    if answer.status == UNSUPPORTED:
        return Verdict(case, SKIP, answer.reason, answer.seconds)
    if answer.status == FAILED:
        return Verdict(case, FAIL, answer.reason, answer.seconds)
    if case.reject_reason is not None:
        refused = answer.status == REJECTED
        reason = "" if refused else f"answered a case that must be refused: {case.reject_reason}"
        return Verdict(case, PASS if refused else FAIL, reason, answer.seconds)
    if answer.status == REJECTED:
        return Verdict(case, FAIL, f"refused a valid case: {answer.reason}", answer.seconds)
    assert answer.status == ANSWERED, answer.status
    comparison = compare(case, answer.sites)
    if comparison.equal:
        return Verdict(case, PASS, "", answer.seconds, comparison)
    return Verdict(case, FAIL, comparison.first.message, answer.seconds, comparison)


def readable(suite, entries):
    """Read cases, and go on where one cannot be read.

    Parameters
    ----------
    suite : Suite
    entries : iterable of dict
        Of its index.

    Returns
    -------
    cases : list of Case
    unreadable : list of Verdict
    """
    cases, unreadable = [], []
    for entry in entries:
        try:
            cases.append(suite.read(entry))
        except GoldenError as error:
            stand_in = Unreadable(entry["id"], entry["level"], entry["op"])
            unreadable.append(Verdict(stand_in, ERROR, str(error)))
    return cases, unreadable


def verify(door, cases):
    """Yield a verdict for each case.

    Parameters
    ----------
    door : object
        With a method ``answers(cases)`` that yields a case and its `Answer` for each.
    cases : iterable of Case
    """
    for case, answer in door.answers(cases):
        yield judge(case, answer)


def exit_code(verdicts):
    """Return 0 where all pass, 1 for a mismatch, 2 where nothing was supported, 3 where nothing could be judged."""
    statuses = {verdict.status for verdict in verdicts}
    if not statuses or ERROR in statuses:
        return HARNESS_ERROR
    if FAIL in statuses:
        return MISMATCH
    return ALL_PASS if PASS in statuses else NOTHING_SUPPORTED
