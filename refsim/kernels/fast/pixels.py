"""Gathering pixels: sums of multiples of rows, looked up."""

from numba import uint64

from refsim.kernels.fast.lif import fire_sums
from refsim.kernels.fast.partials import LANES, flush
from refsim.kernels.kernel import tuned_inline, tuned_kernel

MULTIPLES = 16
"""A pixel is two numbers of four bits."""


@tuned_inline
def add_up_multiples(weights, block, rows, width, multiples):
    """Fill a table with 0 to 15 times each row of weights, by adding the row again and again."""
    row, line = block, uint64(0)
    for _ in range(rows):
        for output in range(width):
            multiples[line + uint64(output)] = 0
        for _ in range(MULTIPLES - 1):
            before = line
            line += uint64(width)
            for output in range(width):
                multiples[line + uint64(output)] = multiples[before + uint64(output)] + weights[row + uint64(output)]
        line += uint64(width)
        row += uint64(width)


@tuned_inline
def halve_pixels(image, geometry, starts, first, last, halves):
    """Note how far both halves of each pixel that some places see lead into the multiples of any row."""
    window, stride, padding = geometry
    across = (image.shape[1] + padding + padding - window) // stride + 1
    top, bottom = first // across * stride - padding, (last - 1) // across * stride - padding + window
    for y in range(max(0, top), min(image.shape[0], bottom)):
        entry = uint64(0)
        for x in range(image.shape[1]):
            for channel in range(image.shape[2]):
                halves[0, y, entry] = starts[image[y, x, channel] & 15]
                halves[1, y, entry] = starts[image[y, x, channel] >> 4]
                entry += uint64(1)


@tuned_inline
def list_multiples(image, geometry, place, starts, lookups):
    """List where the multiples stand that both halves of each pixel of a window ask for, and return how many pixels.

    The pixels of a row of the window lie side by side, those of all its columns and channels.
    """
    (window, stride, padding), (listed, halves) = geometry, lookups
    width, channels = image.shape[1], image.shape[2]
    across = (width + padding + padding - window) // stride + 1
    top, left = place // across * stride - padding, place % across * stride - padding
    low, high, count = max(0, left), min(width, left + window), uint64(0)
    for y in range(max(0, top), min(image.shape[0], top + window)):
        row, entry = uint64(((y - top) * window + low - left) * channels), uint64(low * channels)
        entries = uint64((high - low) * channels)
        for pixel in range(entries):
            begin = starts[(row + pixel) << uint64(4)]
            listed[0, count + pixel] = begin + halves[0, y, entry + pixel]
            listed[1, count + pixel] = begin + halves[1, y, entry + pixel]
        count += entries
    return count


@tuned_inline
def add_half(listed, half, count, safe_rows, width, multiples, partials):
    """Add the multiples of one half of some pixels to the sums."""
    run_sums, sums = partials
    start = uint64(0)
    while start < count:
        stop = min(start + uint64(safe_rows), count)
        for lookup in range(start, stop):
            line = uint64(listed[half, lookup])
            for output in range(width):
                run_sums[output] += multiples[line + uint64(output)]
        flush(run_sums, sums, 0, 0, 0, width)
        start = stop


@tuned_inline
def add_multiples(listed, count, safe_rows, width, multiples, bias, base, partials):
    """Add up the multiples of both halves of some pixels; what the upper halves sum up to is doubled four times."""
    run_sums, sums = partials
    for output in range(width):
        run_sums[output] = 0
        sums[0, output] = 0
    add_half(listed, 1, count, safe_rows, width, multiples, partials)
    for output in range(uint64(width)):
        sums[0, output] = (sums[0, output] << 4) + bias[base + output]
    add_half(listed, 0, count, safe_rows, width, multiples, partials)


@tuned_kernel
def gather_pixels(
    image, geometry, starts, weights, block_size, bias, safe_rows, lanes, multiples, lookups, partials, first, last, out
):  # fmt: skip
    """Convolve pixels for some places (rule N6).

    The plain kernel gathers one bit plane of the pixels after the other. Here a table holds 0 to 15 times each row of
    weights, made by additions, and a pixel asks for two of them, one for each half of its bits.

    Parameters
    ----------
    image : ndarray of uint8, shape (Y, X, C)
    geometry : tuple of int
        Window, stride and padding.
    starts : ndarray of uint32, shape (16 * window * window * C,)
        Where each multiple of each row begins, a table made by repeated addition.
    weights, block_size, bias, lanes
        As for `gather_sums`.
    safe_rows : int
        How many multiples the partial sums hold.
    multiples : ndarray of int16 or int32, shape (window * window * C * 16 * width,)
        Scratch.
    lookups : tuple of ndarray
        listed, uint32 of shape (2, window * window * C); halves, uint32 of shape (2, Y, X * C): scratch.
    partials : tuple of ndarray
        run_sums, of the type of `multiples` and shape (width,); sums, int32 of shape (1, width): scratch.
    first, last : int
        Places y X' + x to compute.
    out : ndarray of int32, shape (places, outputs)
        Filled at these places.

    Examples
    --------
    >>> import numpy as np
    >>> from refsim.engine.pixels import PackedPixels
    >>> from refsim.ops import Linear
    >>> packed = PackedPixels([Linear(np.array([[5], [7]], np.int8), np.array([1], np.int32))])
    >>> out = np.zeros((1, 1), np.int32)
    >>> gather_pixels(np.array([[[2, 255]]], np.uint8), *packed.arguments, *packed.scratch((1, 1, 2)), 0, 1, out)
    >>> out.item()  # 5 * 2 + 7 * 255 + 1
    1796
    """
    (_, sums), width = partials, LANES * len(lanes)
    base, block = uint64(0), uint64(0)
    halve_pixels(image, geometry, starts, first, last, lookups[1])
    while block < uint64(weights.shape[0]):
        add_up_multiples(weights, block, lookups[0].shape[1], width, multiples)
        for place in range(first, last):
            count = list_multiples(image, geometry, place, starts, lookups)
            add_multiples(lookups[0], count, safe_rows, width, multiples, bias, base, partials)
            for output in range(min(uint64(width), uint64(out.shape[1]) - base)):
                out[place, base + output] = sums[0, output]
        base += uint64(width)
        block += uint64(block_size)


@tuned_kernel
def gather_pixel_trains(
    image, geometry, starts, weights, block_size, bias, safe_rows, lanes, multiples, lookups, partials, first, last,
    neurons, out,
):  # fmt: skip
    """Do as `gather_pixels`, and let exact binary neurons fire on the sums at once, at all timesteps (rule N8).

    Parameters
    ----------
    image, geometry, starts, weights, block_size, bias, safe_rows, lanes, multiples, lookups, partials, first, last
        As for `gather_pixels`.
    neurons : tuple
        As for `fire_trains`, levels of shape (T, blocks * width).
    out : ndarray of uint8, shape (places, outputs)
        Trains; filled at these places.

    Examples
    --------
    >>> import numpy as np
    >>> from refsim.engine.pixels import PackedPixels
    >>> from refsim.ops import Linear
    >>> packed = PackedPixels([Linear(np.array([[5], [7]], np.int8), np.array([1], np.int32))])
    >>> neurons = (0,), (0, 0), np.full((2, 64), 2000, np.int32), False, np.zeros(64, np.int32)
    >>> image, out = np.array([[[2, 255]]], np.uint8), np.zeros((1, 1), np.uint8)
    >>> gather_pixel_trains(image, *packed.arguments, *packed.scratch((1, 1, 2)), 0, 1, neurons, out)
    >>> out.item()  # charges 1796, then 1796 + (1796 << 1), against a level of 2000
    2
    """
    (_, sums), width = partials, LANES * len(lanes)
    base, block = uint64(0), uint64(0)
    halve_pixels(image, geometry, starts, first, last, lookups[1])
    while block < uint64(weights.shape[0]):
        add_up_multiples(weights, block, lookups[0].shape[1], width, multiples)
        for place in range(first, last):
            count = list_multiples(image, geometry, place, starts, lookups)
            add_multiples(lookups[0], count, safe_rows, width, multiples, bias, base, partials)
            fire_sums(sums, 0, base, width, neurons, place, out)
        base += uint64(width)
        block += uint64(block_size)
