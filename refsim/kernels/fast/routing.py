"""Which rows of weights the window of a place gathers: the lists of its places, joined."""

from numba import uint64

from refsim.kernels.fast.listing import COPIED, PATTERNS, whole
from refsim.kernels.kernel import tuned_inline


@tuned_inline
def route_window(lists, image, geometry, tap_rows, place, routes, line):
    """List the rows that the window of one place gathers, code by code, from the lists of its places.

    Counts say beforehand where the rows of each code begin: they are added up for sixteen codes at once, and runs are
    gone through once only.

    Parameters
    ----------
    lists : tuple of ndarray
        events, runs, bounds and counts, as `list_trains` gives them for the places of an image, row after row; tokens
        are an image of one column.
    image : tuple of int
        Rows and columns.
    geometry : tuple of int
        Window, stride and padding; what lies outside the image has no spikes.
    tap_rows : ndarray of int64, shape (window * window,)
        The first row of weights of each tap, a table made by repeated addition.
    place : int
        y X' + x.
    routes : tuple
        rows, runs and bounds like the first three of `lists`, of as many lines as are routed at once, filled at a
        line; begins, uint32, one for each code: scratch.
    line : int
    """
    (events, runs, bounds, counts), ((rows, rows_runs, rows_bounds), begins) = lists, routes
    (height, width), (window, stride, padding) = image, geometry
    across = (width + padding + padding - window) // stride + 1
    top, left = place // across * stride - padding, place % across * stride - padding
    low, high, above, below = max(0, left), min(width, left + window), max(0, top), min(height, top + window)
    codes = uint64(runs.shape[2])
    for part in range(uint64(rows.shape[1])):
        for code in range(codes):
            begins[code] = 0
        for y in range(above, below):
            for source in range(uint64(y * width + low), uint64(y * width + high)):
                for first in range(uint64(0), codes, uint64(PATTERNS)):
                    for code in range(first, first + uint64(PATTERNS)):
                        begins[code] += counts[source, part, code]
        room, found = uint64(0), uint64(0)
        for code in range(uint64(1), codes):
            count = uint64(begins[code])
            if count != uint64(0):
                rows_runs[line, part, found] = code
                rows_bounds[line, part, 0, found] = begins[code] = room
                rows_bounds[line, part, 1, found] = room + count
                room += count + uint64(COPIED)
                found += uint64(1)
        rows_runs[line, part, codes - uint64(1)] = found
        for y in range(above, below):
            tap = uint64((y - top) * window + low - left)
            for source in range(uint64(y * width + low), uint64(y * width + high)):
                first_row = tap_rows[tap]
                tap += uint64(1)
                for run in range(uint64(runs[source, part, codes - uint64(1)])):
                    start = uint64(bounds[source, part, 0, run])
                    count = uint64(bounds[source, part, 1, run]) - start
                    begin = uint64(begins[runs[source, part, run]])
                    for event in range(whole(count)):
                        rows[line, part, begin + event] = first_row + events[source, part, start + event]
                    begins[runs[source, part, run]] = begin + count
