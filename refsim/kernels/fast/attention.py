"""Q K^T V of spike trains, in the association that costs less."""

from refsim.kernels.kernel import kernel


@kernel
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
    values : ndarray of int32, shape (N, E)
        Scratch: the value's spikes of one timestep and head.
    key_value : ndarray of int32, shape (E, E)
        Scratch.
    context : ndarray of int32, shape (T, N, H, E)
        Filled for these heads.

    Examples
    --------
    >>> import numpy as np
    >>> context, one = np.zeros((2, 1, 1, 1), np.int32), np.array([[[1]]], np.uint8)
    >>> attend(one, np.array([[[3]]], np.uint8), one, 2, 0, 1, *np.zeros((2, 1, 1), np.int32), context)
    >>> context.ravel().tolist()  # q and v fire at timestep 0 only
    [1, 0]
    """
    for head in range(first, last):
        for timestep in range(timesteps):
            for channel in range(key_value.shape[0]):
                for output in range(key_value.shape[1]):
                    key_value[channel, output] = 0
            for token in range(values.shape[0]):
                for output in range(values.shape[1]):
                    values[token, output] = (value[token, head, output] >> timestep) & 1
            for token in range(values.shape[0]):
                for channel in range(key_value.shape[0]):
                    if (key[token, head, channel] >> timestep) & 1 != 0:
                        for output in range(key_value.shape[1]):
                            key_value[channel, output] += values[token, output]
            for token in range(values.shape[0]):
                row = context[timestep, token, head]
                for output in range(row.shape[0]):
                    row[output] = 0
                for channel in range(key_value.shape[0]):
                    if (query[token, head, channel] >> timestep) & 1 != 0:
                        for output in range(row.shape[0]):
                            row[output] += key_value[channel, output]
