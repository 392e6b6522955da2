"""Which operators a bug concerns: cases without one need not be tried."""

from refsim.golden.mutants.registers import wrapped
from refsim.golden.twin import Twin


class LIFBug(Twin):
    operators = ("LIF",)


class NarrowForm(LIFBug):
    """Keeps the membrane of one form, exact or rounded down, in so many bits."""

    form = bits = None

    def charge(self, choices, before, currents, timestep):
        charge = super().charge(choices, before, currents, timestep)
        return wrapped(charge, self.bits) if choices["rounding"] == self.form else charge


class ReLUBug(Twin):
    operators = ("ReLU",)


class GatherBug(Twin):
    operators = ("Linear", "Convolution")


class ConvolutionBug(Twin):
    operators = ("Convolution",)


class PoolBug(Twin):
    operators = ("MaxPool",)


class ProductBug(Twin):
    operators = ("Scores", "Context")


class ResidualBug(Twin):
    operators = ("Residual",)


class MaskBug(Twin):
    operators = ("Mask",)


class GateBug(MaskBug):
    """A bug of the neuron whose spikes are a mask, or of what it reads."""

    def is_gate(self, node):
        """Tell whether a neuron's spikes are read as a mask."""
        return any(reader.operator.kind() == "Mask" and reader.inputs[1] == node.name for reader in self.graph.nodes)


class KeyValueBug(Twin):
    operators = ("KeyValue",)


class RetrievalBug(Twin):
    operators = ("Retrieval",)


class LinearAttentionBug(Twin):
    operators = ("KeyValue", "Retrieval")


class TapBug(Twin):
    operators = ("TapBias",)


class GridBug(Twin):
    operators = ("Grid",)
