"""The two products of attention, by additions, head by head."""

from refsim.kernels.kernel import kernel


@kernel
def accumulate_heads(spikes, rows, sums):
    """In each head, add a row for each +1 and subtract it for each -1 (rule N11).

    sums[h, m] = sum over c of s[h, m, c] R[h, c]. With the spikes of Q and the rows of K by channel it gives the scores
    Q K^T; with the spikes of V by channel and the rows of the attention map by key it gives (map V) by channel.

    Parameters
    ----------
    spikes : ndarray of int8, shape (H, M, C)
        -1, 0 or 1.
    rows : ndarray of int8, int32 or int64, shape (H, C, N)
        Spiking or graded.
    sums : ndarray of int32 or int64, shape (H, M, N)
        Filled.

    Examples
    --------
    >>> import numpy as np
    >>> sums = np.zeros((1, 1, 2), np.int32)
    >>> accumulate_heads(np.array([[[1, -1]]], np.int8), np.array([[[5, 0], [1, 1]]], np.int8), sums)
    >>> sums.tolist()
    [[[4, -1]]]
    """
    for head in range(spikes.shape[0]):
        for place in range(spikes.shape[1]):
            row = sums[head, place]
            for position in range(row.shape[0]):
                row[position] = 0
            for channel in range(spikes.shape[2]):
                spike = spikes[head, place, channel]
                if spike != 0:
                    if spike > 0:
                        for position in range(row.shape[0]):
                            row[position] += rows[head, channel, position]
                    else:
                        for position in range(row.shape[0]):
                            row[position] -= rows[head, channel, position]
