"""What a site holds while a plan runs: trains, or values timestep by timestep."""

import numpy as np

from refsim.audit.guard import guarded
from refsim.kernels.fast.trains import unpack_trains

MOST_TIMESTEPS = 8
"""A train is a byte."""


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
        Values, shape (T, ...), or (1, ...) where all timesteps are equal.
    lists : dict of tuple by site
        The channels that fire at each place, for the kernels that gather.
    """

    def __init__(self, graph):
        self.graph, self.planes, self.plain, self.lists = graph, {}, {}, {}
        self.buffers, self.scratches = {}, {}

    def clear(self):
        """Forget the values of the run before; their memory is used again."""
        self.planes.clear()
        self.plain.clear()
        self.lists.clear()

    def buffer(self, name, dtype, shape):
        """Return guarded memory that is the same at every run, for a site or for a tuple that begins with one."""
        found = self.buffers.get(name)
        if found is None or found.shape != tuple(shape):
            site = name if isinstance(name, str) else name[0]
            found = self.buffers[name] = guarded(np.zeros(shape, dtype), site)
        return found

    def trains(self, site):
        """Return the trains of binary spikes, without the axis of planes."""
        return self.planes[site][0]

    def values(self, site):
        """Return the values of a site timestep by timestep, unpacked where it is kept as trains."""
        if site not in self.plain:
            signal, timesteps = self.graph.signals[site], self.graph.timesteps
            unpacked = self.buffer((site, "plain"), signal.dtype, (timesteps, *signal.shape))
            planes = self.planes[site].reshape(len(self.planes[site]), -1)
            unpack_trains(planes, timesteps, 0, planes.shape[1], unpacked.reshape(timesteps, -1))
            self.plain[site] = unpacked
        return self.plain[site]

    def at(self, site, timestep):
        """Return the values of a site at one timestep."""
        values = self.values(site)
        return values[min(timestep, len(values) - 1)]
