"""Linear maps by additions: a spike adds a row of weights, or subtracts it."""

from refsim.kernels.kernel import kernel


@kernel
def accumulate_spikes(spikes, weights, bias, sums):
    """Add a row of weights for each +1, subtract it for each -1 (rule N6).

    sums[n] = bias + sum over c of s[n, c] W[c], where s[n, c] is -1, 0 or 1.

    Parameters
    ----------
    spikes : ndarray of int8, shape (N, C)
        -1, 0 or 1.
    weights : ndarray of int8 or int16, shape (C, D)
    bias : ndarray of int32 or int64, shape (D,)
    sums : ndarray of int32 or int64, shape (N, D)
        Filled.

    Examples
    --------
    >>> import numpy as np
    >>> sums = np.zeros((1, 2), np.int32)
    >>> weights = np.array([[1, 2], [10, 20], [100, -100]], np.int8)
    >>> accumulate_spikes(np.array([[1, 0, -1]], np.int8), weights, np.zeros(2, np.int32), sums)
    >>> sums.tolist()  # row 0 minus row 2
    [[-99, 102]]
    """
    for token in range(spikes.shape[0]):
        row = sums[token]
        for output in range(row.shape[0]):
            row[output] = bias[output]
        for channel in range(spikes.shape[1]):
            spike = spikes[token, channel]
            if spike != 0:
                if spike > 0:
                    for output in range(row.shape[0]):
                        row[output] += weights[channel, output]
                else:
                    for output in range(row.shape[0]):
                        row[output] -= weights[channel, output]


@kernel
def accumulate_planes(values, plane_count, weights, bias, sums):
    """Multiply non-negative integers by weights through bit planes, the most significant first (rule N7).

    sums = (sums << 1) + the rows of weights whose value has this plane's bit set; the bias is added at the end.

    Parameters
    ----------
    values : ndarray of uint8, int8, int32 or int64, shape (N, C)
        0 up to ``2**plane_count - 1``.
    plane_count : int
    weights : ndarray of int8 or int16, shape (C, D)
    bias : ndarray of int32 or int64, shape (D,)
    sums : ndarray of int32 or int64, shape (N, D)
        Filled.

    Examples
    --------
    >>> import numpy as np
    >>> sums = np.zeros((1, 1), np.int32)
    >>> accumulate_planes(np.array([[5]], np.uint8), 3, np.array([[7]], np.int8), np.zeros(1, np.int32), sums)
    >>> sums.tolist()  # planes 1, 0, 1: ((7 << 1) << 1) + 7
    [[35]]
    """
    for token in range(values.shape[0]):
        row = sums[token]
        for output in range(row.shape[0]):
            row[output] = 0
        for plane in range(plane_count - 1, -1, -1):
            mask = 1 << plane
            for output in range(row.shape[0]):
                row[output] = row[output] << 1
            for channel in range(values.shape[1]):
                if values[token, channel] & mask != 0:
                    for output in range(row.shape[0]):
                        row[output] += weights[channel, output]
        for output in range(row.shape[0]):
            row[output] += bias[output]
