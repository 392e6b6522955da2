"""The ReLU spiking neuron: graded, stateless, never negative."""

from refsim.kernels.kernel import kernel, select


@kernel
def relu(currents, shift, cap, spikes):
    """Keep what is positive, shift it right and saturate it at the cap (rule N10).

    Parameters
    ----------
    currents : ndarray of int32 or int64, shape (N, C)
    shift : int
        Bits dropped, rounding down.
    cap : int
        Largest spike, at most 127.
    spikes : ndarray of int8, shape (N, C)
        Filled with 0 up to `cap`.

    Examples
    --------
    >>> import numpy as np
    >>> spikes = np.zeros((1, 3), np.int8)
    >>> relu(np.array([[-9, 7, 900]], np.int32), 1, 100, spikes)
    >>> spikes.tolist()
    [[0, 3, 100]]
    """
    for row in range(currents.shape[0]):
        for channel in range(currents.shape[1]):
            current = currents[row, channel]
            graded = select(current > 0, current, 0) >> shift
            spikes[row, channel] = select(graded > cap, cap, graded)
