"""The products of attention, by additions."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from routes import both_routes
from strategies import integers, sizes

from refsim.audit.census import Census
from refsim.kernels.attention import accumulate_heads


def test_hand_worked():
    """+1 adds the first row, -1 subtracts the second, 0 does nothing."""
    spikes, rows = np.array([[[1, -1, 0]]], np.int8), np.array([[[5, 0], [1, 1], [100, 100]]], np.int8)
    (*_, sums), census = both_routes(accumulate_heads, spikes, rows, np.full((1, 1, 2), 77, np.int32))
    assert [[[4, -1]]] == sums.tolist()
    assert Census(adds=4, compares=5) == census


def test_heads_do_not_mix():
    """A spike in head 0 leaves head 1 at zero."""
    spikes, rows = np.zeros((2, 1, 1), np.int8), np.full((2, 1, 3), 9, np.int8)
    spikes[0] = 1
    (*_, sums), _ = both_routes(accumulate_heads, spikes, rows, np.zeros((2, 1, 3), np.int32))
    assert [[[9, 9, 9]], [[0, 0, 0]]] == sums.tolist()


@given(st.data(), sizes, sizes, sizes, sizes)
def test_equals_a_matrix_product(data, heads, places, channels, positions):
    """N11 in each head, graded rows included."""
    spikes = data.draw(integers((heads, places, channels), -1, 1))
    rows = data.draw(integers((heads, channels, positions), -128, 127))
    (*_, sums), census = both_routes(accumulate_heads, spikes, rows, np.zeros((heads, places, positions), np.int32))
    np.testing.assert_array_equal(spikes.astype(np.int64) @ rows.astype(np.int64), sums)
    assert np.count_nonzero(spikes) * positions == census.adds
