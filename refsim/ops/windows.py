"""Windows that slide along an axis."""

import numpy as np

from refsim.errors import NetworkError


def windows_along(site, length, window, stride, padding):
    """Return how many windows fit along an axis.

    Examples
    --------
    >>> windows_along("stem.pool0", 28, 3, 2, 1)
    14
    """
    count = (length + 2 * padding - window) // stride + 1
    if count < 1:
        raise NetworkError(f"{site}: a window of {window} does not fit {length} places with a padding of {padding}")
    return count


def window_coverage(length, window, stride, padding, count):
    """Return, for each place along an axis, how many of the `count` windows hold it, as int64."""
    coverage = np.zeros(length, np.int64)
    for start in range(-padding, -padding + count * stride, stride):
        coverage[max(0, start) : max(0, start + window)] += 1
    return coverage
