"""From places of an image to tokens."""

from dataclasses import dataclass

from refsim.errors import NetworkError
from refsim.numerics import Signal
from refsim.ops.operator import Operator, as_rows


@dataclass(frozen=True, eq=False)
class Tokens(Operator):
    """Number the places of an image row by row: (Y, X, C) to (N, C), N = Y X (rule N5)."""

    def output(self, site, inputs, timesteps):
        (signal,) = inputs
        if len(signal.shape) != 3:
            raise NetworkError(f"{site}: expected an input of shape (Y, X, C), got {signal.shape}")
        rows, columns, channels = signal.shape
        return Signal(signal.dtype, (rows * columns, channels), signal.low, signal.high)

    def step(self, timestep, inputs, state, output, rows):
        output[rows] = as_rows(inputs[0])[rows]
