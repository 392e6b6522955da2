"""Which rows of weights a place gathers: the channels that fire, sorted by the pattern of their trains."""

from numba import uint64

from refsim.kernels.kernel import tuned_inline, tuned_kernel

TIMESTEPS_AT_ONCE = 4
"""Trains are gathered four timesteps at a time, so that a channel's part of a train is one of sixteen patterns."""

PATTERNS = 16

COPIED = 8
"""So many events are copied at once, past the end of a list too; the next list is written over the rest."""


@tuned_kernel
def list_trains(planes, fewest, first, last, scratch, events, bounds, ones):
    """List the channels that fire at each place, pattern by pattern, once for all windows that hold the place.

    The search has no branch: every channel is written, and the next one writes over it where it is silent.

    Parameters
    ----------
    planes : ndarray of uint8, shape (P, M, C)
        Trains of M places.
    fewest : int
        Patterns of several timesteps with fewer channels than this at a place are taken apart into single timesteps:
        a list costs about as much as a few rows, however short it is.
    first, last : int
        Places to list.
    scratch : tuple of ndarray
        found, uint16 of shape (C + 1,); begins, int64 of shape (16,).
    events : ndarray of uint16, shape (G, P, M, ...)
        Filled for each group of four timesteps: channels, sorted by pattern; with room for all.
    bounds : ndarray of uint16, shape (G, P, M, 17)
        Filled: the channels of a pattern are events[bounds[pattern] : bounds[pattern + 1]].
    ones : ndarray of int64, shape (G, P, M)
        Filled: spikes of all timesteps.

    Examples
    --------
    >>> import numpy as np
    >>> from refsim.engine.listing import listed
    >>> lists = listed(np.array([[[0, 5, 2, 0, 1]]], np.uint8), 1, 1)
    >>> lists.events[..., :4].ravel().tolist(), lists.bounds[..., 1:6].ravel().tolist()  # 5 is taken apart: 1 and 4
    ([1, 4, 2, 1], [0, 2, 3, 3, 4])
    >>> lists.ones.item()
    4
    """
    found, begins = scratch
    for group in range(events.shape[0]):
        for plane in range(planes.shape[0]):
            for place in range(first, last):
                count = uint64(0)
                for channel in range(uint64(planes.shape[2])):
                    found[count] = channel
                    count += uint64((planes[plane, place, channel] >> (group << 2)) & 15 != 0)
                for pattern in range(PATTERNS):
                    begins[pattern] = 0
                for event in range(count):
                    begins[(planes[plane, place, found[event]] >> (group << 2)) & 15] += 1
                ones[group, plane, place] = count_ones(begins)
                begin_patterns(begins, fewest, bounds, group, plane, place)
                for event in range(count):
                    pattern = (planes[plane, place, found[event]] >> (group << 2)) & 15
                    if begins[pattern] >= 0:
                        events[group, plane, place, begins[pattern]] = found[event]
                        begins[pattern] += 1
                    else:
                        for timestep in range(TIMESTEPS_AT_ONCE):
                            if (pattern >> timestep) & 1 != 0:
                                events[group, plane, place, begins[1 << timestep]] = found[event]
                                begins[1 << timestep] += 1


@tuned_inline
def count_ones(counts):
    """Count the spikes of channels, given how many have each pattern."""
    ones = 0
    for pattern in range(PATTERNS):
        for timestep in range(TIMESTEPS_AT_ONCE):
            if (pattern >> timestep) & 1 != 0:
                ones += counts[pattern]
    return ones


@tuned_inline
def begin_patterns(begins, fewest, bounds, group, plane, place):
    """Turn the counts of the patterns into where each begins; -1 for those that are taken apart."""
    for pattern in range(3, PATTERNS):
        if pattern & (pattern - 1) != 0 and begins[pattern] < fewest:
            for timestep in range(TIMESTEPS_AT_ONCE):
                if (pattern >> timestep) & 1 != 0:
                    begins[1 << timestep] += begins[pattern]
            begins[pattern] = -1
    total = 0
    for pattern in range(1, PATTERNS):
        bounds[group, plane, place, pattern] = total
        if begins[pattern] >= 0:
            count = begins[pattern]
            begins[pattern] = total
            total += count
    bounds[group, plane, place, PATTERNS] = total


@tuned_inline
def route_window(
    events, bounds, group, window, stride, padding, tap_rows, place, rows, row_bounds, line
):  # fmt: skip
    """List the rows that the window of one place gathers, pattern by pattern, from the lists of its places.

    Parameters
    ----------
    events : ndarray of uint16, shape (G, P, Y, X, ...)
    bounds : ndarray of uint16, shape (G, P, Y, X, 17)
        As `list_trains` gives them, as an image; tokens are an image of one column.
    group : int
    window, stride, padding : int
        What lies outside the image has no spikes.
    tap_rows : ndarray of int64, shape (window * window,)
        The first row of weights of each tap, a table made by repeated addition.
    place : int
        y X' + x.
    rows : ndarray of uint16, shape (lines, P, ...)
        Filled at a line.
    row_bounds : ndarray of int64, shape (lines, P, 17)
        Filled at a line, as `bounds`.
    line : int
    """
    height, width = events.shape[2], events.shape[3]
    across = (width + padding + padding - window) // stride + 1
    top, left = place // across * stride - padding, place % across * stride - padding
    low, high = max(0, left), min(width, left + window)
    for part in range(rows.shape[1]):
        total = uint64(0)
        for pattern in range(1, PATTERNS):
            row_bounds[line, part, pattern] = total
            for y in range(max(0, top), min(height, top + window)):
                for x in range(low, high):
                    first_row = tap_rows[(y - top) * window + x - left]
                    start = uint64(bounds[group, part, y, x, pattern])
                    count = uint64(bounds[group, part, y, x, pattern + 1]) - start
                    for copied in range(uint64(0), count, uint64(COPIED)):
                        for event in range(uint64(COPIED)):
                            rows[line, part, total + copied + event] = (
                                first_row + events[group, part, y, x, start + copied + event]
                            )
                    total += count
        row_bounds[line, part, PATTERNS] = total
