"""Which channels fire where: listed once for a site, for all maps that read it."""

from dataclasses import dataclass

import numpy as np

from refsim.audit.guard import unguarded
from refsim.engine.chain import PlacewiseStep
from refsim.kernels.fast.listing import CODES, COPIED, FEW, PATTERNS, TIMESTEPS_AT_ONCE, list_trains
from refsim.kernels.fast.words import WORD
from refsim.kernels.row import Row

FEWEST_ROWS = 8
"""Rows of a window from which on a code of several timesteps or planes has a list of its own."""


@dataclass(frozen=True, eq=False)
class Lists:
    """The channels that fire at each place, code by code, for each group of four timesteps.

    Attributes
    ----------
    events : ndarray of uint16, shape (G, M, parts, ...)
    runs : ndarray of uint8, shape (G, M, parts, 16) or (G, M, parts, 256)
    bounds : ndarray of uint32, shape (G, M, parts, 2, 16 or 256)
    counts : ndarray of uint16, shape (G, M, parts, 16 or 256)
    ones : ndarray of int64, shape (G, M, parts)
        As `list_trains` gives them.
    """

    events: np.ndarray
    runs: np.ndarray
    bounds: np.ndarray
    counts: np.ndarray
    ones: np.ndarray

    def of_group(self, group):
        """Return events, runs, bounds and counts of four timesteps, as the kernels that gather take them."""
        return self.events[group], self.runs[group], self.bounds[group], self.counts[group]


def planes_at_once(planes, taps):
    """Return how many planes a part has: two of tokens; windows join so many lists that those of pairs were short."""
    return 2 if taps == 1 and planes > 1 else 1


def most_events(channels, taps, at_once):
    """Return how many events a place lists at most in one part, and what is copied past the end.

    Eleven patterns of several timesteps have too few channels for a list; taken apart, each is up to four events.
    """
    taken_apart = 11 * (fewest_channels(taps) - 1)
    return at_once * (channels + 3 * min(channels, taken_apart)) + COPIED


def fewest_channels(taps, fewest=FEWEST_ROWS):
    """Return how many channels of a place are as many rows of a window."""
    return -(-fewest // taps)


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
    at_once = planes_at_once(planes, taps)
    parts, codes = (groups, places, -(-planes // at_once)), PATTERNS if at_once == 1 else CODES
    return Lists(
        make("events", np.uint16, (*parts, most_events(channels, taps, at_once))),
        make("runs", np.uint8, (*parts, codes)),
        make("bounds", np.uint32, (*parts, 2, codes)),
        make("counts", np.uint16, (*parts, codes)),
        make("ones", np.int64, parts),
    )


def list_scratch(channels, codes, make):
    """Return what one thread needs to list channels by so many codes."""
    room = channels + COPIED
    starts, stops = make("starts", np.int64, (codes,)), make("stops", np.int64, (codes,))
    unguarded(starts)[...] = np.arange(0, codes * room, room)
    return (
        make("codes", np.uint8, (-(-channels // WORD) * WORD,)),
        make("found", np.uint16, (codes * room,)),
        starts,
        stops,
        make("occupied", np.uint8, (max(codes, WORD),)),
    )


def listing(planes, taps, scratch, lists, fewest=FEWEST_ROWS):
    """Return the calls that list places of planes of trains (P, M, C), for windows of so many taps."""
    assert fewest <= FEW, "what is taken apart is copied at once"
    return [
        list_trains.ranged(
            planes, group, fewest_channels(taps, fewest), scratch, *lists.of_group(group), lists.ones[group]
        )
        for group in range(len(lists.events))
    ]


def listed(planes, taps, groups, fewest=FEWEST_ROWS):
    """Return the lists of planes of trains (P, M, C), in memory of their own."""

    def make(_, dtype, shape):
        return np.zeros(shape, dtype)

    lists = list_memory(planes.shape, taps, groups, make)
    scratch = list_scratch(planes.shape[2], lists.runs.shape[-1], make)
    row = Row(listing(planes, taps, scratch, lists, fewest))
    row.limit(0, planes.shape[1])
    row()
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
        groups = -(-self.graph.timesteps // TIMESTEPS_AT_ONCE)
        values.lists[self.site, self.taps] = list_memory(
            self.planes(values).shape, self.taps, groups, self.memory(values)
        )

    def calls(self, values, part):
        lists = values.lists[self.site, self.taps]
        scratch = list_scratch(self.channels, lists.runs.shape[-1], self.memory(values, part))
        return listing(self.planes(values), self.taps, scratch, lists)
