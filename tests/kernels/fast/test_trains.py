"""What is done to spike trains, byte by byte, is what the rules do timestep by timestep."""

import numpy as np
import oracles
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from refsim.engine.values import counting_lanes
from refsim.kernels.fast.trains import (
    add_planes,
    count_trains,
    mask_trains,
    pool_trains,
    unpack_trains,
)


def trains(*shape):
    return arrays(np.uint8, shape, elements=st.integers(0, 255))


def at(values, timestep):
    """The spikes of one timestep."""
    return (values >> timestep) & 1


@given(trains(3, 4), st.integers(1, 8))
def test_unpacking_weighs_the_planes(planes, timesteps):
    """Plane p counts 2**p."""
    values = np.zeros((timesteps, 4), np.int32)
    unpack_trains(planes, timesteps, 0, 4, values)
    for timestep in range(timesteps):
        np.testing.assert_array_equal(at(planes, timestep).T @ [1, 2, 4], values[timestep])


@given(trains(2, 4), trains(3, 4))
def test_an_adder_of_trains(one, other):
    """Every timestep is an ordinary sum."""
    total = np.zeros((4, 4), np.uint8)
    add_planes(one, other, 0, 4, np.zeros(4, np.uint8), total)
    for timestep in range(8):
        sums = at(one, timestep).T @ [1, 2] + at(other, timestep).T @ [1, 2, 4]
        np.testing.assert_array_equal(sums, at(total, timestep).T @ [1, 2, 4, 8])


@given(trains(5, 4, 2), st.integers(1, 3), st.integers(1, 2))
def test_pooling_is_the_maximum_at_every_timestep(image, window, stride):
    """N12, at borders too."""
    padding = window - 1
    rows, columns = ((size + 2 * padding - window) // stride + 1 for size in (5, 4))
    pooled = np.zeros((rows, columns, 2), np.uint8)
    pool_trains(image, window, stride, padding, 0, rows * columns, pooled)
    for timestep in range(8):
        np.testing.assert_array_equal(
            oracles.max_pool(at(image, timestep), window, stride, padding), at(pooled, timestep)
        )


@given(trains(3, 4), trains(1, 4), trains(3, 4))
def test_masks_at_every_timestep(spikes, row, mask):
    """N16, with one row and with one for each token."""
    for gates in (row, mask):
        masked = np.zeros((3, 4), np.uint8)
        mask_trains(spikes, gates, 0, 3, masked)
        for timestep in range(8):
            np.testing.assert_array_equal(oracles.mask(at(spikes, timestep), at(gates, timestep)), at(masked, timestep))


@pytest.mark.parametrize("channels", [1, 63, 64, 65, 64 * 255, 64 * 256 + 5, 64 * 600])
@pytest.mark.parametrize("density", [0.5, 1])
def test_counting(channels, density):
    """The spikes of each timestep, where bytes count to their end too, and of a part of the neurons."""
    random = np.random.default_rng(channels)
    values = np.where(random.random(channels) < density, 255, random.integers(0, 256, channels)).astype(np.uint8)
    for first, last in ((0, channels), (channels // 3, channels - channels // 5)):
        counts = np.full(8, 99, np.int64)
        count_trains(values, first, last, counting_lanes(8), counts)
        assert [int((values[first:last] >> timestep & 1).sum()) for timestep in range(8)] == counts.tolist()
