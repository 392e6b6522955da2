"""Formats, intervals and registers."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import integers

from refsim.errors import NetworkError, RegisterError
from refsim.numerics import Signal, bits_needed, register_signal, require_array, require_headroom, weighted_interval


@given(st.integers(-(2**40), 2**40), st.integers(0, 2**40))
def test_bits_needed_is_the_narrowest_width(low, span):
    """Both ends fit the width; with one bit less, one of them does not."""
    high, bits = low + span, bits_needed(low, low + span)
    assert -(2 ** (bits - 1)) <= low and high < 2 ** (bits - 1)
    assert bits == 1 or low < -(2 ** (bits - 2)) or high >= 2 ** (bits - 2)


def test_a_signal_of_values_bounds_each_channel():
    """Over timesteps and places; shape and type are those of one timestep."""
    signal = Signal.of(np.array([[[1, 9], [2, 8]], [[-3, 7], [0, 9]]], np.int8))
    assert (np.int8, (2, 2), [-3, 7], [2, 9]) == (signal.dtype, signal.shape, signal.low.tolist(), signal.high.tolist())


@pytest.mark.parametrize(
    ("low", "high", "spiking", "planes"),
    [(-1, 1, True, 1), (0, 0, True, 1), (-2, 1, False, 1), (-1, 2, False, 2), (0, 127, False, 7), (0, 128, False, 8)],
)
def test_what_gates_additions(low, high, spiking, planes):
    """Nothing beyond -1 and 1; any of several channels counts."""
    signal = Signal(np.dtype(np.int32), (2,), np.array([0, low]), np.array([0, high]))
    assert (spiking, planes) == (signal.is_spiking, signal.plane_count)


def test_a_register_one_bit_too_narrow_is_refused():
    """128 needs nine bits; the error says where, which register, how many and how many there are."""
    assert 8 == register_signal("a", "accumulator", 8, (1,), [-128], [127]).bits
    with pytest.raises(
        RegisterError, match="block0.mlp.fc1: the accumulator needs 9 bits .* its register has 8"
    ) as caught:
        register_signal("block0.mlp.fc1", "accumulator", 8, (1,), [0], [128])
    assert ("block0.mlp.fc1", "accumulator", 9, 8) == (
        caught.value.site,
        caught.value.register,
        caught.value.bits_needed,
        caught.value.bits_declared,
    )


def test_headroom_refuses_what_the_analysis_could_not_hold():
    """2**62 - 1 passes, 2**62 does not."""
    require_headroom("a", "membrane", 64, 2**62 - 1)
    with pytest.raises(RegisterError, match="needs 64 bits"):
        require_headroom("a", "membrane", 64, 2**62)


@given(st.data())
def test_intervals_hold_every_partial_sum(data):
    """Random inputs within their intervals, alike or not, any subset of the terms: the sum stays within the bounds."""
    weights = data.draw(integers((4, 2), -128, 127)).astype(np.int64)
    low, high = data.draw(st.one_of(st.just((-3, 5)), st.tuples(integers((4,), -3, 3), integers((4,), 3, 9))))
    signal = Signal(np.int8, (4,), *(np.broadcast_to(np.asarray(bound, np.int64), (4,)) for bound in (low, high)))
    values = signal.low + data.draw(integers((4,), 0, 12)) % (signal.high - signal.low + 1)
    subset = data.draw(integers((4,), 0, 1))
    bounds = weighted_interval(signal, np.maximum(weights, 0), np.minimum(weights, 0))
    partial = (values * subset).astype(np.int64) @ weights
    assert (bounds[0] <= partial).all() and (partial <= bounds[1]).all()


@given(st.data())
def test_intervals_are_those_of_single_channels(data):
    """Each channel alone, by its own bounds, which may be alike: the interval is the sum of theirs."""
    weights = data.draw(integers((5, 3), -128, 127)).astype(np.int64)
    low = data.draw(st.one_of(integers((5,), -9, 0), integers((1,), -9, 0)))
    high = data.draw(st.one_of(integers((5,), 0, 9), integers((1,), 0, 9)))
    low, high = (np.broadcast_to(bound.astype(np.int64), (5,)) for bound in (low, high))
    found = weighted_interval(Signal(np.int8, (5,), low, high), np.maximum(weights, 0), np.minimum(weights, 0))
    ends = np.stack([low[:, np.newaxis] * weights, high[:, np.newaxis] * weights])
    assert np.array_equal(found[0], ends.min(axis=0).sum(axis=0))
    assert np.array_equal(found[1], ends.max(axis=0).sum(axis=0))


def test_intervals_are_met():
    """The worst case is one that an input reaches: 5 on the positive weight, -3 on the negative one."""
    weights = np.array([[10], [-7]])
    low, high = weighted_interval(Signal.uniform(np.int8, (2,), -3, 5), np.maximum(weights, 0), np.minimum(weights, 0))
    assert (5 * 10 + -3 * -7, -3 * 10 + 5 * -7) == (int(high[0]), int(low[0]))


def test_a_wrong_array_is_named():
    """Name, expected and found type and shape."""
    with pytest.raises(
        NetworkError, match=r"fc1.weights: expected int8 of shape \(128, any\), got float32 \(128, 512\)"
    ):
        require_array("fc1.weights", np.zeros((128, 512), np.float32), "int8", (128, None))
