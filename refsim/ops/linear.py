"""Linear maps of tokens."""

from dataclasses import dataclass

import numpy as np

from refsim.errors import NetworkError
from refsim.kernels.accumulate import accumulate_planes, accumulate_spikes
from refsim.numerics import require_array
from refsim.ops.gathering import (
    WEIGHT_TYPES,
    gathered_register,
    gathering_census,
    ones_by_place,
    require_gathering,
    weights_minor_version,
)
from refsim.ops.operator import Operator


@dataclass(frozen=True, eq=False)
class Linear(Operator):
    """Sums of weights over the channels of each token (rules N6 and N7).

    Attributes
    ----------
    weights : ndarray of int8 or int16, shape (channels, outputs)
    bias : ndarray of int32 or int64, shape (outputs,)
        On the step of the sums.
    planes : int
        0 where the input is spikes; else the number of bit planes of a non-negative input.
    accumulator_bits : int
        Declared width of the sums.
    """

    weights: np.ndarray
    bias: np.ndarray
    planes: int = 0
    accumulator_bits: int = 32

    def minor_version(self, inputs):
        return weights_minor_version(self.weights)

    def output(self, site, inputs, timesteps):
        (signal,) = inputs
        if len(signal.shape) != 2:
            raise NetworkError(f"{site}: a linear map takes tokens of shape (N, C), got {signal.shape}")
        require_array(f"{site}.weights", self.weights, WEIGHT_TYPES, (signal.channels, None))
        require_array(f"{site}.bias", self.bias, ("int32", "int64"), (self.weights.shape[1],))
        require_gathering(site, signal, self.planes)
        return gathered_register(site, self, signal, (*signal.shape[:-1], self.weights.shape[1]))

    def step(self, timestep, inputs, state, output, rows):
        values, sums = inputs[0][rows], output[rows]
        if self.planes == 0:
            accumulate_spikes(values, self.weights, self.bias, sums)
        else:
            accumulate_planes(values, self.planes, self.weights, self.bias, sums)

    def census(self, inputs, output):
        (values,) = inputs
        ones = int(ones_by_place(values, self.planes).sum())
        return gathering_census(self.planes, values.size, ones, len(values), self.weights.shape[1])

    def dense_macs(self, inputs, output):
        return inputs[0].shape[0] * self.weights.size
