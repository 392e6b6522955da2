"""Max pooling."""

import numpy as np
import oracles
from hypothesis import given
from hypothesis import strategies as st
from routes import both_routes
from strategies import integers

from refsim.kernels.pooling import max_pool


def test_outside_is_ignored_not_zero():
    """A map of -5 stays -5 at the border."""
    (_, pooled), _ = both_routes(max_pool, np.full((4, 4, 1), -5, np.int32), 3, 2, 1, 0, np.zeros((2, 2, 1), np.int32))
    assert [[-5, -5], [-5, -5]] == pooled[..., 0].tolist()


def test_spikes_are_joined_by_or():
    """One spike reaches every window that holds it: (1, 1) lies in all four of a 4x4 map."""
    spikes = np.zeros((4, 4, 1), np.int8)
    spikes[1, 1] = 1
    (_, pooled), _ = both_routes(max_pool, spikes, 3, 2, 1, 0, np.zeros((2, 2, 1), np.int8))
    assert [[1, 1], [1, 1]] == pooled[..., 0].tolist()


@given(st.data(), st.integers(1, 6), st.integers(1, 6), st.integers(1, 3), st.integers(1, 4))
def test_equals_the_definition(data, rows, columns, stride, window):
    """N12 for every window, stride and padding that leave no window empty."""
    padding = data.draw(st.integers(0, window - 1))
    window = min(window, rows + padding, columns + padding)
    padding = min(padding, window - 1)
    values = data.draw(integers((rows, columns, 2), -(2**31), 2**31 - 1, np.int32))
    expected = oracles.max_pool(values, window, stride, padding)
    (_, pooled), _ = both_routes(max_pool, values, window, stride, padding, 0, np.zeros(expected.shape, np.int32))
    np.testing.assert_array_equal(expected, pooled)
