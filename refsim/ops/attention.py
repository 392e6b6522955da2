"""Spiking self-attention: scores Q K^T and context (map) V, by additions."""

from dataclasses import dataclass

import numpy as np

from refsim.audit.census import Census
from refsim.errors import NetworkError
from refsim.kernels.attention import accumulate_heads
from refsim.numerics import register_signal, require_choice, require_headroom, require_integer
from refsim.ops.operator import Operator, nonzero_count


@dataclass(frozen=True, eq=False)
class Scores(Operator):
    """Q K^T in each head, of two operands of which one at least is spiking (rule N11).

    Attributes
    ----------
    heads : int
        1 to 1024. Head h owns the channels h E to h E + E - 1.
    gate : {"q", "k"}
        The operand whose spikes gate the additions.
    accumulator_bits : int
        Declared width of the scores.
    """

    heads: int
    gate: str = "q"
    accumulator_bits: int = 32

    input_count = 2

    def output(self, site, inputs, timesteps):
        query, key = inputs
        require_choice(f"{site}.gate", self.gate, ("q", "k"))
        require_heads(site, self.heads, query, key)
        tokens, channels = query.shape
        require_spiking(site, self.gate, query if self.gate == "q" else key)
        low, high = product_interval(site, self.accumulator_bits, query, key, channels // self.heads)
        shape = (self.heads, tokens, tokens)
        return register_signal(site, "accumulator", self.accumulator_bits, shape, [low] * tokens, [high] * tokens)

    def step(self, timestep, inputs, state, output, rows):
        query, key = (split_heads(tokens, self.heads)[rows] for tokens in inputs)
        if self.gate == "q":
            accumulate_heads(query.copy(), key.transpose(0, 2, 1).copy(), output[rows])
        else:
            transposed = np.empty_like(output[rows])
            accumulate_heads(key.copy(), query.transpose(0, 2, 1).copy(), transposed)
            output[rows] = transposed.transpose(0, 2, 1)

    def census(self, inputs, output):
        return gate_census(inputs[0] if self.gate == "q" else inputs[1], output.shape[1])

    def dense_macs(self, inputs, output):
        return inputs[0].shape[0] * inputs[0].shape[0] * inputs[0].shape[1]


@dataclass(frozen=True, eq=False)
class Context(Operator):
    """(attention map) V in each head, of two operands of which one at least is spiking (rule N11).

    Attributes
    ----------
    gate : {"v", "map"}
        The operand whose spikes gate the additions.
    accumulator_bits : int
        Declared width of the sums.
    """

    gate: str = "v"
    accumulator_bits: int = 32

    input_count = 2

    def output(self, site, inputs, timesteps):
        attention_map, value = inputs
        require_choice(f"{site}.gate", self.gate, ("v", "map"))
        require_heads(site, attention_map.shape[0], value)
        tokens = value.shape[0]
        if attention_map.shape[1:] != (tokens, tokens):
            raise NetworkError(f"{site}: a map of shape {attention_map.shape} does not fit {tokens} tokens of V")
        require_spiking(site, self.gate, value if self.gate == "v" else attention_map)
        low, high = product_interval(site, self.accumulator_bits, attention_map, value, tokens)
        channels = value.channels
        return register_signal(
            site, "accumulator", self.accumulator_bits, value.shape, [low] * channels, [high] * channels
        )

    def row_count(self, output):
        return 1

    def step(self, timestep, inputs, state, output, rows):
        attention_map, value = inputs[0], split_heads(inputs[1], inputs[0].shape[0])
        heads, tokens, width = value.shape
        if self.gate == "v":
            sums = np.empty_like(output, shape=(heads, width, tokens))
            accumulate_heads(value.transpose(0, 2, 1).copy(), attention_map.transpose(0, 2, 1).copy(), sums)
            output[...] = sums.transpose(2, 0, 1).reshape(output.shape)
        else:
            sums = np.empty_like(output, shape=(heads, tokens, width))
            accumulate_heads(attention_map, value.copy(), sums)
            output[...] = sums.transpose(1, 0, 2).reshape(output.shape)

    def census(self, inputs, output):
        attention_map, value = inputs
        if self.gate == "v":
            return gate_census(value, len(value))
        return gate_census(attention_map, value.shape[1] // attention_map.shape[0])

    def dense_macs(self, inputs, output):
        return output.shape[0] * output.shape[0] * output.shape[1]


def split_heads(tokens, heads):
    """View tokens (N, D) head by head: (H, N, E)."""
    return tokens.reshape(tokens.shape[0], heads, -1).transpose(1, 0, 2)


def require_heads(site, heads, *operands):
    """Check that all operands are tokens of the same shape, divisible into heads."""
    require_integer(f"{site}.heads", heads, 1, 1024)
    shapes = {operand.shape for operand in operands}
    if len(shapes) != 1 or len(operands[0].shape) != 2 or operands[0].channels % heads:
        found = " and ".join(map(str, sorted(shapes)))
        raise NetworkError(
            f"{site}: expected operands of one shape, tokens whose channels split into {heads} heads; got {found}"
        )


def require_spiking(site, gate, operand):
    """Check that the gating operand is -1, 0 or 1, without which the product would need a multiplication."""
    if not operand.is_spiking:
        low, high = operand.interval
        raise NetworkError(
            f"{site}: {gate} ranges over [{low}, {high}]; one operand must be -1, 0 or 1, or the product multiplies"
        )


def product_interval(site, bits, left, right, terms):
    """Bound a sum of `terms` products, any of which may be absent."""
    products = [a * b for a in left.interval for b in right.interval]
    low, high = terms * min(0, *products), terms * max(0, *products)
    require_headroom(site, "accumulator", bits, max(-low, high))
    return low, high


def gate_census(gate, row_length):
    """Count one addition for each spike of the gate and position of a row, and the comparisons that find the spikes."""
    events = nonzero_count(gate)
    return Census(adds=events * row_length, compares=gate.size + events)
