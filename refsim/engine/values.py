"""What a site holds while a plan runs: trains, or values timestep by timestep."""

import math
from functools import partial

import numpy as np

from refsim.audit.guard import guarded, unguarded
from refsim.kernels.fast.memory import LINE
from refsim.kernels.fast.trains import LANES, unpack_trains

MOST_TIMESTEPS = 8
"""A train is a byte."""


def aligned(shape, dtype, site):
    """Return guarded zeros that begin with a line of the cache: a row across two lines would be read twice."""
    size = math.prod(shape) * np.dtype(dtype).itemsize
    memory = np.zeros(size + LINE, np.uint8)
    start = -memory.ctypes.data % LINE
    return guarded(memory[start : start + size].view(dtype).reshape(shape), site)


def counting_lanes(timesteps):
    """Return what `count_trains` takes beside trains and counts."""
    bits, ones = (aligned((timesteps, LANES), np.uint8, "counting") for _ in range(2))
    unguarded(bits)[...] = 1 << np.arange(timesteps)[:, np.newaxis]
    return bits, ones


def total(counts):
    """Add up all numbers of some arrays."""
    return int(sum(array.sum() for array in counts))


def total_bits(trains):
    """Count the bits that are set in trains."""
    return int(np.bitwise_count(trains).sum(dtype=np.int64))


class Values:
    """The values of all sites of one run, each in the forms that steps need.

    Parameters
    ----------
    graph : Network or Fragment

    Attributes
    ----------
    planes : dict of ndarray by site
        Trains, uint8 of shape (P, ...): the integer at timestep t is the sum over planes p of bit t << p.
    plain : dict of ndarray by site
        Values, shape (T, ...), or (1, ...) where all timesteps are equal; not of sites that are kept as planes.
    unpacked : dict of ndarray by site
        The values of such sites, where a step asked for them.
    lists : dict of Lists by site and taps of a window
        The channels that fire at each place, for the kernels that gather.
    tallies : dict of ndarray by part, shape (layers of neurons, T)
        Spikes of each timestep, as the thread of that part counts them.
    tallied : dict of int by site
        Rows of the layers of neurons in a tally that are counted there.
    """

    def __init__(self, graph):
        self.graph, self.planes, self.plain, self.lists = graph, {}, {}, {}
        self.tallies, self.tallied = {}, {}
        self.buffers, self.scratches, self.unpacked = {}, {}, {}

    def clear(self):
        """Forget the values of the run before, not the memory that steps were prepared with."""
        self.unpacked.clear()
        for tally in self.tallies.values():
            tally.fill(0)

    def tally(self, site, part):
        """Return the memory for the spikes of each timestep that one thread counts, 0 at the beginning of a run."""
        if part not in self.tallies:
            self.tallies[part] = np.zeros((len(self.graph.nodes), self.graph.timesteps), np.int64)
        return self.tallies[part][self.tallied.setdefault(site, len(self.tallied))]

    def spike_counts(self):
        """Return the spikes of each timestep by site, of all sites that were tallied."""
        counts = sum(self.tallies.values())
        return {site: counts[row] for site, row in self.tallied.items()}

    def spikes(self, site):
        """Return a function that counts the spikes that trains hold now, all timesteps."""
        if site in self.tallied:
            return partial(total, [tally[self.tallied[site]].copy() for tally in self.tallies.values()])
        return partial(total_bits, unguarded(self.trains(site)).copy())

    def counting_lanes(self, part):
        """Return the table and the scratch of one thread that counts spikes."""
        return self.scratch(("counting", part), lambda: counting_lanes(self.graph.timesteps))

    def buffer(self, name, dtype, shape):
        """Return guarded memory that is the same at every run, for a site or for a tuple that begins with one."""
        found = self.buffers.get(name)
        if found is None or found.shape != tuple(shape):
            site = name if isinstance(name, str) else name[0]
            found = self.buffers[name] = aligned(shape, dtype, site)
        return found

    def scratch(self, key, make):
        """Return memory of one thread that is the same at every run, made at the first."""
        if key not in self.scratches:
            self.scratches[key] = make()
        return self.scratches[key]

    def trains(self, site):
        """Return the trains of binary spikes, without the axis of planes."""
        return self.planes[site][0]

    def values(self, site):
        """Return the values of a site timestep by timestep, unpacked where it is kept as trains."""
        if site in self.plain:
            return self.plain[site]
        if site not in self.unpacked:
            signal, timesteps = self.graph.signals[site], self.graph.timesteps
            unpacked = self.buffer((site, "plain"), signal.dtype, (timesteps, *signal.shape))
            planes = self.planes[site].reshape(len(self.planes[site]), -1)
            unpack_trains(planes, timesteps, 0, planes.shape[1], unpacked.reshape(timesteps, -1))
            self.unpacked[site] = unpacked
        return self.unpacked[site]

    def at(self, site, timestep):
        """Return the values of a site at one timestep."""
        values = self.values(site)
        return values[min(timestep, len(values) - 1)]
