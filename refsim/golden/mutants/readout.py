"""Bugs of the readout, and of how samples follow each other."""

import numpy as np

from refsim.golden.mutants.registers import saturated, wrapped
from refsim.golden.twin import Twin


class H01(Twin):
    """Only token 0 is read out."""

    operators = ("TokenSum",)

    def token_sum(self, node, timestep, spikes):
        return super().token_sum(node, timestep, spikes[:1])


class H02(Twin):
    """The last timestep is read out, not the sum over time."""

    operators = ("TimeSum",)

    def total(self, before, values):
        return values


class H03(Twin):
    """Of equal logits the highest class wins."""

    operators = ("Argmax",)

    def first_largest(self, logits):
        return logits.shape[1] - 1 - super().first_largest(logits[:, ::-1])


class H04(Twin):
    """Samples are answered in the wrong order."""

    def all_samples(self):
        sites = super().all_samples()
        return {site: values[::-1] for site, values in sites.items()} if self.case.samples > 1 else sites


class H05(Twin):
    """An empty sample is short-cut and leaves the answer of the one before."""

    def one_sample(self, inputs, given):
        busy = self.case.samples == 1 or any(values.any() for values in inputs.values())
        self.previous = super().one_sample(inputs, given) if busy or not hasattr(self, "previous") else self.previous
        return self.previous


class H06(Twin):
    """Negative spikes count as positive in the sum over tokens."""

    operators = ("TokenSum",)

    def counted(self, spikes):
        return np.abs(spikes)


class H07(Twin):
    """The label is that of the largest magnitude."""

    operators = ("Argmax",)

    def first_largest(self, logits):
        return super().first_largest(np.abs(logits))


class H08(Twin):
    """The totals over time wrap at 16 bits."""

    operators = ("TimeSum",)

    def total(self, before, values):
        return wrapped(super().total(before, values), 16)


class H09(Twin):
    """Negative spikes are dropped in the sum over tokens."""

    operators = ("TokenSum",)

    def counted(self, spikes):
        return np.maximum(spikes, 0)


class H10(Twin):
    """Totals over time are not cleared between samples."""

    operators = ("TimeSum",)

    def clear(self):
        kept = {name: total for name, total in self.registers.items() if self.kind(name) == "TimeSum"}
        super().clear()
        self.registers = kept


class H11(Twin):
    """The last token is not counted."""

    operators = ("TokenSum",)

    def token_sum(self, node, timestep, spikes):
        return super().token_sum(node, timestep, spikes[:-1])


class H12(Twin):
    """The counts of the tokens go on from the timestep before."""

    operators = ("TokenSum",)

    def token_sum(self, node, timestep, spikes):
        counts, register = super().token_sum(node, timestep, spikes)
        counts = counts + self.registers.get(node.name, 0)
        self.registers[node.name] = counts
        return counts, register


class H13(Twin):
    """The sum over tokens counts: each value that is not 0 gives 1, with its sign."""

    operators = ("TokenSum",)

    def counted(self, spikes):
        return np.sign(spikes)


class H14(Twin):
    """The sum over tokens wraps at 16 bits."""

    operators = ("TokenSum",)

    def summed(self, values):
        return wrapped(super().summed(values), 16)


class H15(Twin):
    """The sum over tokens saturates at 16 bits."""

    operators = ("TokenSum",)

    def summed(self, values):
        return saturated(super().summed(values), 16)


class H16(Twin):
    """The sum over tokens reads negative membranes of 16 bits as unsigned."""

    operators = ("TokenSum",)

    def counted(self, spikes):
        return np.where((-(1 << 15) <= spikes) & (spikes < 0), spikes + (1 << 16), spikes)


class H17(Twin):
    """The thresholds of the neuron on the sums over tokens lack the factor N."""

    operators = ("TokenSum",)

    def thresholds(self, node, choices):
        own, summed = super().thresholds(node, choices), self.nodes.get(node.inputs[0])
        if summed is None or summed.operator.kind() != "TokenSum":
            return own
        return np.maximum(1, own // len(self.value(summed.inputs[0], 0)))


class H18(Twin):
    """The mean over tokens, rounded down, in place of the sum."""

    operators = ("TokenSum",)

    def summed(self, values):
        return super().summed(values) // len(values)


class H19(Twin):
    """The sum over tokens is kept in 32 bits, where 64 are declared."""

    operators = ("TokenSum",)

    def summed(self, values):
        return wrapped(super().summed(values), 32)


class H20(Twin):
    """Logits are compared in 16 bits."""

    operators = ("Argmax",)

    def first_largest(self, logits):
        return super().first_largest(wrapped(logits, 16))


class H21(Twin):
    """Logits are compared in 24 bits."""

    operators = ("Argmax",)

    def first_largest(self, logits):
        return super().first_largest(wrapped(logits, 24))


class H22(Twin):
    """The last class is never the label."""

    operators = ("Argmax",)

    def first_largest(self, logits):
        return super().first_largest(logits[:, : max(1, logits.shape[1] - 1)])


class H23(Twin):
    """No class after the ninth is ever the label."""

    operators = ("Argmax",)

    def first_largest(self, logits):
        return super().first_largest(logits[:, :9])


class H24(Twin):
    """The totals over time wrap at 24 bits."""

    operators = ("TimeSum",)

    def total(self, before, values):
        return wrapped(super().total(before, values), 24)
