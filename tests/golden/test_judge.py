"""The verdict on one answer, and the exit code of all."""

from types import SimpleNamespace

import numpy as np
import pytest

from refsim.golden.doors.door import ANSWERED, FAILED, REJECTED, UNSUPPORTED, Answer
from refsim.golden.verify import ERROR, FAIL, PASS, SKIP, Verdict, exit_code, judge

RIGHT, WRONG = {"n": np.array([0, 1], np.int8)}, {"n": np.array([0, 0], np.int8)}
MUST = "answered a case that must be refused: too wide"


@pytest.mark.parametrize(
    ("refusal", "status", "sites", "verdict", "reason", "observed"),
    [
        (None, ANSWERED, RIGHT, PASS, "", ["n"]),
        (None, ANSWERED, WRONG, FAIL, "n: first at (1,): expected 1, got 0", ["n"]),
        (None, ANSWERED, {}, FAIL, "n: missing; the case asks for it", []),
        (None, UNSUPPORTED, {}, SKIP, "said", []),
        (None, FAILED, {}, FAIL, "said", []),
        (None, REJECTED, {}, FAIL, "refused a valid case: said", []),
        ("too wide", REJECTED, {}, PASS, "", []),
        ("too wide", ANSWERED, RIGHT, FAIL, MUST, []),
        ("too wide", UNSUPPORTED, {}, SKIP, "said", []),
        ("too wide", FAILED, {}, FAIL, "said", []),
    ],
)
def test_each_outcome_has_its_verdict(refusal, status, sites, verdict, reason, observed):
    """Only the right answer to a valid case and the refusal of another pass; a crash is no refusal."""
    case = SimpleNamespace(expected=RIGHT, outputs=["n"], samples=1, draws=(), reject_reason=refusal)
    found = judge(case, Answer(status, sites, "said", 1.5))
    assert (verdict, reason, observed, 1.5) == (found.status, found.reason, found.observed, found.seconds)
    assert found.case is case


@pytest.mark.parametrize(
    ("statuses", "code"),
    [
        ([PASS], 0),
        ([PASS, SKIP], 0),
        ([PASS, FAIL, SKIP], 1),
        ([SKIP], 2),
        ([PASS, ERROR], 3),
        ([FAIL, ERROR], 3),
        ([], 3),
    ],
)
def test_one_verdict_settles_the_exit_code(statuses, code):
    """What could not be judged before what is wrong, and nothing judged is no pass."""
    assert code == exit_code([Verdict(None, status) for status in statuses])
