"""Integers that count and cannot be multiplied."""

import operator

import numpy as np
import pytest

from refsim.audit.counting import CountingArray, CountingInteger, Tally
from refsim.errors import MultiplicationError
from refsim.kernels.kernel import Kernel

FORBIDDEN = [
    operator.mul,
    operator.truediv,
    operator.floordiv,
    operator.mod,
    operator.pow,
    operator.matmul,
    divmod,
    operator.imul,
    operator.ifloordiv,
]


@pytest.mark.parametrize("deed", FORBIDDEN)
@pytest.mark.parametrize("mirrored", [False, True])
def test_forbidden_operations_raise(deed, mirrored):
    """With an ordinary integer on either side, and with another counting one."""
    data = CountingInteger(6, Tally())
    for other in (3, CountingInteger(3, Tally())):
        with pytest.raises(MultiplicationError):
            deed(other, data) if mirrored else deed(data, other)


@pytest.mark.parametrize("deed", [float, complex, round, lambda x: [1, 2, 3][x], lambda x: 1 << x, bool])
def test_data_cannot_leave(deed):
    """No float, no address, no shift amount, no unspoken comparison is made of data."""
    with pytest.raises(MultiplicationError):
        deed(CountingInteger(1, Tally()))


def test_shift_by_data_is_refused():
    """The amount of a shift does not come from data."""
    tally = Tally()
    with pytest.raises(MultiplicationError, match="shift by data"):
        CountingInteger(1, tally) << CountingInteger(1, tally)


def test_everything_is_counted():
    """Each kind of operation once or twice, with its value."""
    tally = Tally()
    five = CountingInteger(5, tally)
    values = [five + 2, 2 - five, -five, five << 2, five >> 1, five & 4, five ^ 1, (five > 4).select(1, 0)]
    assert [7, -3, -5, 20, 2, 4, 4, 1] == [value.value for value in values]
    assert {"adds": 3, "compares": 1, "shifts": 2, "selects": 1, "logic": 2} == tally.counts


def test_a_constant_that_is_stored_counts_from_then_on():
    """A kernel's literal becomes data when it is written into an array."""
    tally = Tally()
    array = CountingArray(np.zeros(2, np.int32), tally)
    row = array[:1]
    row[0] = 0
    row[0] += 3
    assert 1 == tally.counts["adds"]
    assert [3, 0] == array.plain(np.int32).tolist()


@pytest.mark.parametrize(
    "planted", ["values[0] * values[1]", "values[0] * 2", "3 * values[1]", "values[0] ** 2", "values[0] // 2"]
)
def test_a_multiplication_planted_in_a_kernel_raises(planted):
    """The Python route refuses what the compiled one would do silently."""
    names = {}
    exec(f"def guilty(values, out):\n    out[0] = {planted}\n", names)
    tally = Tally()
    arrays = CountingArray(np.array([4, 5]), tally), CountingArray(np.zeros(1), tally)
    with pytest.raises(MultiplicationError):
        Kernel.__call__(type("Planted", (), {"python": staticmethod(names["guilty"])})(), *arrays)
