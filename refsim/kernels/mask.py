"""Masks: spikes that pass where a binary spike stands."""

from refsim.kernels.kernel import kernel, select


@kernel
def mask_spikes(spikes, mask, masked):
    """Let spikes pass where the mask is 1, and silence the others (rule N16).

    masked[n, c] = s[n, c] if g[n, c] = 1, else 0. With K and V it is their Hadamard product, with Q and one row of
    gates the masking of SDSA (Yao et al., "Spike-driven Transformer", NeurIPS 2023).

    Parameters
    ----------
    spikes : ndarray of int8, shape (N, C)
    mask : ndarray of int8, shape (N, C), or (1, C) for all tokens
        0 or 1.
    masked : ndarray of int8, shape (N, C)
        Filled.

    Examples
    --------
    >>> import numpy as np
    >>> masked = np.zeros((2, 2), np.int8)
    >>> mask_spikes(np.array([[1, 1], [-1, 0]], np.int8), np.array([[1, 0]], np.int8), masked)
    >>> masked.tolist()
    [[1, 0], [-1, 0]]
    """
    for token in range(masked.shape[0]):
        row = mask[min(token, mask.shape[0] - 1)]
        for channel in range(masked.shape[1]):
            masked[token, channel] = select(row[channel] != 0, spikes[token, channel], 0)
