"""The weights of affine maps in the form of the fast kernels: block after block of outputs, two weights in a number."""

import numpy as np

from refsim.audit.guard import guarded
from refsim.engine.values import aligned
from refsim.kernels.fast.listing import COPIED, TIMESTEPS_AT_ONCE
from refsim.kernels.fast.partials import BYTE, LANES, LINE_SHIFT, LINES, SAFE_ROWS
from refsim.kernels.fast.processor import second_cache, vector_registers
from refsim.ops import Convolution

PAIRED_WIDTH = 128
"""Outputs of a block whose weights stand in pairs; of half as many LLVM would make single sums.

Rows of pairs are asked for ahead, so that the narrowest blocks of them may come from the third cache: that takes less
time than weights that stand alone take from the second.
"""

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
    """How many lanes a block may have, where they fit registers. Of shorter lines LLVM would make single sums before it
    thinks of vectors."""

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
        self.is_wide = rows[0].dtype.itemsize > 1
        pairs = self.PAIRS and not self.is_wide
        self.lanes = (0,) * lane_count(self.LANE_COUNTS, self.rows, self.outputs, rows[0].dtype.itemsize, pairs)
        self.width = LANES * len(self.lanes)
        self.halves = (0,) * (2 if pairs and self.width >= PAIRED_WIDTH else 1)
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

    def scratch_form(self, lists):
        """Return all that scratch for some lists depends on: maps of which it is the same may share it."""
        _, _, parts, codes = lists.runs.shape
        routed = (
            (TILE, parts, len(self.tap_rows) * (lists.events.shape[-1] - COPIED) + codes * COPIED),
            (TILE, parts, codes),
            (TILE, parts, 2, codes),
        )
        if self.is_local:
            # Nothing is routed; how many places a tile has stands there all the same.
            routed = (TILE, 1, 1), (1, 1, 1), (1, 1, 1, 1)
        return routed, codes, self.width, self.is_wide, self.is_local

    def scratch(self, lists):
        """Return what one thread needs beside inputs and outputs, for lists of some form.

        Returns
        -------
        windows, routes, partials : tuple
            As `gather_sums` takes them.
        """
        routed, codes, *_ = self.scratch_form(lists)
        memory = [aligned(*form, self.site) for form in zip(routed, (np.uint16, np.uint8, np.uint32))]
        windows, begins = () if self.is_local else (0,), aligned((codes,), np.uint32, self.site)
        return windows, (tuple(memory), begins), self.partials()

    def partials(self):
        """Return the scratch for sums."""
        dtype = np.int32 if self.is_wide else np.int16
        partial = aligned((LINES << LINE_SHIFT,), dtype, self.site)
        run_sums = aligned((self.width,), dtype, self.site)
        filled = aligned((LINES,), np.int64, self.site)
        return partial, run_sums, filled, aligned((TIMESTEPS_AT_ONCE, self.width), np.int32, self.site)


def paired(weights):
    """Return numbers of 16 bits: the weights of the second half of the outputs above those of the first.

    The lower bytes are a weight and 128, so that none of them borrows from the upper.
    """
    lower, upper = np.split(weights.astype(np.int16), 2, axis=-1)
    return (upper << BYTE) + (lower + 128)


def lane_count(counts, rows, outputs, weight_bytes, pairs):
    """Return how many lanes a block has: of those that fit, what leaves fewest unused, then the most.

    A block has to stay in the second cache while a tile of places uses it, with room for what they list, but for the
    narrowest of pairs; a line of sums of 16 bits, in registers, with room for a row.
    """

    def fits(count):
        block, line = rows * count * LANES * weight_bytes, count * LANES * 2
        near = block * 2 <= second_cache() or pairs and count * LANES == PAIRED_WIDTH
        return near and line * 4 <= vector_registers() * 3

    fitting = [count for count in counts if fits(count)] or [min(counts)]
    return min(fitting, key=lambda count: (-(-outputs // (count * LANES)) * count, -count))


def packed(graph, affine, form=Packed):
    """Return the packed weights of some nodes, which all plans of a network share."""
    key = form, *(node.name for node in affine)
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
