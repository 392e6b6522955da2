"""Sums over tokens and over time, on trains."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from refsim.kernels.fast.readout import join_planes, sum_timesteps, sum_trains


@given(st.integers(0, 2**16), st.integers(1, 8), st.integers(1, 5), st.sampled_from([1, 3, 254, 255, 256, 600]))
def test_sums_over_tokens(seed, timesteps, plane_count, tokens):
    """N14: every timestep's integers added up, more tokens than a byte counts among them."""
    random = np.random.default_rng(seed)
    values = random.integers(0, 2**plane_count, (timesteps, tokens, 33))
    values[:, :, 0] = 2**plane_count - 1
    planes = sum((((values[t] >> np.arange(plane_count)[:, None, None]) & 1) << t for t in range(timesteps)))
    totals = np.full(((tokens * (2**plane_count - 1)).bit_length(), 33), 77, np.uint8)
    bits = (1 << np.arange(timesteps)).astype(np.uint8)
    scratch = np.zeros(33, np.uint8), np.zeros((timesteps, 33), np.int32)
    sum_trains(planes.astype(np.uint8), bits, *scratch, totals)
    weights = 1 << np.arange(len(totals))[:, None]
    for timestep in range(timesteps):
        found = (((totals >> timestep) & 1) * weights).sum(axis=0)
        np.testing.assert_array_equal(values[timestep].sum(axis=0), found)


@pytest.mark.parametrize("plane_count", [1, 2, 5])
def test_joined_planes_tell_what_is_not_zero(plane_count):
    """At every timestep."""
    planes = np.random.default_rng(plane_count).integers(0, 256, (plane_count, 100)).astype(np.uint8)
    joined = np.zeros(100, np.uint8)
    join_planes(planes, joined)
    np.testing.assert_array_equal(np.bitwise_or.reduce(planes), joined)


@pytest.mark.parametrize("timesteps", [1, 2, 8])
def test_sums_over_time(timesteps):
    """N14: the running sum."""
    values = np.random.default_rng(timesteps).integers(-99, 99, (timesteps, 7)).astype(np.int32)
    totals = np.zeros_like(values)
    sum_timesteps(values, totals)
    np.testing.assert_array_equal(np.cumsum(values, axis=0), totals)
