"""What kernels say about memory."""

import numba
import numpy as np

from refsim.audit.compilers import ArraysApart
from refsim.audit.kernel_audit import audit_specialisation
from refsim.kernels.fast.accumulate import AHEAD
from refsim.kernels.fast.listing import COPIED
from refsim.kernels.fast.memory import kept, prefetch
from refsim.kernels.fast.partials import LANES
from refsim.kernels.kernel import tuned_kernel


@tuned_kernel
def add_up(rows, scratch, lanes, total):
    """Add up rows, each asked for while the one before it is added."""
    sums = kept(scratch, lanes)
    for column in range(rows.shape[1]):
        sums[column] = 0
    for row in range(rows.shape[0]):
        prefetch(total, row + 1_000_000)
        for column in range(rows.shape[1]):
            sums[column] += rows[row, column]
    for column in range(rows.shape[1]):
        total[column] = sums[column]


def added_up(run, count):
    """Add up three rows of so many lanes, and return the scratch of before and after."""
    width = count * LANES
    rows, total = np.arange(3 * width, dtype=np.int16).reshape(3, width), np.zeros(width, np.int16)
    scratch = np.full(width, 77, np.int16)
    run(rows, scratch, (0,) * count, total)
    np.testing.assert_array_equal(rows.sum(axis=0), total)
    return scratch


def test_what_is_kept_is_nowhere_in_memory():
    """Compiled, for one lane and for more, the caller's scratch is as it was; Python works on it."""
    for count in (1, 2, 6):
        assert (added_up(add_up, count) == 77).all()
        assert not (added_up(add_up.python, count) == 77).all()


def test_lines_may_be_asked_for_that_are_not_there():
    """The instruction is there, of an address a million numbers past the end, and the proof holds."""
    compiled = numba.njit(pipeline_class=ArraysApart)(add_up.python)
    added_up(compiled, 1)
    (code,) = compiled.inspect_llvm().values()
    assert "call void @llvm.prefetch" in code
    assert audit_specialisation(compiled, compiled.signatures[0]).passed


def test_rows_are_asked_for_where_lists_have_room():
    """What is read past the end of a list lies in the room between lists."""
    assert AHEAD <= COPIED
