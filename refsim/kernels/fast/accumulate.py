"""Gathering rows of weights for whole spike trains, with the neurons on the sums or without."""

from numba import int64, uint64

from refsim.kernels.fast.lif import fire_sums
from refsim.kernels.fast.listing import PATTERNS, TIMESTEPS_AT_ONCE
from refsim.kernels.fast.memory import LINE, kept, prefetch
from refsim.kernels.fast.partials import BYTE, LANES, LINES, begin_empty, begin_of, make_room, move_all_on
from refsim.kernels.fast.routing import route_window
from refsim.kernels.kernel import trailing_zeros, tuned_inline, tuned_kernel

AHEAD = 8
"""So many rows ahead a row is asked for; fewer than what lists have room for past their end."""


@tuned_inline
def fetch(weights, block, block_size, halves):
    """Ask for every line of a block, so that it comes to the cache as a stream; rows that fire come in no order.

    Of wide weights it is every other line: the one beside it comes along.
    """
    line = block
    while line < block + uint64(block_size):
        prefetch(weights, line)
        line += uint64(LINE >> (len(halves) - 1))


@tuned_inline
def add_rows(weights, block, rows, line, part, start, stop, lanes, halves, run_sums):
    """Add up some rows.

    Where two weights stand in one number, an addition of 16 bits adds both: once as they stand, once the upper alone.
    To widen each weight first would cost as many instructions as to add it, of a kind that a processor does one at a
    time. A row is asked for while those before it are added, every other line of it: it may lie in a further cache.
    """
    width, shift = LANES * len(lanes), 5 + (len(lanes) >> 1) - (len(lanes) >> 3) - (len(halves) - 1)
    half = uint64(width >> 1)
    for output in range(uint64(width)):
        run_sums[output] = 0
    if len(halves) == 2:
        for event in range(start, stop):
            row = block + (uint64(rows[line, part, event]) << uint64(shift))
            ahead = block + (uint64(rows[line, part, uint64(event) + uint64(AHEAD)]) << uint64(shift))
            for lane in range(uint64(0), half, uint64(LINE)):
                prefetch(weights, ahead + lane)
            for lane in range(half):
                pair = weights[row + lane]
                run_sums[lane] += pair
                run_sums[half + lane] += pair >> BYTE
    else:
        for event in range(start, stop):
            row = block + (uint64(rows[line, part, event]) << uint64(shift))
            for output in range(uint64(width)):
                run_sums[output] += weights[row + output]


@tuned_inline
def gather_part(weights, block, lists, line, part, safe_rows, lanes, halves, partials):
    """Add all codes of one part of one place to the sums.

    The plain kernel adds a row once for each spike. Here a row is added once for all timesteps at which its channel
    fires, and for both planes: rows of equal code are added up together, and their sum belongs to every timestep and
    plane of the code.

    Partial sums are of 16 bits, which doubles the additions of an instruction; before more than `safe_rows` rows could
    leave them they go into the sums of 32 bits, doubled as often as their plane says. What the rows of a run add up to
    stays in registers on its way.
    """
    (rows, runs, bounds), (partial, scratch, filled, _), width = lists, partials, LANES * len(lanes)
    run_sums = kept(scratch, lanes)
    bits = TIMESTEPS_AT_ONCE if runs.shape[2] == PATTERNS else LINES
    first_plane = int64(part) << (0 if runs.shape[2] == PATTERNS else 1)
    for run in range(uint64(runs[line, part, uint64(runs.shape[2] - 1)])):
        start, end = uint64(bounds[line, part, 0, run]), uint64(bounds[line, part, 1, run])
        while start < end:
            stop = min(start + uint64(safe_rows), end)
            add_rows(weights, block, rows, line, part, start, stop, lanes, halves, run_sums)
            code, count = uint64(runs[line, part, run]), int64(stop - start)
            while code != uint64(0):
                bit = uint64(trailing_zeros(code))
                code &= code - uint64(1)
                if filled[bit] + count > safe_rows:
                    make_room(partials, bits, first_plane, count, safe_rows, width, halves)
                filled[bit] += count
                begin = begin_of(bit)
                for output in range(uint64(width)):
                    partial[begin + output] += run_sums[output]
            start = stop
    move_all_on(partials, bits, first_plane, width, halves)


@tuned_inline
def begin_sums(bias, base, width, timesteps, sums):
    """Begin the sums of all timesteps with the biases of a block."""
    for timestep in range(uint64(timesteps)):
        for output in range(uint64(width)):
            sums[timestep, output] = bias[base + output]


@tuned_inline
def gather_place(weights, block, lists, line, safe_rows, lanes, halves, partials):
    """Add all planes of one place to the sums of one block of outputs."""
    _, runs, _ = lists
    for part in range(uint64(runs.shape[1])):
        gather_part(weights, block, lists, uint64(line), part, safe_rows, lanes, halves, partials)


@tuned_inline
def route_tile(lists, image, geometry, tap_rows, windows, tile, count, routes):
    """Route the windows of the places of a tile, a line each; a place that gathers its own list needs none."""
    if len(windows) != 0:
        for line in range(count):
            route_window(lists, image, geometry, tap_rows, tile + line, routes, line)


@tuned_inline
def gather_own_or_window(weights, block, lists, windows, routes, place, line, safe_rows, lanes, halves, partials):
    """Add up the rows that a place lists itself, or those of its window."""
    if len(windows) == 0:
        gather_place(weights, block, lists[:3], place, safe_rows, lanes, halves, partials)
    else:
        gather_place(weights, block, routes[0], line, safe_rows, lanes, halves, partials)


@tuned_kernel
def gather_sums(
    lists, image, geometry, tap_rows, weights, block_size, bias, safe_rows, lanes, halves, windows, routes, partials,
    first, last, out,
):  # fmt: skip
    """Convolve spike trains, or integers through planes of trains, for some places (rules N6 and N7).

    Parameters
    ----------
    lists : tuple of ndarray
        events, runs, bounds and counts, as `list_trains` gives them for four timesteps. An integer is the sum over
        planes p of its bit << p.
    image : tuple of int
        Rows and columns of the input; tokens are an image of one column.
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
    windows : tuple of int
        None where the rows of a place are its own list, one where a window of places is routed.
    routes : tuple
        As for `route_window`, a line for each place of a tile. The weights of a block stay in the cache while all
        places of a tile use them.
    partials : tuple of ndarray
        partial of shape (8 * 256,) and run_sums of shape (width,), int16 for weights of 8 bits, else int32; filled,
        int64 of shape (8,), how many rows each line holds; sums, int32 of shape (4, width): scratch.
    first, last : int
        Places y X' + x to compute.
    out : ndarray of int32, shape (T, places, outputs)
        Filled at these places; T at most 4.

    Examples
    --------
    >>> import numpy as np
    >>> from refsim.engine.packing import Packed
    >>> from refsim.engine.listing import listed
    >>> from refsim.ops import Linear
    >>> packed = Packed([Linear(np.array([[5], [7]], np.int8), np.array([1], np.int32))])
    >>> lists, out = listed(np.array([3, 2], np.uint8).reshape(1, 1, 2), 1, 1), np.zeros((2, 1, 1), np.int32)
    >>> gather_sums(lists.of_group(0), (1, 1), *packed.arguments, *packed.scratch(lists), 0, 1, out)
    >>> out.ravel().tolist()  # channel 0 fires at timesteps 0 and 1, channel 1 at timestep 1: 5 + 1, 5 + 7 + 1
    [6, 13]
    """
    (_, _, _, sums), tile_size, width = partials, routes[0][0].shape[0], LANES * len(lanes)
    begin_empty(partials, width)
    for tile in range(first, last, tile_size):
        count = min(tile_size, last - tile)
        route_tile(lists, image, geometry, tap_rows, windows, tile, count, routes)
        base, block = uint64(0), uint64(0)
        while block < uint64(weights.shape[0]):
            fetch(weights, block, block_size, halves)
            for line in range(count):
                begin_sums(bias, base, width, out.shape[0], sums)
                gather_own_or_window(
                    weights, block, lists, windows, routes, tile + line, line, safe_rows, lanes, halves, partials
                )
                for timestep in range(out.shape[0]):
                    for output in range(min(uint64(width), uint64(out.shape[2]) - base)):
                        out[timestep, tile + line, base + output] = sums[timestep, output]
            base += uint64(width)
            block += uint64(block_size)


@tuned_kernel
def gather_trains(
    lists, image, geometry, tap_rows, weights, block_size, bias, safe_rows, lanes, halves, windows, routes, partials,
    first, last, neurons, out,
):  # fmt: skip
    """Do as `gather_sums`, and let exact binary neurons fire on the sums at once (rule N8).

    The plain kernels write the sums of a timestep to memory, and read them back with the membranes. Here sums and
    membranes of a place live in the cache for all its timesteps, and only the trains are written.

    Parameters
    ----------
    lists, image, geometry, tap_rows, weights, block_size, bias, safe_rows, lanes, halves, windows, routes, partials
        As for `gather_sums`.
    first, last : int
        Places to compute.
    neurons : tuple
        As for `fire_trains`, levels of shape (T, blocks * width); T at most 4.
    out : ndarray of uint8, shape (places, outputs)
        Trains; filled at these places.

    Examples
    --------
    >>> import numpy as np
    >>> from refsim.engine.packing import Packed
    >>> from refsim.engine.listing import listed
    >>> from refsim.ops import Linear
    >>> packed = Packed([Linear(np.array([[5], [7]], np.int8), np.array([1], np.int32))])
    >>> lists, out = listed(np.array([3, 2], np.uint8).reshape(1, 1, 2), 1, 1), np.zeros((1, 1), np.uint8)
    >>> neurons = (0,), (0, 0), np.full((2, 64), 16, np.int32), False, np.zeros(64, np.int32)
    >>> inputs = (lists.of_group(0), (1, 1), *packed.arguments, *packed.scratch(lists))
    >>> gather_trains(*inputs, 0, 1, neurons, out)
    >>> out.ravel().tolist()  # charges 6, then 6 + (13 << 1) = 32, against a level of 16
    [2]
    """
    (_, _, _, sums), tile_size, width = partials, routes[0][0].shape[0], LANES * len(lanes)
    _, timesteps, _, _, _ = neurons
    begin_empty(partials, width)
    for tile in range(first, last, tile_size):
        count = min(tile_size, last - tile)
        route_tile(lists, image, geometry, tap_rows, windows, tile, count, routes)
        base, block = uint64(0), uint64(0)
        while block < uint64(weights.shape[0]):
            fetch(weights, block, block_size, halves)
            for line in range(count):
                begin_sums(bias, base, width, len(timesteps), sums)
                gather_own_or_window(
                    weights, block, lists, windows, routes, tile + line, line, safe_rows, lanes, halves, partials
                )
                fire_sums(sums, 0, base, width, neurons, tile + line, out)
            base += uint64(width)
            block += uint64(block_size)
