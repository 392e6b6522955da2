"""What is exact before rounding: batch normalisation and chains of convolutions become one convolution.

All but ``batch_norm`` are sums of products, so they take exact numbers as well: arrays of float64 (float32 is widened)
or object arrays of ``fractions.Fraction``, never a mixture, in which NumPy would round the fractions.
"""

import numpy as np

from refsim.errors import CheckpointError


def batch_norm(name, weight, bias, mean, variance, epsilon):
    """Turn the batch normalisation of a trained network into a scale and a shift.

    Parameters
    ----------
    name : str
        File and site, named in errors.
    weight, bias, mean, variance : ndarray of float32 or float64, shape (channels,)
        gamma, beta, and the running statistics.
    epsilon : float

    Returns
    -------
    scale, shift : ndarray of float64, shape (channels,)
        ``scale = weight / sqrt(variance + epsilon)`` and ``shift = bias - mean * scale``, so that the normalisation
        (Ioffe and Szegedy 2015, algorithm 2) is ``scale * x + shift``.

    Raises
    ------
    CheckpointError
        If the shapes differ, or a variance is negative, or zero as is epsilon, or the result is not finite.
    """
    parts = {"weight": weight, "bias": bias, "mean": mean, "variance": variance}
    for part, values in parts.items():
        if values.shape != (len(weight),):
            raise CheckpointError(f"{name}: the {part}: expected shape ({len(weight)},), got {values.shape}")
    weight, bias, mean, variance = exact_numbers(*parts.values())
    wrong = (variance < 0) | (variance + epsilon <= 0)
    if wrong.any():
        channel = int(np.argmax(wrong))
        raise CheckpointError(
            f"{name}: the variance of channel {channel} is {variance[channel]:g}, expected at least 0, "
            f"and more than 0 with epsilon {epsilon:g} added"
        )
    with np.errstate(over="ignore", invalid="ignore"):
        scale = weight / np.sqrt(variance + epsilon)
        shift = bias - mean * scale
    if not (np.isfinite(scale).all() and np.isfinite(shift).all()):
        raise CheckpointError(f"{name}: the batch normalisation leaves the range of float64")
    return scale, shift


def fold(weight, bias, scale, shift):
    """Put a scale and a shift of the answers of a linear map into the map.

    Parameters
    ----------
    weight : ndarray, shape (outputs, ...)
    bias : ndarray, shape (outputs,), or None
    scale, shift : ndarray, shape (outputs,)

    Returns
    -------
    weight : ndarray, shape (outputs, ...)
        ``weight * scale`` for each output.
    bias : ndarray, shape (outputs,)
        ``bias * scale + shift``.

    Raises
    ------
    ValueError
        If the shapes do not fit each other.
    TypeError
        If exact numbers and floats are mixed.
    """
    outputs = weight.reshape(len(weight), -1)
    check_shapes(weight=(outputs, "OI"), scale=(scale, "O"), shift=(shift, "O"))
    if bias is None:
        weight, scale, shift = exact_numbers(weight, scale, shift)
        return weight * per_output(scale, weight), shift
    check_shapes(weight=(outputs, "OI"), bias=(bias, "O"))
    weight, bias, scale, shift = exact_numbers(weight, bias, scale, shift)
    return weight * per_output(scale, weight), bias * scale + shift


def fused_rep_conv(first, first_scale, first_shift, depthwise, last):
    """Fuse the chain inside a RepConv of Meta-SpikeFormer into one convolution.

    The chain is a convolution 1x1, batch normalisation, a border of what the normalisation makes of zero, a depthwise
    convolution without padding, and a convolution 1x1. The border is ``first_shift``, which is what the first two make
    of a border of zeros; the chain is therefore one convolution whose padding is zero, at every place of the image.

    Parameters
    ----------
    first : ndarray, shape (M, I)
    first_scale, first_shift : ndarray, shape (M,)
        From ``batch_norm``.
    depthwise : ndarray, shape (M, Y, X)
    last : ndarray, shape (O, M)

    Returns
    -------
    weight : ndarray, shape (O, I, Y, X)
        ``sum over m of last[o, m] * depthwise[m, y, x] * first_scale[m] * first[m, i]``.
    bias : ndarray, shape (O,)
        ``sum over m, y, x of last[o, m] * depthwise[m, y, x] * first_shift[m]``.

    Raises
    ------
    ValueError
        If the shapes do not fit each other.
    TypeError
        If exact numbers and floats are mixed.
    """
    check_shapes(
        first=(first, "MI"),
        first_scale=(first_scale, "M"),
        first_shift=(first_shift, "M"),
        depthwise=(depthwise, "MYX"),
        last=(last, "OM"),
    )
    numbers = exact_numbers(first, first_scale, first_shift, depthwise, last)
    first, first_scale, first_shift, depthwise, last = numbers
    scaled = first * per_output(first_scale, first)
    taps = depthwise.reshape(len(first), -1)
    weight = np.stack([(last * tap) @ scaled for tap in taps.T], axis=-1)
    bias = last @ (taps.sum(axis=1) * first_shift)
    return weight.reshape(*weight.shape[:2], *depthwise.shape[1:]), bias


def fused_separable(depthwise, pointwise):
    """Fuse a depthwise convolution and the convolution 1x1 that follows it at once, both without bias.

    Parameters
    ----------
    depthwise : ndarray, shape (M, Y, X)
    pointwise : ndarray, shape (O, M)

    Returns
    -------
    weight : ndarray, shape (O, M, Y, X)
        ``pointwise[o, m] * depthwise[m, y, x]``, with the padding of the depthwise convolution.

    Raises
    ------
    ValueError
        If the shapes do not fit each other.
    TypeError
        If exact numbers and floats are mixed.
    """
    check_shapes(depthwise=(depthwise, "MYX"), pointwise=(pointwise, "OM"))
    depthwise, pointwise = exact_numbers(depthwise, pointwise)
    return pointwise[:, :, None, None] * depthwise


def exact_numbers(*arrays):
    """Return arrays of floats as float64, or arrays of exact numbers as they are."""
    if all(array.dtype == object for array in arrays):
        return arrays
    if all(array.dtype in (np.float32, np.float64) for array in arrays):
        return tuple(array.astype(np.float64) for array in arrays)
    found = ", ".join(str(array.dtype) for array in arrays)
    raise TypeError(f"expected only float32 and float64, or only objects (fractions), got {found}")


def per_output(values, weight):
    """Shape one value for each output so that it meets all weights of that output."""
    return values.reshape(-1, *[1] * (weight.ndim - 1))


def check_shapes(**arrays):
    """Refuse an array of other axes, which broadcasting could hide; a letter stands for one size throughout."""
    sizes = {}
    for name, (array, axes) in arrays.items():
        known = [sizes.get(axis) for axis in axes]
        fits = array.ndim == len(axes) and all(size in (None, own) for size, own in zip(known, array.shape))
        if not fits:
            expected = ", ".join(str(size or axis) for size, axis in zip(known, axes))
            raise ValueError(f"{name}: expected shape ({expected}), got ({', '.join(map(str, array.shape))})")
        sizes.update(zip(axes, array.shape))
