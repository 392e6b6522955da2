"""From real numbers to integers on dyadic steps."""

import numpy as np

from refsim.errors import CheckpointError

WEIGHT_LIMIT = 127
"""Largest magnitude of a weight: the int8 range made symmetric, so that negation cannot overflow."""

MOST_SHIFT = 15
"""Finest step of a weight is 2**-15, also where all weights of a channel are close to zero."""


def step_shift(weights, per_channel):
    """Choose the finest dyadic step ``2**-shift`` at which the weights fit in int8.

    Parameters
    ----------
    weights : ndarray of float, shape (outputs, ...)
        Folded weights, output channel first.
    per_channel : bool
        One step for each output channel, or one for all.

    Returns
    -------
    shifts : ndarray of int64, shape (outputs,) or (1,)
        The largest shift with ``max(abs(weights)) * 2**shift <= 127``, at least 0 and at most 15.
    """
    magnitudes = np.abs(np.asarray(weights, np.float64)).reshape(len(weights), -1).max(axis=1)
    if not per_channel:
        magnitudes = magnitudes.max(keepdims=True)
    with np.errstate(divide="ignore", over="ignore"):
        shifts = np.floor(np.log2(WEIGHT_LIMIT / magnitudes))
    return np.clip(shifts, 0, MOST_SHIFT).astype(np.int64)


def rounded_weights(path, site, weights, shift):
    """Round weights to int8 and put them in the order of the kernels.

    Parameters
    ----------
    path, site : str
        Named in errors.
    weights : ndarray of float32, shape (outputs, inputs) or (outputs, inputs, rows, columns)
    shift : ndarray of int64, shape (outputs,) or (1,)

    Returns
    -------
    weights : ndarray of int8, shape (inputs, outputs) or (rows, columns, inputs, outputs)
    """
    if weights.ndim not in (2, 4) or shift.shape not in ((1,), weights.shape[:1]):
        raise CheckpointError(f"{path}: {site}: weight {weights.shape} and shift {shift.shape} do not fit each other")
    per_output = shift.reshape(-1, *[1] * (weights.ndim - 1))
    scaled = np.rint(np.ldexp(weights.astype(np.float64), per_output))
    integers = np.clip(scaled, -WEIGHT_LIMIT, WEIGHT_LIMIT).astype(np.int8)
    return np.ascontiguousarray(integers.T if weights.ndim == 2 else integers.transpose(2, 3, 1, 0))


def rounded_bias(path, site, bias, shift):
    """Round a bias to int32 on the step of the sums."""
    scaled = np.rint(np.ldexp(bias.astype(np.float64), shift))
    if np.abs(scaled).max() >= 2**31:
        raise CheckpointError(
            f"{path}: {site}.bias: {np.abs(bias).max():g} leaves int32 on the step 2**-{int(shift.max())}"
        )
    return scaled.astype(np.int32)


def scaled_threshold(path, site, threshold, shifts):
    """Put a real threshold on integer steps.

    Parameters
    ----------
    threshold : float
        A power of two.
    shifts : ndarray of int64, shape (channels,)

    Returns
    -------
    thresholds : ndarray of int32, shape (channels,)
        Exactly ``threshold * 2**shift``.

    Raises
    ------
    CheckpointError
        If a threshold would be less than one step, or no integer, or leave int32.
    """
    scaled = np.ldexp(float(threshold), shifts)
    wrong = (scaled < 1) | (scaled >= 2**31) | (scaled != np.rint(scaled))
    if wrong.any():
        channel = int(np.argmax(wrong))
        raise CheckpointError(
            f"{path}: {site}: the threshold {threshold:g} is {scaled[channel]:g} on the step of channel {channel}, "
            "not a positive integer of 32 bits"
        )
    return scaled.astype(np.int32)
