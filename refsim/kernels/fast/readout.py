"""The readout on spike trains: sums over tokens, and over time."""

from numba import uint64

from refsim.kernels.fast.trains import FULL
from refsim.kernels.kernel import tuned_kernel


@tuned_kernel
def join_planes(planes, joined):
    """Tell at which timesteps an integer is not zero: an OR of its planes.

    Parameters
    ----------
    planes : ndarray of uint8, shape (P, M)
    joined : ndarray of uint8, shape (M,)
        Filled.

    Examples
    --------
    >>> import numpy as np
    >>> joined = np.zeros(2, np.uint8)
    >>> join_planes(np.array([[1, 0], [2, 0]], np.uint8), joined)
    >>> joined.tolist()  # neuron 0: 1, then 2
    [3, 0]
    """
    for neuron in range(uint64(joined.shape[0])):
        joined[neuron] = planes[0, neuron]
    for plane in range(1, planes.shape[0]):
        for neuron in range(uint64(joined.shape[0])):
            joined[neuron] |= planes[plane, neuron]


@tuned_kernel
def sum_trains(planes, bits, ones, sums, totals):
    """Add up each channel over the tokens, all timesteps (rule N14).

    Ones are counted in bytes, 255 of them at most; what the counts of a plane are worth is shifted once.

    Parameters
    ----------
    planes : ndarray of uint8, shape (P, N, C)
        The integer at timestep t is the sum over planes p of bit t << p.
    bits : ndarray of uint8, shape (T,)
        1 << t: a table, since a shift by a number that only runs know would be one of 64 bits.
    ones : ndarray of uint8, shape (C,)
    sums : ndarray of int32, shape (T, C)
        Both scratch.
    totals : ndarray of uint8, shape (P', C)
        Filled: the sums as planes of trains; with planes enough for the largest sum.

    Examples
    --------
    >>> import numpy as np
    >>> totals, scratch = np.zeros((2, 1), np.uint8), (np.zeros(1, np.uint8), np.zeros((2, 1), np.int32))
    >>> sum_trains(np.array([[[3], [1]]], np.uint8), np.array([1, 2], np.uint8), *scratch, totals)
    >>> totals.ravel().tolist()  # two spikes at timestep 0, one at timestep 1
    [2, 1]
    """
    channels = uint64(planes.shape[2])
    for timestep in range(bits.shape[0]):
        for channel in range(channels):
            sums[timestep, channel] = 0
        for plane in range(planes.shape[0]):
            for first in range(0, planes.shape[1], FULL):
                for channel in range(channels):
                    ones[channel] = 0
                for token in range(first, min(first + FULL, planes.shape[1])):
                    for channel in range(channels):
                        ones[channel] += (planes[plane, token, channel] & bits[timestep]) != 0
                for channel in range(channels):
                    sums[timestep, channel] += ones[channel] << (plane & 31)
    for plane in range(totals.shape[0]):
        for channel in range(channels):
            totals[plane, channel] = 0
        for timestep in range(bits.shape[0]):
            for channel in range(channels):
                totals[plane, channel] |= ((sums[timestep, channel] >> (plane & 31)) & 1) << (timestep & 7)


@tuned_kernel
def sum_timesteps(values, totals):
    """Add up the values of all timesteps so far, at every timestep (rule N14).

    Parameters
    ----------
    values : ndarray of int32, shape (T, M)
    totals : ndarray of int32, shape (T, M)
        Filled.

    Examples
    --------
    >>> import numpy as np
    >>> totals = np.zeros((2, 1), np.int32)
    >>> sum_timesteps(np.array([[5], [-2]], np.int32), totals)
    >>> totals.ravel().tolist()
    [5, 3]
    """
    for entry in range(uint64(totals.shape[1])):
        totals[0, entry] = values[0, entry]
    for timestep in range(1, totals.shape[0]):
        for entry in range(uint64(totals.shape[1])):
            totals[timestep, entry] = totals[timestep - 1, entry] + values[timestep, entry]
