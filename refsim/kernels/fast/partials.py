"""Partial sums of 16 bits, a line for each timestep, and how they move on into sums of 32 bits."""

from numba import uint64

from refsim.kernels.fast.listing import TIMESTEPS_AT_ONCE
from refsim.kernels.kernel import tuned_inline

LANES = 32
"""Sums of 16 bits that a vector register of 512 bits holds; a block of outputs has 2, 4, 6 or 8 times as many.

How many times is the length of a tuple, `lanes`, and so known when a kernel is compiled: a line of partial sums then
stays in registers while rows are added to it.
"""

LINES = 8
"""Lines of partial sums, one for each bit of a code."""

LINE_SHIFT = 8
"""A line of partial sums has as many numbers as the widest block: it begins at a shift of the bit that data name."""

SAFE_ROWS = 256
"""So many rows of int8 add up within int16: 256 times -128 is its lowest value."""

BYTE = 8
"""Bits by which the upper of two weights in one number stands."""


@tuned_inline
def begin_of(line):
    """Return where a line of partial sums begins."""
    return uint64(line) << uint64(LINE_SHIFT)


@tuned_inline
def begin_empty(partials, width):
    """Begin with empty lines of partial sums."""
    partial, _, filled, _ = partials
    for line in range(LINES):
        filled[line] = 0
        for output in range(uint64(width)):
            partial[begin_of(line) + output] = 0


@tuned_inline
def take_pairs_apart(partial, line, count, width, halves):
    """Turn a line of sums of pairs into sums of weights, given of how many rows.

    The lower sums are what is left of the sums of pairs without the upper ones, and without the 128 that made each
    lower weight a number of 0 to 255: in 16 bits, where what does not fit falls away on both sides alike.
    """
    if len(halves) == 2:
        begin, half, offset = begin_of(line), uint64(width >> 1), count << (BYTE - 1)
        for lane in range(begin, begin + half):
            partial[lane] = partial[lane] - (partial[lane + half] << BYTE) - offset


@tuned_inline
def flush(partial, sums, line, row, doublings, width):
    """Move a line of partial sums, doubled so many times, into the sums of 32 bits."""
    begin = begin_of(line)
    for output in range(uint64(width)):
        sums[row, output] += partial[begin + output] << (doublings & 31)
    for output in range(uint64(width)):
        partial[begin + output] = 0


@tuned_inline
def move_on(partials, line, first_plane, width, halves):
    """Move what a line of partial sums holds into the sums of its timestep."""
    partial, _, filled, sums = partials
    take_pairs_apart(partial, line, filled[line], width, halves)
    flush(partial, sums, line, uint64(line & (TIMESTEPS_AT_ONCE - 1)), first_plane + (line >> 2), width)
    filled[line] = 0


@tuned_inline
def make_room(partials, bits, first_plane, count, safe_rows, width, halves):
    """Move on all lines of partial sums that do not hold so many rows more."""
    _, _, filled, _ = partials
    for line in range(bits):
        if filled[line] + count > safe_rows:
            move_on(partials, line, first_plane, width, halves)
