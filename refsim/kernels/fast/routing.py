"""Which rows of weights the window of a place gathers: the lists of its places, joined."""

from numba import uint64

from refsim.kernels.fast.listing import COPIED, whole
from refsim.kernels.kernel import tuned_inline


@tuned_inline
def route_window(lists, image, geometry, tap_rows, place, routes, line):
    """List the rows that the window of one place gathers, code by code, from the lists of its places.

    Parameters
    ----------
    lists : tuple of ndarray
        events, runs and bounds, as `list_trains` gives them for the places of an image, row after row; tokens are an
        image of one column.
    image : tuple of int
        Rows and columns.
    geometry : tuple of int
        Window, stride and padding; what lies outside the image has no spikes.
    tap_rows : ndarray of int64, shape (window * window,)
        The first row of weights of each tap, a table made by repeated addition.
    place : int
        y X' + x.
    routes : tuple
        rows, runs and bounds like those of `lists`, of as many lines as are routed at once, filled at a line; begins,
        int64, one for each code: scratch.
    line : int
    """
    (events, runs, bounds), ((rows, rows_runs, rows_bounds), begins) = lists, routes
    (height, width), (window, stride, padding) = image, geometry
    across = (width + padding + padding - window) // stride + 1
    top, left = place // across * stride - padding, place % across * stride - padding
    low, high, codes = max(0, left), min(width, left + window), runs.shape[2]
    for part in range(rows.shape[1]):
        for code in range(codes):
            begins[code] = 0
        for y in range(max(0, top), min(height, top + window)):
            for source in range(y * width + low, y * width + high):
                for run in range(runs[source, part, codes - 1]):
                    begins[runs[source, part, run]] += bounds[source, part, 1, run] - bounds[source, part, 0, run]
        room, found = 0, 0
        for code in range(1, codes):
            count = begins[code]
            if count != 0:
                rows_runs[line, part, found] = code
                rows_bounds[line, part, 0, found] = begins[code] = room
                rows_bounds[line, part, 1, found] = room + count
                room += count + COPIED
                found += 1
        rows_runs[line, part, codes - 1] = found
        for y in range(max(0, top), min(height, top + window)):
            for x in range(low, high):
                source, first_row = y * width + x, tap_rows[(y - top) * window + x - left]
                for run in range(runs[source, part, codes - 1]):
                    start = uint64(bounds[source, part, 0, run])
                    count = uint64(bounds[source, part, 1, run]) - start
                    begin = uint64(begins[runs[source, part, run]])
                    for event in range(whole(count)):
                        rows[line, part, begin + event] = first_row + events[source, part, start + event]
                    begins[runs[source, part, run]] = begin + count
