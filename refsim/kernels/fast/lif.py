"""Exact binary neurons whose spikes are written as trains."""

from refsim.kernels.kernel import inline, kernel, select


@inline
def fire_line(currents, line, input_shift, levels, base, timestep, subtract, width, membranes, fired):
    """Advance a line of neurons by one timestep, and set the bit of those that fire (rule N8).

    Charges are stored before they are compared: what is loaded from 32 bits is compared in 32 bits, twice as many at
    once as in the 64 bits of numba's arithmetic.
    """
    for output in range(width):
        membranes[output] += currents[line, output] << input_shift
    for output in range(width):
        charge, level = membranes[output], levels[timestep, base + output]
        fires = charge >= level
        membranes[output] = select(fires, charge - level if subtract else 0, charge)
        fired[output] |= select(fires, 1 << timestep, 0)


@kernel
def fire_trains(currents, input_shifts, levels, subtract, first, last, membranes, fired, trains):
    """Let exact binary neurons fire on currents of all timesteps (rule N8).

    Parameters
    ----------
    currents : ndarray of int32, shape (T, places, C), or (1, places, C) for all timesteps
    input_shifts : ndarray of int64, shape (T,)
        k t.
    levels : ndarray of int32, shape (T, C)
        Thresholds << k t, and one bit more where the input is halved.
    subtract : bool
    first, last : int
        Places to compute.
    membranes, fired : ndarray of int32, shape (C,)
        Scratch.
    trains : ndarray of uint8, shape (places, C)
        Filled at these places: bit t is the spike at timestep t, T at most 8.

    Examples
    --------
    >>> import numpy as np
    >>> trains, scratch = np.zeros((1, 2), np.uint8), np.zeros((2, 2), np.int32)
    >>> currents, levels = np.array([[[8, 7]], [[0, 1]]], np.int32), np.array([[8, 8], [16, 16]], np.int32)
    >>> fire_trains(currents, np.array([0, 1]), levels, False, 0, 1, *scratch, trains)
    >>> trains.tolist()  # 8 meets 4 << 1 at once; 7 + (1 << 1) = 9 misses 4 << 2
    [[1, 0]]
    """
    for place in range(first, last):
        for channel in range(trains.shape[1]):
            membranes[channel] = 0
            fired[channel] = 0
        for timestep in range(levels.shape[0]):
            values, shift = currents[min(timestep, currents.shape[0] - 1)], input_shifts[timestep]
            fire_line(values, place, shift, levels, 0, timestep, subtract, trains.shape[1], membranes, fired)
        for channel in range(trains.shape[1]):
            trains[place, channel] = fired[channel]
