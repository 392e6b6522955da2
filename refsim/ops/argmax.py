"""The label of the logits."""

from dataclasses import dataclass

import numpy as np

from refsim.audit.census import Census
from refsim.errors import NetworkError
from refsim.kernels.argmax import argmax
from refsim.numerics import Signal
from refsim.ops.operator import Operator


@dataclass(frozen=True, eq=False)
class Argmax(Operator):
    """The class of the largest logit, the lowest of equals: (1, K) to (1, 1) (rule N15)."""

    def output(self, site, inputs, timesteps):
        (signal,) = inputs
        if len(signal.shape) != 2:
            raise NetworkError(f"{site}: expected logits of shape (1, classes), got {signal.shape}")
        return Signal.uniform(np.int32, (signal.shape[0], 1), 0, signal.channels - 1)

    def step(self, timestep, inputs, state, output, rows):
        argmax(inputs[0][rows], output[rows])

    def census(self, inputs, output):
        compared = inputs[0].size - len(inputs[0])
        return Census(compares=compared, selects=2 * compared)
