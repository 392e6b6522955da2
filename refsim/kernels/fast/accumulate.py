"""Gathering rows of weights for whole spike trains, with the neurons on the sums or without."""

from numba import uint64

from refsim.kernels.fast.lif import fire_line
from refsim.kernels.fast.routing import PATTERNS, TIMESTEPS_AT_ONCE, route_place
from refsim.kernels.kernel import inline, kernel

SAFE_ROWS = 256
"""So many rows of int8 add up within int16: 256 times -128 is its lowest value."""


@inline
def add_rows(weights, block, events, place, part, start, stop, width, sums, line):
    """Add the rows of some events to a line of sums, eight in a pass: a sum is loaded and stored once for eight rows.

    Offsets and indices are unsigned: for signed ones numba would ask each time whether they count from the end. Nor is
    a slice taken anywhere below a kernel's outer loops: each would count references.
    """
    event, end = uint64(start), uint64(stop)
    while event + uint64(8) <= end:
        a = block + events[place, part, event]
        b = block + events[place, part, event + uint64(1)]
        c = block + events[place, part, event + uint64(2)]
        d = block + events[place, part, event + uint64(3)]
        e = block + events[place, part, event + uint64(4)]
        f = block + events[place, part, event + uint64(5)]
        g = block + events[place, part, event + uint64(6)]
        h = block + events[place, part, event + uint64(7)]
        for output in range(width):
            sums[line, output] += (
                weights[a + output]
                + weights[b + output]
                + weights[c + output]
                + weights[d + output]
                + weights[e + output]
                + weights[f + output]
                + weights[g + output]
                + weights[h + output]
            )
        event += uint64(8)
    while event < end:
        a = block + events[place, part, event]
        for output in range(width):
            sums[line, output] += weights[a + output]
        event += uint64(1)


@inline
def flush(partial, sums, line, width):
    """Move a line of partial sums into the sums of 32 bits."""
    for output in range(width):
        sums[line, output] += partial[line, output]
        partial[line, output] = 0


@inline
def gather_part(weights, block, events, bounds, place, part, width, safe_rows, partial, filled, sums, timesteps):
    """Add up all patterns of one plane, or of half the bits of the pixels, of one place, at most four timesteps.

    Partial sums are of 16 bits, which doubles the additions of an instruction; before `safe_rows` rows could leave
    them they go into the sums of 32 bits. Line 4 of `partial` holds the sum of a pattern of several timesteps.
    """
    for timestep in range(TIMESTEPS_AT_ONCE):
        filled[timestep] = 0
    for pattern in range(1, PATTERNS):
        start = bounds[place, part, pattern]
        while start < bounds[place, part, pattern + 1]:
            stop = min(start + safe_rows, bounds[place, part, pattern + 1])
            single = pattern & (pattern - 1) == 0
            if not single:
                for output in range(width):
                    partial[4, output] = 0
                add_rows(weights, block, events, place, part, start, stop, width, partial, 4)
            for timestep in range(timesteps):
                if (pattern >> timestep) & 1 != 0:
                    if filled[timestep] + stop - start > safe_rows:
                        flush(partial, sums, timestep, width)
                        filled[timestep] = 0
                    filled[timestep] += stop - start
                    if single:
                        add_rows(weights, block, events, place, part, start, stop, width, partial, timestep)
                    else:
                        for output in range(width):
                            partial[timestep, output] += partial[4, output]
            start = stop
    for timestep in range(timesteps):
        if filled[timestep] != 0:
            flush(partial, sums, timestep, width)


@inline
def gather_planes(
    weights, block, events, bounds, place, bias, base, width, safe_rows, partial, filled, sums, timesteps
):  # fmt: skip
    """Add up all planes of one place for one block of outputs, the most significant first, and then the bias."""
    for timestep in range(timesteps):
        for output in range(width):
            sums[timestep, output] = 0
    for plane in range(events.shape[1] - 1, -1, -1):
        for timestep in range(timesteps):
            for output in range(width):
                sums[timestep, output] = sums[timestep, output] << 1
        gather_part(
            weights, block, events, bounds, place, plane, width, safe_rows, partial, filled, sums, timesteps
        )  # fmt: skip
    for timestep in range(timesteps):
        for output in range(width):
            sums[timestep, output] += bias[base + output]


@inline
def gather_pixels(weights, block, events, bounds, place, bias, base, width, safe_rows, partial, filled, sums):
    """Add up the pixels of one place for one block of outputs, and then the bias.

    The plain kernel gathers one bit plane of the pixels after the other. Here four bits of a pixel are taken as a train
    of four timesteps, so that rows of equal bits are added up once; the sums of the bits are then put together, the
    most significant first.
    """
    for output in range(width):
        sums[4, output] = 0
    for half in range(1, -1, -1):
        for bit in range(4):
            for output in range(width):
                sums[bit, output] = 0
        gather_part(weights, block, events, bounds, place, half, width, safe_rows, partial, filled, sums, 4)
        for bit in range(3, -1, -1):
            for output in range(width):
                sums[4, output] = (sums[4, output] << 1) + sums[bit, output]
    for output in range(width):
        sums[0, output] = sums[4, output] + bias[base + output]


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
        As for `route_place`.
    weights : ndarray of int8 or int16, flat
        Row after row of `width` outputs, for one block of outputs after the other.
    bias : ndarray of int32, shape (blocks * width,)
    safe_rows : int
        How many rows the partial sums hold.
    kept : int
        As for `route_place`.
    scratch : tuple of ndarray
        As for `route_place`.
    lists : tuple of ndarray
        events (tile, P, ...) and bounds (tile, P, 17): what a tile of places gathers. The weights of a block stay in
        the cache while all places of a tile use them.
    partials : tuple of ndarray
        partial of shape (5, width), all zero, int16 for weights of 8 bits, else int32; filled, int64 of shape (4,);
        sums, int32 of shape (5, width).
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
    channels, patterns, counts = trains
    rows, row_patterns, places = scratch
    events, bounds = lists
    partial, filled, sums = partials
    width, block_size = uint64(partial.shape[1]), uint64(0)
    for _ in range(offsets.shape[0]):
        block_size += width
    for group in range((out.shape[0] + 3) >> 2):
        timesteps = min(4, out.shape[0] - (group << 2))
        for tile in range(first, last, events.shape[0]):
            count = min(events.shape[0], last - tile)
            for place in range(count):
                route_place(
                    channels, patterns, counts, group, pixels, tile + place, window, stride, padding, offsets, kept,
                    rows, row_patterns, places, events, bounds, place,
                )  # fmt: skip
            base, block = uint64(0), uint64(0)
            while block < uint64(weights.shape[0]):
                for place in range(count):
                    if pixels:
                        gather_pixels(
                            weights, block, events, bounds, place, bias, base, width, safe_rows, partial, filled, sums
                        )  # fmt: skip
                    else:
                        gather_planes(
                            weights, block, events, bounds, place, bias, base, width, safe_rows, partial, filled, sums,
                            timesteps,
                        )  # fmt: skip
                    for timestep in range(timesteps):
                        for output in range(min(width, uint64(out.shape[2]) - base)):
                            out[(group << 2) + timestep, tile + place, base + output] = sums[timestep, output]
                base += width
                block += block_size


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
    channels, patterns, counts = trains
    rows, row_patterns, places = scratch
    events, bounds = lists
    partial, filled, sums = partials
    membranes, fired = neurons
    width, block_size = uint64(partial.shape[1]), uint64(0)
    for _ in range(offsets.shape[0]):
        block_size += width
    timesteps = levels.shape[0]
    for tile in range(first, last, events.shape[0]):
        count = min(events.shape[0], last - tile)
        for place in range(count):
            route_place(
                channels, patterns, counts, 0, pixels, tile + place, window, stride, padding, offsets, kept, rows,
                row_patterns, places, events, bounds, place,
            )  # fmt: skip
        base, block = uint64(0), uint64(0)
        while block < uint64(weights.shape[0]):
            for place in range(count):
                if pixels:
                    gather_pixels(
                        weights, block, events, bounds, place, bias, base, width, safe_rows, partial, filled, sums
                    )  # fmt: skip
                else:
                    gather_planes(
                        weights, block, events, bounds, place, bias, base, width, safe_rows, partial, filled, sums,
                        timesteps,
                    )  # fmt: skip
                for output in range(width):
                    membranes[output] = 0
                    fired[output] = 0
                for timestep in range(timesteps):
                    line = 0 if pixels else timestep
                    fire_line(
                        sums, line, input_shifts[timestep], levels, base, timestep, subtract, width, membranes, fired
                    )  # fmt: skip
                for output in range(min(width, uint64(out.shape[1]) - base)):
                    out[tile + place, base + output] = fired[output]
            base += width
            block += block_size
