"""Which channels fire at a place, sorted by the timesteps at which they do."""

from numba import int64, uint64

from refsim.kernels.fast.words import WORD, firing
from refsim.kernels.kernel import trailing_zeros, tuned_inline, tuned_kernel

TIMESTEPS_AT_ONCE = 4
"""Trains are gathered four timesteps at a time, so that a channel's part of a train is one of sixteen patterns."""

PATTERNS, LAST_PATTERN = 16, 15

CODES = 256
"""Patterns of a channel in two planes: that of the more significant one stands above the other."""

COPIED = 16
"""So many events are copied at once, past the end of a list too: between lists there is room."""

FEW = 8
"""So many channels at most are taken apart at once."""


@tuned_kernel
def list_trains(planes, group, fewest, first, last, scratch, events, runs, bounds, counts, ones):
    """List the channels that fire at each place, pattern by pattern, once for all maps that read the site.

    Parameters
    ----------
    planes : ndarray of uint8, shape (P, M, C)
        Trains of M places.
    group : int
        0 for the first four timesteps, 1 for the others.
    fewest : int
        Codes with fewer channels than this at a place are taken apart, into the patterns of both planes and these into
        single timesteps: a list costs about as much as a few rows, however short it is. At most 8.
    first, last : int
        Places to list.
    scratch : tuple of ndarray
        codes, uint8 of shape (C or more,), zeros in whole words of 64; found, uint16, with room for C channels and 16
        of every code; starts, int64 of shape (16,) or (256,), where in `found` the channels of a code begin; stops,
        alike; occupied, uint8, one for each code, 64 at the least.
    events : ndarray of uint16, shape (M, parts, ...)
        Filled: channels, sorted by code; with room for all.
    runs : ndarray of uint8, shape (M, parts, 16) or (M, parts, 256)
        Filled: the codes that occur; the last entry is how many. Of 16, a part is a plane, and a code the pattern of a
        channel: bit t is its spike at timestep t. Of 256, a part is two planes, and bits 4 to 7 are those of the more
        significant one.
    bounds : ndarray of uint32, shape (M, parts, 2, 16 or 256)
        Filled: the channels of code runs[run] are events[bounds[0, run] : bounds[1, run]].
    counts : ndarray of uint16, shape (M, parts, 16 or 256)
        Filled: how many channels each code has.
    ones : ndarray of int64, shape (M, parts)
        Filled: spikes of all timesteps and planes.

    Examples
    --------
    >>> import numpy as np
    >>> from refsim.engine.listing import listed
    >>> lists = listed(np.array([[[0, 5, 2, 0, 1]]], np.uint8), 1, 1)
    >>> lists.events[..., :4].ravel().tolist(), lists.ones.item()  # 5 is taken apart: 1 and 4
    ([4, 1, 2, 1], 4)
    >>> lists.runs[..., :3].ravel().tolist(), lists.runs[..., 15].item(), lists.bounds[..., :3].ravel().tolist()
    ([1, 2, 4], 3, [0, 2, 3, 2, 3, 4])
    >>> lists.counts[..., :5].ravel().tolist()
    [0, 2, 1, 0, 1]
    """
    at_once = 1 if runs.shape[2] == PATTERNS else 2
    for place in range(first, last):
        for part in range(runs.shape[1]):
            low = part << (at_once - 1)
            paired = at_once == 2 and low + 1 < planes.shape[0]
            encode(planes, group, low, place, paired, scratch[0])
            sort_channels(CODES if paired else PATTERNS, scratch)
            if paired:
                take_planes_apart(fewest, scratch)
                take_timesteps_apart(fewest, 4, scratch)
            take_timesteps_apart(fewest, 0, scratch)
            mark_occupied(CODES if paired else PATTERNS, scratch)
            count_channels(place, part, CODES if paired else PATTERNS, scratch, counts)
            ones[place, part] = write_runs(place, part, CODES if paired else PATTERNS, scratch, events, runs, bounds)


@tuned_inline
def whole(count):
    """Return how many events are copied for a list of so many; LLVM sees that no remainder is left of its vectors."""
    return (count + uint64(COPIED - 1)) & ~uint64(COPIED - 1)


@tuned_inline
def pattern_of(train, group):
    """Return four timesteps of a train; by constants, so that bytes need not be widened to be shifted."""
    return train >> uint64(TIMESTEPS_AT_ONCE) if group else train & uint64(LAST_PATTERN)


@tuned_inline
def encode(planes, group, low, place, paired, codes):
    """Write the code of every channel."""
    for channel in range(uint64(planes.shape[2])):
        codes[channel] = pattern_of(planes[low, place, channel], group)
    if paired:
        for channel in range(uint64(planes.shape[2])):
            codes[channel] |= pattern_of(planes[low + 1, place, channel], group) << TIMESTEPS_AT_ONCE


@tuned_inline
def sort_channels(code_count, scratch):
    """Find the channels that fire, without a branch on any of them, and note each with others of its code."""
    codes, found, starts, stops, _ = scratch
    for code in range(code_count):
        stops[code] = starts[code]
    for start in range(uint64(0), uint64(codes.shape[0]), uint64(WORD)):
        word = firing(codes, start)
        while word != uint64(0):
            channel = start + uint64(trailing_zeros(word))
            code = uint64(codes[channel])
            found[uint64(stops[code])] = channel
            stops[code] += 1
            word &= word - uint64(1)


@tuned_inline
def move(code, to_code, scratch):
    """Note the channels of a rare code, at most 8, with another code too."""
    _, found, starts, stops, _ = scratch
    start, stop = uint64(starts[code]), uint64(stops[to_code])
    for event in range(uint64(FEW)):
        found[stop + event] = found[start + event]
    stops[to_code] += stops[code] - starts[code]


@tuned_inline
def mark_occupied(code_count, scratch):
    """Mark the codes that have channels: most have none, and 64 are looked at as a word."""
    _, _, starts, stops, occupied = scratch
    for code in range(uint64(code_count)):
        occupied[code] = stops[code] != starts[code]
    for code in range(uint64(code_count), uint64(WORD)):
        occupied[code] = 0


@tuned_inline
def take_planes_apart(fewest, scratch):
    """Note the channels of rare codes with the patterns of both planes instead."""
    _, _, starts, stops, occupied = scratch
    mark_occupied(CODES, scratch)
    for first in range(uint64(0), uint64(CODES), uint64(WORD)):
        word = firing(occupied, first)
        while word != uint64(0):
            code = first + uint64(trailing_zeros(word))
            word &= word - uint64(1)
            lower = code & uint64(LAST_PATTERN)
            if lower != uint64(0) and lower != code and stops[code] - starts[code] < fewest:
                move(code, lower, scratch)
                move(code, code - lower, scratch)
                stops[code] = starts[code]


@tuned_inline
def take_timesteps_apart(fewest, bit, scratch):
    """Note the channels of rare patterns of the plane whose bits begin there with single timesteps instead."""
    _, _, starts, stops, _ = scratch
    for pattern in range(3, PATTERNS):
        code = pattern << bit
        if pattern & (pattern - 1) != 0 and stops[code] != starts[code] and stops[code] - starts[code] < fewest:
            for timestep in range(TIMESTEPS_AT_ONCE):
                if (pattern >> timestep) & 1 != 0:
                    move(code, 1 << (timestep + bit), scratch)
            stops[code] = starts[code]


@tuned_inline
def count_channels(place, part, code_count, scratch, counts):
    """Write how many channels each code has."""
    _, _, starts, stops, _ = scratch
    for code in range(uint64(code_count)):
        counts[place, part, code] = stops[code] - starts[code]


@tuned_inline
def write_runs(place, part, code_count, scratch, events, runs, bounds):
    """Write the channels of one code after those of the other, and return how many spikes they are."""
    (_, found, starts, stops, occupied), total, run, ones = scratch, uint64(0), uint64(0), 0
    for first in range(uint64(0), uint64(code_count), uint64(WORD)):
        word = firing(occupied, first)
        while word != uint64(0):
            code = first + uint64(trailing_zeros(word))
            word &= word - uint64(1)
            start, bits, count = uint64(starts[code]), code, uint64(stops[code] - starts[code])
            for event in range(whole(count)):
                events[place, part, total + event] = found[start + event]
            while bits != uint64(0):
                ones += int64(count)
                bits &= bits - uint64(1)
            runs[place, part, run] = code
            bounds[place, part, 0, run] = total
            total += count
            bounds[place, part, 1, run] = total
            run += uint64(1)
    runs[place, part, runs.shape[2] - 1] = run
    return ones
