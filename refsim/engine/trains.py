"""Steps on spike trains: pooling, places, masks, residuals of spikes."""

import math

import numpy as np

from refsim.audit.census import Counted
from refsim.engine.chain import PlacewiseStep
from refsim.kernels.fast.trains import add_planes, mask_trains, pool_trains


class TrainStep(PlacewiseStep):
    """One operator on trains; its census is that of its plain form, which does not depend on the values."""

    def __init__(self, graph, node):
        super().__init__(node)
        self.graph, self.operator = graph, node.operator
        self.shape = graph.signals[node.name].shape
        self.places = math.prod(self.shape[:-1])
        self.cost = self.places * self.shape[-1]
        inputs = [np.empty(signal.shape, np.int8) for signal in graph.input_signals(node)]
        census = self.operator.census(inputs, np.empty(self.shape, np.int8))
        self.census = Counted(census.repeated(graph.timesteps))

    def prepare(self, values):
        (node,) = self.nodes
        values.planes[node.name] = values.buffer(node.name, np.uint8, (1, *self.shape))

    def always(self):
        return {self.nodes[0].name: self.census}


class ReshapeStep(TrainStep):
    """Tokens from places, or places from tokens: the same trains."""

    cost = 0

    def prepare(self, values):
        (node,) = self.nodes
        planes = values.planes[node.inputs[0]]
        values.planes[node.name] = planes.reshape(len(planes), *self.shape)


class PoolStep(TrainStep):
    """Max pooling of spikes."""

    def is_local(self, site):
        return False

    def calls(self, values, part):
        (node,), operator = self.nodes, self.operator
        geometry = operator.window, operator.stride, operator.padding
        return [pool_trains.ranged(values.trains(node.inputs[0]), *geometry, values.trains(node.name))]


class MaskStep(TrainStep):
    """A mask of spikes."""

    def is_local(self, site):
        return self.graph.signals[site].shape == self.shape

    def calls(self, values, part):
        (node,) = self.nodes
        return [mask_trains.ranged(*map(values.trains, node.inputs), values.trains(node.name))]


class AddStep(TrainStep):
    """The residual of spikes and small integers of step 1."""

    def prepare(self, values):
        (node,) = self.nodes
        count = self.graph.signals[node.name].plane_count
        values.planes[node.name] = values.buffer(node.name, np.uint8, (count, *self.shape))
        self.carry = values.buffer((node.name, "carry"), np.uint8, (math.prod(self.shape),))

    def calls(self, values, part):
        (node,), channels = self.nodes, self.shape[-1]
        one, other, total = (
            values.planes[site].reshape(len(values.planes[site]), -1) for site in (*node.inputs, node.name)
        )
        return [add_planes.ranged(one, other, self.carry, total, of_each=channels)]
