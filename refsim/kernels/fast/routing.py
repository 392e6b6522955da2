"""Which rows of weights a place gathers: the channels that fire, sorted by the pattern of their trains."""

from numba import uint64

from refsim.kernels.kernel import trailing_zeros, tuned_inline, tuned_kernel

TIMESTEPS_AT_ONCE = 4
"""Trains are gathered four timesteps at a time, so that a channel's part of a train is one of sixteen patterns."""

PATTERNS, LAST = 16, 15

COPIED = 8
"""So many events are copied at once, past the end of a list too: between lists there is room."""


WORD = 64
"""Bits of a word, each a channel."""


@tuned_kernel
def list_trains(planes, fewest, first, last, scratch, events, runs, bounds, ones):
    """List the channels that fire at each place, pattern by pattern, once for all windows that hold the place.

    Parameters
    ----------
    planes : ndarray of uint8, shape (P, M, C)
        Trains of M places.
    fewest : int
        Patterns of several timesteps with fewer channels than this at a place are taken apart into single timesteps:
        a list costs about as much as a few rows, however short it is.
    first, last : int
        Places to list.
    scratch : tuple
        found, uint16 of shape (16 << shift,), where the channels of pattern p begin at p << shift; counts, int64 of
        shape (16,); the shift, enough for C channels and 8 more.
    events : ndarray of uint16, shape (G, P, M, ...)
        Filled for each group of four timesteps: channels, sorted by pattern; with room for all.
    runs : ndarray of uint8, shape (G, P, M, 16)
        Filled: the patterns that occur; the last entry is how many.
    bounds : ndarray of uint16, shape (G, P, M, 16)
        Filled: the channels of pattern runs[run] are events[bounds[run] : bounds[run + 1]].
    ones : ndarray of int64, shape (G, P, M)
        Filled: spikes of all timesteps.

    Examples
    --------
    >>> import numpy as np
    >>> from refsim.engine.listing import listed
    >>> lists = listed(np.array([[[0, 5, 2, 0, 1]]], np.uint8), 1, 1)
    >>> lists.events[..., :4].ravel().tolist(), lists.ones.item()  # 5 is taken apart: 1 and 4
    ([4, 1, 2, 1], 4)
    >>> lists.runs[..., :3].ravel().tolist(), lists.runs[..., 15].item(), lists.bounds[..., :4].ravel().tolist()
    ([1, 2, 4], 3, [0, 2, 3, 4])
    """
    channels = uint64(planes.shape[2])
    whole = channels & ~uint64(WORD - 1)
    for group in range(events.shape[0]):
        for plane in range(planes.shape[0]):
            for place in range(first, last):
                for pattern in range(PATTERNS):
                    scratch[1][pattern] = 0
                for start in range(uint64(0), whole, uint64(WORD)):
                    sort_channels(planes, group, plane, place, start, WORD, scratch)
                if whole < channels:
                    sort_channels(planes, group, plane, place, whole, channels - whole, scratch)
                ones[group, plane, place] = count_ones(scratch[1])
                take_apart(fewest, scratch)
                write_runs(group, plane, place, scratch, events, runs, bounds)


@tuned_inline
def sort_channels(planes, group, plane, place, start, count, scratch):
    """Find which of at most 64 channels fire, without a branch, and note those that do with their pattern."""
    (found, counts, shift), group_shift, word = scratch, uint64(group << 2), uint64(0)
    for channel in range(uint64(count)):
        word |= uint64((planes[plane, place, start + channel] >> group_shift) & 15 != 0) << channel
    while word != uint64(0):
        channel = start + uint64(trailing_zeros(word))
        pattern = uint64((planes[plane, place, channel] >> group_shift) & 15)
        found[(pattern << uint64(shift)) + uint64(counts[pattern])] = channel
        counts[pattern] += 1
        word &= word - uint64(1)


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
def take_apart(fewest, scratch):
    """Note the channels of rare patterns with the single timesteps of those patterns instead."""
    found, counts, shift = scratch
    for pattern in range(3, PATTERNS):
        if pattern & (pattern - 1) != 0 and counts[pattern] < fewest:
            for event in range(uint64(counts[pattern])):
                channel = found[(uint64(pattern) << uint64(shift)) + event]
                for timestep in range(TIMESTEPS_AT_ONCE):
                    if (pattern >> timestep) & 1 != 0:
                        single = 1 << timestep
                        found[(uint64(single) << uint64(shift)) + uint64(counts[single])] = channel
                        counts[single] += 1
            counts[pattern] = 0


@tuned_inline
def write_runs(group, plane, place, scratch, events, runs, bounds):
    """Write the channels of one pattern after those of the other."""
    (found, counts, shift), total, run = scratch, uint64(0), 0
    for pattern in range(1, PATTERNS):
        if counts[pattern] > 0:
            runs[group, plane, place, run] = pattern
            bounds[group, plane, place, run] = total
            line = uint64(pattern) << uint64(shift)
            for copied in range(uint64(0), uint64(counts[pattern]), uint64(COPIED)):
                for event in range(uint64(COPIED)):
                    events[group, plane, place, total + copied + event] = found[line + copied + event]
            total += uint64(counts[pattern])
            run += 1
    runs[group, plane, place, LAST] = run
    bounds[group, plane, place, run] = total


@tuned_inline
def route_window(
    trains, group, window, stride, padding, tap_rows, place, lists, line
):  # fmt: skip
    """List the rows that the window of one place gathers, pattern by pattern, from the lists of its places.

    Parameters
    ----------
    trains : tuple of ndarray
        events, runs, bounds, as `list_trains` gives them, as an image: shape (G, P, Y, X, ...); tokens are an image of
        one column.
    group : int
    window, stride, padding : int
        What lies outside the image has no spikes.
    tap_rows : ndarray of int64, shape (window * window,)
        The first row of weights of each tap, a table made by repeated addition.
    place : int
        y X' + x.
    lists : tuple of ndarray
        rows, uint16 of shape (lines, P, ...), and ranges, int64 of shape (lines, P, 2, 16), filled at a line: the rows
        of a pattern are rows[ranges[0, pattern] : ranges[1, pattern]], all together ranges[0, 0]. begins, int64 of
        shape (16,): scratch.
    line : int
    """
    (events, runs, bounds), (rows, ranges, begins) = trains, lists
    height, width = events.shape[2], events.shape[3]
    across = (width + padding + padding - window) // stride + 1
    top, left = place // across * stride - padding, place % across * stride - padding
    low, high = max(0, left), min(width, left + window)
    for part in range(rows.shape[1]):
        for pattern in range(PATTERNS):
            begins[pattern] = 0
        for y in range(max(0, top), min(height, top + window)):
            for x in range(low, high):
                for run in range(runs[group, part, y, x, LAST]):
                    begins[runs[group, part, y, x, run]] += (
                        bounds[group, part, y, x, run + 1] - bounds[group, part, y, x, run]
                    )
        total, room = 0, 0
        for pattern in range(1, PATTERNS):
            count = begins[pattern]
            begins[pattern] = ranges[line, part, 0, pattern] = room
            ranges[line, part, 1, pattern] = room + count
            total += count
            room += count + COPIED
        ranges[line, part, 0, 0] = total
        for y in range(max(0, top), min(height, top + window)):
            for x in range(low, high):
                first_row = tap_rows[(y - top) * window + x - left]
                for run in range(runs[group, part, y, x, LAST]):
                    start = uint64(bounds[group, part, y, x, run])
                    count = uint64(bounds[group, part, y, x, run + 1]) - start
                    place_of_rows = uint64(begins[runs[group, part, y, x, run]])
                    for copied in range(uint64(0), count, uint64(COPIED)):
                        for event in range(uint64(COPIED)):
                            rows[line, part, place_of_rows + copied + event] = (
                                first_row + events[group, part, y, x, start + copied + event]
                            )
                    begins[runs[group, part, y, x, run]] = place_of_rows + count
