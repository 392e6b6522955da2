"""Bugs of the mask, and of the gate in spike-driven self-attention."""

import numpy as np

from refsim.golden.mutants.kinds import GateBug, MaskBug


class M01(MaskBug):
    """XOR of spikes and mask in place of AND."""

    def masked(self, spikes, mask):
        return ((spikes != 0) != (mask != 0)).astype(np.int64)


class M02(MaskBug):
    """OR of spikes and mask in place of AND."""

    def masked(self, spikes, mask):
        return np.where(spikes == 0, mask, spikes)


class M03(MaskBug):
    """The mask is inverted: spikes pass where it is 0."""

    def masked(self, spikes, mask):
        return spikes * (1 - mask)


class M04(MaskBug):
    """The row of the mask of the token before is taken."""

    def for_each_token(self, mask, spikes):
        return np.roll(super().for_each_token(mask, spikes), 1, axis=0)


class M05(MaskBug):
    """A mask of one row reaches only the first token; nothing passes at the others."""

    def for_each_token(self, mask, spikes):
        rows = np.zeros_like(spikes)
        rows[: len(mask)] = mask
        return rows


class M06(MaskBug):
    """The row of the mask of the first token is taken for all."""

    def for_each_token(self, mask, spikes):
        return super().for_each_token(mask[:1], spikes)


class M07(MaskBug):
    """The mask is read a timestep late."""

    def operand(self, node, place, timestep):
        if self.kind(node.name) != "Mask" or place == 0:
            return super().operand(node, place, timestep)
        late = super().operand(node, place, max(0, timestep - 1))
        return late if timestep > 0 else np.zeros_like(late)


class M08(MaskBug):
    """A spike of -1 leaves the mask as +1."""

    def masked(self, spikes, mask):
        return np.abs(spikes) * mask


class M09(MaskBug):
    """A spike of -1 does not pass the mask."""

    def masked(self, spikes, mask):
        return np.maximum(spikes, 0) * mask


class M10(MaskBug):
    """The mask is ignored."""

    def masked(self, spikes, mask):
        return spikes


class M11(MaskBug):
    """A spike of -1 is not masked."""

    def masked(self, spikes, mask):
        return np.where(spikes < 0, spikes, spikes * mask)


class M12(GateBug):
    """The gate masks K, not Q."""

    def source(self, node, place):
        inner = self.mask_before(node.inputs[1]) if self.kind(node.name) == "Mask" and place == 0 else None
        return super().source(node, place) if inner is None else inner.inputs[0]

    def mask_before(self, site):
        """Return the mask whose spikes are counted for a gate, or None where the site is no gate of counts."""
        while self.kind(site) in ("LIF", "TokenSum"):
            site = self.nodes[site].inputs[0]
        return self.nodes[site] if self.kind(site) == "Mask" else None


class M13(GateBug):
    """The gate counts the spikes of K alone, without V."""

    def source(self, node, place):
        site = super().source(node, place)
        counts = self.kind(node.name) == "TokenSum" and self.kind(site) == "Mask"
        return self.nodes[site].inputs[0] if counts else site


class M14(GateBug):
    """The gate halves its input a second time: one token no longer opens it."""

    def choices(self, node):
        choices = super().choices(node)
        return {**choices, "halve_input": True} if self.is_gate(node) else choices


class M15(GateBug):
    """The gate is not reset after it opened: its membrane is kept."""

    def lif(self, node, timestep, currents):
        before = self.membrane(node, currents)
        spikes, after = super().lif(node, timestep, currents)
        if self.is_gate(node):
            after = self.charge(self.choices(node), before, currents, timestep)
            self.registers[node.name] = after
        return spikes, after


class M16(GateBug):
    """The gate opens only where every token has a spike: AND over tokens in place of OR."""

    def thresholds(self, node, choices):
        own = super().thresholds(node, choices)
        counted = self.nodes.get(node.inputs[0])
        if not self.is_gate(node) or counted is None or counted.operator.kind() != "TokenSum":
            return own
        return own * len(self.value(counted.inputs[0], 0))
