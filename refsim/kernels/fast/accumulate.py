"""Gathering rows of weights for whole spike trains, with the neurons on the sums or without."""

from numba import int64, uint64

from refsim.kernels.fast.lif import fire_sums
from refsim.kernels.fast.routing import PATTERNS, TIMESTEPS_AT_ONCE, route_window
from refsim.kernels.kernel import tuned_inline, tuned_kernel

LANES = 32
"""Sums of 16 bits that a vector register of 512 bits holds; a block of outputs has 2, 4, 6 or 8 times as many.

How many times is the length of a tuple, `lanes`, and so known when a kernel is compiled: a line of partial sums then
stays in registers while rows are added to it.
"""

LINE = 64
"""Bytes of a line of the cache."""

SAFE_ROWS = 256
"""So many rows of int8 add up within int16: 256 times -128 is its lowest value."""


BYTE = 8
"""Bits by which the upper of two weights in one number stands."""


@tuned_inline
def fetch(weights, block, block_size, halves, seen):
    """Look at every line of a block, so that it comes to the cache as a stream; rows that fire come in no order.

    Of weights of 16 bits it is every other line: the one beside it comes along.
    """
    line = block
    while line < block + uint64(block_size):
        seen[0] ^= weights[line]
        line += uint64(LINE >> (len(halves) - 1))


@tuned_inline
def clear(lines, count, width):
    """Set the first lines of partial sums to zero."""
    for line in range(count):
        for output in range(width):
            lines[line, output] = 0


@tuned_inline
def take_pairs_apart(partial, line, count, width, halves):
    """Turn a line of sums of pairs into sums of weights, given of how many rows.

    The lower sums are what is left of the sums of pairs without the upper ones, and without the 128 that made each
    lower weight a number of 0 to 255: in 16 bits, where what does not fit falls away on both sides alike.
    """
    if len(halves) == 2:
        offset = count << (BYTE - 1)
        for lane in range(width >> 1):
            upper = partial[line, (width >> 1) + lane]
            partial[line, lane] = partial[line, lane] - (upper << BYTE) - offset


@tuned_inline
def flush(partial, sums, line, width):
    """Move a line of partial sums into the sums of 32 bits."""
    for output in range(width):
        sums[line, 0, output] += partial[line, output]
    for output in range(width):
        partial[line, output] = 0


@tuned_inline
def double(sums, count, width):
    """Double the sums, before those of a less significant plane are added."""
    for line in range(count):
        for output in range(width):
            sums[line, 0, output] = sums[line, 0, output] << 1


@tuned_inline
def add_rows(weights, block, rows, line, part, start, stop, lanes, halves, partial):
    """Add up some rows in line 4 of the partial sums.

    Where two weights stand in one number, an addition of 16 bits adds both: once as they stand, once the upper alone.
    To widen each weight first would cost as many instructions as to add it, of a kind that a processor does one at a
    time.
    """
    width, shift = LANES * len(lanes), 5 + (len(lanes) >> 1) - (len(lanes) >> 3) - (len(halves) - 1)
    for output in range(width):
        partial[4, output] = 0
    if len(halves) == 2:
        for event in range(start, stop):
            row = block + (uint64(rows[line, part, event]) << uint64(shift))
            for lane in range(width >> 1):
                pair = weights[row + uint64(lane)]
                partial[4, lane] += pair
                partial[4, (width >> 1) + lane] += pair >> BYTE
    else:
        for event in range(start, stop):
            row = block + (uint64(rows[line, part, event]) << uint64(shift))
            for output in range(width):
                partial[4, output] += weights[row + uint64(output)]


@tuned_inline
def gather_part(weights, block, lists, line, part, safe_rows, lanes, halves, partials, timesteps):
    """Add all patterns of one plane of one place to twice the sums, at most four timesteps.

    The plain kernel adds a row once for each spike. Here a row is added once for all timesteps at which its channel
    fires: rows of equal pattern are added up together, and their sum belongs to every timestep of the pattern.

    Partial sums are of 16 bits, which doubles the additions of an instruction; before more than `safe_rows` rows could
    leave them they go into the sums of 32 bits.
    """
    (rows, ranges, _), (partial, filled, sums), width = lists, partials, LANES * len(lanes)
    at_once = ranges[line, part, 0, 0] <= safe_rows
    clear(partial, timesteps, width)
    for timestep in range(timesteps):
        filled[timestep] = 0
    if not at_once:
        double(sums, timesteps, width)
    for pattern in range(1, PATTERNS):
        start, end = uint64(ranges[line, part, 0, pattern]), uint64(ranges[line, part, 1, pattern])
        while start < end:
            stop = min(start + uint64(safe_rows), end)
            count = int64(stop - start)
            add_rows(weights, block, rows, line, part, start, stop, lanes, halves, partial)
            for timestep in range(timesteps):
                if (pattern >> timestep) & 1 != 0:
                    if filled[timestep] + count > safe_rows:
                        take_pairs_apart(partial, timestep, filled[timestep], width, halves)
                        flush(partial, sums, timestep, width)
                        filled[timestep] = 0
                    filled[timestep] += count
                    for output in range(width):
                        partial[timestep, output] += partial[4, output]
            start = stop
    for timestep in range(timesteps):
        take_pairs_apart(partial, timestep, filled[timestep], width, halves)
        if at_once:
            for output in range(width):
                sums[timestep, 0, output] = (sums[timestep, 0, output] << 1) + partial[timestep, output]
        else:
            flush(partial, sums, timestep, width)


@tuned_inline
def gather_place(weights, block, lists, line, safe_rows, lanes, halves, partials, timesteps):
    """Add up all planes of one place for one block of outputs, the most significant first."""
    (rows, ranges, _), (_, _, sums), width = lists, partials, LANES * len(lanes)
    for timestep in range(timesteps):
        for output in range(width):
            sums[timestep, 0, output] = 0
    for plane in range(rows.shape[1] - 1, -1, -1):
        if ranges[line, plane, 0, 0] != 0:
            gather_part(weights, block, lists, line, plane, safe_rows, lanes, halves, partials, timesteps)
        else:
            double(sums, timesteps, width)


@tuned_kernel
def gather_sums(
    trains, geometry, tap_rows, weights, block_size, bias, safe_rows, lanes, halves, lists, partials, first,
    last, out,
):  # fmt: skip
    """Convolve spike trains, or integers through planes of trains, for some places (rules N6 and N7).

    Parameters
    ----------
    trains : tuple of ndarray
        events, runs and bounds: the planes of an image of trains, as `list_trains` lists them. An integer is the sum
        over planes p of its bit << p; tokens are an image of one column.
    geometry : tuple of int
        Window, stride and padding.
    tap_rows : ndarray of int64
        As for `route_window`.
    weights : ndarray of int8 or int16, flat
        Row after row of outputs, for one block of outputs after the other; a row takes as many numbers as the next
        power of two, so that it begins at a shift of where the data say. In pairs, a number of 16 bits is the weight
        of an output in the first half of a block, and 128, below that of an output in the second half.
    block_size : int
        Numbers of a block.
    bias : ndarray of int32, shape (blocks * width,)
    safe_rows : int
        How many rows the partial sums hold.
    lanes : tuple of int
        As many as a block has lanes.
    halves : tuple of int
        As many as weights stand in one number: one, or two of 8 bits in 16.
    lists : tuple of ndarray
        As for `route_window`, a line for each place of a tile. The weights of a block stay in the cache while all
        places of a tile use them.
    partials : tuple of ndarray
        partial of shape (5, width), int16 for weights of 8 bits, else int32; filled, int64 of shape (4,); sums, int32
        of shape (4, 1, width): scratch.
    first, last : int
        Places y X' + x to compute.
    out : ndarray of int32, shape (timesteps, places, outputs)
        Filled at these places.

    Examples
    --------
    >>> import numpy as np
    >>> from refsim.engine.gathering import Packed
    >>> from refsim.engine.listing import listed
    >>> from refsim.ops import Linear
    >>> packed = Packed([Linear(np.array([[5], [7]], np.int8), np.array([1], np.int32))])
    >>> trains = listed(np.array([3, 2], np.uint8).reshape(1, 1, 2), 1, 1).as_image((1, 1))
    >>> out = np.zeros((2, 1, 1), np.int32)
    >>> gather_sums(trains, *packed.arguments, *packed.scratch(1), 0, 1, out)
    >>> out.ravel().tolist()  # channel 0 fires at timesteps 0 and 1, channel 1 at timestep 1: 5 + 1, 5 + 7 + 1
    [6, 13]
    """
    (window, stride, padding), rows, sums, width = geometry, lists[0], partials[2], LANES * len(lanes)
    for group in range((out.shape[0] + 3) >> 2):
        timesteps = min(TIMESTEPS_AT_ONCE, out.shape[0] - (group << 2))
        for tile in range(first, last, rows.shape[0]):
            count = min(rows.shape[0], last - tile)
            for line in range(count):
                route_window(trains, group, window, stride, padding, tap_rows, tile + line, lists, line)
            base, block = uint64(0), uint64(0)
            while block < uint64(weights.shape[0]):
                fetch(weights, block, block_size, halves, partials[1])
                for line in range(count):
                    gather_place(weights, block, lists, line, safe_rows, lanes, halves, partials, timesteps)
                    for timestep in range(timesteps):
                        for output in range(min(uint64(width), uint64(out.shape[2]) - base)):
                            out[(group << 2) + timestep, tile + line, base + output] = (
                                sums[timestep, 0, output] + bias[base + output]
                            )
                base += uint64(width)
                block += uint64(block_size)


@tuned_kernel
def gather_trains(
    trains, geometry, tap_rows, weights, block_size, bias, safe_rows, lanes, halves, lists, partials, first, last,
    input_shifts, levels, subtract, neurons, out,
):  # fmt: skip
    """Do as `gather_sums`, and let exact binary neurons fire on the sums at once (rule N8).

    The plain kernels write the sums of a timestep to memory, and read them back with the membranes. Here sums and
    membranes of a place live in the cache for all its timesteps, and only the trains are written.

    Parameters
    ----------
    trains, geometry, tap_rows, weights, block_size, bias, safe_rows, lanes, halves, lists, partials
        As for `gather_sums`.
    first, last : int
        Places to compute.
    input_shifts, levels : ndarray
        As for `fire_trains`, levels of shape (T, blocks * width); T at most 4.
    subtract : bool
    neurons : tuple of ndarray
        As for `fire_trains`.
    out : ndarray of uint8, shape (places, outputs)
        Trains; filled at these places.

    Examples
    --------
    >>> import numpy as np
    >>> from refsim.engine.gathering import Packed
    >>> from refsim.engine.listing import listed
    >>> from refsim.ops import Linear
    >>> packed = Packed([Linear(np.array([[5], [7]], np.int8), np.array([1], np.int32))])
    >>> trains = listed(np.array([3, 2], np.uint8).reshape(1, 1, 2), 1, 1).as_image((1, 1))
    >>> shifts, levels, out = np.array([0, 1]), np.full((2, 64), 16, np.int32), np.zeros((1, 1), np.uint8)
    >>> neurons = tuple(np.zeros((2, 64), np.int32))
    >>> gather_trains(trains, *packed.arguments, *packed.scratch(1), 0, 1, shifts, levels, False, neurons, out)
    >>> out.ravel().tolist()  # charges 6, then 6 + (13 << 1) = 32, against a level of 16
    [2]
    """
    (window, stride, padding), rows, sums, width = geometry, lists[0], partials[2], LANES * len(lanes)
    for tile in range(first, last, rows.shape[0]):
        count = min(rows.shape[0], last - tile)
        for line in range(count):
            route_window(trains, 0, window, stride, padding, tap_rows, tile + line, lists, line)
        base, block = uint64(0), uint64(0)
        while block < uint64(weights.shape[0]):
            fetch(weights, block, block_size, halves, partials[1])
            for line in range(count):
                gather_place(weights, block, lists, line, safe_rows, lanes, halves, partials, levels.shape[0])
                fire_sums(sums, 0, bias, base, width, input_shifts, levels, subtract, neurons, tile + line, out)
            base += uint64(width)
            block += uint64(block_size)
