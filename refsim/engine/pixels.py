"""The first convolution, on pixels that are the same at every timestep: computed once."""

import math
from functools import partial

import numpy as np

from refsim.audit.census import Counted
from refsim.audit.guard import guarded, unguarded
from refsim.engine.chain import PlacewiseStep, counting
from refsim.engine.firing import Neurons, neuron_census
from refsim.engine.gathering import AffineCounter
from refsim.engine.packing import NOT_KNOWN, Packed, packed
from refsim.engine.values import aligned
from refsim.kernels.fast.pixels import MULTIPLES, gather_pixel_trains, gather_pixels

SAFE_MULTIPLES = 17
"""So many times 15 * -128 add up within int16."""

WIDE_SAFE_MULTIPLES = 1 << 12
"""So many times 15 * -32768 add up within 32 bits."""


class PackedPixels(Packed):
    """Weights of one affine map of pixels, block after block of outputs."""

    LANE_COUNTS, PAIRS, PADDED = (2, 3, 4), False, False

    def __init__(self, operators, reach=NOT_KNOWN, site="weights"):
        super().__init__(operators, reach, site)
        self.starts = guarded(np.arange(0, MULTIPLES * self.rows * self.width, self.width, dtype=np.uint32), site)
        fits = (MULTIPLES - 1) * reach <= np.iinfo(np.int16).max
        self.safe_rows = WIDE_SAFE_MULTIPLES if fits or self.is_wide else SAFE_MULTIPLES

    @property
    def arguments(self):
        geometry, _, *others, _ = super().arguments
        return geometry, self.starts, *others

    def scratch(self, image):
        """Return what one thread needs beside inputs and outputs, for images of a shape."""
        run_sums = self.partials()[1]
        multiples = aligned((MULTIPLES * self.rows * self.width,), run_sums.dtype, self.site)
        listed = aligned((2, self.rows), np.uint32, self.site)
        halves = aligned((2, image[0], image[1] * image[2]), np.uint32, self.site)
        return multiples, (listed, halves), (run_sums, aligned((1, self.width), np.int32, self.site))


class PixelsStep(PlacewiseStep):
    """One affine map of pixels, the same for all timesteps; the layer of neurons on it, or its sums, written.

    Parameters
    ----------
    graph : Network or Fragment
    node : Node
    neuron : Node or None
    """

    def __init__(self, graph, node, neuron):
        super().__init__(*filter(None, (node, neuron)))
        self.packed, self.shape = packed(graph, (node,), PackedPixels), graph.signals[node.name].shape
        self.places = math.prod(self.shape[:-1])
        self.cost = self.places * self.packed.outputs * self.packed.rows >> 3
        self.counter = AffineCounter(node.operator, graph.signals[node.inputs[0]].shape, self.shape, 1)
        if neuron is not None:
            self.firing = Neurons([neuron.operator], graph.timesteps, len(self.packed.bias))
            self.neuron_census = neuron_census(graph, neuron)

    def prepare(self, values):
        node, *neurons = self.nodes
        if neurons:
            values.planes[neurons[0].name] = values.buffer(neurons[0].name, np.uint8, (1, *self.shape))
        else:
            values.plain[node.name] = values.buffer(node.name, np.int32, (1, *self.shape))

    def calls(self, values, part):
        node, *neurons = self.nodes
        (image,) = values.plain[node.inputs[0]]
        scratch = values.scratch(("pixels", part, node.name), partial(self.packed.scratch, image.shape))
        arguments = image, *self.packed.arguments, *scratch
        if not neurons:
            return [gather_pixels.ranged(*arguments, values.plain[node.name].reshape(self.places, self.shape[-1]))]
        trains = values.trains(neurons[0].name).reshape(self.places, self.shape[-1])
        return [
            gather_pixel_trains.ranged(*arguments, self.firing.of_thread(values, part), trains),
            counting(values, neurons[0].name, part, trains),
        ]

    def always(self):
        return {neuron.name: self.neuron_census for neuron in self.nodes[1:]}

    def counted(self, values):
        node = self.nodes[0]
        count = partial(ones_gathered, self.counter, unguarded(values.plain[node.inputs[0]]).copy())
        return {node.name: Counted(*self.counter.costs, count)}


def ones_gathered(counter, pixels):
    """Count the set bits of pixels (1, Y, X, C) that windows hold."""
    return counter.events(np.bitwise_count(pixels).sum(axis=-1, dtype=np.int64).reshape(1, -1, 1))
