"""Which rows of weights a place gathers: the events of its window, sorted by the pattern of their trains."""

from numba import uint64

from refsim.kernels.kernel import inline

TIMESTEPS_AT_ONCE = 4
"""Trains are gathered four timesteps at a time, so that a channel's part of a train is one of sixteen patterns."""

PATTERNS = 16


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
def route_tile(planes, group, window, stride, padding, offsets, kept, scratch, lists, pixels, first, count):
    """List the rows of a tile of places: all planes, or both halves of the pixels."""
    channels, patterns, counts = scratch
    events, bounds = lists
    columns = (planes.shape[2] + padding + padding - window) // stride + 1
    for place in range(count):
        top = (first + place) // columns * stride - padding
        left = (first + place) % columns * stride - padding
        for part in range(events.shape[1]):
            plane, bits = planes[0 if pixels else part], part if pixels else group
            route(
                plane, bits, top, left, window, offsets, kept, channels, patterns, counts, events[place, part],
                bounds[place, part],
            )  # fmt: skip
