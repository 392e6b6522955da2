"""From places of an image to tokens, and back."""

from dataclasses import dataclass

from refsim.errors import NetworkError
from refsim.numerics import Signal, require_integer
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


@dataclass(frozen=True, eq=False)
class Grid(Operator):
    """Put tokens back in their places, row by row: (N, C) to (Y, X, C), N = Y X (rule N5).

    Attributes
    ----------
    rows, columns : int
        Y and X.
    """

    rows: int
    columns: int

    since_minor = 1

    def output(self, site, inputs, timesteps):
        (signal,) = inputs
        require_integer(f"{site}.rows", self.rows, 1, 4096)
        require_integer(f"{site}.columns", self.columns, 1, 4096)
        if len(signal.shape) != 2 or signal.shape[0] != self.rows * self.columns:
            raise NetworkError(
                f"{site}: {self.rows} x {self.columns} places do not hold tokens of shape {signal.shape}"
            )
        return Signal(signal.dtype, (self.rows, self.columns, signal.channels), signal.low, signal.high)

    def step(self, timestep, inputs, state, output, rows):
        output[rows] = inputs[0].reshape(output.shape)[rows]
