"""Which channels fire where: listed once for a site, for all maps that read it."""

from dataclasses import dataclass

import numpy as np

from refsim.engine.chain import PlacewiseStep
from refsim.kernels.fast.routing import COPIED, PATTERNS, list_trains

FEWEST_ROWS = 10
"""Rows of a window from which on a pattern of several timesteps has a list of its own."""


@dataclass(frozen=True, eq=False)
class Lists:
    """The channels that fire at each place, pattern by pattern.

    Attributes
    ----------
    events : ndarray of uint16, shape (G, P, M, ...)
    runs : ndarray of uint8, shape (G, P, M, 16)
    bounds : ndarray of uint16, shape (G, P, M, 16)
    ones : ndarray of int64, shape (G, P, M)
        As `list_trains` gives them.
    """

    events: np.ndarray
    runs: np.ndarray
    bounds: np.ndarray
    ones: np.ndarray

    def as_image(self, shape):
        """Return what the kernels that gather take, for rows and columns of places."""
        return tuple(
            array.reshape(*array.shape[:2], *shape, array.shape[3]) for array in (self.events, self.runs, self.bounds)
        )


def most_events(channels, taps):
    """Return how many events a place lists at most, and what is copied past the end.

    Eleven patterns of several timesteps have too few channels for a list; taken apart, each is up to four events.
    """
    taken_apart = 11 * (-(-FEWEST_ROWS // taps) - 1)
    return channels + 3 * min(channels, taken_apart) + COPIED


def list_memory(shape, taps, groups, make):
    """Return memory for the lists of planes of a shape (P, M, C), and none of its values.

    Parameters
    ----------
    shape : tuple of int
    taps : int
        Of the windows that they are for.
    groups : int
        How many times four timesteps.
    make : function
        From a name, a dtype and a shape to an array.
    """
    planes, places, channels = shape
    return Lists(
        make("events", np.uint16, (groups, planes, places, most_events(channels, taps))),
        make("runs", np.uint8, (groups, planes, places, PATTERNS)),
        make("bounds", np.uint16, (groups, planes, places, PATTERNS)),
        make("ones", np.int64, (groups, planes, places)),
    )


def list_scratch(channels, make):
    """Return what one thread needs to list."""
    shift = (channels + COPIED - 1).bit_length()
    return make("found", np.uint16, (PATTERNS << shift,)), make("counts", np.int64, (PATTERNS,)), shift


def listing(planes, taps, first, last, scratch, lists, fewest=FEWEST_ROWS):
    """Return the call that lists some places of planes of trains (P, M, C), for windows of so many taps."""
    assert fewest <= FEWEST_ROWS, "the room for events is for FEWEST_ROWS"
    results = lists.events, lists.runs, lists.bounds, lists.ones
    return list_trains.bound(planes, -(-fewest // taps), first, last, scratch, *results)


def listed(planes, taps, groups, fewest=FEWEST_ROWS):
    """Return the lists of planes of trains (P, M, C), in memory of their own."""

    def make(_, dtype, shape):
        return np.zeros(shape, dtype)

    lists = list_memory(planes.shape, taps, groups, make)
    listing(planes, taps, 0, planes.shape[1], list_scratch(planes.shape[2], make), lists, fewest)()
    return lists


class ListStep(PlacewiseStep):
    """The lists of one site, for windows of so many taps.

    Parameters
    ----------
    graph : Network or Fragment
    site : str
    taps : int
    """

    def __init__(self, graph, site, taps):
        super().__init__()
        self.graph, self.site, self.taps = graph, site, taps
        *places, self.channels = graph.signals[site].shape
        self.places = int(np.prod(places))
        self.cost = self.places * self.channels * max(1, graph.signals[site].plane_count)

    def inputs(self):
        return {self.site}

    def written(self):
        return {self.site}

    def memory(self, values, *owner):
        return lambda name, *form: values.buffer((self.site, self.taps, name, *owner), *form)

    def planes(self, values):
        planes = values.planes[self.site]
        return planes.reshape(len(planes), self.places, self.channels)

    def prepare(self, values):
        groups = 2 if self.graph.timesteps > 4 else 1
        values.lists[self.site, self.taps] = list_memory(
            self.planes(values).shape, self.taps, groups, self.memory(values)
        )

    def calls(self, values, part, first, last):
        scratch = list_scratch(self.channels, self.memory(values, part))
        return [listing(self.planes(values), self.taps, first, last, scratch, values.lists[self.site, self.taps])]
