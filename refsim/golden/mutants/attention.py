"""Bugs of attention: heads, products, maps, signs."""

import numpy as np

from refsim.golden.mutants.kinds import ProductBug
from refsim.golden.mutants.registers import wrapped
from refsim.golden.twin import Twin


class T02(ProductBug):
    """Heads are interleaved over the channels, not blocked."""

    def split(self, tokens, heads):
        return tokens.reshape(len(tokens), -1, heads).transpose(2, 0, 1)

    def joined(self, heads):
        return heads.transpose(1, 2, 0).reshape(heads.shape[1], -1)


class T03(ProductBug):
    """The heads are merged into one: each sees the sum of all scores."""

    def product(self, query, key):
        scores = super().product(query, key)
        return np.broadcast_to(scores.sum(axis=0), scores.shape)


class T04(ProductBug):
    """The heads are joined channel by channel, not one after the other."""

    def joined(self, heads):
        return heads.transpose(1, 2, 0).reshape(heads.shape[1], -1)


class T05(ProductBug):
    """Scores are transposed: K Q^T."""

    def product(self, query, key):
        return super().product(key, query)


class T06(Twin):
    """The weights of Q and K are swapped."""

    operators = ("Scores",)

    def parameter(self, node, name):
        partner = {"q": "k", "k": "q"}.get(node.name.rpartition(".")[2].removesuffix("_linear"))
        swapped = f"{node.name.rpartition('.')[0]}.{partner}_linear"
        return super().parameter(self.nodes.get(swapped, node) if node.name.endswith("_linear") else node, name)


class T07(ProductBug):
    """The buffer of V is used for K."""

    def source(self, node, place):
        if self.kind(node.name) != "Scores" or place == 0:
            return super().source(node, place)
        contexts = [
            other for other in self.graph.nodes if other.operator.kind() == "Context" and self.follows(other, node)
        ]
        return contexts[0].inputs[1] if contexts else super().source(node, place)

    def follows(self, context, scores):
        """Tell whether a context reads the map made of these scores."""
        attention_map = self.nodes.get(context.inputs[0])
        return attention_map is not None and scores.name in (attention_map.name, *attention_map.inputs)


class T08(ProductBug):
    """Scores are made binary."""

    def product(self, query, key):
        return (super().product(query, key) > 0).astype(np.int64)


class T09(ProductBug):
    """Scores are capped at 3, as by a counter of two bits."""

    def product(self, query, key):
        return np.minimum(super().product(query, key), 3)


class T10(ProductBug):
    """A causal mask: no query sees a later key."""

    def product(self, query, key):
        return np.tril(super().product(query, key))


class T11(ProductBug):
    """Equal silence counts as overlap: XNOR in place of the product of spikes."""

    def product(self, query, key):
        return (query[:, :, np.newaxis] == key[:, np.newaxis]).sum(axis=-1)


class T12(ProductBug):
    """Scores are scaled down by a shift of one."""

    def product(self, query, key):
        return super().product(query, key) >> 1


class T13(ProductBug):
    """Sums of (map) V are scaled down by a shift of one."""

    def attended(self, attention_map, value):
        return super().attended(attention_map, value) >> 1


class T14(Twin):
    """The neuron after attention is missing: its sums go on as they are."""

    operators = ("Context",)

    def lif(self, node, timestep, currents):
        spikes, membranes = super().lif(node, timestep, currents)
        return (currents if self.kind(node.inputs[0]) == "Context" else spikes), membranes


class T15(ProductBug):
    """K and V are summed over the timesteps, not taken at each."""

    def operand(self, node, place, timestep):
        if self.kind(node.name) not in ("Scores", "Context") or place == 0:
            return super().operand(node, place, timestep)
        return sum(self.value(self.source(node, place), earlier) for earlier in range(timestep + 1))


class T16(Twin):
    """The threshold after attention is scaled for the whole width, not for that of a head."""

    operators = ("Scores", "Context")

    def thresholds(self, node, choices):
        own = super().thresholds(node, choices)
        source = self.nodes.get(node.inputs[0])
        if source is None or source.operator.kind() != "Context":
            return own
        return own * len(self.value(source.inputs[0], 0))


class T17(ProductBug):
    """The sign of Q is lost."""

    def product(self, query, key):
        return super().product(np.abs(query), key)


class T18(ProductBug):
    """The sign of K is lost."""

    def product(self, query, key):
        return super().product(query, np.abs(key))


class T19(ProductBug):
    """The sign of V is lost."""

    def attended(self, attention_map, value):
        return super().attended(attention_map, np.abs(value))


class T20(ProductBug):
    """A spike of -1 in Q is dropped."""

    def product(self, query, key):
        return super().product(np.maximum(query, 0), key)


class T21(ProductBug):
    """The attention map is transposed before it meets V."""

    def attended(self, attention_map, value):
        return super().attended(attention_map.transpose(0, 2, 1), value)


class T22(ProductBug):
    """A spike of -1 in V is dropped."""

    def attended(self, attention_map, value):
        return super().attended(attention_map, np.maximum(value, 0))


class T23(ProductBug):
    """A token does not attend to itself."""

    def product(self, query, key):
        scores = super().product(query, key).copy()
        scores[:, range(scores.shape[1]), range(scores.shape[1])] = 0
        return scores


class T24(ProductBug):
    """The heads come in reversed order."""

    def joined(self, heads):
        return super().joined(heads[::-1])


class T25(ProductBug):
    """A spike of -1 in K is dropped."""

    def product(self, query, key):
        return super().product(query, np.maximum(key, 0))


class T26(ProductBug):
    """Negative scores are kept as magnitudes."""

    def product(self, query, key):
        return np.abs(super().product(query, key))


class T27(ProductBug):
    """The attention map is made binary."""

    def attended(self, attention_map, value):
        return super().attended(np.sign(attention_map), value)


class T28(ProductBug):
    """A causal mask on the attention map: no query gathers the V of a later key."""

    def attended(self, attention_map, value):
        return super().attended(np.tril(attention_map), value)


class T29(ProductBug):
    """All heads read the keys of the first."""

    def product(self, query, key):
        return super().product(query, np.broadcast_to(key[:1], key.shape))


class T30(ProductBug):
    """The attention map is read as query before head."""

    def attended(self, attention_map, value):
        heads, tokens, _ = attention_map.shape
        return super().attended(attention_map.reshape(tokens, heads, tokens).swapaxes(0, 1), value)


class T33(ProductBug):
    """Sums of (map) V are scaled by 1/8, though the threshold holds that factor already."""

    def attended(self, attention_map, value):
        return super().attended(attention_map, value) >> 3


class T34(ProductBug):
    """Scores wrap at 12 bits."""

    def product(self, query, key):
        return wrapped(super().product(query, key), 12)


class T39(ProductBug):
    """Scores wrap at 16 bits."""

    def product(self, query, key):
        return wrapped(super().product(query, key), 16)


class T35(ProductBug):
    """Sums of (map) V wrap at 12 bits."""

    def attended(self, attention_map, value):
        return wrapped(super().attended(attention_map, value), 12)


class T36(ProductBug):
    """Sums of (map) V wrap at 16 bits."""

    def attended(self, attention_map, value):
        return wrapped(super().attended(attention_map, value), 16)


class T37(Twin):
    """A neuron on the scores takes its thresholds by query, not by key."""

    operators = ("Scores",)

    def thresholds(self, node, choices):
        own = super().thresholds(node, choices)
        return own[:, np.newaxis] if self.kind(node.inputs[0]) == "Scores" else own


class T38(ProductBug):
    """The map is read in 16 bits."""

    def attended(self, attention_map, value):
        return super().attended(wrapped(attention_map, 16), value)
