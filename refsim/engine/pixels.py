"""The first convolution, on pixels that are the same at every timestep: computed once."""

import math

import numpy as np

from refsim.audit.guard import guarded
from refsim.engine.chain import PlacewiseStep
from refsim.engine.gathering import NOT_KNOWN, Packed, affine_census, packed
from refsim.engine.step import count_ones
from refsim.engine.values import aligned
from refsim.kernels.fast.pixels import MULTIPLES, gather_pixels

SAFE_MULTIPLES = 17
"""So many times 15 * -128 add up within int16."""

WIDE_SAFE_MULTIPLES = 1 << 12
"""So many times 15 * -32768 add up within 32 bits."""


class PackedPixels(Packed):
    """Weights of one affine map of pixels, block after block of outputs."""

    def __init__(self, operators, reach=NOT_KNOWN, site="weights"):
        super().__init__(operators, reach, site)
        self.table_rows = guarded(np.arange(0, MULTIPLES * self.rows, MULTIPLES, dtype=np.uint32), site)
        fits = (MULTIPLES - 1) * reach <= np.iinfo(np.int16).max
        self.safe_rows = WIDE_SAFE_MULTIPLES if fits or self.weights.dtype.itemsize > 1 else SAFE_MULTIPLES

    @property
    def arguments(self):
        geometry, _, *others = super().arguments
        return geometry, self.table_rows, *others

    def scratch(self, plane_count=0):
        """Return what one thread needs beside inputs and outputs: multiples, lookups and partial sums."""
        _, partials = super().scratch(plane_count)
        multiples = aligned((MULTIPLES * self.rows * self.width,), partials[0].dtype, self.site)
        return multiples, aligned((2, self.rows), np.uint32, self.site), partials


class PixelsStep(PlacewiseStep):
    """One affine map of pixels, its sums written, the same for all timesteps.

    Parameters
    ----------
    graph : Network or Fragment
    node : Node
    """

    def __init__(self, graph, node):
        super().__init__(node)
        self.packed, self.shape = packed(graph, (node,), PackedPixels), graph.signals[node.name].shape
        self.places = math.prod(self.shape[:-1])
        self.cost = self.places * self.packed.outputs * self.packed.rows >> 3

    def prepare(self, values):
        (node,) = self.nodes
        values.plain[node.name] = values.buffer(node.name, np.int32, (1, *self.shape))

    def work(self, values, part, first, last):
        (node,) = self.nodes
        (image,), sums = values.plain[node.inputs[0]], values.plain[node.name].reshape(self.places, self.shape[-1])
        scratch = values.scratch(("pixels", part, node.name), self.packed.scratch)
        gather_pixels(image, *self.packed.arguments, *scratch, first, last, sums)

    def finish(self, values):
        (node,) = self.nodes
        pixels = values.plain[node.inputs[0]]
        return {node.name: affine_census(node.operator, count_ones(pixels), pixels.shape[1:], self.shape, 1)}
