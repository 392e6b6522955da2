"""Multiples of rows looked up: equal to products of pixels and weights."""

import numpy as np
import oracles
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import FEW_TIMESTEPS

from refsim.engine.firing import Neurons
from refsim.engine.packing import NOT_KNOWN
from refsim.engine.pixels import SAFE_MULTIPLES, PackedPixels
from refsim.kernels.fast.pixels import gather_pixel_trains, gather_pixels
from refsim.ops import LIF, Convolution


def gathered(kernel, operator, image, reach=NOT_KNOWN):
    """Run `gather_pixels`, or its Python source, in which NumPy's bytes would wrap."""
    packed = PackedPixels([operator], reach)
    geometry, starts, weights, *others = packed.arguments
    multiples, lookups, partials = packed.scratch(image.shape)
    if kernel is gather_pixels.python:
        image, weights, multiples, starts = (array.astype(np.int64) for array in (image, weights, multiples, starts))
        partials = tuple(part.astype(np.int64) for part in partials)
    places = [(size + 2 * packed.padding - packed.window) // packed.stride + 1 for size in image.shape[:2]]
    out = np.full((places[0] * places[1], operator.weights.shape[-1]), 77, np.int32)
    kernel(image, geometry, starts, weights, *others, multiples, lookups, partials, 0, len(out), out)
    return out.reshape(*places, -1)


def expected(operator, image):
    return oracles.convolution(image, operator.weights, operator.bias, operator.stride, operator.padding)


@settings(max_examples=40)
@given(
    st.integers(0, 2**16),
    st.sampled_from([(1, 1, 0), (3, 1, 1), (3, 2, 1), (2, 1, 0), (7, 2, 3)]),
    st.sampled_from([np.int8, np.int16]),
    st.sampled_from([3, 64, 130]),
)
def test_sums_are_those_of_the_rules(seed, geometry, dtype, outputs):
    """N6, any window, stride and weights, at borders too."""
    random, (window, stride, padding) = np.random.default_rng(seed), geometry
    limits = np.iinfo(dtype)
    weights = random.integers(limits.min, limits.max + 1, (window, window, 3, outputs)).astype(dtype)
    operator = Convolution(weights, random.integers(-99, 99, outputs).astype(np.int32), stride, padding)
    image = random.integers(0, 256, (8, 9, 3), np.uint8)
    np.testing.assert_array_equal(expected(operator, image), gathered(gather_pixels, operator, image))


@pytest.mark.parametrize("weight", [-128, 127])
@pytest.mark.parametrize("channels", [SAFE_MULTIPLES - 1, SAFE_MULTIPLES, SAFE_MULTIPLES + 1, 100])
def test_partial_sums_never_leave_16_bits(weight, channels):
    """All pixels white, all weights extreme."""
    operator = Convolution(np.full((1, 1, channels, 2), weight, np.int8), np.array([0, 1], np.int32))
    image = np.full((2, 1, channels), 255, np.uint8)
    np.testing.assert_array_equal(expected(operator, image), gathered(gather_pixels, operator, image))


def test_a_range_proof_lets_partial_sums_hold_more():
    """15 times 17 rows of 128 fit 16 bits; of smaller weights all rows do, and one more than fits does not."""
    operator = Convolution(np.full((1, 1, 40, 1), -54, np.int8), np.zeros(1, np.int32))
    assert PackedPixels([operator], 40 * 54).safe_rows > 40
    assert SAFE_MULTIPLES == PackedPixels([operator], 2185).safe_rows
    image = np.full((1, 1, 40), 255, np.uint8)
    np.testing.assert_array_equal(expected(operator, image), gathered(gather_pixels, operator, image, 40 * 54))


def test_the_source_is_the_machine_code():
    """The Python source of the kernel gives the same sums."""
    random = np.random.default_rng(1)
    operator = Convolution(random.integers(-128, 128, (3, 3, 3, 8), np.int8), np.arange(8, dtype=np.int32))
    image = random.integers(0, 256, (4, 3, 3), np.uint8)
    compiled = gathered(gather_pixels, operator, image)
    np.testing.assert_array_equal(compiled, gathered(gather_pixels.python, operator, image))


@given(st.integers(0, 2**16), FEW_TIMESTEPS, st.sampled_from([5, 96]))
def test_fused_neurons_are_those_of_the_rules(seed, timesteps, outputs):
    """N8 in rational arithmetic on the sums, which are the same at all timesteps."""
    random = np.random.default_rng(seed)
    weights = random.integers(-128, 128, (1, 1, 3, outputs)).astype(np.int8)
    operator = Convolution(weights, random.integers(-99, 99, outputs).astype(np.int32), 1, 0)
    thresholds = random.integers(1, 20_000, outputs).astype(np.int32)
    packed, image = PackedPixels([operator]), random.integers(0, 256, (2, 1, 3), np.uint8)
    firing = Neurons([LIF(thresholds, "binary", 1, True, "subtract")], timesteps, len(packed.bias))
    trains, neurons = np.zeros((2, outputs), np.uint8), firing.arguments(np.zeros(len(packed.bias), np.int32))
    gather_pixel_trains(image, *packed.arguments, *packed.scratch(image.shape), 0, 2, neurons, trains)
    for place, currents in enumerate(expected(operator, image).reshape(2, outputs)):
        for output in range(0, outputs, 7):
            currents_of = [int(currents[output])] * timesteps
            spikes, _ = oracles.lif(currents_of, int(thresholds[output]), 1, True, "subtract", False)
            assert sum(spike << timestep for timestep, spike in enumerate(spikes)) == trains[place, output]
