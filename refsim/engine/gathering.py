"""Steps that gather rows of weights: linear maps and convolutions, with neurons on them or without."""

import math
from functools import partial

import numpy as np

from refsim.audit.census import Census, Counted
from refsim.audit.guard import unguarded
from refsim.engine.chain import PlacewiseStep, counting
from refsim.engine.firing import Neurons, neuron_census
from refsim.engine.packing import packed
from refsim.kernels.fast.accumulate import gather_sums, gather_trains
from refsim.kernels.fast.listing import TIMESTEPS_AT_ONCE
from refsim.kernels.fast.trains import take_channels
from refsim.ops import Convolution
from refsim.ops.gathering import gathering_census
from refsim.ops.windows import window_coverage


class GatherStep(PlacewiseStep):
    """What steps with affine maps of the same trains share.

    Parameters
    ----------
    graph : Network or Fragment
    affine : tuple of Node
        Linear maps or convolutions of one site.
    others : tuple of Node
        What is computed on their sums.
    """

    def __init__(self, graph, affine, others=()):
        super().__init__(*(node for group in zip(affine, others) for node in group) if others else affine)
        self.graph, self.affine, self.site = graph, affine, affine[0].inputs[0]
        self.packed = packed(graph, affine)
        self.taps = len(self.packed.tap_rows)
        shape = graph.signals[self.site].shape
        self.image = shape if len(shape) == 3 else (shape[0], 1, shape[1])
        self.places = math.prod(graph.signals[affine[0].name].shape[:-1])
        self.cost = self.places * self.packed.outputs * self.packed.rows >> 5
        self.counters = {
            node.name: AffineCounter(node.operator, self.image, graph.signals[node.name].shape, graph.timesteps)
            for node in affine
        }

    def is_local(self, site):
        return self.packed.is_local

    def arguments(self, values, part, group=0):
        """Return what the kernels take of inputs, weights and scratch, for one thread and four timesteps."""
        packed, lists = self.packed, values.lists[self.site, self.taps]
        scratch = values.scratch(("gathering", part, packed.scratch_form(lists)), partial(packed.scratch, lists))
        return lists.of_group(group), self.image[:2], *packed.arguments, *scratch

    def prepare(self, values):
        self.ones = unguarded(values.lists[self.site, self.taps].ones)

    def gathered(self, values):
        """Count the weights that were added: the rows that places list, as often as windows hold them."""
        lists, counter = values.lists[self.site, self.taps], next(iter(self.counters.values()))
        return counter.events(unguarded(lists.counts).sum(axis=-1, dtype=np.int64)) * self.packed.outputs

    def counted(self, values):
        counter = next(iter(self.counters.values()))
        count = partial(counter.events, self.ones.copy())
        return {name: Counted(*counter.costs, count) for name, counter in self.counters.items()}


class AffineCounter:
    """What the plain kernels of an affine map do at all timesteps, given how many ones there are in its input.

    Parameters
    ----------
    operator : Linear or Convolution
    image : tuple of int
        Rows, columns and channels of the input; tokens are an image of one column.
    shape : tuple of int
        Of the output.
    timesteps : int
    """

    def __init__(self, operator, image, shape, timesteps):
        self.coverage, scanned = None, math.prod(image)
        if isinstance(operator, Convolution):
            self.coverage = down, along = tuple(
                window_coverage(length, operator.weights.shape[axis], operator.stride, operator.padding, fitting)
                for axis, (length, fitting) in enumerate(zip(image, shape[:2]))
            )
            scanned = int(down.sum()) * int(along.sum()) * image[2]
        places, outputs = math.prod(shape[:-1]), shape[-1]
        always = gathering_census(operator.planes, scanned, 0, places, outputs).repeated(timesteps)
        spike = gathering_census(0, 0, 1, 0, outputs)
        self.costs = always, spike if operator.planes == 0 else Census(adds=spike.adds)

    def events(self, ones):
        """Count how many set bits are gathered, each as often as windows hold it.

        Parameters
        ----------
        ones : ndarray of integers, shape (G, Y X, parts)
            Set bits of the input at each place, in parts that add up.
        """
        if self.coverage is None:
            return int(ones.sum())
        down, along = self.coverage
        return int(down @ ones.sum(axis=(0, 2)).reshape(len(down), len(along)) @ along)


class SumsStep(GatherStep):
    """One affine map, its sums written."""

    def __init__(self, graph, node):
        super().__init__(graph, (node,))

    def prepare(self, values):
        super().prepare(values)
        (node,), timesteps = self.affine, self.graph.timesteps
        values.plain[node.name] = values.buffer(node.name, np.int32, (timesteps, *self.graph.signals[node.name].shape))

    def calls(self, values, part):
        sums = values.plain[self.affine[0].name]
        out = sums.reshape(len(sums), self.places, sums.shape[-1])
        return [
            gather_sums.ranged(*self.arguments(values, part, group), out[start : start + TIMESTEPS_AT_ONCE])
            for group, start in enumerate(range(0, len(out), TIMESTEPS_AT_ONCE))
        ]


class TrainsStep(GatherStep):
    """Affine maps of one input with a layer of neurons on each; only trains are written."""

    def __init__(self, graph, affine, neurons):
        super().__init__(graph, affine, neurons)
        self.neurons = neurons
        self.neuron_census = {node.name: neuron_census(graph, node) for node in neurons}
        padded = len(self.packed.bias)
        self.firing = Neurons([node.operator for node in neurons], graph.timesteps, padded)

    def prepare(self, values):
        super().prepare(values)
        self.trains = values.buffer((self.neurons[0].name, "joined"), np.uint8, (self.places, self.packed.outputs))
        for node in self.neurons:
            shape = (1, *self.graph.signals[node.name].shape)
            alone = len(self.neurons) == 1
            values.planes[node.name] = (
                self.trains.reshape(shape) if alone else values.buffer(node.name, np.uint8, shape)
            )

    def calls(self, values, part):
        arguments = *self.arguments(values, part), self.firing.of_thread(values, part)
        calls, start = [gather_trains.ranged(*arguments, self.trains)], 0
        for node in self.neurons:
            outputs = self.graph.signals[node.name].shape[-1]
            layer = values.trains(node.name).reshape(self.places, outputs)
            if len(self.neurons) > 1:
                calls.append(take_channels.ranged(self.trains, start, layer))
            calls.append(counting(values, node.name, part, layer))
            start += outputs
        return calls

    def always(self):
        return self.neuron_census
