"""The residual connection."""

from dataclasses import dataclass

from refsim.audit.census import Census
from refsim.errors import NetworkError
from refsim.kernels.sums import add_aligned
from refsim.numerics import register_signal, require_headroom, require_integer
from refsim.ops.operator import Operator, as_rows


@dataclass(frozen=True, eq=False)
class Residual(Operator):
    """The membrane stream plus a branch, aligned to one dyadic step by left shifts (rule N13).

    Attributes
    ----------
    stream_shift, branch_shift : int
        0 to 31: how far each is shifted to the left, to the common step.
    accumulator_bits : int
        Declared width of the stream.
    """

    stream_shift: int = 0
    branch_shift: int = 0
    accumulator_bits: int = 32

    input_count = 2

    def output(self, site, inputs, timesteps):
        stream, branch = inputs
        if stream.shape != branch.shape:
            raise NetworkError(
                f"{site}: cannot add a branch of shape {branch.shape} to a stream of shape {stream.shape}"
            )
        require_integer(f"{site}.stream_shift", self.stream_shift, 0, 31)
        require_integer(f"{site}.branch_shift", self.branch_shift, 0, 31)
        peak = max(abs(bound) for signal in inputs for bound in signal.interval)
        require_headroom(
            site, "accumulator", self.accumulator_bits, 2 * peak << max(self.stream_shift, self.branch_shift)
        )
        low = (stream.low << self.stream_shift) + (branch.low << self.branch_shift)
        high = (stream.high << self.stream_shift) + (branch.high << self.branch_shift)
        return register_signal(site, "accumulator", self.accumulator_bits, stream.shape, low, high)

    def step(self, timestep, inputs, state, output, rows):
        stream, branch = (as_rows(values[rows]) for values in inputs)
        add_aligned(stream, self.stream_shift, branch, self.branch_shift, as_rows(output[rows]))

    def census(self, inputs, output):
        return Census(adds=output.size, shifts=2 * output.size)
