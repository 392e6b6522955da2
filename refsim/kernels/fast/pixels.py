"""Gathering pixels: sums of multiples of rows, looked up."""

from numba import uint64

from refsim.kernels.fast.accumulate import LANES, flush
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
def list_multiples(image, geometry, place, table_rows, lookups):
    """List where the multiples stand that both halves of each pixel of a window ask for, and return how many pixels."""
    window, stride, padding = geometry
    across = (image.shape[1] + padding + padding - window) // stride + 1
    top, left = place // across * stride - padding, place % across * stride - padding
    count = uint64(0)
    for y in range(max(0, top), min(image.shape[0], top + window)):
        for x in range(max(0, left), min(image.shape[1], left + window)):
            row = ((y - top) * window + x - left) * image.shape[2]
            for channel in range(image.shape[2]):
                lookups[0, count] = table_rows[row + channel] + (image[y, x, channel] & 15)
                lookups[1, count] = table_rows[row + channel] + (image[y, x, channel] >> 4)
                count += uint64(1)
    return count


@tuned_kernel
def gather_pixels(
    image, geometry, table_rows, weights, block_size, bias, safe_rows, lanes, multiples, lookups, partials, first, last,
    out,
):  # fmt: skip
    """Convolve pixels for some places (rule N6).

    The plain kernel gathers one bit plane of the pixels after the other. Here a table holds 0 to 15 times each row of
    weights, made by additions; a pixel asks for two of them, one for each half of its bits, and what the upper halves
    sum up to is doubled four times.

    Parameters
    ----------
    image : ndarray of uint8, shape (Y, X, C)
    geometry : tuple of int
        Window, stride and padding.
    table_rows : ndarray of uint32, shape (window * window * C,)
        16 times the number of each row, a table made by repeated addition.
    weights, block_size, bias, lanes
        As for `gather_sums`.
    safe_rows : int
        How many multiples the partial sums hold.
    multiples : ndarray of int16 or int32, shape (window * window * C * 16 * width,)
        Scratch.
    lookups : ndarray of uint32, shape (2, window * window * C)
        Scratch.
    partials : tuple of ndarray
        As for `gather_sums`, `partial` of the type of `multiples`.
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
    >>> gather_pixels(np.array([[[2, 255]]], np.uint8), *packed.arguments, *packed.scratch(), 0, 1, out)
    >>> out.item()  # 5 * 2 + 7 * 255 + 1
    1796
    """
    (partial, _, sums), width = partials, LANES * len(lanes)
    base, block, shift = uint64(0), uint64(0), uint64(5 + (len(lanes) >> 1) - (len(lanes) >> 3))
    while block < uint64(weights.shape[0]):
        add_up_multiples(weights, block, table_rows.shape[0], width, multiples)
        for place in range(first, last):
            end = list_multiples(image, geometry, place, table_rows, lookups)
            for output in range(width):
                partial[0, output] = 0
                sums[0, 0, output] = 0
            for half in range(1, -1, -1):
                for output in range(width):
                    sums[0, 0, output] = sums[0, 0, output] << 4
                start = uint64(0)
                while start < end:
                    stop = min(start + uint64(safe_rows), end)
                    for lookup in range(start, stop):
                        line = uint64(lookups[half, lookup]) << shift
                        for output in range(width):
                            partial[0, output] += multiples[line + uint64(output)]
                    flush(partial, sums, 0, width)
                    start = stop
            for output in range(min(uint64(width), uint64(out.shape[1]) - base)):
                out[place, base + output] = sums[0, 0, output] + bias[base + output]
        base += uint64(width)
        block += uint64(block_size)
