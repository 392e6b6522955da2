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
def route(channels, patterns, counts, top, left, window, offsets, kept, scratch, events, bounds):
    """List the rows that one place gathers, sorted by the pattern of their trains.

    The plain kernel adds a row once for each spike. Here a row is added once for all timesteps at which its channel
    fires: rows of equal pattern are added up together, and their sum belongs to every timestep of the pattern.

    Parameters
    ----------
    channels, patterns, counts : ndarray
        Of one group and plane, as `list_trains` gives them.
    top, left, window : int
        The window of the place; what lies outside the image has no spikes.
    offsets : ndarray of uint32, shape (window * window * C,)
        Where the row of each tap and channel begins, a table made by repeated addition.
    kept : int
        Patterns of several timesteps with fewer rows than this are taken apart into single timesteps: a list of its
        own would cost more than it saves.
    scratch : tuple of ndarray
        Rows and patterns of the window, uint32 and uint8, and int64 of shape (16,).
    events : ndarray of uint32, shape (4 * window * window * C,)
        Filled: rows sorted by pattern.
    bounds : ndarray of int64, shape (17,)
        Filled: pattern p has events[bounds[p] : bounds[p + 1]].
    """
    rows, row_patterns, places = scratch
    for pattern in range(PATTERNS):
        places[pattern] = 0
    active, width = uint64(0), uint64(channels.shape[2] - 1)
    low, high = max(0, left), min(channels.shape[1], left + window)
    for i in range(max(0, -top), min(window, channels.shape[0] - top)):
        tap = uint64(i * window + low - left) * width
        for column in range(low, high):
            listed, found = channels[top + i, column], patterns[top + i, column]
            for event in range(uint64(counts[top + i, column])):
                pattern = found[event]
                rows[active] = offsets[tap + listed[event]]
                row_patterns[active] = pattern
                places[pattern] += 1
                active += uint64(1)
            tap += width
    for pattern in range(3, PATTERNS):
        if pattern & (pattern - 1) != 0 and places[pattern] < kept:
            for timestep in range(TIMESTEPS_AT_ONCE):
                if (pattern >> timestep) & 1 != 0:
                    places[1 << timestep] += places[pattern]
            places[pattern] = -1
    total = 0
    for pattern in range(1, PATTERNS):
        bounds[pattern] = total
        if places[pattern] >= 0:
            count = places[pattern]
            places[pattern] = total
            total += count
    bounds[PATTERNS] = total
    for event in range(active):
        pattern = row_patterns[event]
        place = places[pattern]
        if place >= 0:
            events[place] = rows[event]
            places[pattern] = place + 1
        else:
            for timestep in range(TIMESTEPS_AT_ONCE):
                if (pattern >> timestep) & 1 != 0:
                    place = places[1 << timestep]
                    events[place] = rows[event]
                    places[1 << timestep] = place + 1


@inline
def route_tile(trains, group, window, stride, padding, offsets, kept, scratch, lists, pixels, first, count):
    """List the rows of a tile of places: all planes, or both halves of the pixels."""
    channels, patterns, counts = trains
    events, bounds = lists
    columns = (channels.shape[3] + padding + padding - window) // stride + 1
    for place in range(count):
        top = (first + place) // columns * stride - padding
        left = (first + place) % columns * stride - padding
        for part in range(events.shape[1]):
            bits, plane = part if pixels else group, 0 if pixels else part
            route(
                channels[bits, plane], patterns[bits, plane], counts[bits, plane], top, left, window, offsets, kept,
                scratch, events[place, part], bounds[place, part],
            )  # fmt: skip
