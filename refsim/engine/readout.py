"""Steps of the readout: sums over tokens, kept as planes of trains, and over time."""

from functools import partial

import numpy as np

from refsim.audit.census import Census, Counted
from refsim.audit.guard import guarded, unguarded
from refsim.engine.chain import PlacewiseStep
from refsim.engine.values import total
from refsim.kernels.fast.readout import join_planes, sum_timesteps, sum_trains
from refsim.kernels.fast.trains import count_trains


class TokenSumStep(PlacewiseStep):
    """The sum of each channel over all tokens of spikes or small integers.

    Parameters
    ----------
    graph : Network or Fragment
    node : Node
    """

    places = 1

    def __init__(self, graph, node):
        super().__init__(node)
        self.graph, self.shape = graph, graph.signals[node.inputs[0]].shape

    def is_local(self, site):
        return False

    def prepare(self, values):
        (node,), (tokens, channels), timesteps = self.nodes, self.shape, self.graph.timesteps
        planes = values.planes[node.inputs[0]]
        self.planes = planes.reshape(len(planes), tokens, channels)
        count = self.graph.signals[node.name].plane_count
        values.planes[node.name] = values.buffer(node.name, np.uint8, (count, 1, channels))
        self.bits = guarded((1 << np.arange(timesteps)).astype(np.uint8), node.name)
        self.joined = values.buffer((node.name, "joined"), np.uint8, (tokens * channels,))
        self.nonzero = values.buffer((node.name, "nonzero"), np.int64, (timesteps,))
        self.ones = values.buffer((node.name, "ones"), np.uint8, (channels,))
        self.sums = values.buffer((node.name, "sums"), np.int32, (timesteps, channels))

    def calls(self, values, part):
        (node,), size = self.nodes, self.joined.size
        totals = values.planes[node.name]
        return [
            join_planes.bound(self.planes.reshape(-1, size), self.joined),
            count_trains.bound(self.joined, 0, size, values.counting_lanes(part), self.nonzero),
            sum_trains.bound(self.planes, self.bits, self.ones, self.sums, totals.reshape(len(totals), -1)),
        ]

    def counted(self, values):
        (node,), (tokens, channels) = self.nodes, self.shape
        always = Census(compares=tokens * channels).repeated(self.graph.timesteps)
        count = partial(total, [unguarded(self.nonzero).copy()])
        return {node.name: Counted(always, Census(adds=1), count)}


class TimeSumStep(PlacewiseStep):
    """The running sum over timesteps of values that are kept timestep by timestep.

    Parameters
    ----------
    graph : Network or Fragment
    node : Node
    """

    places = 1

    def __init__(self, graph, node):
        super().__init__(node)
        self.shape = graph.timesteps, *graph.signals[node.name].shape
        self.census = Counted(Census(adds=int(np.prod(self.shape))))

    def prepare(self, values):
        (node,) = self.nodes
        self.values = values.plain[node.inputs[0]].reshape(self.shape[0], -1)
        values.plain[node.name] = values.buffer(node.name, np.int32, self.shape)

    def calls(self, values, part):
        totals = values.plain[self.nodes[0].name]
        return [sum_timesteps.bound(self.values, totals.reshape(len(totals), -1))]

    def always(self):
        return {self.nodes[0].name: self.census}
