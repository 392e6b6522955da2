"""From real numbers to integers on dyadic steps."""

import numpy as np

from refsim.errors import CheckpointError

SPARE_SHIFT = 8
"""The finest step of a weight of n bits is 2**-(n - 1 + 8), also where all weights of a channel are close to zero."""


def weight_limit(bits):
    """Return the largest magnitude of a weight: the range made symmetric, so that negation cannot overflow.

    Examples
    --------
    >>> weight_limit(8), weight_limit(4)
    (127, 7)
    """
    return 2 ** (bits - 1) - 1


def step_shift(weights, per_channel, bits=8):
    """Choose the finest dyadic step ``2**-shift`` at which the weights fit their width.

    Parameters
    ----------
    weights : ndarray of float, shape (outputs, ...)
        Folded weights, output channel first.
    per_channel : bool
        One step for each output channel, or one for all.
    bits : int
        Width of a weight.

    Returns
    -------
    shifts : ndarray of int64, shape (outputs,) or (1,)
        The largest shift with ``max(abs(weights)) * 2**shift <= 2**(bits - 1) - 1``, at most ``bits + 7``; negative
        where weights are larger than that limit.
    """
    magnitudes = np.abs(np.asarray(weights, np.float64)).reshape(len(weights), -1).max(axis=1)
    if not per_channel:
        magnitudes = magnitudes.max(keepdims=True)
    with np.errstate(divide="ignore", over="ignore"):
        shifts = np.floor(np.log2(weight_limit(bits) / magnitudes))
    return np.minimum(shifts, bits - 1 + SPARE_SHIFT).astype(np.int64)


def rounded_weights(path, site, weights, shift, bits=8):
    """Round weights to integers and put them in the order of the kernels.

    Parameters
    ----------
    path, site : str
        Named in errors.
    weights : ndarray of float, shape (outputs, inputs) or (outputs, inputs, rows, columns)
    shift : ndarray of int64, shape (outputs,) or (1,)
    bits : int
        Width of a weight; 16 at most.

    Returns
    -------
    weights : ndarray of int8, or of int16 beyond 8 bits, shape (inputs, outputs) or (rows, columns, inputs, outputs)

    Raises
    ------
    CheckpointError
        If shapes do not fit together.
    """
    if weights.ndim not in (2, 4) or shift.shape not in ((1,), weights.shape[:1]):
        raise CheckpointError(f"{path}: {site}: weight {weights.shape} and shift {shift.shape} do not fit each other")
    per_output = shift.reshape(-1, *[1] * (weights.ndim - 1))
    scaled = np.rint(np.ldexp(weights.astype(np.float64), per_output))
    limit = weight_limit(bits)
    integers = np.clip(scaled, -limit, limit).astype(np.int8 if bits <= 8 else np.int16)
    return np.ascontiguousarray(integers.T if weights.ndim == 2 else integers.transpose(2, 3, 1, 0))


def rounded_bias(path, site, bias, shift):
    """Round a bias on the step of the sums: int32, or int64 where it needs more."""
    scaled = np.rint(np.ldexp(bias.astype(np.float64), shift))
    return narrowest(f"{path}: {site}.bias", scaled)


def scaled_threshold(path, site, threshold, shifts):
    """Put a real threshold on integer steps.

    Parameters
    ----------
    path, site : str
        Named in errors.
    threshold : float
        A whole number of steps of every channel.
    shifts : ndarray of int64, shape (channels,)

    Returns
    -------
    thresholds : ndarray of int32, or of int64 where it needs more, shape (channels,)
        Exactly ``threshold * 2**shift``.

    Raises
    ------
    CheckpointError
        If a threshold would be less than one step, or no integer, or of more than 62 bits.
    """
    scaled = np.ldexp(float(threshold), shifts)
    wrong = (scaled < 1) | (scaled != np.rint(scaled))
    if wrong.any():
        channel = int(np.argmax(wrong))
        small = "its weights need more bits (--bits 16 gives the most)"
        reason = small if scaled[channel] < 1 else "it must be a multiple of a power of two, such as 1, 0.5 or 0.75"
        raise CheckpointError(
            f"{path}: {site}: the threshold {threshold:g} is {scaled[channel]:g} on the step of channel {channel}, "
            f"not a positive integer: {reason}"
        )
    return narrowest(f"{path}: {site}.thresholds", scaled)


def narrowest(name, scaled):
    """Return integers kept as floats in int32, or in int64 where they need more.

    Raises
    ------
    CheckpointError
        If one needs more than 62 bits.
    """
    largest = np.abs(scaled).max(initial=0)
    if largest >= 2.0**62:
        raise CheckpointError(f"{name}: {largest:g} leaves 62 bits")
    return scaled.astype(np.int32 if largest < 2.0**31 else np.int64)
