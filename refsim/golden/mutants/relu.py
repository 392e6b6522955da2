"""Bugs of the ReLU neuron."""

import numpy as np

from refsim.golden.mutants.kinds import ReLUBug
from refsim.golden.mutants.registers import wrapped


class N27(ReLUBug):
    """Graded spikes of the ReLU neuron collapse to 1."""

    def capped(self, values, cap):
        return np.minimum(values, 1)


class N42(ReLUBug):
    """The ReLU neuron wraps at 8 bits where it should saturate at its cap."""

    def capped(self, values, cap):
        return wrapped(values, 8)


class N43(ReLUBug):
    """The ReLU neuron saturates at 127, not at its declared cap."""

    def capped(self, values, cap):
        return np.minimum(values, 127)


class N44(ReLUBug):
    """The ReLU neuron rounds its shift half up."""

    def shifted(self, values, shift):
        return (values + (1 << shift >> 1)) >> shift


class N45(ReLUBug):
    """The ReLU neuron takes the magnitude of negative currents."""

    def rectified(self, currents):
        return np.abs(currents)


class N46(ReLUBug):
    """The ReLU neuron lets negative currents through."""

    def rectified(self, currents):
        return currents


class N47(ReLUBug):
    """The ReLU neuron's shift is one too small."""

    def shifted(self, values, shift):
        return values >> max(0, shift - 1)


class N48(ReLUBug):
    """The ReLU neuron does not shift."""

    def shifted(self, values, shift):
        return values


class N55(ReLUBug):
    """The ReLU neuron saturates before it shifts."""

    def relu(self, node, timestep, currents):
        choices = self.choices(node)
        return self.shifted(self.capped(self.rectified(currents), choices["cap"]), choices["shift"]), None


class N65(ReLUBug):
    """The ReLU neuron reads its currents in 16 bits."""

    def rectified(self, currents):
        return super().rectified(wrapped(currents, 16))


class N66(ReLUBug):
    """The ReLU neuron keeps its shift in 3 bits."""

    def shifted(self, values, shift):
        return super().shifted(values, shift & 7)


class N73(ReLUBug):
    """The ReLU neuron reads its currents in 20 bits."""

    def rectified(self, currents):
        return super().rectified(wrapped(currents, 20))
