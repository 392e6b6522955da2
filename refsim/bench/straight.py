"""Time against work: the straight line through one network at several firing rates."""

from typing import NamedTuple

import numpy as np

FEWEST_POINTS = 3
"""Through two points any line is straight."""

USUAL_RATE = 0.1
"""The firing rate at whose time the fixed part is told; the nearest that was measured."""

MEASURES = {"adds": "additions", "gathered": "weights gathered"}
"""What is counted as work: additions of the plain kernels, or weights that the fast engine itself adds."""


class Straight(NamedTuple):
    """A straight line of time through work.

    Attributes
    ----------
    network, subject : str
    measure : {"adds", "gathered"}
    r_squared : float
    fixed : float
        Seconds where the line begins, at no work.
    share : float
        Of that in the time at the usual firing rate.
    rate : float
        The firing rate nearest to the usual one.
    """

    network: str
    subject: str
    measure: str
    r_squared: float
    fixed: float
    share: float
    rate: float


def straight_lines(comparisons):
    """Return the line of every network, engine and measure that did three different amounts of work or more."""
    points = {}
    for comparison in comparisons:
        if comparison.kind == "network":
            for line in comparison.lines:
                for measure in MEASURES:
                    work = getattr(line, measure)
                    if line.times is not None and work is not None:
                        key = comparison.name, line.subject, measure
                        points.setdefault(key, []).append((comparison.wanted, work, line.times.median))
    return [
        Straight(*key, *fitted(found))
        for key, found in points.items()
        if len({work for _, work, _ in found}) >= FEWEST_POINTS
    ]


def fitted(points):
    """Return R^2, where the line begins, its share at the usual rate, and that rate.

    Parameters
    ----------
    points : list of (rate, work, seconds)

    Examples
    --------
    >>> [round(value, 6) for value in fitted([(0.05, 10, 3.0), (0.1, 20, 5.0), (0.2, 40, 9.0)])]
    [1.0, 1.0, 0.2, 0.1]
    """
    rates, work, seconds = np.array(points, float).T
    _, fixed = np.polyfit(work, seconds, 1)
    usual = int(np.abs(rates - USUAL_RATE).argmin())
    r_squared = float(np.corrcoef(work, seconds)[0, 1]) ** 2
    return r_squared, float(fixed), float(fixed / seconds[usual]), float(rates[usual])
