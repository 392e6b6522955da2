"""Bugs of attention through K^T V."""

import numpy as np

from refsim.golden.mutants.kinds import KeyValueBug, LinearAttentionBug, RetrievalBug
from refsim.golden.mutants.registers import wrapped


class K01(KeyValueBug):
    """V^T K: K^T V is transposed."""

    def key_product(self, key, value):
        return super().key_product(value, key)


class K02(KeyValueBug):
    """The heads are merged in K^T V: each holds the sum of all."""

    def key_product(self, key, value):
        products = super().key_product(key, value)
        return np.broadcast_to(products.sum(axis=0), products.shape)


class K03(LinearAttentionBug):
    """Heads are interleaved over the channels of K, V and Q, not blocked."""

    def by_head(self, tokens, heads):
        return tokens.reshape(len(tokens), -1, heads).transpose(2, 0, 1)

    def from_heads(self, heads):
        return heads.transpose(1, 2, 0).reshape(heads.shape[1], -1)


class K04(RetrievalBug):
    """K^T V is transposed before Q meets it."""

    def retrieved(self, query, key_values):
        return super().retrieved(query, key_values.transpose(0, 2, 1))


class K05(RetrievalBug):
    """Q (K^T V) is scaled by 1/8, though the threshold holds that factor already."""

    def retrieved(self, query, key_values):
        return super().retrieved(query, key_values) >> 3


class K06(KeyValueBug):
    """K^T V goes on from the timestep before."""

    def key_value(self, node, timestep, key, value):
        products, register = super().key_value(node, timestep, key, value)
        products = products + self.registers.get(node.name, 0)
        self.registers[node.name] = products
        return products, register


class K07(KeyValueBug):
    """The sign of K is lost in K^T V."""

    def key_product(self, key, value):
        return super().key_product(np.abs(key), value)


class K08(KeyValueBug):
    """A spike of -1 in K is dropped in K^T V."""

    def key_product(self, key, value):
        return super().key_product(np.maximum(key, 0), value)


class K09(KeyValueBug):
    """The sign of V is lost in K^T V."""

    def key_product(self, key, value):
        return super().key_product(key, np.abs(value))


class K10(RetrievalBug):
    """The sign of Q is lost in Q (K^T V)."""

    def retrieved(self, query, key_values):
        return super().retrieved(np.abs(query), key_values)


class K11(RetrievalBug):
    """A spike of -1 in Q is dropped in Q (K^T V)."""

    def retrieved(self, query, key_values):
        return super().retrieved(np.maximum(query, 0), key_values)


class K12(KeyValueBug):
    """K^T V is made binary: it notices common spikes and does not count them."""

    def key_product(self, key, value):
        return (super().key_product(key, value) > 0).astype(np.int64)


class K13(KeyValueBug):
    """K^T V is kept in 8 bits and wraps."""

    def key_product(self, key, value):
        return wrapped(super().key_product(key, value), 8)


class K14(KeyValueBug):
    """The last token is left out of K^T V."""

    def key_product(self, key, value):
        return super().key_product(key[:, :-1], value[:, :-1])


class K15(RetrievalBug):
    """All heads read the K^T V of the first."""

    def retrieved(self, query, key_values):
        return super().retrieved(query, np.broadcast_to(key_values[:1], key_values.shape))


class K16(KeyValueBug):
    """The buffer of K is used for V: K^T K."""

    def source(self, node, place):
        return super().source(node, 0 if self.kind(node.name) == "KeyValue" else place)


class K17(RetrievalBug):
    """Q meets the K^T V of the timestep before."""

    def operand(self, node, place, timestep):
        if self.kind(node.name) != "Retrieval" or place == 0:
            return super().operand(node, place, timestep)
        late = super().operand(node, place, max(0, timestep - 1))
        return late if timestep > 0 else np.zeros_like(late)


class K18(RetrievalBug):
    """The heads of Q (K^T V) are joined channel by channel, not one after the other."""

    def from_heads(self, heads):
        return heads.transpose(1, 2, 0).reshape(heads.shape[1], -1)


class K19(RetrievalBug):
    """Q meets K^T V in 8 bits."""

    def retrieved(self, query, key_values):
        return super().retrieved(query, wrapped(key_values, 8))


class K20(RetrievalBug):
    """Q (K^T V) wraps at 8 bits."""

    def retrieved(self, query, key_values):
        return wrapped(super().retrieved(query, key_values), 8)


class K21(KeyValueBug):
    """K^T V is kept in 12 bits and wraps."""

    def key_product(self, key, value):
        return wrapped(super().key_product(key, value), 12)


class K22(RetrievalBug):
    """Q (K^T V) wraps at 16 bits."""

    def retrieved(self, query, key_values):
        return wrapped(super().retrieved(query, key_values), 16)
