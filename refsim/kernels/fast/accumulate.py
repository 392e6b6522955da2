"""Gathering rows of weights for whole spike trains, with the neurons on the sums or without."""

from numba import uint64

from refsim.kernels.fast.lif import fire_rows
from refsim.kernels.fast.routing import PATTERNS, TIMESTEPS_AT_ONCE, route_tile
from refsim.kernels.kernel import inline, kernel

SAFE_ROWS = 256
"""So many rows of int8 add up within int16: 256 times -128 is its lowest value."""


@inline
def add_rows(rows, events, start, stop, width, sums):
    """Add the rows of events[start:stop], eight in a pass so that a sum is loaded and stored once for eight rows.

    Offsets and indices are unsigned: for signed ones numba would ask each time whether they count from the end.
    """
    event, end = uint64(start), uint64(stop)
    while event + uint64(8) <= end:
        a, b = events[event], events[event + uint64(1)]
        c, d = events[event + uint64(2)], events[event + uint64(3)]
        e, f = events[event + uint64(4)], events[event + uint64(5)]
        g, h = events[event + uint64(6)], events[event + uint64(7)]
        for output in range(width):
            sums[output] += (
                rows[a + output]
                + rows[b + output]
                + rows[c + output]
                + rows[d + output]
                + rows[e + output]
                + rows[f + output]
                + rows[g + output]
                + rows[h + output]
            )
        event += uint64(8)
    while event < end:
        a = events[event]
        for output in range(width):
            sums[output] += rows[a + output]
        event += uint64(1)


@inline
def flush(partial, width, sums):
    """Move partial sums into the sums of 32 bits."""
    for output in range(width):
        sums[output] += partial[output]
        partial[output] = 0


@inline
def gather_place(rows, events, bounds, width, safe_rows, pattern_sum, partial, filled, sums):
    """Add up all patterns of one place and plane, four timesteps.

    Partial sums are of 16 bits, which doubles the additions of an instruction; before `safe_rows` rows could leave
    them they go into the sums of 32 bits.

    Parameters
    ----------
    rows : ndarray of int8 or int16, flat
        Weights of one block of outputs, row after row.
    pattern_sum, partial : ndarray, shapes (width,) and (4, width)
        Scratch; int16 for weights of 8 bits, else int32. `partial` is all zero before and after.
    filled : ndarray of int64, shape (4,)
        Scratch: rows in each of the partial sums.
    sums : ndarray of int32, shape (timesteps, width)
        Added to; at most four timesteps.
    """
    for timestep in range(TIMESTEPS_AT_ONCE):
        filled[timestep] = 0
    for pattern in range(1, PATTERNS):
        start = bounds[pattern]
        while start < bounds[pattern + 1]:
            stop = min(start + safe_rows, bounds[pattern + 1])
            single = pattern & (pattern - 1) == 0
            if not single:
                for output in range(width):
                    pattern_sum[output] = 0
                add_rows(rows, events, start, stop, width, pattern_sum)
            for timestep in range(sums.shape[0]):
                if (pattern >> timestep) & 1 != 0:
                    target = partial[timestep]
                    if filled[timestep] + stop - start > safe_rows:
                        flush(target, width, sums[timestep])
                        filled[timestep] = 0
                    filled[timestep] += stop - start
                    if single:
                        add_rows(rows, events, start, stop, width, target)
                    else:
                        for output in range(width):
                            target[output] += pattern_sum[output]
            start = stop
    for timestep in range(sums.shape[0]):
        if filled[timestep] != 0:
            flush(partial[timestep], width, sums[timestep])


@inline
def gather_planes(rows, events, bounds, bias, base, width, safe_rows, partials, timesteps):
    """Add up all planes of one place for one block of outputs, the most significant first, and then the bias."""
    pattern_sum, partial, filled, sums = partials
    for timestep in range(timesteps):
        for output in range(width):
            sums[timestep, output] = 0
    for plane in range(events.shape[0] - 1, -1, -1):
        for timestep in range(timesteps):
            for output in range(width):
                sums[timestep, output] = sums[timestep, output] << 1
        gather_place(
            rows, events[plane], bounds[plane], width, safe_rows, pattern_sum, partial, filled, sums[:timesteps]
        )
    for timestep in range(timesteps):
        for output in range(width):
            sums[timestep, output] += bias[base + output]


@inline
def gather_pixels(rows, events, bounds, bias, base, width, safe_rows, partials):
    """Add up the pixels of one place for one block of outputs, and then the bias.

    The plain kernel gathers one bit plane of the pixels after the other. Here four bits of a pixel are taken as a train
    of four timesteps, so that rows of equal bits are added up once; the sums of the bits are then put together, the
    most significant first.
    """
    pattern_sum, partial, filled, sums = partials
    total = sums[4]
    for output in range(width):
        total[output] = 0
    for half in range(1, -1, -1):
        for bit in range(4):
            for output in range(width):
                sums[bit, output] = 0
        gather_place(rows, events[half], bounds[half], width, safe_rows, pattern_sum, partial, filled, sums[:4])
        for bit in range(3, -1, -1):
            for output in range(width):
                total[output] = (total[output] << 1) + sums[bit, output]
    for output in range(width):
        sums[0, output] = total[output] + bias[base + output]


@inline
def gather(rows, events, bounds, bias, base, width, safe_rows, partials, pixels, timesteps):
    """Add up what one place gathers for one block of outputs; the sums of pixels are those of timestep 0."""
    if pixels:
        gather_pixels(rows, events, bounds, bias, base, width, safe_rows, partials)
    else:
        gather_planes(rows, events, bounds, bias, base, width, safe_rows, partials, timesteps)


@kernel
def gather_sums(
    trains, window, stride, padding, offsets, weights, bias, safe_rows, kept, scratch, lists, partials, pixels, first,
    last, out,
):  # fmt: skip
    """Convolve spike trains, or integers through planes of trains, for some places (rules N6 and N7).

    Parameters
    ----------
    trains : tuple of ndarray
        channels, patterns, counts: the planes of an image of trains, or its pixels, as `list_trains` lists them. An
        integer is the sum over planes p of its bit << p; tokens are an image of one column.
    window, stride, padding : int
    offsets : ndarray of uint32, shape (window * window * C,)
        As for `route`.
    weights : ndarray of int8 or int16, shape (blocks, window * window * C * width)
        Row after row, for one block of outputs after the other.
    bias : ndarray of int32, shape (blocks * width,)
    safe_rows : int
        How many rows the partial sums hold.
    kept : int
        As for `route`.
    scratch : tuple of ndarray
        As for `route`.
    lists : tuple of ndarray
        events (tile, P, ...) and bounds (tile, P, 17): what a tile of places gathers. The weights of a block stay in
        the cache while all places of a tile use them.
    partials : tuple of ndarray
        pattern_sum, partial, filled, sums, for `gather_place`; sums of shape (5, width).
    pixels : bool
        Whether `trains` are pixels, and `out` has one timestep.
    first, last : int
        Places y X' + x to compute.
    out : ndarray of int32, shape (timesteps, places, outputs)
        Filled at these places.

    Examples
    --------
    >>> import numpy as np
    >>> from refsim.engine.gathering import Packed, listed
    >>> from refsim.ops import Linear
    >>> packed = Packed([Linear(np.array([[5], [7]], np.int8), np.array([1], np.int32))])
    >>> routing, lists, partials, neurons = packed.scratch(1)
    >>> trains = listed(np.array([3, 2], np.uint8).reshape(1, 1, 1, 2), 1)
    >>> weights = (packed.offsets, packed.weights, packed.bias, packed.safe_rows, 4)
    >>> out = np.zeros((2, 1, 1), np.int32)
    >>> gather_sums(trains, 1, 1, 0, *weights, routing, lists, partials, False, 0, 1, out)
    >>> out.ravel().tolist()  # channel 0 fires at timesteps 0 and 1, channel 1 at timestep 1: 5 + 1, 5 + 7 + 1
    [6, 13]
    """
    events, bounds = lists
    sums = partials[3]
    width = uint64(partials[0].shape[0])
    for group in range((out.shape[0] + 3) >> 2):
        timesteps = min(4, out.shape[0] - (group << 2))
        for tile in range(first, last, events.shape[0]):
            count = min(events.shape[0], last - tile)
            route_tile(trains, group, window, stride, padding, offsets, kept, scratch, lists, pixels, tile, count)
            base = uint64(0)
            for block in range(weights.shape[0]):
                rows = weights[block]
                for place in range(count):
                    gather(
                        rows, events[place], bounds[place], bias, base, width, safe_rows, partials, pixels, timesteps
                    )
                    for timestep in range(timesteps):
                        target = out[(group << 2) + timestep, tile + place]
                        for output in range(min(width, uint64(target.shape[0]) - base)):
                            target[base + output] = sums[timestep, output]
                base += width


@kernel
def gather_trains(
    trains, window, stride, padding, offsets, weights, bias, safe_rows, kept, scratch, lists, partials, pixels, first,
    last, input_shifts, levels, subtract, neurons, out,
):  # fmt: skip
    """Do as `gather_sums`, and let exact binary neurons fire on the sums at once (rule N8).

    The plain kernels write the sums of a timestep to memory, and read them back with the membranes. Here sums and
    membranes of a place live in the cache for all its timesteps, and only the trains are written.

    Parameters
    ----------
    trains, window, stride, padding, offsets, weights, bias, safe_rows, kept, scratch, lists, partials, pixels
        As for `gather_sums`; of pixels, the sums stand for all timesteps.
    first, last : int
        Places to compute.
    input_shifts, levels : ndarray
        As for `fire_trains`, levels of shape (T, blocks * width); T at most 4 but for pixels.
    subtract : bool
    neurons : tuple of ndarray
        membranes and fired, int32 of shape (width,): scratch.
    out : ndarray of uint8, shape (places, outputs)
        Trains; filled at these places.

    Examples
    --------
    >>> import numpy as np
    >>> from refsim.engine.gathering import Packed, listed
    >>> from refsim.ops import Linear
    >>> packed = Packed([Linear(np.array([[5], [7]], np.int8), np.array([1], np.int32))])
    >>> routing, lists, partials, neurons = packed.scratch(1)
    >>> trains = listed(np.array([3, 2], np.uint8).reshape(1, 1, 1, 2), 1)
    >>> weights = (packed.offsets, packed.weights, packed.bias, packed.safe_rows, 4)
    >>> shifts, levels, out = np.array([0, 1]), np.full((2, 32), 16, np.int32), np.zeros((1, 1), np.uint8)
    >>> scratch = (routing, lists, partials, False, 0, 1)
    >>> gather_trains(trains, 1, 1, 0, *weights, *scratch, shifts, levels, False, neurons, out)
    >>> out.ravel().tolist()  # charges 6, then 6 + (13 << 1) = 32, against a level of 16
    [2]
    """
    events, bounds = lists
    sums = partials[3]
    membranes, fired = neurons
    width = uint64(partials[0].shape[0])
    timesteps = levels.shape[0]
    for tile in range(first, last, events.shape[0]):
        count = min(events.shape[0], last - tile)
        route_tile(trains, 0, window, stride, padding, offsets, kept, scratch, lists, pixels, tile, count)
        base = uint64(0)
        for block in range(weights.shape[0]):
            rows = weights[block]
            for place in range(count):
                gather(rows, events[place], bounds[place], bias, base, width, safe_rows, partials, pixels, timesteps)
                for output in range(width):
                    membranes[output] = 0
                    fired[output] = 0
                for timestep in range(timesteps):
                    row, shift = sums[0 if pixels else timestep], input_shifts[timestep]
                    fire_rows(row, shift, levels[timestep], base, timestep, subtract, width, membranes, fired)
                target = out[tile + place]
                for output in range(min(width, uint64(target.shape[0]) - base)):
                    target[base + output] = fired[output]
            base += width
