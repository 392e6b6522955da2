"""Leaky integrate-and-fire neurons."""

from dataclasses import dataclass

import numpy as np

from refsim.audit.census import Census
from refsim.errors import NetworkError
from refsim.kernels.lif import lif_exact, lif_floor
from refsim.numerics import (
    Signal,
    register_signal,
    require_array,
    require_choice,
    require_headroom,
    require_integer,
    require_truth,
)
from refsim.ops.operator import Operator, as_rows

MOST_LEAK = 16
"""Largest leak shift; with more the membrane forgets everything from one timestep to the next."""


@dataclass(frozen=True, eq=False)
class LIF(Operator):
    """A layer of binary or ternary neurons with a membrane (rules N8 and N9).

    Attributes
    ----------
    thresholds : ndarray of int32 or int64, shape (channels,)
        Positive, on the step of the input; a charge that equals the threshold fires.
    spikes : {"binary", "ternary"}
        Whether the neuron also fires -1, at minus the threshold.
    leak_shift : int
        0 to 16: the membrane is divided by ``2**leak_shift`` each timestep. Where a floor is halved, from 1 on.
    halve_input : bool
        Whether half of the input is integrated.
    reset : {"zero", "subtract"}
        What a spike leaves of the membrane: nothing, or the charge without the threshold.
    rounding : {"exact", "floor"}
        Whether inputs and thresholds grow, so that nothing is rounded, or the membrane is shifted down.
    membrane_bits : int
        Declared width of the membrane.
    """

    thresholds: np.ndarray
    spikes: str = "binary"
    leak_shift: int = 1
    halve_input: bool = True
    reset: str = "zero"
    rounding: str = "exact"
    membrane_bits: int = 32

    is_neuron = True
    register = "membrane"

    def output(self, site, inputs, timesteps):
        (signal,) = inputs
        require_array(f"{site}.thresholds", self.thresholds, ("int32", "int64"), (signal.channels,))
        if (self.thresholds < 1).any():
            channel = int(np.argmax(self.thresholds < 1))
            raise NetworkError(f"{site}.thresholds: must be positive, channel {channel} has {self.thresholds[channel]}")
        require_choice(f"{site}.spikes", self.spikes, ("binary", "ternary"))
        require_choice(f"{site}.reset", self.reset, ("zero", "subtract"))
        require_choice(f"{site}.rounding", self.rounding, ("exact", "floor"))
        require_truth(f"{site}.halve_input", self.halve_input)
        halving_floor = self.rounding == "floor" and self.halve_input
        require_integer(f"{site}.leak_shift", self.leak_shift, 1 if halving_floor else 0, MOST_LEAK)
        return Signal.uniform(np.int8, signal.shape, -1 if self.spikes == "ternary" else 0, 1)

    def state(self, site, inputs, timesteps):
        low, high = self.charge_interval(site, inputs[0], timesteps)
        return register_signal(site, "membrane", self.membrane_bits, inputs[0].shape, low, high)

    def charge_interval(self, site, signal, timesteps):
        """Carry the worst case of each channel's charge through all timesteps.

        The membrane after a reset lies within the charge before it, so that bounds on the charge hold the register.
        """
        growth = self.leak_shift * (timesteps - 1) + 1 if self.rounding == "exact" else 1
        largest = max(*(abs(bound) for bound in signal.interval), int(self.thresholds.max()))
        require_headroom(site, "membrane", self.membrane_bits, largest * timesteps << growth)
        low = high = membrane_low = membrane_high = np.zeros(signal.channels, np.int64)
        for timestep in range(timesteps):
            charge_low = self.charge(membrane_low, signal.low, timestep)
            charge_high = self.charge(membrane_high, signal.high, timestep)
            level = self.thresholds.astype(np.int64) << self.level_shift(timestep)
            low, high = np.minimum(low, charge_low), np.maximum(high, charge_high)
            membrane_low, membrane_high = self.membrane_interval(charge_low, charge_high, level)
        return low, high

    def membrane_interval(self, charge_low, charge_high, level):
        """Bound the membrane after firing and reset, 0 always among the possible values."""
        over = charge_high - level if self.reset == "subtract" else 0
        under = charge_low + level if self.reset == "subtract" else 0
        high = np.maximum(np.minimum(charge_high, level - 1), over)
        low = np.maximum(charge_low, 1 - level) if self.spikes == "ternary" else charge_low
        if self.spikes == "ternary":
            low = np.minimum(low, under)
        return np.minimum(low, 0), np.maximum(high, 0)

    def charge(self, membrane, current, timestep):
        """Integrate and leak: the charge before firing, for arrays of int64."""
        if self.rounding == "exact":
            return membrane + (current << self.leak_shift * timestep)
        if self.halve_input:
            return ((membrane >> self.leak_shift - 1) + current) >> 1
        return (membrane >> self.leak_shift) + current

    def level_shift(self, timestep):
        """Left shift of the threshold at a timestep."""
        return self.leak_shift * timestep + int(self.halve_input) if self.rounding == "exact" else 0

    def step(self, timestep, inputs, state, output, rows):
        currents, membranes, spikes = as_rows(inputs[0][rows]), as_rows(state[rows]), as_rows(output[rows])
        fire_and_reset = (self.spikes == "ternary", self.reset == "subtract", membranes, spikes)
        if self.rounding == "exact":
            shifts = (self.leak_shift * timestep, self.level_shift(timestep))
            lif_exact(currents, self.thresholds, *shifts, *fire_and_reset)
        else:
            lif_floor(currents, self.thresholds, self.leak_shift, self.halve_input, *fire_and_reset)

    def census(self, inputs, output):
        ternary, subtract = self.spikes == "ternary", self.reset == "subtract"
        shifts = 2 if self.rounding == "exact" or self.halve_input else 1
        resets = 2 if ternary and subtract else 1
        return Census(
            adds=output.size * (1 + ternary + resets * subtract),
            compares=output.size * (1 + ternary + resets),
            selects=output.size * (1 + ternary + resets),
            shifts=output.size * shifts,
        )
