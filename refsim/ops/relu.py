"""The ReLU spiking neuron."""

from dataclasses import dataclass

import numpy as np

from refsim.audit.census import Census
from refsim.kernels.relu import relu
from refsim.numerics import Signal, require_integer
from refsim.ops.operator import Operator, as_rows


@dataclass(frozen=True, eq=False)
class ReLU(Operator):
    """Graded spikes: what is positive, shifted right and saturated (rule N10).

    Attributes
    ----------
    shift : int
        0 to 31: bits dropped, rounding down.
    cap : int
        Largest spike, at most 127.
    """

    shift: int = 0
    cap: int = 127

    is_neuron = True

    def output(self, site, inputs, timesteps):
        (signal,) = inputs
        require_integer(f"{site}.shift", self.shift, 0, 31)
        require_integer(f"{site}.cap", self.cap, 1, 127)
        high = np.clip(signal.high, 0, None) >> self.shift
        low = np.clip(signal.low, 0, None) >> self.shift
        cap = np.int64(self.cap)
        return Signal(np.dtype(np.int8), signal.shape, np.minimum(low, cap), np.minimum(high, cap))

    def step(self, timestep, inputs, state, output, rows):
        relu(as_rows(inputs[0][rows]), self.shift, self.cap, as_rows(output[rows]))

    def census(self, inputs, output):
        return Census(compares=2 * output.size, selects=2 * output.size, shifts=output.size)
