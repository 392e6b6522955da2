"""The ceiling: rows added onto sums."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from routes import both_routes
from strategies import integers

from refsim.audit.census import Census
from refsim.kernels.ceiling import ROWS_A_PASS, add_rows


def test_hand_worked_rows():
    """Eight rows 1 to 8 are 36 and eight of -128 are -1024; three times, onto 5."""
    rows = np.concatenate([np.arange(1, 9), np.full(8, -128)]).astype(np.int8).reshape(16, 1)
    (_, sums), census = both_routes(add_rows, rows, 3, np.array([5], np.int32))
    assert [5 + 3 * (36 - 1024)] == sums.tolist()
    assert Census(adds=3 * 16) == census


def test_no_repeat_adds_nothing():
    """The sums stay."""
    (_, sums), census = both_routes(add_rows, np.ones((8, 2), np.int8), 0, np.array([1, 2], np.int32))
    assert [1, 2] == sums.tolist() and Census() == census


@given(st.data(), st.integers(1, 3), st.integers(1, 3), st.integers(1, 40))
def test_rows_equal_a_sum(data, passes, repeats, width):
    """The repeats times the sum over rows, and one addition for each weight."""
    rows = data.draw(integers((passes * ROWS_A_PASS, width), -128, 127))
    (_, sums), census = both_routes(add_rows, rows, repeats, np.zeros(width, np.int32))
    np.testing.assert_array_equal(repeats * rows.sum(axis=0, dtype=np.int64), sums)
    assert repeats * rows.size == census.adds
