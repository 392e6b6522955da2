"""Linear maps by additions."""

import numpy as np
import oracles
from hypothesis import given
from hypothesis import strategies as st
from routes import both_routes
from strategies import integers, sizes

from refsim.audit.census import Census
from refsim.kernels.accumulate import accumulate_planes, accumulate_spikes


def test_hand_worked_spikes():
    """Row 0 is added, row 1 skipped, row 2 subtracted, the bias is there from the start."""
    spikes = np.array([[1, 0, -1]], np.int8)
    weights = np.array([[1, 2], [10, 20], [100, -100]], np.int8)
    (*_, sums), census = both_routes(
        accumulate_spikes, spikes, weights, np.array([1000, 2000], np.int32), np.zeros((1, 2), np.int32)
    )
    assert [[901, 2102]] == sums.tolist()
    assert Census(adds=4, compares=5) == census


def test_hand_worked_planes():
    """5 = 101b and 2 = 010b times 7 and -3: plane by plane 7, 14 - 3, 22 + 7 = 29, then the bias."""
    values = np.array([[5, 2]], np.uint8)
    weights = np.array([[7], [-3]], np.int8)
    (*_, sums), _ = both_routes(
        accumulate_planes, values, 3, weights, np.array([100], np.int32), np.zeros((1, 1), np.int32)
    )
    assert [[129]] == sums.tolist()


def test_all_spikes_of_the_most_negative_weight():
    """Sums leave int8 far behind without wrapping: 300 times -128."""
    spikes, weights = np.ones((1, 300), np.int8), np.full((300, 1), -128, np.int8)
    (*_, sums), _ = both_routes(accumulate_spikes, spikes, weights, np.zeros(1, np.int32), np.zeros((1, 1), np.int32))
    assert [[-38400]] == sums.tolist()
    (*_, sums), _ = both_routes(accumulate_spikes, -spikes, weights, np.zeros(1, np.int32), np.zeros((1, 1), np.int32))
    assert [[38400]] == sums.tolist()


def test_no_spike_costs_no_addition():
    """Silence gives the bias, with comparisons alone."""
    (*_, sums), census = both_routes(
        accumulate_spikes,
        np.zeros((2, 3), np.int8),
        np.ones((3, 4), np.int8),
        np.arange(4, dtype=np.int32),
        np.full((2, 4), 99, np.int32),
    )
    assert [[0, 1, 2, 3], [0, 1, 2, 3]] == sums.tolist()
    assert Census(compares=6) == census


@given(st.data(), sizes, sizes, sizes)
def test_spikes_equal_a_matrix_product(data, tokens, channels, outputs):
    """Gathering rows of weights is the product of spikes and weights."""
    spikes = data.draw(integers((tokens, channels), -1, 1))
    weights = data.draw(integers((channels, outputs), -128, 127))
    bias = data.draw(integers((outputs,), -(2**20), 2**20, np.int32))
    (*_, sums), census = both_routes(accumulate_spikes, spikes, weights, bias, np.zeros((tokens, outputs), np.int32))
    np.testing.assert_array_equal(oracles.linear(spikes, weights, bias), sums)
    assert np.count_nonzero(spikes) * outputs == census.adds


@given(st.data(), sizes, sizes, sizes)
def test_planes_equal_a_matrix_product(data, tokens, channels, outputs):
    """Bit planes give the product of pixels and weights."""
    values = data.draw(integers((tokens, channels), 0, 255, np.uint8))
    weights = data.draw(integers((channels, outputs), -128, 127))
    bias = data.draw(integers((outputs,), -(2**20), 2**20, np.int32))
    (*_, sums), _ = both_routes(accumulate_planes, values, 8, weights, bias, np.zeros((tokens, outputs), np.int32))
    np.testing.assert_array_equal(oracles.linear(values, weights, bias), sums)
