"""Steps that gather rows of weights: linear maps and convolutions, with neurons on them or without."""

import numpy as np

from refsim.audit.census import Census
from refsim.audit.guard import guarded
from refsim.engine.step import Step, count_ones
from refsim.kernels.fast.accumulate import SAFE_ROWS, gather_sums, gather_trains
from refsim.kernels.fast.lif import fire_trains
from refsim.kernels.fast.routing import list_trains
from refsim.ops import Convolution
from refsim.ops.gathering import gathering_census
from refsim.ops.windows import window_coverage

WIDEST_BLOCK = 256
"""Outputs of a block of weights: so many partial sums fill the first cache by half."""

LARGEST_BLOCK = 1 << 19
"""Bytes of a block of weights: it has to stay in the second cache while a tile of places uses it."""

TILE = 128
"""Places whose rows are listed before a block is gathered for all of them: so often its weights come from the cache."""

ROWS_OF_A_VALUE = 32
"""About so many rows to gather cost as much as one value to write."""

KEPT_ROWS = 4
"""Rows from which on a pattern of several timesteps has a list of its own."""

WIDE_SAFE_ROWS = 1 << 15
"""Rows of 16-bit weights that add up within 32 bits."""


class Packed:
    """The weights of one or more affine maps of the same input, side by side, block after block of outputs.

    Parameters
    ----------
    operators : sequence of Linear or Convolution
        Of the same window, stride and padding.
    site : str
        Named by the guard on the weights.
    """

    def __init__(self, operators, site="weights"):
        self.site = site
        first = operators[0]
        is_image = isinstance(first, Convolution)
        self.window = first.weights.shape[0] if is_image else 1
        self.stride, self.padding = (first.stride, first.padding) if is_image else (1, 0)
        rows = [operator.weights.reshape(-1, operator.weights.shape[-1]) for operator in operators]
        self.outputs = sum(part.shape[1] for part in rows)
        self.width = block_width(len(rows[0]), self.outputs)
        blocks = -(-self.outputs // self.width)
        padded = blocks * self.width
        self.weights = np.zeros((blocks, len(rows[0]), self.width), rows[0].dtype)
        joined = np.concatenate(rows, axis=1)
        for block in range(blocks):
            part = joined[:, block * self.width : (block + 1) * self.width]
            self.weights[block, :, : part.shape[1]] = part
        self.weights = guarded(self.weights.reshape(-1), site)
        bias = np.zeros(padded, np.int32)
        bias[: self.outputs] = np.concatenate([operator.bias for operator in operators])
        self.bias = guarded(bias, site)
        self.offsets = np.arange(0, len(rows[0]) * self.width, self.width, dtype=np.uint32)

    def scratch(self, plane_count):
        """Return what one thread needs beside inputs and outputs."""
        rows, width = len(self.offsets), self.width
        wide = self.weights.dtype.itemsize > 1
        partial = np.int32 if wide else np.int16
        routing = (np.zeros(rows, np.uint32), np.zeros(rows, np.uint8), np.zeros(16, np.int64))
        lists = (np.zeros((TILE, plane_count, 4 * rows), np.uint32), np.zeros((TILE, plane_count, 17), np.int64))
        sums = (
            np.zeros((5, width), partial),
            np.zeros(4, np.int64),
            np.zeros((5, width), np.int32),
        )
        neurons = (np.zeros(width, np.int32), np.zeros(width, np.int32))
        groups = (routing, lists, sums, neurons)
        return tuple(tuple(guarded(array, self.site) for array in group) for group in groups)

    @property
    def safe_rows(self):
        return SAFE_ROWS if self.weights.dtype.itemsize == 1 else WIDE_SAFE_ROWS


def block_width(rows, outputs):
    """Return how many outputs a block has: a multiple of 32, equal for all blocks."""
    widest = min(WIDEST_BLOCK, max(32, LARGEST_BLOCK // rows // 32 * 32))
    blocks = -(-outputs // widest)
    return -(-outputs // (32 * blocks)) * 32


def packed(graph, affine):
    """Return the packed weights of some nodes, which all plans of a network share."""
    key = tuple(node.name for node in affine)
    known = vars(graph).setdefault("packed", {})
    if key not in known:
        known[key] = Packed([node.operator for node in affine], affine[0].name)
    return known[key]


def list_buffers(shape, groups, make):
    """Return memory for `list_trains` on planes of a shape."""
    *places, channels = shape
    return (
        make("channels", np.uint16, (groups, *places, channels + 1)),
        make("patterns", np.uint8, (groups, *places, channels + 1)),
        make("counts", np.int64, (groups, *places)),
    )


def listed(planes, groups):
    """Return the channels that fire at each place, in memory of their own."""
    buffers = list_buffers(planes.shape, groups, lambda _, dtype, shape: np.zeros(shape, dtype))
    list_trains(planes, 0, planes.shape[1], *buffers)
    return buffers


class GatherStep(Step):
    """What steps with affine maps of the same input share.

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
        self.static = self.site in graph.static_sites
        self.places = graph.signals[affine[0].name].shape[:-1]

    def planes(self, values):
        """Return the planes of the input, or the pixels, as an image: (P, Y, X, C)."""
        planes = values.plain[self.site] if self.static else values.planes[self.site]
        return planes if planes.ndim == 4 else planes[:, :, np.newaxis]

    def lists(self, values, planes, pool):
        """Return the channels that fire at each place; all steps that read the site share them."""
        if self.site not in values.lists:
            groups = 2 if self.static or self.graph.timesteps > 4 else 1
            buffers = list_buffers(planes.shape, groups, lambda name, *form: values.buffer((self.site, name), *form))
            pool.split(planes.shape[1], planes.size, lambda _, *rows: list_trains(planes, *rows, *buffers))
            values.lists[self.site] = buffers
        return values.lists[self.site]

    def arguments(self, trains):
        packed = self.packed
        return (
            trains, packed.window, packed.stride, packed.padding, packed.offsets, packed.weights, packed.bias,
            packed.safe_rows, KEPT_ROWS,
        )  # fmt: skip

    def scratch(self, values, part, plane_count):
        """Return the scratch of one thread, the same for all steps of this size; pixels have two halves."""
        parts = 2 if self.static else plane_count
        key = part, parts, len(self.packed.offsets), self.packed.width, self.packed.weights.dtype
        if key not in values.scratches:
            values.scratches[key] = self.packed.scratch(parts)
        return values.scratches[key]

    @property
    def size(self):
        """A measure of the work, for `Pool.split`: a place costs more than the values that come of it."""
        return int(np.prod(self.places)) * self.packed.outputs * max(1, len(self.packed.offsets) // ROWS_OF_A_VALUE)

    def census(self, planes):
        """Return what the plain kernels would have done, by affine node; `planes` of the input."""
        timesteps = 1 if self.static else self.graph.timesteps
        ones = count_ones(planes)
        return {node.name: self.node_census(node, planes, ones, timesteps) for node in self.affine}

    def node_census(self, node, planes, ones, timesteps):
        operator, outputs = node.operator, node.operator.weights.shape[-1]
        count, scanned = int(ones.sum()), planes[0].size
        places = int(np.prod(self.places))
        if isinstance(operator, Convolution):
            across = [
                window_coverage(length, operator.weights.shape[axis], operator.stride, operator.padding, fitting)
                for axis, (length, fitting) in enumerate(zip(planes.shape[1:3], self.places))
            ]
            count = int(across[0] @ ones @ across[1])
            scanned = int(across[0].sum()) * int(across[1].sum()) * planes.shape[3]
        census = gathering_census(operator.planes, scanned, 0, places, outputs).repeated(timesteps)
        spikes = gathering_census(0, 0, count, 0, outputs)
        return census + (spikes if operator.planes == 0 else Census(adds=spikes.adds))


class SumsStep(GatherStep):
    """One affine map, its sums written."""

    def __init__(self, graph, node):
        super().__init__(graph, (node,))

    def run(self, values, pool):
        (node,), planes = self.affine, self.planes(values)
        trains = self.lists(values, planes, pool)
        timesteps = 1 if self.static else self.graph.timesteps
        sums = values.buffer(node.name, np.int32, (timesteps, *self.graph.signals[node.name].shape))
        flat = sums.reshape(timesteps, -1, sums.shape[-1])

        def work(part, first, last):
            routing, lists, partials, _ = self.scratch(values, part, len(planes))
            gather_sums(*self.arguments(trains), routing, lists, partials, self.static, first, last, flat)

        pool.split(flat.shape[1], self.size, work)
        values.plain[node.name] = sums
        return self.census(planes)


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
        self.shifts = np.array([first.leak_shift * timestep for timestep in range(timesteps)])
        levels = [thresholds << first.level_shift(timestep) for timestep in range(timesteps)]
        self.levels = np.ones((timesteps, width), np.int32)
        self.levels[:, : len(thresholds)] = np.stack(levels)
        self.levels = guarded(self.levels, "levels")
        self.subtract = first.reset == "subtract"

    @property
    def arguments(self):
        return self.shifts, self.levels, self.subtract


class TrainsStep(GatherStep):
    """Affine maps of one input with a layer of neurons on each; only trains are written."""

    def __init__(self, graph, affine, neurons):
        super().__init__(graph, affine, neurons)
        self.neurons = neurons
        self.neuron_census = {node.name: neuron_census(graph, node) for node in neurons}
        padded = len(self.packed.bias)
        self.firing = Neurons([node.operator for node in neurons], graph.timesteps, padded)

    def run(self, values, pool):
        planes, count = self.planes(values), int(np.prod(self.places))
        listed = self.lists(values, planes, pool)
        trains = values.buffer((self.neurons[0].name, "joined"), np.uint8, (count, self.packed.outputs))

        def work(part, first, last):
            routing, lists, partials, scratch = self.scratch(values, part, len(planes))
            arguments = (*self.arguments(listed), routing, lists, partials, self.static, first, last)
            gather_trains(*arguments, *self.firing.arguments, scratch, trains)

        pool.split(count, self.size, work)
        self.keep(values, trains)
        return self.census(planes) | self.neuron_census

    def keep(self, values, trains):
        """Hand out each layer's part of the trains."""
        start = 0
        for node in self.neurons:
            shape = self.graph.signals[node.name].shape
            if len(self.neurons) == 1:
                values.planes[node.name] = trains.reshape(1, *shape)
                continue
            part = values.buffer(node.name, np.uint8, (1, *shape))
            part[...] = trains[:, start : start + shape[-1]].reshape(shape)
            values.planes[node.name] = part
            start += shape[-1]


class FireStep(Step):
    """A layer of neurons on currents that are kept timestep by timestep."""

    def __init__(self, graph, node):
        super().__init__(node)
        self.graph, self.firing = graph, Neurons([node.operator], graph.timesteps, len(node.operator.thresholds))
        self.census = neuron_census(graph, node)

    def run(self, values, pool):
        (node,), graph = self.nodes, self.graph
        currents = values.values(node.inputs[0])
        currents = currents.reshape(len(currents), -1, currents.shape[-1])
        trains = values.buffer(node.name, np.uint8, (1, *graph.signals[node.name].shape))
        flat, channels = trains.reshape(-1, trains.shape[-1]), trains.shape[-1]

        def work(part, first, last):
            scratch = [values.buffer((node.name, part, name), np.int32, (channels,)) for name in ("membrane", "fired")]
            fire_trains(currents, *self.firing.arguments, first, last, *scratch, flat)

        pool.split(len(flat), flat.size, work)
        values.planes[node.name] = trains
        return {node.name: self.census}


def neuron_census(graph, node):
    """Return the census of a layer of neurons, which does not depend on what they do."""
    census = node.operator.census((), np.empty(graph.signals[node.name].shape, np.int8))
    return census.repeated(graph.timesteps)
