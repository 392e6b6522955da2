"""Convolutions by additions."""

import numpy as np
import oracles
import pytest
from hypothesis import given
from hypothesis import strategies as st
from routes import both_routes
from strategies import integers

from refsim.kernels.convolution import convolve_planes, convolve_spikes


def numbered_kernel():
    """A 3x3 kernel whose weights are 1 to 9, row by row."""
    return np.arange(1, 10, dtype=np.int8).reshape(3, 3, 1, 1)


@pytest.mark.parametrize("spike", [1, -1])
def test_one_spike_spreads_the_kernel_mirrored(spike):
    """Place (y, x) gathers W[1 + dy, 1 + dx] from its neighbour at (dy, dx): the spike in the middle sees 9 .. 1."""
    spikes = np.zeros((3, 3, 1), np.int8)
    spikes[1, 1] = spike
    (*_, sums), census = both_routes(
        convolve_spikes, spikes, numbered_kernel(), np.zeros(1, np.int32), 1, 1, 0, np.zeros((3, 3, 1), np.int32)
    )
    assert [[spike * w for w in row] for row in ([9, 8, 7], [6, 5, 4], [3, 2, 1])] == sums[..., 0].tolist()
    assert 9 == census.adds


def test_a_corner_spike_loses_what_falls_outside():
    """A spike in the corner reaches four places."""
    spikes = np.zeros((3, 3, 1), np.int8)
    spikes[0, 0] = 1
    (*_, sums), census = both_routes(
        convolve_spikes, spikes, numbered_kernel(), np.zeros(1, np.int32), 1, 1, 0, np.zeros((3, 3, 1), np.int32)
    )
    assert [[5, 4, 0], [2, 1, 0], [0, 0, 0]] == sums[..., 0].tolist()
    assert 4 == census.adds


def test_rows_may_be_computed_apart():
    """Computing from a first row on gives those rows of the whole."""
    random = np.random.default_rng(0)
    spikes, weights = random.integers(-1, 2, (6, 5, 3), np.int8), random.integers(-128, 128, (3, 3, 3, 4), np.int8)
    whole, part = np.zeros((6, 5, 4), np.int32), np.zeros((2, 5, 4), np.int32)
    convolve_spikes(spikes, weights, np.arange(4, dtype=np.int32), 1, 1, 0, whole)
    convolve_spikes(spikes, weights, np.arange(4, dtype=np.int32), 1, 1, 3, part)
    np.testing.assert_array_equal(whole[3:5], part)


geometry = st.tuples(st.integers(1, 6), st.integers(1, 6), st.integers(1, 3), st.integers(1, 4)).flatmap(
    lambda size: st.tuples(st.just(size), st.integers(0, size[3] - 1))
)


@given(st.data(), geometry, st.sampled_from([convolve_spikes, convolve_planes]))
def test_equal_to_the_definition(data, geometry, kernel):
    """Both kernels are the convolution of their rule, whatever window, stride and padding."""
    (rows, columns, stride, window), padding = geometry
    window = min(window, rows + 2 * padding, columns + 2 * padding)
    pixels = kernel is convolve_planes
    values = data.draw(integers((rows, columns, 2), *((0, 255, np.uint8) if pixels else (-1, 1, np.int8))))
    weights = data.draw(integers((window, window, 2, 3), -128, 127))
    bias = data.draw(integers((3,), -1000, 1000, np.int32))
    expected = oracles.convolution(values, weights, bias, stride, padding)
    planes = (8,) if pixels else ()
    (*_, sums), census = both_routes(
        kernel, values, *planes, weights, bias, stride, padding, 0, np.zeros(expected.shape, np.int32)
    )
    np.testing.assert_array_equal(expected, sums)
    if not pixels:
        assert oracles.fan_out(values, window, stride, padding, 3) == census.adds
