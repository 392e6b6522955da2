"""What every door does around a question: measure the time, and turn faults of the implementation into answers."""

import time
from dataclasses import replace

import numpy as np

from refsim.golden.case import Rejected, Unsupported
from refsim.golden.doors.door import ANSWERED, FAILED, REJECTED, UNSUPPORTED, Answer
from refsim.printable import one_line


class Fault(Exception):
    """What an implementation gave is no answer; the message is the reason."""


STATUSES = {Unsupported: UNSUPPORTED, Rejected: REJECTED, Fault: FAILED}


def asked(ask, case):
    """Ask for a case.

    Parameters
    ----------
    ask : callable
        Takes the case; returns arrays by site, or raises `Unsupported`, `Rejected` or `Fault`.
    case : Case

    Returns
    -------
    answer : Answer
    """
    start = time.perf_counter()
    try:
        answer = Answer(ANSWERED, ask(case))
    except tuple(STATUSES) as outcome:
        status = next(status for kind, status in STATUSES.items() if isinstance(outcome, kind))
        answer = Answer(status, reason=one_line(message_of(outcome)) or f"{status}, without a reason")
    return replace(answer, seconds=time.perf_counter() - start)


def message_of(error):
    """Return the message of an exception, which may be of a class that cannot even print itself."""
    try:
        return str(error)
    except Exception:
        return "(its message cannot be printed)"


def require_form(site, values, dtype, shape):
    """Refuse what is no array of the given type and shape.

    Raises
    ------
    Fault
        Naming the expected and the found one.
    """
    if not isinstance(values, np.ndarray):
        raise Fault(f"{site}: expected an array of {dtype} {shape}, got {type(values).__name__}")
    if values.dtype != dtype or values.shape != shape:
        raise Fault(f"{site}: expected {dtype} {shape}, got {values.dtype} {values.shape}")
