"""Sums of streams, of tokens, of timesteps."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from routes import both_routes
from strategies import integers

from refsim.audit.census import Census
from refsim.kernels.sums import add_aligned, add_timestep, sum_tokens


@given(
    integers((2, 3), -1000, 1000, np.int32),
    integers((2, 3), -1000, 1000, np.int32),
    st.integers(0, 8),
    st.integers(0, 8),
)
def test_aligned_sum(stream, branch, stream_shift, branch_shift):
    """N13: each summand times its power of two."""
    (_, _, total), _ = both_routes(add_aligned, stream, stream_shift, branch, branch_shift, np.zeros((2, 3), np.int32))
    np.testing.assert_array_equal(
        stream.astype(np.int64) * 2**stream_shift + branch.astype(np.int64) * 2**branch_shift, total
    )


@given(integers((5, 3), -1, 1))
def test_token_sum(spikes):
    """N14: column sums, one addition a spike."""
    (_, counts), census = both_routes(sum_tokens, spikes, np.full((1, 3), 9, np.int32))
    np.testing.assert_array_equal(spikes.sum(axis=0, dtype=np.int64, keepdims=True), counts)
    assert Census(adds=np.count_nonzero(spikes), compares=15) == census


@given(integers((5, 3), -(2**20), 2**20, np.int32))
def test_token_sum_of_membranes(membranes):
    """N14: column sums of signed integers, one addition a value that is not zero."""
    (_, sums), census = both_routes(sum_tokens, membranes, np.full((1, 3), 9, np.int64))
    np.testing.assert_array_equal(membranes.sum(axis=0, dtype=np.int64, keepdims=True), sums)
    assert Census(adds=np.count_nonzero(membranes), compares=15) == census


def test_time_sum():
    """N14: the running total."""
    (_, totals), census = both_routes(add_timestep, np.array([[1, -2]], np.int32), np.array([[10, 20]], np.int32))
    assert [[11, 18]] == totals.tolist()
    assert Census(adds=2) == census
