"""Gathering rows of weights for whole spike trains, with the neurons on the sums or without."""

from numba import uint64

from refsim.kernels.fast.lif import fire_rows
from refsim.kernels.kernel import inline, kernel

TIMESTEPS_AT_ONCE = 4
"""Trains are gathered four timesteps at a time, so that a channel's part of a train is one of sixteen patterns."""

PATTERNS = 16

SAFE_ROWS = 256
"""So many rows of int8 add up within int16: 256 times -128 is its lowest value."""


@inline
def route(plane, group, top, left, window, offsets, kept, channels, patterns, counts, events, bounds):
    """List the rows that one place gathers, sorted by the pattern of their trains.

    The plain kernel adds a row once for each spike. Here a row is added once for all timesteps at which its channel
    fires: rows of equal pattern are added up together, and their sum belongs to every timestep of the pattern.

    Parameters
    ----------
    plane : ndarray of uint8, shape (Y, X, C)
        Trains.
    group : int
        Which four timesteps.
    top, left, window : int
        The window of the place; what lies outside the image has no spikes.
    offsets : ndarray of uint32, shape (window * window * C,)
        Where the row of each tap and channel begins, a table made by repeated addition.
    kept : int
        Patterns of several timesteps with fewer rows than this are taken apart into single timesteps: a list of its
        own would cost more than it saves.
    channels, patterns : ndarray of uint32 and uint8
        Scratch, one longer than `offsets`.
    counts : ndarray of int64, shape (16,)
        Scratch.
    events : ndarray of uint32, shape (4 * window * window * C,)
        Filled: rows sorted by pattern.
    bounds : ndarray of int64, shape (17,)
        Filled: pattern p has events[bounds[p] : bounds[p + 1]].
    """
    for pattern in range(PATTERNS):
        counts[pattern] = 0
    active = uint64(0)
    low, high = max(0, left), min(plane.shape[1], left + window)
    for i in range(max(0, -top), min(window, plane.shape[0] - top)):
        tap = uint64((i * window + low - left) * plane.shape[2])
        for column in range(low, high):
            trains = plane[top + i, column]
            for channel in range(uint64(trains.shape[0])):
                pattern = (trains[channel] >> (group << 2)) & 15
                channels[active] = offsets[tap + channel]
                patterns[active] = pattern
                counts[pattern] += 1
                active += uint64(pattern != 0)
            tap += uint64(trains.shape[0])
    for pattern in range(3, PATTERNS):
        if pattern & (pattern - 1) != 0 and counts[pattern] < kept:
            for timestep in range(TIMESTEPS_AT_ONCE):
                if (pattern >> timestep) & 1 != 0:
                    counts[1 << timestep] += counts[pattern]
            counts[pattern] = -1
    total = 0
    for pattern in range(1, PATTERNS):
        bounds[pattern] = total
        if counts[pattern] >= 0:
            count = counts[pattern]
            counts[pattern] = total
            total += count
    bounds[PATTERNS] = total
    for event in range(active):
        pattern = patterns[event]
        place = counts[pattern]
        if place >= 0:
            events[place] = channels[event]
            counts[pattern] = place + 1
        else:
            for timestep in range(TIMESTEPS_AT_ONCE):
                if (pattern >> timestep) & 1 != 0:
                    place = counts[1 << timestep]
                    events[place] = channels[event]
                    counts[1 << timestep] = place + 1


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
def route_tile(planes, group, window, stride, padding, offsets, kept, scratch, lists, first, count):
    """List the rows of a tile of places, all planes."""
    channels, patterns, counts = scratch
    events, bounds = lists
    columns = (planes.shape[2] + padding + padding - window) // stride + 1
    for place in range(count):
        top = (first + place) // columns * stride - padding
        left = (first + place) % columns * stride - padding
        for plane in range(planes.shape[0]):
            route(
                planes[plane], group, top, left, window, offsets, kept, channels, patterns, counts,
                events[place, plane], bounds[place, plane],
            )  # fmt: skip


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


@kernel
def gather_sums(
    planes, window, stride, padding, offsets, weights, bias, safe_rows, kept, scratch, lists, partials, first, last, out
):
    """Convolve spike trains, or integers through planes of trains, for some places (rules N6 and N7).

    Parameters
    ----------
    planes : ndarray of uint8, shape (P, Y, X, C)
        Trains: an integer is the sum over planes p of its bit << p. Tokens are an image of one column.
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
        channels, patterns, counts, for `route`.
    lists : tuple of ndarray
        events (tile, P, ...) and bounds (tile, P, 17): what a tile of places gathers. The weights of a block stay in
        the cache while all places of a tile use them.
    partials : tuple of ndarray
        pattern_sum, partial, filled, sums, for `gather_place`.
    first, last : int
        Places y X' + x to compute.
    out : ndarray of int32, shape (timesteps, places, outputs)
        Filled at these places.

    Examples
    --------
    >>> import numpy as np
    >>> from refsim.engine.gathering import Packed
    >>> from refsim.ops import Linear
    >>> packed = Packed([Linear(np.array([[5], [7]], np.int8), np.array([1], np.int32))])
    >>> routing, lists, partials, neurons = packed.scratch(1, 2)
    >>> planes = np.array([3, 2], np.uint8).reshape(1, 1, 1, 2)
    >>> weights = (packed.offsets, packed.weights, packed.bias, packed.safe_rows, 4)
    >>> out = np.zeros((2, 1, 1), np.int32)
    >>> gather_sums(planes, 1, 1, 0, *weights, routing, lists, partials, 0, 1, out)
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
            route_tile(planes, group, window, stride, padding, offsets, kept, scratch, lists, tile, count)
            base = uint64(0)
            for block in range(weights.shape[0]):
                rows = weights[block]
                for place in range(count):
                    gather_planes(rows, events[place], bounds[place], bias, base, width, safe_rows, partials, timesteps)
                    for timestep in range(timesteps):
                        target = out[(group << 2) + timestep, tile + place]
                        for output in range(min(width, uint64(target.shape[0]) - base)):
                            target[base + output] = sums[timestep, output]
                base += width


@kernel
def gather_trains(
    planes, window, stride, padding, offsets, weights, bias, safe_rows, kept, scratch, lists, partials, first, last,
    input_shifts, levels, subtract, repeats, neurons, out,
):  # fmt: skip
    """Do as `gather_sums`, and let exact binary neurons fire on the sums at once (rule N8).

    The plain kernels write the sums of a timestep to memory, and read them back with the membranes. Here sums and
    membranes of a place live in the cache for all its timesteps, and only the trains are written.

    Parameters
    ----------
    planes, window, stride, padding, offsets, weights, bias, safe_rows, kept, scratch, lists, partials, first, last
        As for `gather_sums`.
    input_shifts, levels : ndarray
        As for `fire_trains`, levels of shape (T, blocks * width).
    subtract : bool
    repeats : int
        Where above 0, planes are of one timestep whose sums stand for so many.
    neurons : tuple of ndarray
        membranes and fired, int32 of shape (width,): scratch.
    out : ndarray of uint8, shape (places, outputs)
        Trains; filled at these places.

    Examples
    --------
    >>> import numpy as np
    >>> from refsim.engine.gathering import Packed
    >>> from refsim.ops import Linear
    >>> packed = Packed([Linear(np.array([[5], [7]], np.int8), np.array([1], np.int32))])
    >>> routing, lists, partials, neurons = packed.scratch(1, 2)
    >>> planes = np.array([3, 2], np.uint8).reshape(1, 1, 1, 2)
    >>> weights = (packed.offsets, packed.weights, packed.bias, packed.safe_rows, 4)
    >>> shifts, levels, out = np.array([0, 1]), np.full((2, 32), 16, np.int32), np.zeros((1, 1), np.uint8)
    >>> gather_trains(planes, 1, 1, 0, *weights, routing, lists, partials, 0, 1, shifts, levels, False, 0, neurons, out)
    >>> out.ravel().tolist()  # charges 6, then 6 + (13 << 1) = 32, against a level of 16
    [2]
    """
    events, bounds = lists
    sums = partials[3]
    membranes, fired = neurons
    width = uint64(partials[0].shape[0])
    timesteps = 1 if repeats > 0 else sums.shape[0]
    for tile in range(first, last, events.shape[0]):
        count = min(events.shape[0], last - tile)
        route_tile(planes, 0, window, stride, padding, offsets, kept, scratch, lists, tile, count)
        base = uint64(0)
        for block in range(weights.shape[0]):
            rows = weights[block]
            for place in range(count):
                gather_planes(rows, events[place], bounds[place], bias, base, width, safe_rows, partials, timesteps)
                for output in range(width):
                    membranes[output] = 0
                    fired[output] = 0
                for timestep in range(max(timesteps, repeats)):
                    fire_rows(
                        sums[min(timestep, timesteps - 1)], input_shifts[timestep], levels[timestep], base, timestep,
                        subtract, width, membranes, fired,
                    )  # fmt: skip
                target = out[tile + place]
                for output in range(min(width, uint64(target.shape[0]) - base)):
                    target[base + output] = fired[output]
            base += width
