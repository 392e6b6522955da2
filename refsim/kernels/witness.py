"""Who hears of the proofs of kernels that run."""

from contextlib import contextmanager
from contextvars import ContextVar

_witnesses = ContextVar("witnesses", default=())


@contextmanager
def witnessed():
    """Collect the proofs of the kernels that run for the block: in its thread, and in those that a pool lends it.

    Yields
    ------
    reports : dict of KernelReport by name and signature
    """
    reports = {}
    before = _witnesses.set((*_witnesses.get(), reports))
    try:
        yield reports
    finally:
        _witnesses.reset(before)


def show(*reports):
    """Let all blocks around hear of the proofs of kernels that run now."""
    for heard in _witnesses.get():
        for report in reports:
            heard.setdefault((report.name, report.signature), report)
