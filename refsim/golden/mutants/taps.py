"""Bugs of the biases of taps, and of the way from tokens back to their places."""

import numpy as np

from refsim.golden.mutants.images import by_row_count
from refsim.golden.mutants.kinds import GridBug, TapBug
from refsim.golden.mutants.registers import wrapped


class C01(TapBug):
    """The border is ignored: every place has the biases of all taps."""

    def image_of_ones(self, operator):
        return np.ones_like(super().image_of_ones(operator))


class C02(TapBug):
    """Biases of taps are added only where the whole window lies inside the image."""

    def taps_inside(self, operator, biases):
        inside = super().taps_inside(operator, np.ones_like(biases))
        whole = inside == biases.shape[0] * biases.shape[1]
        return np.where(whole, super().taps_inside(operator, biases), 0)


class C03(TapBug):
    """The window of the biases is flipped."""

    def tap_biases(self, node):
        return super().tap_biases(node)[::-1, ::-1]


class C04(TapBug):
    """Rows and columns of the biases of taps are swapped, where their window is square."""

    def tap_biases(self, node):
        biases = super().tap_biases(node)
        return biases.swapaxes(0, 1) if biases.shape[0] == biases.shape[1] else biases


class C05(TapBug):
    """The stride is ignored in the biases of taps: windows follow each other place by place."""

    def taps_inside(self, operator, biases):
        ones = self.image_of_ones(operator)
        rows, columns = (
            (length - window) // operator.stride + 1 for length, window in zip(ones.shape, biases.shape[:2])
        )
        views = np.lib.stride_tricks.sliding_window_view(ones, biases.shape[:2])[:rows, :columns]
        return np.tensordot(views, biases, axes=2)


class C06(TapBug):
    """The biases of taps are subtracted."""

    def tap_biases(self, node):
        return -super().tap_biases(node)


class C07(TapBug):
    """The biases of taps of the first channel are added to all channels."""

    def tap_biases(self, node):
        biases = super().tap_biases(node)
        return np.broadcast_to(biases[..., :1], biases.shape)


class C08(TapBug):
    """The biases of taps are added in the first timestep only."""

    def tap_bias(self, node, timestep, sums):
        biased, register = super().tap_bias(node, timestep, sums)
        return biased if timestep == 0 else sums, register


class C09(TapBug):
    """The padding is forgotten in the biases of taps: the window starts at the place itself."""

    def image_of_ones(self, operator):
        ones = super().image_of_ones(operator)
        return np.roll(ones, (-operator.padding, -operator.padding), axis=(0, 1))


class C10(TapBug):
    """The biases of taps are missing."""

    def taps_inside(self, operator, biases):
        return np.zeros_like(super().taps_inside(operator, biases))


class C11(TapBug):
    """The address of a row of the biases is formed with the number of its rows, not with that of its columns."""

    def tap_biases(self, node):
        return by_row_count(super().tap_biases(node))


class C12(TapBug):
    """The biases of taps are kept in 16 bits."""

    def tap_biases(self, node):
        return wrapped(super().tap_biases(node), 16)


class C13(TapBug):
    """The sum with the biases of taps wraps at 32 bits."""

    def tap_bias(self, node, timestep, sums):
        output, register = super().tap_bias(node, timestep, sums)
        return wrapped(output, 32), register


class G01(GridBug):
    """Tokens go back column by column."""

    def placed(self, tokens, rows, columns):
        return super().placed(tokens, columns, rows).swapaxes(0, 1)


class G02(GridBug):
    """Tokens go back as if they lay channel by channel."""

    def placed(self, tokens, rows, columns):
        return tokens.reshape(-1, rows, columns).transpose(1, 2, 0)


class G03(GridBug):
    """Tokens go back from the last row to the first."""

    def placed(self, tokens, rows, columns):
        return super().placed(tokens, rows, columns)[::-1]
