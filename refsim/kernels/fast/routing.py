"""Which rows of weights a place gathers: the events of its window, sorted by the pattern of their trains."""

from numba import uint64

from refsim.kernels.kernel import inline, kernel

TIMESTEPS_AT_ONCE = 4
"""Trains are gathered four timesteps at a time, so that a channel's part of a train is one of sixteen patterns."""

PATTERNS = 16


@kernel
def list_trains(planes, first, last, channels, patterns, counts):
    """List the channels that fire at each place, once for all windows that hold the place and all maps that read it.

    The search has no branch: every channel is written, and the next one writes over it where it is silent.

    Parameters
    ----------
    planes : ndarray of uint8, shape (P, Y, X, C)
        Trains, or pixels.
    first, last : int
        Rows of the image to list.
    channels : ndarray of uint16, shape (G, P, Y, X, C + 1)
        Filled for each group of four timesteps.
    patterns : ndarray of uint8, shape (G, P, Y, X, C + 1)
        Filled: at which of the four timesteps each of them fires.
    counts : ndarray of int64, shape (G, P, Y, X)
        Filled: how many there are.

    Examples
    --------
    >>> import numpy as np
    >>> channels, patterns = np.zeros((1, 1, 1, 1, 4), np.uint16), np.zeros((1, 1, 1, 1, 4), np.uint8)
    >>> counts = np.zeros((1, 1, 1, 1), np.int64)
    >>> list_trains(np.array([[[[0, 5, 2]]]], np.uint8), 0, 1, channels, patterns, counts)
    >>> counts.item(), channels[..., :2].ravel().tolist(), patterns[..., :2].ravel().tolist()
    (2, [1, 2], [5, 2])
    """
    for group in range(channels.shape[0]):
        for plane in range(planes.shape[0]):
            for row in range(first, last):
                for column in range(planes.shape[2]):
                    trains = planes[plane, row, column]
                    listed, found = channels[group, plane, row, column], patterns[group, plane, row, column]
                    count = uint64(0)
                    for channel in range(uint64(trains.shape[0])):
                        pattern = (trains[channel] >> (group << 2)) & 15
                        listed[count] = channel
                        found[count] = pattern
                        count += uint64(pattern != 0)
                    counts[group, plane, row, column] = count


@inline
def route_place(
    channels, patterns, counts, group, pixels, place, window, stride, padding, offsets, kept, rows, row_patterns,
    places, events, bounds, line,
):  # fmt: skip
    """List the rows that one place gathers, sorted by the pattern of their trains.

    The plain kernel adds a row once for each spike. Here a row is added once for all timesteps at which its channel
    fires: rows of equal pattern are added up together, and their sum belongs to every timestep of the pattern.

    Parameters
    ----------
    channels, patterns, counts : ndarray
        As `list_trains` gives them.
    group : int
        Which four timesteps; of pixels, both halves of their bits are listed.
    pixels : bool
    place : int
        y X' + x.
    window, stride, padding : int
        What lies outside the image has no spikes.
    offsets : ndarray of uint32, shape (window * window * C,)
        Where the row of each tap and channel begins, a table made by repeated addition.
    kept : int
        Patterns of several timesteps with fewer rows than this are taken apart into single timesteps: a list of its
        own would cost more than it saves.
    rows, row_patterns, places : ndarray of uint32, uint8 and int64
        Scratch: as long as `offsets`, twice, and 16.
    events : ndarray of uint32, shape (lines, P, 4 * window * window * C)
        Filled at a line: rows sorted by pattern, for each plane, or each half of the pixels.
    bounds : ndarray of int64, shape (lines, P, 17)
        Filled at a line: pattern p has events[bounds[p] : bounds[p + 1]].
    line : int
    """
    columns = (channels.shape[3] + padding + padding - window) // stride + 1
    top, left = place // columns * stride - padding, place % columns * stride - padding
    low, high = max(0, left), min(channels.shape[3], left + window)
    width = uint64(channels.shape[4] - 1)
    for part in range(events.shape[1]):
        bits, plane = part if pixels else group, 0 if pixels else part
        for pattern in range(PATTERNS):
            places[pattern] = 0
        active = uint64(0)
        for i in range(max(0, -top), min(window, channels.shape[2] - top)):
            tap = uint64(i * window + low - left) * width
            for column in range(low, high):
                for event in range(uint64(counts[bits, plane, top + i, column])):
                    pattern = patterns[bits, plane, top + i, column, event]
                    rows[active] = offsets[tap + channels[bits, plane, top + i, column, event]]
                    row_patterns[active] = pattern
                    places[pattern] += 1
                    active += uint64(1)
                tap += width
        begin_patterns(places, kept, bounds, line, part)
        for event in range(active):
            pattern = row_patterns[event]
            if places[pattern] >= 0:
                events[line, part, places[pattern]] = rows[event]
                places[pattern] += 1
            else:
                for timestep in range(TIMESTEPS_AT_ONCE):
                    if (pattern >> timestep) & 1 != 0:
                        events[line, part, places[1 << timestep]] = rows[event]
                        places[1 << timestep] += 1


@inline
def begin_patterns(places, kept, bounds, line, part):
    """Turn the counts of the patterns into where each begins; -1 for those that are taken apart."""
    for pattern in range(3, PATTERNS):
        if pattern & (pattern - 1) != 0 and places[pattern] < kept:
            for timestep in range(TIMESTEPS_AT_ONCE):
                if (pattern >> timestep) & 1 != 0:
                    places[1 << timestep] += places[pattern]
            places[pattern] = -1
    total = 0
    for pattern in range(1, PATTERNS):
        bounds[line, part, pattern] = total
        if places[pattern] >= 0:
            count = places[pattern]
            places[pattern] = total
            total += count
    bounds[line, part, PATTERNS] = total
