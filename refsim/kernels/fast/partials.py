"""Partial sums of 16 bits, a line for each timestep, and how they move on into sums of 32 bits."""

from numba import int16, int32, uint64

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
def empty(partial, begin, width):
    """Empty a line of partial sums."""
    for output in range(uint64(width)):
        partial[begin + output] = 0


@tuned_inline
def flush(partial, sums, line, row, doublings, width):
    """Move a line of partial sums, doubled so many times, into the sums of 32 bits."""
    begin = begin_of(line)
    for output in range(uint64(width)):
        sums[row, output] += partial[begin + output] << (doublings & 31)
    empty(partial, begin, width)


@tuned_inline
def offset_of(count):
    """Return what the lower weights of so many pairs are above themselves: each is a number of 0 to 255 there."""
    return int16(count << (BYTE - 1))


@tuned_inline
def lower_of(pairs, upper, offset):
    """Return the sum of the lower weights of pairs, given the sums of both and of the upper ones.

    It is what is left without the upper weights and the offset: in 16 bits, where what does not fit falls away on both
    sides alike.
    """
    return int32(int16(pairs - (upper << BYTE) - offset))


@tuned_inline
def flush_pairs(partial, sums, line, row, count, doublings, width):
    """Do as `flush` with a line of sums of so many pairs: those of the upper weights stand in its second half."""
    begin, half, offset, shift = begin_of(line), uint64(width >> 1), offset_of(count), int32(doublings & 31)
    for lane in range(half):
        upper = partial[begin + half + lane]
        sums[row, lane] += lower_of(partial[begin + lane], upper, offset) << shift
        sums[row, half + lane] += upper << shift
    empty(partial, begin, width)


@tuned_inline
def flush_planes(partial, sums, row, counts, doublings, width):
    """Do as `flush_pairs` with the lines of two planes: what they hold is added up before it goes into the sums."""
    half, shift = uint64(width >> 1), int32(doublings & 31)
    begin, next_begin = begin_of(row), begin_of(row + uint64(TIMESTEPS_AT_ONCE))
    offset, next_offset = offset_of(counts[0]), offset_of(counts[1])
    for lane in range(half):
        upper, next_upper = partial[begin + half + lane], partial[next_begin + half + lane]
        lower = lower_of(partial[begin + lane], upper, offset)
        next_lower = lower_of(partial[next_begin + lane], next_upper, next_offset)
        sums[row, lane] += (lower + (next_lower << 1)) << shift
        sums[row, half + lane] += (upper + (next_upper << 1)) << shift
    empty(partial, begin, width)
    empty(partial, next_begin, width)


@tuned_inline
def move_on(partials, line, first_plane, width, halves):
    """Move what a line of partial sums holds into the sums of its timestep."""
    partial, _, filled, sums = partials
    row, doublings = uint64(line & (TIMESTEPS_AT_ONCE - 1)), first_plane + (line >> 2)
    if len(halves) == 2:
        flush_pairs(partial, sums, line, row, filled[line], doublings, width)
    else:
        flush(partial, sums, line, row, doublings, width)
    filled[line] = 0


@tuned_inline
def move_all_on(partials, bits, first_plane, width, halves):
    """Move what all lines of partial sums hold into the sums of their timesteps."""
    partial, _, filled, sums = partials
    for line in range(uint64(TIMESTEPS_AT_ONCE)):
        next_line = line + uint64(TIMESTEPS_AT_ONCE)
        if len(halves) == 2 and bits == LINES and filled[line] != 0 and filled[next_line] != 0:
            flush_planes(partial, sums, line, (filled[line], filled[next_line]), first_plane, width)
            filled[line] = filled[next_line] = 0
        else:
            if filled[line] != 0:
                move_on(partials, line, first_plane, width, halves)
            if bits == LINES and filled[next_line] != 0:
                move_on(partials, next_line, first_plane, width, halves)


@tuned_inline
def make_room(partials, bits, first_plane, count, safe_rows, width, halves):
    """Move on all lines of partial sums that do not hold so many rows more."""
    _, _, filled, _ = partials
    for line in range(bits):
        if filled[line] + count > safe_rows:
            move_on(partials, line, first_plane, width, halves)
