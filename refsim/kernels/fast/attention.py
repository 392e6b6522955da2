"""Q K^T V of spike trains, in the association that costs less."""

from refsim.kernels.kernel import tuned_kernel


@tuned_kernel
def attend(query, key, value, timesteps, first, last, values, key_value, context):
    """Compute Q (K^T V) in some heads, all timesteps (rules N11 and N17).

    The plain kernels compute Q K^T first, where a network says so; the integers are the same, and N tokens of E
    channels cost N E^2 here and N^2 E there.

    Parameters
    ----------
    query, key, value : ndarray of uint8, shape (N, H, E)
        Trains.
    timesteps : int
    first, last : int
        Heads to compute.
    values : ndarray of int32, shape (T, N, E)
        Scratch: the value's spikes of one head.
    key_value : ndarray of int32, shape (T, E, E)
        Scratch.
    context : ndarray of int32, shape (T, N, H, E)
        Filled for these heads.

    Examples
    --------
    >>> import numpy as np
    >>> context, one = np.zeros((2, 1, 1, 1), np.int32), np.array([[[1]]], np.uint8)
    >>> attend(one, np.array([[[3]]], np.uint8), one, 2, 0, 1, *np.zeros((2, 2, 1, 1), np.int32), context)
    >>> context.ravel().tolist()  # q and v fire at timestep 0 only
    [1, 0]
    """
    for head in range(first, last):
        for timestep in range(timesteps):
            for channel in range(key_value.shape[1]):
                for output in range(key_value.shape[2]):
                    key_value[timestep, channel, output] = 0
            for token in range(values.shape[1]):
                for output in range(values.shape[2]):
                    values[timestep, token, output] = (value[token, head, output] >> timestep) & 1
                    context[timestep, token, head, output] = 0
        for token in range(values.shape[1]):
            for channel in range(key_value.shape[1]):
                train = key[token, head, channel]
                if train != 0:
                    for timestep in range(timesteps):
                        if (train >> timestep) & 1 != 0:
                            for output in range(key_value.shape[2]):
                                key_value[timestep, channel, output] += values[timestep, token, output]
        for token in range(values.shape[1]):
            for channel in range(key_value.shape[1]):
                train = query[token, head, channel]
                if train != 0:
                    for timestep in range(timesteps):
                        if (train >> timestep) & 1 != 0:
                            for output in range(key_value.shape[2]):
                                context[timestep, token, head, output] += key_value[timestep, channel, output]
