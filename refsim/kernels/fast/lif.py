"""Exact binary neurons whose spikes are written as trains."""

from numba import int32, uint64

from refsim.kernels.kernel import select, tuned_inline, tuned_kernel


@tuned_inline
def fire_sums(currents, start, base, width, neurons, place, trains):
    """Let the neurons of one place and one block of channels fire, and write their trains (rule N8).

    The plain kernel goes from timestep to timestep, and keeps the membranes of all neurons in memory. Here some neurons
    at once go through all timesteps, and their membranes stay in registers.

    Membranes and charges are of 32 bits, where numba's arithmetic has 64, so that twice as many are computed at once.
    Shifts are constants when a kernel is compiled: a processor shifts a vector by those in half the time or less. Spikes
    are narrowed once they are all there; LLVM would narrow those of each timestep. Indices are unsigned: for signed ones
    numba would ask each time whether they count from the end.
    """
    leak, timesteps, levels, subtract, fired = neurons
    count = min(uint64(width), uint64(trains.shape[1]) - uint64(base))
    for neuron in range(count):
        local, channel = uint64(start) + neuron, uint64(base) + neuron
        membrane, spikes, shift = int32(0), int32(0), 0
        for timestep in range(len(timesteps)):
            line = min(timestep, currents.shape[0] - 1)
            charge, level = int32(membrane + int32(currents[line, local] << shift)), levels[timestep, channel]
            fires = charge >= level
            membrane = int32(select(fires, charge - level if subtract else 0, charge))
            spikes |= int32(select(fires, 1 << timestep, 0))
            shift += len(leak)
        fired[neuron] = spikes
    for neuron in range(count):
        trains[place, uint64(base) + neuron] = fired[neuron]


@tuned_kernel
def fire_trains(currents, neurons, first, last, trains):
    """Let exact binary neurons fire on currents of all timesteps (rule N8).

    Parameters
    ----------
    currents : ndarray of int32, shape (T, places * C), or (1, places * C) for all timesteps
    neurons : tuple
        leak, a tuple of as many numbers as bits by which membranes leak at each timestep; timesteps, a tuple of T
        numbers, T at most 8; levels, int32 of shape (T, C or more), thresholds << leak t, and one bit more where the
        input is halved; subtract, bool; fired, int32 with room for C: scratch.
    first, last : int
        Places to compute.
    trains : ndarray of uint8, shape (places, C)
        Filled at these places: bit t is the spike at timestep t.

    Examples
    --------
    >>> import numpy as np
    >>> trains, fired = np.zeros((1, 2), np.uint8), np.zeros(2, np.int32)
    >>> currents, levels = np.array([[8, 7], [0, 1]], np.int32), np.array([[8, 8], [16, 16]], np.int32)
    >>> fire_trains(currents, ((0,), (0, 0), levels, False, fired), 0, 1, trains)
    >>> trains.tolist()  # 8 meets 4 << 1 at once; 7 + (1 << 1) = 9 misses 4 << 2
    [[1, 0]]
    """
    channels = trains.shape[1]
    for place in range(first, last):
        fire_sums(currents, place * channels, 0, channels, neurons, place, trains)
