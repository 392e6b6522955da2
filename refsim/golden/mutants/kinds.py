"""Which operators a bug concerns: cases without one need not be tried."""

from refsim.golden.twin import Twin


class LIFBug(Twin):
    operators = ("LIF",)


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
