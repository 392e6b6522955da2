"""Sums of two streams, over tokens, and over time."""

from refsim.kernels.kernel import kernel


@kernel
def add_aligned(stream, stream_shift, branch, branch_shift, total):
    """Add a branch to the residual stream, each shifted left to the common step (rule N13).

    Parameters
    ----------
    stream, branch : ndarray of int32 or int64, shape (N, C)
    stream_shift, branch_shift : int
    total : ndarray of int32 or int64, shape (N, C)
        Filled.

    Examples
    --------
    >>> import numpy as np
    >>> total = np.zeros((1, 1), np.int32)
    >>> add_aligned(np.array([[3]], np.int32), 2, np.array([[-5]], np.int32), 0, total)
    >>> total.tolist()
    [[7]]
    """
    for row in range(total.shape[0]):
        for channel in range(total.shape[1]):
            total[row, channel] = (stream[row, channel] << stream_shift) + (branch[row, channel] << branch_shift)


@kernel
def sum_tokens(values, sums):
    """Add up each channel over the tokens, silence passed over (rule N14).

    Parameters
    ----------
    values : ndarray of int8, int32 or int64, shape (N, C)
        Spikes, integers or membranes.
    sums : ndarray of int32 or int64, shape (1, C)
        Filled.

    Examples
    --------
    >>> import numpy as np
    >>> sums = np.zeros((1, 2), np.int32)
    >>> sum_tokens(np.array([[1, -1], [1, 0]], np.int8), sums)
    >>> sums.tolist()
    [[2, -1]]
    """
    for channel in range(values.shape[1]):
        sums[0, channel] = 0
    for token in range(values.shape[0]):
        for channel in range(values.shape[1]):
            value = values[token, channel]
            if value != 0:
                sums[0, channel] += value


@kernel
def add_timestep(values, totals):
    """Add one timestep's values to the totals (rule N14).

    Parameters
    ----------
    values : ndarray of int32 or int64, shape (N, C)
    totals : ndarray of int32 or int64, shape (N, C)
        Advanced in place.

    Examples
    --------
    >>> import numpy as np
    >>> totals = np.array([[10, 20]], np.int32)
    >>> add_timestep(np.array([[1, -2]], np.int32), totals)
    >>> totals.tolist()
    [[11, 18]]
    """
    for row in range(values.shape[0]):
        for channel in range(values.shape[1]):
            totals[row, channel] += values[row, channel]
