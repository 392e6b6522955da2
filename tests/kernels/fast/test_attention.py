"""Attention on spike trains: the integers of the rules, in the other association."""

import numpy as np
import oracles
import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import FEW_TIMESTEPS

from refsim.engine.attention import products
from refsim.engine.firing import Neurons
from refsim.kernels.fast.attention import WORD, attend, attend_trains
from refsim.ops import LIF


def drawn(seed, density, tokens, channels, timesteps):
    """Trains of query, key and value."""
    random = np.random.default_rng(seed)
    spikes = random.random((3, timesteps, tokens, channels)) < density
    return (spikes << np.arange(timesteps).reshape(1, -1, 1, 1)).sum(axis=1).astype(np.uint8)


def expected(trains, heads, timestep):
    query, key, value = ((train >> timestep & 1).astype(np.int8) for train in trains)
    return oracles.context(oracles.scores(query, key, heads), value)


SIZES = st.sampled_from([(2, 2), (1, WORD), (1, WORD + 1), (2, 2 * WORD), (3, 5)])


@given(st.integers(0, 2**16), st.floats(0, 1), st.integers(1, 7), SIZES, st.integers(1, 8), st.booleans())
def test_context_is_that_of_the_rules(seed, density, tokens, size, timesteps, wide):
    """N11: (Q K^T) V, any number of heads and channels, in sums of 16 bits and of 32."""
    heads, width = size
    trains = drawn(seed, density, tokens, heads * width, timesteps)
    context = np.full((timesteps, tokens, heads, width), 99, np.int32)
    split = (train.reshape(tokens, heads, width) for train in trains)
    scratch = products(timesteps, 1 << 15 if wide else tokens, width)
    assert scratch[0].dtype == (np.int32 if wide else np.int16)
    attend(*split, timesteps, 0, heads, scratch, context)
    for timestep in range(timesteps):
        np.testing.assert_array_equal(
            expected(trains, heads, timestep), context[timestep].reshape(tokens, heads * width)
        )


@given(st.integers(0, 2**16), st.floats(0, 1), SIZES, FEW_TIMESTEPS, st.sampled_from(["zero", "subtract"]))
def test_fused_neurons_are_those_of_the_rules(seed, density, size, timesteps, reset):
    """N8 in rational arithmetic on the context."""
    tokens, (heads, width) = 3, size
    trains = drawn(seed, density, tokens, heads * width, timesteps)
    thresholds = np.random.default_rng(seed).integers(1, 6, heads * width).astype(np.int32)
    firing = Neurons([LIF(thresholds, "binary", 1, True, reset)], timesteps, heads * width)
    fired, neurons = np.zeros((tokens, heads * width), np.uint8), firing.arguments(np.zeros(heads * width, np.int32))
    split = (train.reshape(tokens, heads, width) for train in trains)
    attend_trains(*split, timesteps, 0, heads, products(timesteps, tokens, width), neurons, fired)
    contexts = np.stack([expected(trains, heads, timestep) for timestep in range(timesteps)])
    for token in range(tokens):
        for channel in range(0, heads * width, 3):
            currents = [int(current) for current in contexts[:, token, channel]]
            spikes, _ = oracles.lif(currents, int(thresholds[channel]), 1, True, reset, False)
            assert sum(spike << timestep for timestep, spike in enumerate(spikes)) == fired[token, channel]


@pytest.mark.parametrize("kernel", [attend.python, attend])
def test_heads_left_out_are_left_alone(kernel):
    """Only the second of three heads is computed, by machine code and by the source."""
    trains, context = drawn(0, 0.5, 4, 6, 2), np.full((2, 4, 3, 2), 99, np.int32)
    kernel(*(train.reshape(4, 3, 2) for train in trains), 2, 1, 2, products(2, 4, 2), context)
    assert (context[:, :, [0, 2]] == 99).all()
    for timestep in range(2):
        np.testing.assert_array_equal(expected(trains, 3, timestep).reshape(4, 3, 2)[:, 1], context[timestep, :, 1])


def test_sums_of_16_bits_hold_what_they_must():
    """Every spike there can be: 511 tokens of 64 channels are the most that 16 bits hold, one more takes 32."""
    assert (np.int16, np.int32) == tuple(products(1, tokens, 64)[1].dtype for tokens in (511, 512))
    ones, context = np.ones((511, 1, 64), np.uint8), np.zeros((1, 511, 1, 64), np.int32)
    attend(ones, ones, ones, 1, 0, 1, products(1, 511, 64), context)
    assert (context == 511 * 64).all()
