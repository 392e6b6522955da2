"""Exact binary neurons whose spikes are written as trains."""

from numba import uint64

from refsim.kernels.kernel import select, tuned_inline, tuned_kernel

CHUNK = 64
"""So many neurons are advanced over all timesteps at once: their membranes stay in registers."""


@tuned_inline
def fire_chunk(
    currents, start, bias, base, first, size, input_shifts, levels, subtract, neurons, place, trains
):  # fmt: skip
    """Advance some neurons of one place over all timesteps (rule N8).

    Charges are stored before they are compared, and shifts are masked: what is loaded from 32 bits, shifted by less
    than that and stored in 32 bits is computed in 32 bits, twice as many at once as in the 64 bits of numba's
    arithmetic; so is the first membrane, emptied beforehand. Indices are unsigned: for signed ones numba would ask each
    time whether they count from the end.
    """
    membranes, fired = neurons
    local, channel = uint64(start) + uint64(first), uint64(base) + uint64(first)
    for neuron in range(uint64(size)):
        membranes[neuron] = 0
    for neuron in range(uint64(size)):
        fired[neuron] = 0
        for timestep in range(len(input_shifts)):
            line, shift = min(timestep, currents.shape[0] - 1), input_shifts[timestep] & 31
            membranes[neuron] += (currents[line, local + neuron] + bias[channel + neuron]) << shift
            charge, level = membranes[neuron], levels[timestep, channel + neuron]
            fires = charge >= level
            membranes[neuron] = select(fires, charge - level if subtract else 0, charge)
            fired[neuron] |= select(fires, 1 << timestep, 0)
    for neuron in range(uint64(size)):
        trains[place, channel + neuron] = fired[neuron]


@tuned_inline
def fire_sums(currents, start, bias, base, width, input_shifts, levels, subtract, neurons, place, trains):
    """Let the neurons of one place and one block of channels fire, and write their trains (rule N8)."""
    count = min(width, trains.shape[1] - base)
    for first in range(0, count, CHUNK):
        if first + CHUNK <= count:
            fire_chunk(
                currents, start, bias, base, first, CHUNK, input_shifts, levels, subtract, neurons, place, trains
            )  # fmt: skip
        else:
            fire_chunk(
                currents, start, bias, base, first, count - first, input_shifts, levels, subtract, neurons, place, trains
            )  # fmt: skip


@tuned_kernel
def fire_trains(currents, bias, input_shifts, levels, subtract, first, last, neurons, trains):
    """Let exact binary neurons fire on currents of all timesteps (rule N8).

    Parameters
    ----------
    currents : ndarray of int32, shape (T, places * C), or (1, places * C) for all timesteps
    bias : ndarray of int32, shape (C,)
        Added to all currents.
    input_shifts : tuple of int32
        k t for each timestep. How many there are is known when a kernel is compiled: membranes stay in registers.
    levels : ndarray of int32, shape (T, C)
        Thresholds << k t, and one bit more where the input is halved.
    subtract : bool
    first, last : int
        Places to compute.
    neurons : tuple of ndarray
        membranes and fired, int32 of shape (64,): scratch.
    trains : ndarray of uint8, shape (places, C)
        Filled at these places: bit t is the spike at timestep t, T at most 8.

    Examples
    --------
    >>> import numpy as np
    >>> trains, scratch = np.zeros((1, 2), np.uint8), tuple(np.zeros((2, 64), np.int32))
    >>> currents, levels = np.array([[8, 7], [0, 1]], np.int32), np.array([[8, 8], [16, 16]], np.int32)
    >>> fire_trains(currents, np.zeros(2, np.int32), (0, 1), levels, False, 0, 1, scratch, trains)
    >>> trains.tolist()  # 8 meets 4 << 1 at once; 7 + (1 << 1) = 9 misses 4 << 2
    [[1, 0]]
    """
    channels = trains.shape[1]
    for place in range(first, last):
        start = place * channels
        fire_sums(currents, start, bias, 0, channels, input_shifts, levels, subtract, neurons, place, trains)
