"""Max pooling of spikes or membranes."""

from dataclasses import dataclass

from refsim.audit.census import Census
from refsim.errors import NetworkError
from refsim.kernels.pooling import max_pool
from refsim.numerics import Signal, require_integer
from refsim.ops.operator import Operator
from refsim.ops.windows import window_coverage, windows_along


@dataclass(frozen=True, eq=False)
class MaxPool(Operator):
    """The largest value under each window, ignoring what lies outside the image (rule N12).

    Attributes
    ----------
    window, stride : int
        1 to 64.
    padding : int
        0 to window - 1; no maximum is taken from it.
    """

    window: int = 3
    stride: int = 2
    padding: int = 1

    def output(self, site, inputs, timesteps):
        (signal,) = inputs
        if len(signal.shape) != 3:
            raise NetworkError(f"{site}: expected an input of shape (Y, X, C), got {signal.shape}")
        require_integer(f"{site}.window", self.window, 1, 64)
        require_integer(f"{site}.stride", self.stride, 1, 64)
        require_integer(f"{site}.padding", self.padding, 0, self.window - 1)
        rows, columns = (
            windows_along(site, length, self.window, self.stride, self.padding) for length in signal.shape[:2]
        )
        return Signal(signal.dtype, (rows, columns, signal.channels), signal.low, signal.high)

    def step(self, timestep, inputs, state, output, rows):
        max_pool(inputs[0], self.window, self.stride, self.padding, rows.start, output[rows])

    def census(self, inputs, output):
        covered_rows, covered_columns = (
            int(
                window_coverage(inputs[0].shape[axis], self.window, self.stride, self.padding, output.shape[axis]).sum()
            )
            for axis in (0, 1)
        )
        places = output.shape[0] * output.shape[1]
        compared = (covered_rows * covered_columns - places) * output.shape[2]
        return Census(compares=compared, selects=compared)
