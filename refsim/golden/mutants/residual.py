"""Bugs of the residual stream."""

import numpy as np

from refsim.golden.mutants.kinds import ResidualBug
from refsim.golden.mutants.registers import wrapped


class R01(ResidualBug):
    """The residual adds the spikes that were fired from the stream, not its membranes."""

    def source(self, node, place):
        if self.kind(node.name) == "Residual" and place == 0:
            neurons = [reader.name for reader in self.readers(node.inputs[0]) if reader.operator.kind() == "LIF"]
            return neurons[0] if neurons else super().source(node, place)
        return super().source(node, place)


class R02(ResidualBug):
    """The residual is missing: the branch alone goes on."""

    def added(self, stream, branch, node):
        return branch


class R03(ResidualBug):
    """The residual is added twice."""

    def added(self, stream, branch, node):
        return stream * 2 + branch


class R04(ResidualBug):
    """The second residual of a block is taken from the block's input."""

    def source(self, node, place):
        stream = super().source(node, place)
        if self.kind(node.name) == "Residual" and place == 0 and self.kind(stream) == "Residual":
            return self.nodes[stream].inputs[0]
        return stream


class R05(ResidualBug):
    """The neuron after a residual sees the stream without the branch."""

    def operand(self, node, place, timestep):
        source = self.nodes.get(self.source(node, place))
        if self.kind(node.name) != "LIF" or source is None or source.operator.kind() != "Residual":
            return super().operand(node, place, timestep)
        return self.value(source.inputs[0], timestep) * 2**source.operator.stream_shift


class R06(ResidualBug):
    """The residual stream of the previous timestep is added."""

    def operand(self, node, place, timestep):
        stream = super().operand(node, place, timestep)
        if self.kind(node.name) != "Residual" or place == 1:
            return stream
        return super().operand(node, place, timestep - 1) if timestep > 0 else np.zeros_like(stream)


class R07(ResidualBug):
    """The stream is not shifted to the common step."""

    def added(self, stream, branch, node):
        return (stream >> node.operator.stream_shift) + branch


class R08(ResidualBug):
    """The branch is not shifted to the common step."""

    def added(self, stream, branch, node):
        return stream + (branch >> node.operator.branch_shift)


class R09(ResidualBug):
    """The branch is subtracted."""

    def added(self, stream, branch, node):
        return stream - branch


class R10(ResidualBug):
    """Stream and branch are each shifted by the other's amount."""

    def residual(self, node, timestep, stream, branch):
        swapped = stream * 2**node.operator.branch_shift, branch * 2**node.operator.stream_shift
        return self.added(*swapped, node), None


class R11(ResidualBug):
    """The shift of the branch is applied to the sum of both."""

    def added(self, stream, branch, node):
        return (stream << node.operator.branch_shift) + branch


class R12(ResidualBug):
    """The residual of two spikes saturates at 1: OR in place of the sum."""

    def added(self, stream, branch, node):
        sums = super().added(stream, branch, node)
        return np.clip(sums, -1, 1) if self.adds_spikes(node) else sums

    def adds_spikes(self, node):
        """Tell whether stream and branch are both spikes."""
        return all(self.graph.signals[site].is_spiking for site in node.inputs)


class R13(R12):
    """The residual of two spikes loses its carry: XOR in place of the sum."""

    def added(self, stream, branch, node):
        return (stream & 1) ^ (branch & 1) if self.adds_spikes(node) else stream + branch


class R14(ResidualBug):
    """The residual wraps at 8 bits, the width of its spikes."""

    def added(self, stream, branch, node):
        return wrapped(super().added(stream, branch, node), 8)


class R15(ResidualBug):
    """The residual wraps at 16 bits."""

    def added(self, stream, branch, node):
        return wrapped(super().added(stream, branch, node), 16)


class R16(ResidualBug):
    """The residual wraps at 24 bits."""

    def added(self, stream, branch, node):
        return wrapped(super().added(stream, branch, node), 24)
