"""Steps that gather rows of weights: linear maps and convolutions, with neurons on them or without."""

import math
from functools import partial

import numpy as np

from refsim.audit.census import Census, Counted
from refsim.audit.guard import guarded, unguarded
from refsim.engine.chain import PlacewiseStep, counting
from refsim.engine.firing import Neurons, neuron_census
from refsim.engine.values import aligned
from refsim.kernels.fast.accumulate import BYTE, LANES, LINES, SAFE_ROWS, gather_sums, gather_trains
from refsim.kernels.fast.listing import COPIED, TIMESTEPS_AT_ONCE
from refsim.kernels.fast.trains import take_channels
from refsim.ops import Convolution
from refsim.ops.gathering import gathering_census
from refsim.ops.windows import window_coverage

PAIRED_WIDTH = 128
"""Outputs of a block whose weights stand in pairs; of half as many LLVM would make single sums."""

LARGEST_BLOCK = 1 << 19
"""Bytes of a block of weights: it has to stay in the second cache while a tile of places uses it."""

TILE = 128
"""Places whose rows are listed before a block is gathered for all of them: so often its weights come from the cache."""

WIDE_SAFE_ROWS = 1 << 16
"""Rows of 16-bit weights that add up within 32 bits; more than lists can name."""

NOT_KNOWN = 1 << 62


class Packed:
    """The weights of one or more affine maps of the same input, side by side, block after block of outputs.

    Parameters
    ----------
    operators : sequence of Linear or Convolution
        Of the same window, stride and padding.
    reach : int
        How far any sum of rows is from zero at most.
    site : str
        Named by the guard on the weights.
    """

    LANE_COUNTS = (2, 4, 6, 8)
    """How many lanes a block may have. Of shorter lines LLVM would make single sums before it thinks of vectors; longer
    ones would not stay in registers."""

    PAIRS = True
    """Whether two weights of 8 bits may stand in one number."""

    PADDED = True
    """Whether rows begin at shifts of their numbers, as they must where the numbers come from the data."""

    def __init__(self, operators, reach=NOT_KNOWN, site="weights"):
        self.site = site
        first = operators[0]
        is_image = isinstance(first, Convolution)
        self.window = first.weights.shape[0] if is_image else 1
        self.stride, self.padding = (first.stride, first.padding) if is_image else (1, 0)
        self.is_local = (self.window, self.stride, self.padding) == (1, 1, 0)
        rows = [operator.weights.reshape(-1, operator.weights.shape[-1]) for operator in operators]
        self.rows, self.outputs = len(rows[0]), sum(part.shape[1] for part in rows)
        self.lanes = (0,) * lane_count(self.LANE_COUNTS, self.rows, self.outputs, rows[0].dtype.itemsize)
        self.width = LANES * len(self.lanes)
        self.is_wide = rows[0].dtype.itemsize > 1
        self.halves = (0,) * (2 if self.PAIRS and self.width >= PAIRED_WIDTH and not self.is_wide else 1)
        numbers, blocks = self.width // len(self.halves), -(-self.outputs // self.width)
        padded = blocks * self.width
        joined = np.zeros((self.rows, padded), rows[0].dtype)
        joined[:, : self.outputs] = np.concatenate(rows, axis=1)
        joined = joined.reshape(self.rows, blocks, self.width).swapaxes(0, 1)
        stride = 1 << (numbers - 1).bit_length() if self.PADDED else numbers
        weights = aligned((blocks, self.rows, stride), np.int16 if len(self.halves) == 2 else joined.dtype, site)
        weights[..., :numbers] = paired(joined) if len(self.halves) == 2 else joined
        self.weights, self.block_size = weights.reshape(-1), self.rows * stride
        bias = np.zeros(padded, np.int32)
        bias[: self.outputs] = np.concatenate([operator.bias for operator in operators])
        self.bias = guarded(bias, site)
        channels = first.weights.shape[-2]
        self.tap_rows = guarded(np.arange(0, self.rows, channels, dtype=np.int64), site)
        fits = reach <= np.iinfo(np.int16).max
        self.safe_rows = WIDE_SAFE_ROWS if fits or self.is_wide else SAFE_ROWS

    @property
    def arguments(self):
        """What all kernels take that gather these weights."""
        geometry = self.window, self.stride, self.padding
        weights = self.weights, self.block_size, self.bias, self.safe_rows, self.lanes, self.halves
        return geometry, self.tap_rows, *weights

    def scratch(self, lists):
        """Return what one thread needs beside inputs and outputs, for lists of some form.

        Returns
        -------
        windows, routes, partials : tuple
            As `gather_sums` takes them.
        """
        _, _, parts, codes = lists.runs.shape
        routed = (
            (TILE, parts, len(self.tap_rows) * (lists.events.shape[-1] - COPIED) + codes * COPIED),
            (TILE, parts, codes),
            (TILE, parts, 2, codes),
        )
        if self.is_local:
            routed = (TILE, 1, 1), (1, 1, 1), (1, 1, 1, 1)
        memory = [aligned(*form, self.site) for form in zip(routed, (np.uint16, np.uint8, np.uint32))]
        windows, begins = () if self.is_local else (0,), aligned((codes,), np.int64, self.site)
        return windows, (tuple(memory), begins), self.partials()

    def partials(self):
        """Return the scratch for sums."""
        partial = aligned((LINES + 1, self.width), np.int32 if self.is_wide else np.int16, self.site)
        filled = aligned((LINES + 1,), np.int64, self.site)
        return partial, filled, aligned((TIMESTEPS_AT_ONCE, 1, self.width), np.int32, self.site)


def paired(weights):
    """Return numbers of 16 bits: the weights of the second half of the outputs above those of the first.

    The lower bytes are a weight and 128, so that none of them borrows from the upper.
    """
    lower, upper = np.split(weights.astype(np.int16), 2, axis=-1)
    return (upper << BYTE) + (lower + 128)


def lane_count(counts, rows, outputs, weight_bytes):
    """Return how many lanes a block has: of those that fit, what leaves fewest unused, then the most."""
    fewest = min(counts)
    fitting = [count for count in counts if count == fewest or rows * count * LANES * weight_bytes <= LARGEST_BLOCK]
    return min(fitting, key=lambda count: (-(-outputs // (count * LANES)) * count, -count))


def packed(graph, affine, form=Packed):
    """Return the packed weights of some nodes, which all plans of a network share."""
    key = tuple(node.name for node in affine)
    known = vars(graph).setdefault("packed", {})
    if key not in known:
        reach = max(reach_of(graph, node) for node in affine)
        known[key] = form([node.operator for node in affine], reach, affine[0].name)
    return known[key]


def reach_of(graph, node):
    """Return how far any sum of an affine map's rows is from zero at most, from the range proved for its output.

    The range counts each row as often as its channel's largest value says. Channels that never fire add none, and of
    the others the one that grows least says how often every row was counted at the least.
    """
    output, largest = graph.signals[node.name], graph.signals[node.inputs[0]].high
    bias, counted = node.operator.bias.astype(np.int64), largest[largest > 0]
    reach = int(max((output.high - bias).max(), (bias - output.low).max()))
    return reach // int(counted.min()) if counted.size else reach


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
        key = part, lists.runs.shape[2:], packed.rows, packed.width, packed.weights.dtype, packed.is_local
        scratch = values.scratch(key, lambda: packed.scratch(lists))
        return lists.of_group(group), self.image[:2], *packed.arguments, *scratch

    def prepare(self, values):
        self.ones = unguarded(values.lists[self.site, self.taps].ones)

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

    def calls(self, values, part, first, last):
        sums = values.plain[self.affine[0].name]
        out = sums.reshape(len(sums), self.places, sums.shape[-1])
        return [
            gather_sums.bound(*self.arguments(values, part, group), first, last, out[start : start + TIMESTEPS_AT_ONCE])
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

    def calls(self, values, part, first, last):
        scratch = Neurons.scratch(values, part)
        arguments = *self.arguments(values, part), first, last, *self.firing.arguments, scratch
        calls, start = [gather_trains.bound(*arguments, self.trains)], 0
        for node in self.neurons:
            outputs = self.graph.signals[node.name].shape[-1]
            layer = values.trains(node.name).reshape(self.places, outputs)
            if len(self.neurons) > 1:
                calls.append(take_channels.bound(self.trains, start, first, last, layer))
            calls.append(counting(values, node.name, part, layer, first, last))
            start += outputs
        return calls

    def always(self):
        return self.neuron_census
