"""Bugs of weighted sums: weights, signs, accumulators, biases, bit planes."""

import numpy as np

from refsim.golden.mutants.kinds import GatherBug
from refsim.golden.mutants.registers import saturated, wrapped

WORD = 4
"""Input lanes of a packed word."""


class W01(GatherBug):
    """A spike of -1 is dropped."""

    def gate(self, rows):
        return np.maximum(rows, 0)


class W02(GatherBug):
    """Weights are read as unsigned."""

    def weights(self, node):
        bits = 8 * node.operator.weights.itemsize
        return super().weights(node) & ((1 << bits) - 1)


class W03(GatherBug):
    """The weight matrix is transposed, where it is square."""

    def weights(self, node):
        weights = super().weights(node)
        return weights.swapaxes(-1, -2) if weights.shape[-1] == weights.shape[-2] else weights


class W04(GatherBug):
    """The row of the next input channel is read."""

    def weights(self, node):
        return np.roll(super().weights(node), -1, axis=-2)


class W05(GatherBug):
    """The last input channel is ignored."""

    def weights(self, node):
        weights = super().weights(node).copy()
        weights[..., -1, :] = 0
        return weights


class W06(GatherBug):
    """The codes of +1 and -1 are swapped."""

    def gate(self, rows):
        return -rows


class W07(GatherBug):
    """The four input lanes of a packed word are reversed."""

    def weights(self, node):
        weights = super().weights(node).copy()
        for start in range(0, weights.shape[-2] - WORD + 1, WORD):
            weights[..., start : start + WORD, :] = weights[..., start : start + WORD, :][..., ::-1, :]
        return weights


class W08(GatherBug):
    """A spike of -1 adds its row where it should subtract it."""

    def gate(self, rows):
        return np.abs(rows)


class W09(GatherBug):
    """Weights lose their sign: magnitudes are added."""

    def weights(self, node):
        return np.abs(super().weights(node))


class A01(GatherBug):
    """The accumulator wraps at 8 bits."""

    def accumulated(self, rows, weights, bias):
        return wrapped(super().accumulated(rows, weights, bias), 8)


class A02(GatherBug):
    """The accumulator wraps at 16 bits."""

    def accumulated(self, rows, weights, bias):
        return wrapped(super().accumulated(rows, weights, bias), 16)


class A03(GatherBug):
    """The finished sum saturates at 8 bits."""

    def accumulated(self, rows, weights, bias):
        return saturated(super().accumulated(rows, weights, bias), 8)


class A04(GatherBug):
    """The partial sum before the bias wraps at 6 bits."""

    def accumulated(self, rows, weights, bias):
        return wrapped(rows @ weights, 6) + bias


class A05(GatherBug):
    """The sum saturates at 8 bits after every addend, not at the end."""

    def accumulated(self, rows, weights, bias):
        sums = np.zeros((len(rows), weights.shape[1]), np.int64) + bias
        for channel, row in enumerate(weights):
            sums = saturated(sums + rows[:, channel, np.newaxis] * row, 8)
        return sums


class A06(GatherBug):
    """Two sums of 16 bits share one adder, and the carry of the lower spills into the upper."""

    def accumulated(self, rows, weights, bias):
        sums = super().accumulated(rows, weights, bias)
        lower = slice(0, sums.shape[1] // 2 * 2, 2)
        borrows = (rows[:, :, np.newaxis] * weights[:, lower] < 0).sum(axis=1) + (
            np.broadcast_to(bias, sums.shape[1:]) < 0
        )[lower]
        sums[:, 1::2] += borrows - (sums[:, lower] < 0)
        return sums


class B01(GatherBug):
    """The bias is missing."""

    def bias(self, node, timestep):
        return np.zeros_like(super().bias(node, timestep))


class B02(GatherBug):
    """The bias is added in the first timestep only."""

    def bias(self, node, timestep):
        return super().bias(node, timestep) * (timestep == 0)


class B03(GatherBug):
    """The bias is there before the bit planes, and is shifted with them."""

    def with_late_bias(self, sums, bias, planes):
        return sums + bias * 2**planes


class S01(GatherBug):
    """The lowest bit plane is dropped."""

    def plane_weight(self, plane, planes):
        return int(plane > 0)


class S02(GatherBug):
    """The highest bit plane is dropped."""

    def plane_weight(self, plane, planes):
        return int(plane < planes - 1)


class S03(GatherBug):
    """The bit planes come in reversed order."""

    def plane_order(self, planes):
        return range(planes)


class S04(GatherBug):
    """The highest bit plane is taken as a sign."""

    def plane_weight(self, plane, planes):
        return -1 if plane == planes - 1 else 1


class S11(GatherBug):
    """The sum is shifted once more after the last bit plane."""

    def with_late_bias(self, sums, bias, planes):
        return sums * 2 + bias


class B04(GatherBug):
    """The bias is there before the bit planes, and is added again after them."""

    def with_late_bias(self, sums, bias, planes):
        return super().with_late_bias(sums, bias, planes) + bias * 2**planes


class S14(GatherBug):
    """The bit planes end before the lowest, and the sum is not shifted for it."""

    def plane_order(self, planes):
        return super().plane_order(planes)[:-1]


class S16(GatherBug):
    """Every bit plane gathers all inputs that are not 0, whether their bit is set or not."""

    def plane_rows(self, rows, plane):
        return (rows != 0).astype(np.int64)


class W10(GatherBug):
    """The weights are read as output before input, the layout of a framework."""

    def weights(self, node):
        weights = super().weights(node)
        return weights.reshape(*weights.shape[:-2], weights.shape[-1], weights.shape[-2]).swapaxes(-1, -2)


class B05(GatherBug):
    """The bias is there for the first place only."""

    def gathered(self, node, timestep, rows, weights):
        sums = super().gathered(node, timestep, rows, weights)
        sums[1:] -= self.bias(node, timestep)
        return sums


class S18(GatherBug):
    """One doubling too few: the sum is not shifted before the last bit plane."""

    def gathered(self, node, timestep, rows, weights):
        planes, bias = node.operator.planes, self.bias(node, timestep)
        if planes == 0:
            return super().gathered(node, timestep, rows, weights)
        return (rows >> 1) @ weights + (rows & 1) @ weights + bias


class W11(GatherBug):
    """Weights of 16 bits are cut to their lower 8."""

    def weights(self, node):
        return wrapped(super().weights(node), 8)


class W12(GatherBug):
    """Weights of 16 bits saturate at 8."""

    def weights(self, node):
        return saturated(super().weights(node), 8)


class W13(GatherBug):
    """The bytes of a weight of 16 bits come in reversed order."""

    def weights(self, node):
        weights = node.operator.weights
        return super().weights(node) if weights.itemsize == 1 else weights.byteswap().astype(np.int64)


class W14(GatherBug):
    """A row is subtracted by adding its negative in the width of a weight, where that of -128 is -128."""

    def gathered(self, node, timestep, rows, weights):
        lowest = int(np.iinfo(node.operator.weights.dtype).min)
        subtracted = (rows < 0).astype(np.int64) @ (weights == lowest)
        return super().gathered(node, timestep, rows, weights) + 2 * lowest * subtracted


class S20(GatherBug):
    """Only the four lowest bit planes are gathered."""

    def plane_weight(self, plane, planes):
        return int(plane < 4)


class S21(GatherBug):
    """An integer gathers once, as a spike does, whatever its value."""

    def gathered(self, node, timestep, rows, weights):
        if node.operator.planes == 0:
            return super().gathered(node, timestep, rows, weights)
        return self.accumulated((rows != 0).astype(np.int64), weights, self.bias(node, timestep))


class S22(GatherBug):
    """Only the two lowest bit planes are gathered."""

    def plane_weight(self, plane, planes):
        return int(plane < 2)


class B06(GatherBug):
    """The biases of linear maps are kept in 16 bits."""

    def bias(self, node, timestep):
        own = super().bias(node, timestep)
        return wrapped(own, 16) if self.kind(node.name) == "Linear" else own


class S23(GatherBug):
    """Bit planes above the eighth are left out."""

    def plane_weight(self, plane, planes):
        return int(plane < 8)


class B08(GatherBug):
    """The biases of linear maps are kept in 24 bits."""

    def bias(self, node, timestep):
        own = super().bias(node, timestep)
        return wrapped(own, 24) if self.kind(node.name) == "Linear" else own
