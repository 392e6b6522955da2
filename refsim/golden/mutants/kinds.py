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
