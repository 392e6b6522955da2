"""Two-dimensional convolutions."""

from dataclasses import dataclass

import numpy as np

from refsim.errors import NetworkError
from refsim.kernels.convolution import convolve_planes, convolve_spikes
from refsim.numerics import require_array, require_integer
from refsim.ops.gathering import (
    WEIGHT_TYPES,
    gathered_register,
    gathering_census,
    ones_by_place,
    require_gathering,
    weights_minor_version,
)
from refsim.ops.operator import Operator
from refsim.ops.windows import window_coverage, windows_along


@dataclass(frozen=True, eq=False)
class Convolution(Operator):
    """Sums of weights over a window around each place; outside the image there is no spike (rules N6 and N7).

    Attributes
    ----------
    weights : ndarray of int8 or int16, shape (window rows, window columns, channels, outputs)
    bias : ndarray of int32 or int64, shape (outputs,)
    stride : int
        1 to 64.
    padding : int
        From 0 on, below the shorter side of the window.
    planes : int
        0 where the input is spikes; else the number of bit planes of a non-negative input (8 for pixels).
    accumulator_bits : int
        Declared width of the sums.
    """

    weights: np.ndarray
    bias: np.ndarray
    stride: int = 1
    padding: int = 1
    planes: int = 0
    accumulator_bits: int = 32

    def minor_version(self, inputs):
        return weights_minor_version(self.weights)

    def output(self, site, inputs, timesteps):
        (signal,) = inputs
        if len(signal.shape) != 3:
            raise NetworkError(f"{site}: expected an input of shape (Y, X, C), got {signal.shape}")
        require_array(f"{site}.weights", self.weights, WEIGHT_TYPES, (None, None, signal.channels, None))
        require_array(f"{site}.bias", self.bias, ("int32", "int64"), (self.weights.shape[3],))
        require_integer(f"{site}.stride", self.stride, 1, 64)
        require_integer(f"{site}.padding", self.padding, 0, min(self.weights.shape[:2]) - 1)
        require_gathering(site, signal, self.planes)
        rows, columns = (
            windows_along(site, length, window, self.stride, self.padding)
            for length, window in zip(signal.shape, self.weights.shape[:2])
        )
        return gathered_register(site, self, signal, (rows, columns, self.weights.shape[3]))

    def step(self, timestep, inputs, state, output, rows):
        (values,), sums = inputs, output[rows]
        place = (self.stride, self.padding, rows.start)
        if self.planes == 0:
            convolve_spikes(values, self.weights, self.bias, *place, sums)
        else:
            convolve_planes(values, self.planes, self.weights, self.bias, *place, sums)

    def census(self, inputs, output):
        (values,) = inputs
        across_rows, across_columns = (
            window_coverage(values.shape[axis], self.weights.shape[axis], self.stride, self.padding, output.shape[axis])
            for axis in (0, 1)
        )
        ones = int(across_rows @ ones_by_place(values, self.planes) @ across_columns)
        scanned = int(across_rows.sum()) * int(across_columns.sum()) * values.shape[2]
        return gathering_census(self.planes, scanned, ones, output.shape[0] * output.shape[1], output.shape[2])

    def dense_macs(self, inputs, output):
        return output.shape[0] * output.shape[1] * self.weights.size
