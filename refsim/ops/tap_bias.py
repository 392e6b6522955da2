"""A bias for each tap of a window: what a constant input gives to a convolution, borders included."""

from dataclasses import dataclass

import numpy as np

from refsim.audit.census import Census
from refsim.errors import NetworkError
from refsim.kernels.convolution import add_tap_bias
from refsim.numerics import register_signal, require_array, require_headroom, require_integer
from refsim.ops.operator import Operator
from refsim.ops.windows import window_coverage, windows_along


@dataclass(frozen=True, eq=False)
class TapBias(Operator):
    """Sums of a convolution plus the biases of those taps that lie inside the image (rule N18).

    Attributes
    ----------
    bias : ndarray of int32 or int64, shape (window rows, window columns, channels)
    image_rows, image_columns : int
        Size of the image that the convolution saw.
    stride, padding : int
        Of the convolution.
    accumulator_bits : int
        Declared width of the sums.
    """

    bias: np.ndarray
    image_rows: int
    image_columns: int
    stride: int = 1
    padding: int = 1
    accumulator_bits: int = 32

    since_minor = 1

    def output(self, site, inputs, timesteps):
        (signal,) = inputs
        require_array(f"{site}.bias", self.bias, ("int32", "int64"), (None, None, signal.channels))
        require_integer(f"{site}.stride", self.stride, 1, 64)
        require_integer(f"{site}.padding", self.padding, 0, min(self.bias.shape[:2]) - 1)
        for name in ("image_rows", "image_columns"):
            require_integer(f"{site}.{name}", getattr(self, name), 1, 4096)
        places = tuple(
            windows_along(site, length, window, self.stride, self.padding)
            for length, window in zip((self.image_rows, self.image_columns), self.bias.shape)
        )
        if signal.shape[:-1] != places:
            raise NetworkError(f"{site}: expected sums at {places} places, got {signal.shape}")
        taps = self.bias.reshape(-1, signal.channels)
        largest = max(abs(int(taps.min())), abs(int(taps.max())), *map(abs, signal.interval))
        require_headroom(site, "accumulator", self.accumulator_bits, largest * (len(taps) + 1))
        low = signal.low + np.minimum(taps, 0).sum(axis=0, dtype=np.int64)
        high = signal.high + np.maximum(taps, 0).sum(axis=0, dtype=np.int64)
        return register_signal(site, "accumulator", self.accumulator_bits, signal.shape, low, high)

    def step(self, timestep, inputs, state, output, rows):
        place = (self.image_rows, self.image_columns, self.stride, self.padding, rows.start)
        add_tap_bias(inputs[0][rows], self.bias, *place, output[rows])

    def census(self, inputs, output):
        inside = [
            int(window_coverage(length, self.bias.shape[axis], self.stride, self.padding, output.shape[axis]).sum())
            for axis, length in enumerate((self.image_rows, self.image_columns))
        ]
        return Census(adds=inside[0] * inside[1] * output.shape[2])
