"""Spiking self-attention in the other association: K^T V first, then Q (K^T V); its cost grows with N, not N^2."""

from dataclasses import dataclass

import numpy as np

from refsim.errors import NetworkError
from refsim.kernels.attention import accumulate_heads
from refsim.numerics import register_signal, require_choice
from refsim.ops.attention import gate_census, product_interval, require_heads, require_spiking, split_heads
from refsim.ops.operator import Operator


@dataclass(frozen=True, eq=False)
class KeyValue(Operator):
    """K^T V in each head, of two operands of which one at least is spiking (rule N17).

    Attributes
    ----------
    heads : int
    gate : {"k", "v"}
        The operand whose spikes gate the additions.
    accumulator_bits : int
        Declared width of the sums.
    """

    heads: int
    gate: str = "k"
    accumulator_bits: int = 32

    input_count = 2
    since_minor = 1

    def output(self, site, inputs, timesteps):
        key, value = inputs
        require_choice(f"{site}.gate", self.gate, ("k", "v"))
        require_heads(site, self.heads, key, value)
        require_spiking(site, self.gate, key if self.gate == "k" else value)
        tokens, width = key.shape[0], key.channels // self.heads
        low, high = product_interval(site, self.accumulator_bits, key, value, tokens)
        shape = (self.heads, width, width)
        return register_signal(site, "accumulator", self.accumulator_bits, shape, [low] * width, [high] * width)

    def step(self, timestep, inputs, state, output, rows):
        key, value = (split_heads(tokens, self.heads)[rows] for tokens in inputs)
        if self.gate == "k":
            accumulate_heads(key.transpose(0, 2, 1).copy(), value.copy(), output[rows])
        else:
            transposed = np.empty_like(output[rows])
            accumulate_heads(value.transpose(0, 2, 1).copy(), key.copy(), transposed)
            output[rows] = transposed.transpose(0, 2, 1)

    def census(self, inputs, output):
        return gate_census(inputs[0] if self.gate == "k" else inputs[1], output.shape[1])

    def dense_macs(self, inputs, output):
        return inputs[0].shape[0] * output.shape[1] * inputs[0].shape[1]


@dataclass(frozen=True, eq=False)
class Retrieval(Operator):
    """Q (K^T V) in each head, gated by the spikes of Q (rule N17).

    Attributes
    ----------
    accumulator_bits : int
        Declared width of the sums.
    """

    accumulator_bits: int = 32

    input_count = 2
    since_minor = 1

    def output(self, site, inputs, timesteps):
        query, key_value = inputs
        heads, width = key_value.shape[0], key_value.channels
        require_heads(site, heads, query)
        require_spiking(site, "q", query)
        if len(key_value.shape) != 3 or key_value.shape[1] != width or query.channels != heads * width:
            raise NetworkError(f"{site}: K^T V of shape {key_value.shape} does not fit Q of shape {query.shape}")
        low, high = product_interval(site, self.accumulator_bits, query, key_value, width)
        channels = query.channels
        return register_signal(
            site, "accumulator", self.accumulator_bits, query.shape, [low] * channels, [high] * channels
        )

    def row_count(self, output):
        return 1

    def step(self, timestep, inputs, state, output, rows):
        query, key_value = split_heads(inputs[0], inputs[1].shape[0]), inputs[1]
        sums = np.empty_like(output, shape=query.shape)
        accumulate_heads(query.copy(), key_value, sums)
        output[...] = sums.transpose(1, 0, 2).reshape(output.shape)

    def census(self, inputs, output):
        query, key_value = inputs
        return gate_census(query, key_value.shape[2])

    def dense_macs(self, inputs, output):
        return output.shape[0] * output.shape[1] * inputs[1].shape[2]
