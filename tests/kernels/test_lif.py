"""Leaky integrate-and-fire neurons against rational arithmetic."""

from fractions import Fraction

import numpy as np
import oracles
import pytest
from hypothesis import given
from hypothesis import strategies as st
from routes import both_routes

from refsim.audit.census import Census
from refsim.kernels.lif import lif_exact, lif_floor

traces = st.lists(st.integers(-60, 60), min_size=1, max_size=8)
thresholds = st.integers(1, 40)
resets = st.sampled_from(["zero", "subtract"])
leaks = st.integers(0, 3)


def exact_trace(currents, threshold, leak_shift, halve_input, reset, ternary):
    """Run one exact neuron; return spikes, and membranes as real numbers."""
    membranes, spikes, real, fired = np.zeros((1, 1), np.int64), np.zeros((1, 1), np.int8), [], []
    for timestep, current in enumerate(currents):
        level_shift = leak_shift * timestep + halve_input
        (_, _, membranes, spikes), _ = both_routes(
            lif_exact,
            np.array([[current]], np.int32),
            np.array([threshold], np.int32),
            leak_shift * timestep,
            level_shift,
            ternary,
            reset == "subtract",
            membranes,
            spikes,
        )
        fired.append(int(spikes[0, 0]))
        real.append(Fraction(int(membranes[0, 0]), 2**level_shift))
    return fired, real


@given(traces, thresholds, leaks, st.booleans(), resets, st.booleans())
def test_exact_equals_rational_arithmetic(currents, threshold, leak_shift, halve_input, reset, ternary):
    """N8 rounds nothing: spikes and membranes equal those of a neuron in fractions, at every timestep."""
    arguments = (currents, threshold, leak_shift, halve_input, reset, ternary)
    assert oracles.lif(*arguments) == exact_trace(*arguments)


@given(traces, thresholds, st.integers(1, 3), st.booleans(), resets, st.booleans())
def test_floor_equals_floor_division(currents, threshold, leak_shift, halve_input, reset, ternary):
    """N9 shifts right arithmetically, also below zero."""
    membranes, spikes, real, fired = np.zeros((1, 1), np.int64), np.zeros((1, 1), np.int8), [], []
    for current in currents:
        (_, _, membranes, spikes), _ = both_routes(
            lif_floor,
            np.array([[current]], np.int32),
            np.array([threshold], np.int32),
            leak_shift,
            halve_input,
            ternary,
            reset == "subtract",
            membranes,
            spikes,
        )
        fired.append(int(spikes[0, 0]))
        real.append(int(membranes[0, 0]))
    assert oracles.lif_floor(currents, threshold, leak_shift, halve_input, reset, ternary) == (fired, real)


@pytest.mark.parametrize(
    ("current", "ternary", "spike"),
    [(8, False, 1), (7, False, 0), (-8, False, 0), (8, True, 1), (-8, True, -1), (-7, True, 0)],
)
def test_meeting_the_threshold_fires(current, ternary, spike):
    """With halved input a threshold of 4 is met by 8 and missed by 7, on both sides of zero."""
    fired, membranes = exact_trace([current], 4, 1, True, "zero", ternary)
    assert [spike] == fired
    assert [Fraction(0) if spike else Fraction(current, 2)] == membranes


def test_hand_worked_trace():
    """tau = 2, threshold 4: h = 3, 1.5 + 2 = 3.5, 1.75 + 2.5 = 4.25 fires, then 0 + 3."""
    fired, membranes = exact_trace([6, 4, 5, 6], 4, 1, True, "zero", False)
    assert [0, 0, 1, 0] == fired
    assert [3, Fraction(7, 2), 0, 3] == membranes


def test_channels_have_thresholds_of_their_own():
    """The same current fires one channel and not the other."""
    (_, _, _, spikes), census = both_routes(
        lif_exact,
        np.array([[10, 10]], np.int32),
        np.array([10, 11], np.int32),
        0,
        0,
        False,
        False,
        np.zeros((1, 2), np.int32),
        np.zeros((1, 2), np.int8),
    )
    assert [[1, 0]] == spikes.tolist()
    assert Census(adds=2, compares=4, shifts=4, selects=4) == census
