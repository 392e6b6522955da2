"""Changes that look like bugs and can never be seen, each with its proof."""

import numpy as np

from refsim.golden.mutants.registers import wrapped
from refsim.golden.twin import Twin


class E01(Twin):
    """The ReLU neuron shifts before it cuts off negative values.

    Proof: for x >= 0 both orders shift the same value. For x < 0, x >> s rounds towards minus infinity and stays
    below 0, so that the cut gives 0 in both.
    """

    def rectified(self, currents):
        return currents

    def shifted(self, values, shift):
        return np.maximum(values >> shift, 0)


class E02(Twin):
    """Input channels are gathered from the last to the first.

    Proof: integer addition is associative and commutative, and by rule N3 no partial sum in any order can overflow.
    """

    def accumulated(self, rows, weights, bias):
        return super().accumulated(rows[:, ::-1], weights[::-1], bias)


class E03(Twin):
    """Accumulators wrap at their declared width.

    Proof: rule N3 refuses a network in which any partial sum could leave the declared width, so that wrapping never
    changes a value.
    """

    def gathered(self, node, timestep, rows, weights):
        return wrapped(super().gathered(node, timestep, rows, weights), node.operator.accumulator_bits)


class E04(Twin):
    """The neuron fires where the charge exceeds the level less one.

    Proof: charge and level are integers, and a > b - 1 is a >= b for integers.
    """

    def reaches(self, charge, level):
        return charge > level - 1


class E05(Twin):
    """Pooling runs over columns first, then over rows.

    Proof: the maximum over a rectangle is the maximum over its rows of the maximum over each row.
    """

    def largest(self, views):
        return views.max(axis=-1).max(axis=-1)


class E06(Twin):
    """Where no neuron stands on the scores, (Q K^T) V is computed as Q (K^T V).

    Proof: the product of matrices is associative over the integers, head by head; what stands between the two products
    is the identity.
    """

    def context(self, node, timestep, attention_map, value):
        source = self.nodes.get(node.inputs[0])
        if source is None or source.operator.kind() != "Scores":
            return super().context(node, timestep, attention_map, value)
        heads = source.operator.heads
        query, key = (self.split(self.operand(source, place, timestep), heads) for place in (0, 1))
        return self.joined(query @ (key.transpose(0, 2, 1) @ self.split(value, heads))), None


class E07(Twin):
    """A silent channel skips the reset.

    Proof: without a spike both resets leave the charge as the membrane (rule N8, step 4).
    """

    def reset(self, choices, charge, level, spikes):
        return np.where(spikes == 0, charge, super().reset(choices, charge, level, spikes))


class E08(Twin):
    """Q (K^T V) is computed as (Q K^T) V.

    Proof: the product of matrices is associative over the integers, head by head, and nothing stands between the two
    products of rule N17.
    """

    def retrieval(self, node, timestep, query, key_values):
        source = self.nodes.get(node.inputs[1])
        if source is None or source.operator.kind() != "KeyValue":
            return super().retrieval(node, timestep, query, key_values)
        heads = source.operator.heads
        key, value = (self.by_head(self.operand(source, place, timestep), heads) for place in (0, 1))
        return self.from_heads((self.by_head(query, heads) @ key.transpose(0, 2, 1)) @ value), None


class E09(Twin):
    """A neuron of threshold 1 on counts, with a reset to zero, is an OR over tokens without a membrane.

    Proof: counts are not negative. From a membrane of 0 the charge is x << k t and the level 1 << k t (rule N8 with the
    input not halved, or N9 without the shift), so that it fires exactly where x >= 1. It is reset to 0 there, and
    elsewhere x is 0 and the membrane stays 0: it is 0 before every timestep.
    """

    def lif(self, node, timestep, currents):
        spikes, after = super().lif(node, timestep, currents)
        choices, source = self.choices(node), self.nodes.get(node.inputs[0])
        is_or = (
            not choices["halve_input"] and choices["reset"] == "zero" and (self.thresholds(node, choices) == 1).all()
        )
        if not is_or or source is None or source.operator.kind() != "TokenSum" or self.is_signed(source.name):
            return spikes, after
        return (currents > 0).astype(np.int64), np.zeros_like(currents)

    def is_signed(self, site):
        """Tell whether a site may be negative."""
        return self.graph.signals[site].interval[0] < 0
