"""Leaky integrate-and-fire neurons, binary and ternary, exact or rounded down."""

from refsim.kernels.kernel import inline, kernel, select


@inline
def fire(charge, level, ternary):
    """Fire +1 at the level or above and, where ternary, -1 at minus the level or below."""
    spike = select(charge >= level, 1, 0)
    if ternary:
        return select(charge <= -level, -1, spike)
    return spike


@inline
def reset(charge, level, spike, ternary, subtract):
    """Return the membrane after firing: cleared, or less by the level."""
    if subtract:
        membrane = select(spike > 0, charge - level, charge)
        if ternary:
            return select(spike < 0, charge + level, membrane)
        return membrane
    return select(spike != 0, 0, charge)


@kernel
def lif_exact(currents, thresholds, input_shift, level_shift, ternary, subtract, membranes, spikes):
    """Advance exact LIF neurons by one timestep (rule N8).

    The real neuron h[t] = 2**-k v[t-1] + g x[t], g = 1 or 1/2, is carried as W[t] = 2**(k t) h[t] / g, t from 0 on: the
    leak becomes a growth of inputs and level, so that nothing is ever rounded. For tau = 2 with decayed input, the
    neuron h = v + (x - v) / 2 of Spikformer and its successors, W[t] = W[t-1] + (x[t] << t) and the level is the
    threshold << (t + 1).

    Parameters
    ----------
    currents : ndarray of int32 or int64, shape (N, C)
    thresholds : ndarray of int32 or int64, shape (C,)
        Positive.
    input_shift : int
        k t.
    level_shift : int
        k t, and 1 more where the input is halved.
    ternary, subtract : bool
    membranes : ndarray of int32 or int64, shape (N, C)
        W after the reset; advanced in place.
    spikes : ndarray of int8, shape (N, C)
        Filled with 0, 1 and, where ternary, -1.

    Examples
    --------
    >>> import numpy as np
    >>> membranes, spikes = np.zeros((1, 2), np.int32), np.zeros((1, 2), np.int8)
    >>> lif_exact(np.array([[8, 7]], np.int32), np.array([4, 4], np.int32), 0, 1, False, False, membranes, spikes)
    >>> spikes.tolist(), membranes.tolist()  # level 4 << 1: met exactly by 8, missed by 7
    ([[1, 0]], [[0, 7]])
    """
    for row in range(currents.shape[0]):
        for channel in range(currents.shape[1]):
            charge = membranes[row, channel] + (currents[row, channel] << input_shift)
            level = thresholds[channel] << level_shift
            spike = fire(charge, level, ternary)
            spikes[row, channel] = spike
            membranes[row, channel] = reset(charge, level, spike, ternary, subtract)


@kernel
def lif_floor(currents, thresholds, leak_shift, halve_input, ternary, subtract, membranes, spikes):
    """Advance LIF neurons that round down by one timestep, as cheap hardware does (rule N9).

    h[t] = (v[t-1] >> k) + x[t], or ((v[t-1] >> (k - 1)) + x[t]) >> 1 where the input is halved; >> is arithmetic.

    Parameters
    ----------
    currents, thresholds, ternary, subtract, membranes, spikes
        As for `lif_exact`; the membrane has the scale of the currents.
    leak_shift : int
        k; at least 1 where the input is halved.
    halve_input : bool

    Examples
    --------
    >>> import numpy as np
    >>> membranes, spikes = np.array([[-3]], np.int32), np.zeros((1, 1), np.int8)
    >>> lif_floor(np.array([[1]], np.int32), np.array([4], np.int32), 1, False, False, False, membranes, spikes)
    >>> membranes.tolist()  # -3 >> 1 is -2, rounded down, and 1 more is -1
    [[-1]]
    """
    for row in range(currents.shape[0]):
        for channel in range(currents.shape[1]):
            if halve_input:
                charge = ((membranes[row, channel] >> (leak_shift - 1)) + currents[row, channel]) >> 1
            else:
                charge = (membranes[row, channel] >> leak_shift) + currents[row, channel]
            level = thresholds[channel]
            spike = fire(charge, level, ternary)
            spikes[row, channel] = spike
            membranes[row, channel] = reset(charge, level, spike, ternary, subtract)
