"""Spike trains as bytes: packing, unpacking, and what is the same operation on all timesteps at once."""

from numba import uint64

from refsim.kernels.kernel import tuned_inline, tuned_kernel


@tuned_kernel
def unpack_trains(planes, timesteps, first, last, values):
    """Write trains, or integers kept as planes of trains, timestep by timestep.

    Parameters
    ----------
    planes : ndarray of uint8, shape (P, M)
        The integer at timestep t is the sum over planes p of bit t << p.
    timesteps : int
    first, last : int
        Neurons to write.
    values : ndarray of int8 or int32, shape (T, M)
        Filled.

    Examples
    --------
    >>> import numpy as np
    >>> values = np.zeros((2, 2), np.int8)
    >>> unpack_trains(np.array([[1, 3], [2, 0]], np.uint8), 2, 0, 2, values)
    >>> values.tolist()  # neuron 0: 1, then 2; neuron 1: 1, then 1
    [[1, 1], [2, 1]]
    """
    for timestep in range(timesteps):
        for neuron in range(uint64(first), uint64(last)):
            values[timestep, neuron] = (planes[0, neuron] >> timestep) & 1
        for plane in range(1, planes.shape[0]):
            for neuron in range(uint64(first), uint64(last)):
                values[timestep, neuron] += ((planes[plane, neuron] >> timestep) & 1) << plane


@tuned_kernel
def pool_trains(trains, window, stride, padding, first, last, pooled):
    """Take the largest spike under each window: on trains an OR, for all timesteps at once (rule N12).

    Parameters
    ----------
    trains : ndarray of uint8, shape (Y, X, C)
    window, stride, padding
        As for the plain `max_pool`.
    first, last : int
        Places y X' + x to pool.
    pooled : ndarray of uint8, shape (Y', X', C)
        Filled at these places.

    Examples
    --------
    >>> import numpy as np
    >>> pooled = np.zeros((1, 1, 1), np.uint8)
    >>> pool_trains(np.array([[[1], [4]], [[0], [0]]], np.uint8), 2, 1, 0, 0, 1, pooled)
    >>> pooled.tolist()  # one neuron fires at timestep 0, the other at timestep 2
    [[[5]]]
    """
    for place in range(first, last):
        row, column = place // pooled.shape[1], place % pooled.shape[1]
        for channel in range(pooled.shape[2]):
            pooled[row, column, channel] = 0
        top, left = row * stride - padding, column * stride - padding
        for y in range(max(0, top), min(trains.shape[0], top + window)):
            for x in range(max(0, left), min(trains.shape[1], left + window)):
                for channel in range(pooled.shape[2]):
                    pooled[row, column, channel] |= trains[y, x, channel]


@tuned_kernel
def mask_trains(trains, mask, first, last, masked):
    """Let trains pass where the mask's neuron fires, timestep by timestep: an AND (rule N16).

    Parameters
    ----------
    trains : ndarray of uint8, shape (N, C)
    mask : ndarray of uint8, shape (N, C) or (1, C)
    first, last : int
        Tokens to mask.
    masked : ndarray of uint8, shape (N, C)
        Filled for these tokens.

    Examples
    --------
    >>> import numpy as np
    >>> masked = np.zeros((2, 1), np.uint8)
    >>> mask_trains(np.array([[3], [6]], np.uint8), np.array([[2]], np.uint8), 0, 2, masked)
    >>> masked.tolist()
    [[2], [2]]
    """
    for token in range(uint64(first), uint64(last)):
        row = min(token, uint64(mask.shape[0] - 1))
        for channel in range(masked.shape[1]):
            masked[token, channel] = trains[token, channel] & mask[row, channel]


@tuned_inline
def plane_of(planes, plane, neuron):
    """Return a plane's train, nothing beyond the last plane."""
    return planes[plane, neuron] if plane < planes.shape[0] else 0


@tuned_kernel
def add_planes(one, other, first, last, carry, total):
    """Add two integers kept as planes of trains, bit by bit as an adder does, all timesteps at once (rule N13).

    Parameters
    ----------
    one, other : ndarray of uint8, shapes (P, M) and (P', M)
    first, last : int
        Neurons to add.
    carry : ndarray of uint8, shape (M,)
        Scratch.
    total : ndarray of uint8, shape (P'', M)
        Filled; with planes enough for the largest sum.

    Examples
    --------
    >>> import numpy as np
    >>> total = np.zeros((2, 1), np.uint8)
    >>> add_planes(np.array([[3]], np.uint8), np.array([[1]], np.uint8), 0, 1, np.zeros(1, np.uint8), total)
    >>> total.tolist()  # timestep 0: 1 + 1 = 2, timestep 1: 1 + 0 = 1
    [[2], [1]]
    """
    for neuron in range(uint64(first), uint64(last)):
        carry[neuron] = 0
    for plane in range(total.shape[0]):
        if plane < one.shape[0] and plane < other.shape[0]:
            for neuron in range(uint64(first), uint64(last)):
                left, right, carried = one[plane, neuron], other[plane, neuron], carry[neuron]
                total[plane, neuron] = left ^ right ^ carried
                carry[neuron] = (left & right) | (carried & (left ^ right))
        else:
            longer = one if plane < one.shape[0] else other
            for neuron in range(uint64(first), uint64(last)):
                bit, carried = plane_of(longer, plane, neuron), carry[neuron]
                total[plane, neuron] = bit ^ carried
                carry[neuron] = bit & carried


@tuned_kernel
def take_channels(trains, start, first, last, layer):
    """Copy the trains of one layer out of those of several side by side.

    Parameters
    ----------
    trains : ndarray of uint8, shape (places, C)
    start : int
        The first channel of the layer.
    first, last : int
        Places to copy.
    layer : ndarray of uint8, shape (places, C')
        Filled at these places.

    Examples
    --------
    >>> import numpy as np
    >>> layer = np.zeros((1, 2), np.uint8)
    >>> take_channels(np.array([[1, 2, 3]], np.uint8), 1, 0, 1, layer)
    >>> layer.tolist()
    [[2, 3]]
    """
    for place in range(first, last):
        for channel in range(uint64(layer.shape[1])):
            layer[place, channel] = trains[place, uint64(start) + channel]


LANES = 64
"""Bytes of a vector register of 512 bits."""

FULL = 255
"""So many ones a byte can count."""


@tuned_inline
def count_lanes(trains, first, last, lanes, counts):
    """Add the spikes of whole registers of trains, at most 255, to the counts."""
    bits, ones = lanes
    for timestep in range(counts.shape[0]):
        for lane in range(LANES):
            ones[timestep, lane] = 0
    for timestep in range(counts.shape[0]):
        for register in range(uint64(first), uint64(last), uint64(LANES)):
            for lane in range(uint64(LANES)):
                ones[timestep, lane] += (trains[register + lane] & bits[timestep, lane]) != 0
    for timestep in range(counts.shape[0]):
        count = 0
        for lane in range(LANES):
            count += ones[timestep, lane]
        counts[timestep] += count


@tuned_kernel
def count_trains(trains, first, last, lanes, counts):
    """Count the spikes of each timestep.

    Ones are counted in bytes, which holds for 255 of them, 64 at once; bits come from a table of bytes, since a shift
    by a number that only runs knows would be one of 64 bits.

    Parameters
    ----------
    trains : ndarray of uint8, shape (M,)
    first, last : int
        Neurons to count.
    lanes : tuple of ndarray
        bits, uint8 of shape (T, 64), 1 << t throughout a row; ones, uint8 of shape (T, 64): scratch.
    counts : ndarray of int64, shape (T,)
        Filled.

    Examples
    --------
    >>> import numpy as np
    >>> counts, bits = np.zeros(2, np.int64), np.repeat([[1], [2]], 64, 1).astype(np.uint8)
    >>> count_trains(np.array([3, 2, 0], np.uint8), 0, 3, (bits, np.zeros_like(bits)), counts)
    >>> counts.tolist()
    [1, 2]
    """
    for timestep in range(counts.shape[0]):
        counts[timestep] = 0
    begin = first
    while last - begin >= LANES:
        end = min(begin + LANES * FULL, begin + ((last - begin) & -LANES))
        count_lanes(trains, begin, end, lanes, counts)
        begin = end
    for neuron in range(uint64(begin), uint64(last)):
        for timestep in range(counts.shape[0]):
            counts[timestep] += (trains[neuron] >> timestep) & 1
