"""Q K^T V of spike trains, in the association that costs less, with the neurons on the sums or without."""

from numba import uint64

from refsim.kernels.fast.lif import fire_sums
from refsim.kernels.fast.words import WORD
from refsim.kernels.kernel import trailing_zeros, tuned_inline, tuned_kernel

TIMESTEP_SHIFT = 3
"""K^T V has eight lines for each channel, one for each timestep that a train can have."""


@tuned_inline
def firing(trains, token, head, start):
    """Return a word whose bits are those of 64 channels of one head that fire at a token."""
    word = uint64(0)
    for channel in range(min(uint64(WORD), uint64(trains.shape[2]) - start)):
        word |= uint64(trains[token, head, start + channel] != 0) << channel
    return word


@tuned_inline
def add_where_firing(trains, token, head, products, inward):
    """For every spike of a token, add the line of its timestep to K^T V at its channel; or that to the line."""
    lines, key_value, sums, shift = products
    width = uint64(sums.shape[1])
    for start in range(uint64(0), width, uint64(WORD)):
        channels = firing(trains, token, head, start)
        while channels != uint64(0):
            channel = start + uint64(trailing_zeros(channels))
            train = uint64(trains[token, head, channel])
            while train != uint64(0):
                line = uint64(trailing_zeros(train)) << uint64(shift)
                row = (channel << uint64(shift + TIMESTEP_SHIFT)) + line
                if inward:
                    for output in range(width):
                        key_value[row + output] += lines[line + output]
                else:
                    for output in range(width):
                        lines[line + output] += key_value[row + output]
                train &= train - uint64(1)
            channels &= channels - uint64(1)


@tuned_inline
def add_up_keys_and_values(key, value, timesteps, head, products):
    """Fill K^T V of one head: the values of all tokens at which a channel's key fires, added up."""
    lines, key_value, sums, shift = products
    for entry in range(key_value.shape[0]):
        key_value[entry] = 0
    for token in range(key.shape[0]):
        for timestep in range(timesteps):
            line = uint64(timestep) << uint64(shift)
            for output in range(uint64(sums.shape[1])):
                lines[line + output] = (value[token, head, output] >> timestep) & 1
        add_where_firing(key, token, head, products, True)


@tuned_inline
def retrieve(query, token, head, timesteps, products):
    """Fill the context of one token and head: the rows of K^T V whose channels fire in the query, added up."""
    lines, _, sums, shift = products
    for entry in range(lines.shape[0]):
        lines[entry] = 0
    add_where_firing(query, token, head, products, False)
    for timestep in range(timesteps):
        line = uint64(timestep) << uint64(shift)
        for output in range(uint64(sums.shape[1])):
            sums[timestep, output] = lines[line + output]


@tuned_kernel
def attend(query, key, value, timesteps, first, last, products, context):
    """Compute Q (K^T V) in some heads, all timesteps (rules N11 and N17).

    The plain kernels compute Q K^T first, where a network says so; the integers are the same, and N tokens of E
    channels cost N E^2 here and N^2 E there.

    Parameters
    ----------
    query, key, value : ndarray of uint8, shape (N, H, E)
        Trains, of no spikes beyond the timesteps.
    timesteps : int
    first, last : int
        Heads to compute.
    products : tuple
        Scratch: the spikes of one token, or its sums, in lines of 1 << shift, one for each timestep; K^T V, eight such
        lines for each channel, both int16 where N E fits it, else int32; the sums of a token, int32 of shape
        (T, E). The shift: a line is where a number from the data says, so that it has to begin at a shift of it.
    context : ndarray of int32, shape (T, N, H, E)
        Filled for these heads.

    Examples
    --------
    >>> import numpy as np
    >>> context, one = np.zeros((2, 1, 1, 1), np.int32), np.array([[[1]]], np.uint8)
    >>> products = *np.zeros((2, 8), np.int16), np.zeros((2, 1), np.int32), 0
    >>> attend(one, np.array([[[3]]], np.uint8), one, 2, 0, 1, products, context)
    >>> context.ravel().tolist()  # q and v fire at timestep 0 only
    [1, 0]
    """
    sums = products[2]
    for head in range(first, last):
        add_up_keys_and_values(key, value, timesteps, head, products)
        for token in range(query.shape[0]):
            retrieve(query, token, head, timesteps, products)
            for timestep in range(timesteps):
                for output in range(uint64(sums.shape[1])):
                    context[timestep, token, head, output] = sums[timestep, output]


@tuned_kernel
def attend_trains(query, key, value, timesteps, first, last, products, neurons, trains):
    """Do as `attend`, and let exact binary neurons fire on the context at once (rule N8).

    The context of a token lives in the cache for all its timesteps, and only the trains are written.

    Parameters
    ----------
    query, key, value, timesteps, first, last, products
        As for `attend`.
    neurons : tuple
        As for `fire_trains`, of H E channels.
    trains : ndarray of uint8, shape (N, H E)
        Filled for these heads.

    Examples
    --------
    >>> import numpy as np
    >>> trains, one = np.zeros((1, 1), np.uint8), np.array([[[3]]], np.uint8)
    >>> neurons = (0,), (0, 0), np.full((2, 1), 2, np.int32), False, np.zeros(1, np.int32)
    >>> products = *np.zeros((2, 8), np.int16), np.zeros((2, 1), np.int32), 0
    >>> attend_trains(one, one, one, 2, 0, 1, products, neurons, trains)
    >>> trains.item()  # charges 1, then 1 + (1 << 1), against a level of 2
    2
    """
    sums, width = products[2], products[2].shape[1]
    for head in range(first, last):
        add_up_keys_and_values(key, value, timesteps, head, products)
        for token in range(query.shape[0]):
            retrieve(query, token, head, timesteps, products)
            fire_sums(sums, 0, head * width, width, neurons, token, trains)
