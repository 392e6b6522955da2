"""The readout: sums over tokens, logits summed over time."""

from dataclasses import dataclass

from refsim.audit.census import Census
from refsim.errors import NetworkError
from refsim.kernels.sums import add_timestep, sum_tokens
from refsim.numerics import register_signal, require_headroom
from refsim.ops.operator import Operator, as_rows, nonzero_count


@dataclass(frozen=True, eq=False)
class TokenSum(Operator):
    """The sum of each channel over all tokens, of spikes, integers or membranes: (N, C) to (1, C) (rule N14).

    Attributes
    ----------
    accumulator_bits : int
        Declared width of the sums.
    """

    accumulator_bits: int = 32

    def minor_version(self, inputs):
        return 0 if inputs[0].is_spiking else 1

    def output(self, site, inputs, timesteps):
        (signal,) = inputs
        if len(signal.shape) != 2:
            raise NetworkError(f"{site}: expected tokens of shape (N, C), got {signal.shape}")
        tokens = signal.shape[0]
        peak = max(abs(bound) for bound in signal.interval)
        require_headroom(site, "accumulator", self.accumulator_bits, peak * tokens)
        return register_signal(
            site, "accumulator", self.accumulator_bits, (1, signal.channels), signal.low * tokens, signal.high * tokens
        )

    def step(self, timestep, inputs, state, output, rows):
        sum_tokens(inputs[0], output)

    def census(self, inputs, output):
        return Census(adds=nonzero_count(inputs[0]), compares=inputs[0].size)


@dataclass(frozen=True, eq=False)
class TimeSum(Operator):
    """The running sum over timesteps; its last value is the answer (rule N14).

    Attributes
    ----------
    accumulator_bits : int
        Declared width of the totals.
    """

    accumulator_bits: int = 32

    register = "total"

    def output(self, site, inputs, timesteps):
        (signal,) = inputs
        peak = max(abs(bound) for bound in signal.interval)
        require_headroom(site, "accumulator", self.accumulator_bits, peak * timesteps)
        low, high = (bound * timesteps for bound in (signal.low.clip(None, 0), signal.high.clip(0, None)))
        return register_signal(site, "accumulator", self.accumulator_bits, signal.shape, low, high)

    def state(self, site, inputs, timesteps):
        return self.output(site, inputs, timesteps)

    def step(self, timestep, inputs, state, output, rows):
        add_timestep(as_rows(inputs[0][rows]), as_rows(state[rows]))
        output[rows] = state[rows]

    def census(self, inputs, output):
        return Census(adds=output.size)
