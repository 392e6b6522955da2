"""Bugs of LIF neurons in leak, time and width of the membrane."""

import numpy as np

from refsim.golden.mutants.kinds import LIFBug, NarrowForm
from refsim.golden.mutants.registers import saturated, wrapped


class N11(LIFBug):
    """The membrane wraps at 8 bits."""

    def charge(self, choices, before, currents, timestep):
        return wrapped(super().charge(choices, before, currents, timestep), 8)


class N12(LIFBug):
    """The membrane wraps at 12 bits."""

    def charge(self, choices, before, currents, timestep):
        return wrapped(super().charge(choices, before, currents, timestep), 12)


class N13(LIFBug):
    """The membrane saturates at 8 bits."""

    def charge(self, choices, before, currents, timestep):
        return saturated(super().charge(choices, before, currents, timestep), 8)


class N14(LIFBug):
    """No leak."""

    def input_shift(self, choices, timestep):
        return 0

    def level_shift(self, choices, timestep):
        return int(choices["halve_input"]) if choices["rounding"] == "exact" else 0

    def charge(self, choices, before, currents, timestep):
        if choices["rounding"] == "exact":
            return super().charge(choices, before, currents, timestep)
        return before + (currents >> choices["halve_input"])


class N15(LIFBug):
    """The leak follows the addition, so that the new input leaks too."""

    def level_shift(self, choices, timestep):
        extra = choices["leak_shift"] if choices["rounding"] == "exact" else 0
        return super().level_shift(choices, timestep) + extra

    def charge(self, choices, before, currents, timestep):
        if choices["rounding"] == "exact":
            return super().charge(choices, before, currents, timestep)
        return (before + (currents >> choices["halve_input"])) >> choices["leak_shift"]


class N16(LIFBug):
    """The leak shift is one too large."""

    def choices(self, node):
        choices = super().choices(node)
        return {**choices, "leak_shift": choices["leak_shift"] + 1} if "leak_shift" in choices else choices


class N17(LIFBug):
    """The leak rounds towards zero, not down."""

    def leaked(self, membrane, shift):
        return towards_zero(membrane, shift)


class N18(LIFBug):
    """The leak rounds half up, not down."""

    def leaked(self, membrane, shift):
        return (membrane + (1 << shift >> 1)) >> shift


class N19(LIFBug):
    """The leak shifts logically: a negative membrane of 32 bits becomes large."""

    def leaked(self, membrane, shift):
        return (membrane & 0xFFFFFFFF) >> shift if shift else membrane


class N20(LIFBug):
    """The membrane is not kept from one timestep to the next."""

    def membrane(self, node, currents):
        return np.zeros_like(currents)


class N23(LIFBug):
    """Membranes are not cleared between samples."""

    def clear(self):
        kept = {name: membrane for name, membrane in self.registers.items() if self.kind(name) == "LIF"}
        super().clear()
        self.registers = kept


class N24(LIFBug):
    """The last timestep is skipped: nothing fires, nothing is integrated."""

    def lif(self, node, timestep, currents):
        if timestep < self.case.timesteps - 1:
            return super().lif(node, timestep, currents)
        return np.zeros_like(currents), self.membrane(node, currents)


class N25(LIFBug):
    """The first timestep is skipped: nothing fires, nothing is integrated."""

    def lif(self, node, timestep, currents):
        if timestep > 0:
            return super().lif(node, timestep, currents)
        return np.zeros_like(currents), np.zeros_like(currents)


class N26(LIFBug):
    """The leak has a linear tail: where the shift changes nothing, the membrane still moves by one towards zero."""

    def leaked(self, membrane, shift):
        leaked = super().leaked(membrane, shift)
        return np.where((leaked == membrane) & (shift > 0), membrane - np.sign(membrane), leaked)


class N32(LIFBug):
    """The rounding form `floor` where the exact one is asked for."""

    def choices(self, node):
        choices = super().choices(node)
        return {**choices, "rounding": "floor"} if choices.get("leak_shift", 0) else choices


class N33(LIFBug):
    """The exact form where the rounding form `floor` is asked for."""

    def choices(self, node):
        return {**super().choices(node), "rounding": "exact"}


class N34(LIFBug):
    """The first timestep is integrated twice."""

    def charge(self, choices, before, currents, timestep):
        return super().charge(choices, before, currents * (2 if timestep == 0 else 1), timestep)


class N35(LIFBug):
    """The membrane wraps at 16 bits."""

    def charge(self, choices, before, currents, timestep):
        return wrapped(super().charge(choices, before, currents, timestep), 16)


class N36(LIFBug):
    """The input is not halved."""

    def choices(self, node):
        return {**super().choices(node), "halve_input": False}


class N37(LIFBug):
    """The threshold of the exact form does not grow with the timesteps."""

    def level_shift(self, choices, timestep):
        return super().level_shift(choices, 0)


class N38(LIFBug):
    """The input of the exact form is not shifted by the timestep."""

    def input_shift(self, choices, timestep):
        return 0


class N51(LIFBug):
    """The threshold of the exact form lacks the bit of the halved input."""

    def level_shift(self, choices, timestep):
        halved = choices["halve_input"] and choices["rounding"] == "exact"
        return super().level_shift(choices, timestep) - halved


class N52(LIFBug):
    """Every right shift of the form `floor` rounds towards zero, that of the halved input too."""

    def leaked(self, membrane, shift):
        return towards_zero(membrane, shift)

    def charge(self, choices, before, currents, timestep):
        if choices["rounding"] == "exact" or not choices["halve_input"]:
            return super().charge(choices, before, currents, timestep)
        return towards_zero(self.leaked(before, choices["leak_shift"] - 1) + currents, 1)


class N53(LIFBug):
    """Timesteps are counted from 1: inputs and level are right to each other, the membrane is too large."""

    def input_shift(self, choices, timestep):
        return super().input_shift(choices, timestep + 1)

    def level_shift(self, choices, timestep):
        return super().level_shift(choices, timestep + 1)


class N54(LIFBug):
    """Membrane and input of the form `floor` are halved each by itself, not their sum."""

    def charge(self, choices, before, currents, timestep):
        if choices["rounding"] == "exact" or not choices["halve_input"]:
            return super().charge(choices, before, currents, timestep)
        return self.leaked(before, choices["leak_shift"]) + (currents >> 1)


class N56(LIFBug):
    """The stored membrane wraps at 8 bits; the decision to fire still sees it whole."""

    def reset(self, choices, charge, level, spikes):
        return wrapped(super().reset(choices, charge, level, spikes), 8)


class N74(LIFBug):
    """The stored membrane wraps at 16 bits; the decision to fire still sees it whole."""

    def reset(self, choices, charge, level, spikes):
        return wrapped(super().reset(choices, charge, level, spikes), 16)


class N59(NarrowForm):
    """The membrane of the form `floor` wraps at 8 bits."""

    form, bits = "floor", 8


class N60(NarrowForm):
    """The membrane of the form `floor` wraps at 16 bits."""

    form, bits = "floor", 16


class N61(LIFBug):
    """Thresholds are kept in 16 bits."""

    def thresholds(self, node, choices):
        return wrapped(super().thresholds(node, choices), 16)


class N62(LIFBug):
    """The shift of the exact form saturates at 6, that of inputs and that of the level."""

    def input_shift(self, choices, timestep):
        return min(6, super().input_shift(choices, timestep))

    def level_shift(self, choices, timestep):
        growth = super().level_shift(choices, timestep) - super().input_shift(choices, timestep)
        return self.input_shift(choices, timestep) + growth if choices["rounding"] == "exact" else 0


class N63(LIFBug):
    """The level wraps at 32 bits."""

    def level(self, node, choices, timestep):
        return wrapped(super().level(node, choices, timestep), 32)


class N64(LIFBug):
    """The level wraps at 26 bits."""

    def level(self, node, choices, timestep):
        return wrapped(super().level(node, choices, timestep), 26)


class N67(LIFBug):
    """The membrane wraps at 24 bits."""

    def charge(self, choices, before, currents, timestep):
        return wrapped(super().charge(choices, before, currents, timestep), 24)


class N68(LIFBug):
    """The membrane saturates at 24 bits."""

    def charge(self, choices, before, currents, timestep):
        return saturated(super().charge(choices, before, currents, timestep), 24)


class N69(NarrowForm):
    """The membrane of the exact form wraps at 8 bits."""

    form, bits = "exact", 8


class N70(NarrowForm):
    """The membrane of the exact form wraps at 12 bits."""

    form, bits = "exact", 12


class N71(NarrowForm):
    """The membrane of the exact form wraps at 16 bits."""

    form, bits = "exact", 16


class N72(NarrowForm):
    """The membrane of the form `floor` wraps at 12 bits."""

    form, bits = "floor", 12


def towards_zero(values, shift):
    """Shift right, rounding towards zero."""
    return np.sign(values) * (np.abs(values) >> shift)
