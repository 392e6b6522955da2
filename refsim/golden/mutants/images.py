"""Bugs of what is done to images: convolution windows, the stem, pooling, frames, numbering of tokens."""

import numpy as np

from refsim.golden.mutants.kinds import ConvolutionBug, PoolBug
from refsim.golden.mutants.registers import wrapped
from refsim.golden.twin import Twin


class S05(ConvolutionBug):
    """The kernel is flipped: convolution where correlation is asked for."""

    def weights(self, node):
        weights = super().weights(node)
        return weights[::-1, ::-1] if weights.ndim == 4 else weights


class S06(ConvolutionBug):
    """The edge of the image is replicated, not padded with zeros."""

    def padded(self, values, padding):
        return np.pad(values, ((padding, padding), (padding, padding), (0, 0)), mode="edge")


class S07(ConvolutionBug):
    """Negative sums of the first convolution are cut off before its neuron."""

    def convolution(self, node, timestep, values):
        sums, register = super().convolution(node, timestep, values)
        return np.maximum(sums, 0) if node.operator.planes else sums, register


class S08(Twin):
    """What is computed once for all timesteps reaches only the first."""

    def computed(self, node, timestep):
        output, register = super().computed(node, timestep)
        late = node.name in self.graph.static_sites and timestep > 0
        return np.zeros_like(output) if late else output, register


class S09(ConvolutionBug):
    """The window stands one place too far down and right."""

    def padded(self, values, padding):
        return np.pad(super().padded(values, padding), ((0, 1), (0, 1), (0, 0)))[1:, 1:]


class S10(ConvolutionBug):
    """Rows and columns of the kernel are swapped, where it is square."""

    def weights(self, node):
        weights = super().weights(node)
        square = weights.ndim == 4 and weights.shape[0] == weights.shape[1]
        return weights.swapaxes(0, 1) if square else weights


class S12(Twin):
    """The frame of the first timestep is used in all."""

    def frame(self, values, timestep):
        return values[0]


class S13(Twin):
    """The frames come in reversed order of time."""

    def frame(self, values, timestep):
        return values[self.case.timesteps - 1 - timestep]


class P01(PoolBug):
    """Outside the image the pooling sees 0, not less than anything."""

    def outside(self, values):
        return 0


class P02(PoolBug):
    """The pooling window stands one place too far down and right."""

    def aligned(self, padded):
        beyond = ((0, 1), (0, 1), (0, 0))
        return np.pad(padded, beyond, constant_values=padded.min())[1:, 1:]


class P03(PoolBug):
    """The average, rounded down, in place of the maximum."""

    def outside(self, values):
        return 0

    def largest(self, views):
        return views.sum(axis=(-2, -1)) // (views.shape[-1] * views.shape[-2])


class P04(PoolBug):
    """Pooling after the neuron: spikes are pooled, not membranes."""

    def computed(self, node, timestep):
        pool = self.nodes.get(node.inputs[0])
        pools_first = self.kind(node.name) == "LIF" and pool is not None and self.kind(pool.name) == "MaxPool"
        if not pools_first:
            return super().computed(node, timestep)
        spikes, membranes = self.lif(node, timestep, self.operand(pool, 0, timestep))
        return self.pooled(pool.operator, spikes), self.pooled(pool.operator, membranes)


class P05(PoolBug):
    """The sum in place of the maximum."""

    def outside(self, values):
        return 0

    def largest(self, views):
        return views.sum(axis=(-2, -1))


class P06(PoolBug):
    """The largest magnitude wins, without its sign."""

    def pooled(self, operator, values):
        return super().pooled(operator, np.abs(values))


class T01(Twin):
    """Tokens are numbered column by column."""

    operators = ("Tokens",)

    def tokens(self, node, timestep, values):
        return super().tokens(node, timestep, values.swapaxes(0, 1))


class P07(PoolBug):
    """The maximum starts from 0, so that no window gives less."""

    def largest(self, views):
        return np.maximum(super().largest(views), 0)


class S15(Twin):
    """Past its edge the image goes on at the opposite one."""

    operators = ("Convolution", "MaxPool")

    def padded(self, values, padding):
        return np.pad(values, ((padding, padding), (padding, padding), (0, 0)), mode="wrap")

    def surrounded(self, values, edge):
        return self.padded(values, edge)


class P08(PoolBug):
    """The address of a row is formed with the width of the pooled image."""

    def max_pool(self, node, timestep, values):
        rows, columns, channels = values.shape
        width = self.graph.signals[node.name].shape[1]
        places = np.arange(rows)[:, np.newaxis] * width + np.arange(columns)
        return super().max_pool(node, timestep, values.reshape(-1, channels)[places])


class S17(Twin):
    """What is computed once for all timesteps is computed for the first sample only, and shown for all."""

    def computed(self, node, timestep):
        output, register = super().computed(node, timestep)
        if node.name not in self.graph.static_sites:
            return output, register
        return self.__dict__.setdefault("kept", {}).setdefault(node.name, output), register


class S19(Twin):
    """The padding is taken off before the stride is applied."""

    operators = ("Convolution", "MaxPool")

    def windows(self, values, operator, window):
        return super().windows(self.moved(values, operator, 0), operator, window)

    def pooled(self, operator, values):
        return super().pooled(operator, self.moved(values, operator, self.outside(values)))

    def moved(self, values, operator, outside):
        """Return the image so far down and right as the windows stand too far back."""
        places = operator.padding * (operator.stride - 1)
        moved = np.pad(values, ((places, 0), (places, 0), (0, 0)), constant_values=outside)
        return moved[: values.shape[0], : values.shape[1]]


class T32(Twin):
    """The image is flattened channel by channel before it is read as tokens."""

    operators = ("Tokens",)

    def tokens(self, node, timestep, values):
        tokens, register = super().tokens(node, timestep, values)
        return tokens.T.reshape(tokens.shape), register


class B07(ConvolutionBug):
    """The biases of convolutions are kept in 16 bits."""

    def bias(self, node, timestep):
        own = super().bias(node, timestep)
        return wrapped(own, 16) if self.kind(node.name) == "Convolution" else own


class S24(ConvolutionBug):
    """The columns of a kernel end where its rows do, so that a wide window is cut to a square."""

    def weights(self, node):
        weights = super().weights(node)
        if weights.ndim < 4:
            return weights
        weights = weights.copy()
        weights[:, len(weights) :] = 0
        return weights


class S25(ConvolutionBug):
    """The address of a row of the kernel is formed with the number of its rows, not with that of its columns."""

    def weights(self, node):
        weights = super().weights(node)
        return by_row_count(weights) if weights.ndim == 4 else weights


class P09(PoolBug):
    """Pooling reads membranes in 16 bits."""

    def pooled(self, operator, values):
        return super().pooled(operator, wrapped(values, 16))


class P10(PoolBug):
    """The maximum starts from -32768, so that no window gives less."""

    def largest(self, views):
        return np.maximum(super().largest(views), -(2**15))


class P11(PoolBug):
    """The maximum starts from -8388608, so that no window gives less."""

    def largest(self, views):
        return np.maximum(super().largest(views), -(2**23))


class A07(ConvolutionBug):
    """The sums of convolutions wrap at 20 bits."""

    def gathered(self, node, timestep, rows, weights):
        sums = super().gathered(node, timestep, rows, weights)
        return wrapped(sums, 20) if self.kind(node.name) == "Convolution" else sums


def by_row_count(window):
    """Read a window (rows, columns, ...) as if a row had as many elements as there are rows."""
    rows, columns = window.shape[:2]
    taps = np.arange(rows)[:, np.newaxis] * rows + np.arange(columns)
    return window.reshape(rows * columns, *window.shape[2:])[taps % (rows * columns)]
