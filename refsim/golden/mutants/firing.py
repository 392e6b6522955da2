"""Bugs of LIF neurons in firing and reset."""

import numpy as np

from refsim.golden.mutants.kinds import LIFBug


class N01(LIFBug):
    """Fires only above the threshold: > for >=."""

    def reaches(self, charge, level):
        return charge > level


class N02(LIFBug):
    """Threshold one too high."""

    def thresholds(self, node, choices):
        return super().thresholds(node, choices) + 1


class N03(LIFBug):
    """One threshold, that of channel 0, for all channels."""

    def thresholds(self, node, choices):
        own = super().thresholds(node, choices)
        return np.full_like(own, own[0])


class N04(LIFBug):
    """The magnitude fires: a binary neuron fires at minus the threshold too."""

    def fire(self, node, choices, charge, level):
        if choices["spikes"] == "ternary":
            return super().fire(node, choices, charge, level)
        return self.reaches(np.abs(charge), level).astype(np.int64)


class N05(LIFBug):
    """Reset to zero where the threshold should be subtracted."""

    def reset(self, choices, charge, level, spikes):
        return super().reset({**choices, "reset": "zero"}, charge, level, spikes)


class N06(LIFBug):
    """No reset after a spike."""

    def reset(self, choices, charge, level, spikes):
        return charge


class N07(LIFBug):
    """Reset subtracts the threshold of the neighbouring channel."""

    def reset(self, choices, charge, level, spikes):
        return super().reset(choices, charge, np.roll(level, 1), spikes)


class N08(LIFBug):
    """The leak is applied a second time where a reset subtracts."""

    def reset(self, choices, charge, level, spikes):
        after = super().reset(choices, charge, level, spikes)
        return np.where(spikes != 0, after >> choices["leak_shift"], after)


class N09(LIFBug):
    """The membrane is clipped at minus the threshold."""

    def reset(self, choices, charge, level, spikes):
        return np.maximum(super().reset(choices, charge, level, spikes), -level)


class N10(LIFBug):
    """The membrane is clipped at 0."""

    def reset(self, choices, charge, level, spikes):
        return np.maximum(super().reset(choices, charge, level, spikes), 0)


class N21(LIFBug):
    """The spike leaves one timestep late."""

    def lif(self, node, timestep, currents):
        spikes, after = super().lif(node, timestep, currents)
        late = self.registers.get((node.name, "late"), np.zeros_like(spikes))
        self.registers[node.name, "late"] = spikes
        return late, after


class N22(LIFBug):
    """A neuron that fired cannot fire in the next timestep."""

    def fire(self, node, choices, charge, level):
        spikes = super().fire(node, choices, charge, level)
        spikes = np.where(self.registers.get((node.name, "fired"), False), 0, spikes)
        self.registers[node.name, "fired"] = spikes != 0
        return spikes


class N28(LIFBug):
    """A ternary neuron drops its negative spike and does not reset there."""

    def fire(self, node, choices, charge, level):
        return np.maximum(super().fire(node, choices, charge, level), 0)


class N29(LIFBug):
    """The decision to fire still sees the membrane from before the last reset."""

    def lif(self, node, timestep, currents):
        choices = self.choices(node)
        seen = self.registers.get((node.name, "seen"), np.zeros_like(currents))
        level = self.level(node, choices, timestep)
        spikes = self.fire(node, choices, self.charge(choices, seen, currents, timestep), level)
        charge = self.charge(choices, self.membrane(node, currents), currents, timestep)
        after = self.reset(choices, charge, level, spikes)
        self.registers[node.name], self.registers[node.name, "seen"] = after, charge
        return spikes, after


class N30(LIFBug):
    """Sign lost in ternary: a negative spike leaves as +1."""

    def lif(self, node, timestep, currents):
        spikes, after = super().lif(node, timestep, currents)
        return np.abs(spikes), after


class N31(LIFBug):
    """The threshold is subtracted where the reset should clear."""

    def reset(self, choices, charge, level, spikes):
        return super().reset({**choices, "reset": "subtract"}, charge, level, spikes)


class N39(LIFBug):
    """A ternary neuron fires -1 only below minus the threshold, not at it."""

    def reaches_below(self, charge, level):
        return charge < -level


class N40(LIFBug):
    """A negative spike does not reset the membrane."""

    def reset(self, choices, charge, level, spikes):
        return super().reset(choices, charge, level, np.maximum(spikes, 0))


class N41(LIFBug):
    """A negative spike subtracts the threshold where it should add it."""

    def reset(self, choices, charge, level, spikes):
        return super().reset(choices, charge, level, np.abs(spikes))


class N49(LIFBug):
    """A positive spike needs more than the level: > for >= on one side only."""

    def fire(self, node, choices, charge, level):
        spikes = super().fire(node, choices, charge, level)
        return np.where(charge == level, 0, spikes)


class N50(LIFBug):
    """A negative spike leaves as +1, and the membrane is reset as after +1."""

    def fire(self, node, choices, charge, level):
        return np.abs(super().fire(node, choices, charge, level))


class N57(LIFBug):
    """A reset by subtraction takes the threshold itself, not the level to which it has grown."""

    def lif(self, node, timestep, currents):
        self.growth = self.level_shift(self.choices(node), timestep)
        return super().lif(node, timestep, currents)

    def reset(self, choices, charge, level, spikes):
        return super().reset(choices, charge, level >> self.growth, spikes)


class N58(LIFBug):
    """A negative spike clears the membrane where it should add the level."""

    def reset(self, choices, charge, level, spikes):
        return np.where(spikes < 0, 0, super().reset(choices, charge, level, spikes))
