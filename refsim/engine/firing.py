"""Layers of exact binary neurons, and the step of one whose currents are kept."""

import math

import numpy as np

from refsim.audit.census import Counted
from refsim.audit.guard import guarded
from refsim.engine.chain import PlacewiseStep, counting
from refsim.engine.values import aligned
from refsim.kernels.fast.lif import fire_trains
from refsim.kernels.fast.trains import unpack_trains


class Neurons:
    """Exact binary neurons in the form of the fast kernels.

    Parameters
    ----------
    operators : sequence of LIF
        Alike but for their thresholds, side by side.
    timesteps : int
    width : int
        Channels with padding; a padded neuron never receives anything.
    """

    def __init__(self, operators, timesteps, width):
        first = operators[0]
        thresholds = np.concatenate([operator.thresholds for operator in operators]).astype(np.int64)
        # Of these tuples the length counts: it is known when a kernel is compiled.
        self.leak, self.timesteps = (0,) * first.leak_shift, (0,) * timesteps
        levels = [thresholds << first.level_shift(timestep) for timestep in range(timesteps)]
        self.levels = np.ones((timesteps, width), np.int32)
        self.levels[:, : len(thresholds)] = np.stack(levels)
        self.levels = guarded(self.levels, "levels")
        self.subtract = first.reset == "subtract"

    def arguments(self, fired):
        """Return what the kernels take, given scratch for the spikes of one place, int32 of shape (width,)."""
        return self.leak, self.timesteps, self.levels, self.subtract, fired

    def of_thread(self, values, part):
        """Return what the kernels take, for one thread."""
        form = self.levels.shape[1:]
        return self.arguments(values.scratch(("neurons", part, *form), lambda: aligned(form, np.int32, "neurons")))


class FireStep(PlacewiseStep):
    """A layer of neurons on currents that are kept timestep by timestep.

    Parameters
    ----------
    graph : Network or Fragment
    node : Node
    unpacked : bool
        Whether the currents are kept as planes, and have to be unpacked first.
    """

    def __init__(self, graph, node, unpacked):
        super().__init__(node)
        self.unpacked, self.shape = unpacked, graph.signals[node.name].shape
        self.firing = Neurons([node.operator], graph.timesteps, self.shape[-1])
        self.census = neuron_census(graph, node)
        self.places = math.prod(self.shape[:-1])
        self.cost = self.places * self.shape[-1]

    def prepare(self, values):
        (node,) = self.nodes
        if self.unpacked:
            timesteps = values.graph.timesteps
            self.currents = values.buffer((node.name, "currents"), np.int32, (timesteps, math.prod(self.shape)))
        else:
            currents = values.plain[node.inputs[0]]
            self.currents = currents.reshape(len(currents), -1)
        values.planes[node.name] = values.buffer(node.name, np.uint8, (1, *self.shape))

    def calls(self, values, part):
        (node,), calls, channels = self.nodes, [], self.shape[-1]
        if self.unpacked:
            planes, timesteps = values.planes[node.inputs[0]], len(self.currents)
            planes = planes.reshape(len(planes), -1)
            calls.append(unpack_trains.ranged(planes, timesteps, self.currents, of_each=channels))
        trains = values.trains(node.name).reshape(self.places, channels)
        calls.append(fire_trains.ranged(self.currents, self.firing.of_thread(values, part), trains))
        return [*calls, counting(values, node.name, part, trains)]

    def always(self):
        return {self.nodes[0].name: self.census}


def neuron_census(graph, node):
    """Return the census of a layer of neurons, which does not depend on what they do."""
    census = node.operator.census((), np.empty(graph.signals[node.name].shape, np.int8))
    return Counted(census.repeated(graph.timesteps))
