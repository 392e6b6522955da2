"""One timestep of every operator of the mutable twin, in steps that a mutant can override."""

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view


class Neurons:
    """Binary and ternary LIF (N8, N9) and ReLU (N10)."""

    def lif(self, node, timestep, currents):
        choices = self.choices(node)
        before = self.membrane(node, currents)
        charge = self.charge(choices, before, currents, timestep)
        level = self.level(node, choices, timestep)
        spikes = self.fire(node, choices, charge, level)
        after = self.reset(choices, charge, level, spikes)
        self.registers[node.name] = after
        return spikes, after

    def choices(self, node):
        """Return the settings of a neuron."""
        return node.operator.settings()

    def membrane(self, node, currents):
        return self.registers.get(node.name, np.zeros_like(currents))

    def thresholds(self, node, choices):
        return self.parameter(node, "thresholds")

    def level(self, node, choices, timestep):
        """Return what the charge must reach."""
        return self.thresholds(node, choices) << self.level_shift(choices, timestep)

    def charge(self, choices, before, currents, timestep):
        """Integrate and leak."""
        if choices["rounding"] == "exact":
            return before + currents * 2 ** self.input_shift(choices, timestep)
        if choices["halve_input"]:
            return (self.leaked(before, choices["leak_shift"] - 1) + currents) >> 1
        return self.leaked(before, choices["leak_shift"]) + currents

    def leaked(self, membrane, shift):
        """Leak a membrane of the rounding ``floor``."""
        return membrane >> shift

    def input_shift(self, choices, timestep):
        return choices["leak_shift"] * timestep

    def level_shift(self, choices, timestep):
        growth = choices["leak_shift"] * timestep + choices["halve_input"]
        return growth if choices["rounding"] == "exact" else 0

    def fire(self, node, choices, charge, level):
        spikes = self.reaches(charge, level).astype(np.int64)
        return spikes - self.reaches_below(charge, level) if choices["spikes"] == "ternary" else spikes

    def reaches(self, charge, level):
        return charge >= level

    def reaches_below(self, charge, level):
        """Tell where a ternary neuron fires -1."""
        return self.reaches(-charge, level)

    def reset(self, choices, charge, level, spikes):
        if choices["reset"] == "subtract":
            return charge - spikes * level
        return np.where(spikes == 0, charge, 0)

    def relu(self, node, timestep, currents):
        choices = self.choices(node)
        return self.capped(self.shifted(self.rectified(currents), choices["shift"]), choices["cap"]), None

    def rectified(self, currents):
        return np.maximum(currents, 0)

    def shifted(self, values, shift):
        return values >> shift

    def capped(self, values, cap):
        return np.minimum(values, cap)


class Gathers:
    """Linear maps and convolutions (N6, N7), both as rows of inputs that meet a matrix of weights."""

    def linear(self, node, timestep, values):
        return self.gathered(node, timestep, values, self.weights(node)), None

    def convolution(self, node, timestep, values):
        weights = self.weights(node)
        rows = self.windows(values, node.operator, weights.shape[:2])
        sums = self.gathered(
            node, timestep, rows.reshape(-1, weights[..., 0].size), weights.reshape(-1, weights.shape[-1])
        )
        return sums.reshape(*rows.shape[:2], -1), None

    def weights(self, node):
        return self.parameter(node, "weights")

    def windows(self, values, operator, window):
        """Return what lies under each window: (Y', X', window rows, window columns, C)."""
        padded = self.padded(values, operator.padding)
        views = sliding_window_view(padded, window, axis=(0, 1))[:: operator.stride, :: operator.stride]
        return views.transpose(0, 1, 3, 4, 2)

    def padded(self, values, padding):
        return np.pad(values, ((padding, padding), (padding, padding), (0, 0)))

    def gathered(self, node, timestep, rows, weights):
        """Return the sums of rows (M, K) by weights (K, D), with the bias."""
        planes, bias = node.operator.planes, self.bias(node, timestep)
        if planes == 0:
            return self.accumulated(self.gate(rows), weights, bias)
        sums = np.zeros((len(rows), weights.shape[1]), np.int64)
        for plane in self.plane_order(planes):
            sums = sums * 2 + self.plane_weight(plane, planes) * self.accumulated(
                self.plane_rows(rows, plane), weights, 0
            )
        return self.with_late_bias(sums, bias, planes)

    def bias(self, node, timestep):
        return self.parameter(node, "bias")

    def gate(self, rows):
        """Return the spikes as the additions see them."""
        return rows

    def accumulated(self, rows, weights, bias):
        return rows @ weights + bias

    def plane_rows(self, rows, plane):
        """Return which inputs gather in a plane."""
        return (rows >> plane) & 1

    def plane_order(self, planes):
        return range(planes - 1, -1, -1)

    def plane_weight(self, plane, planes):
        return 1

    def with_late_bias(self, sums, bias, planes):
        return sums + bias


class Images:
    """Max pooling (N12), the numbering of tokens and the way back (N5), biases of taps (N18)."""

    def max_pool(self, node, timestep, values):
        return self.pooled(node.operator, values), None

    def pooled(self, operator, values):
        window, padded = operator.window, self.surrounded(values, operator.padding)
        views = sliding_window_view(self.aligned(padded), (window, window), axis=(0, 1))
        return self.largest(views[:: operator.stride, :: operator.stride])

    def surrounded(self, values, edge):
        return np.pad(values, ((edge, edge), (edge, edge), (0, 0)), constant_values=self.outside(values))

    def outside(self, values):
        """Return what stands outside the image: less than anything inside."""
        return values.min() - 1

    def aligned(self, padded):
        return padded

    def largest(self, views):
        return views.max(axis=(-2, -1))

    def tokens(self, node, timestep, values):
        return values.reshape(-1, values.shape[-1]), None

    def grid(self, node, timestep, tokens):
        return self.placed(tokens, node.operator.rows, node.operator.columns), None

    def placed(self, tokens, rows, columns):
        """Put tokens (N, C) back in their places (Y, X, C)."""
        return tokens.reshape(rows, columns, -1)

    def tap_bias(self, node, timestep, sums):
        return sums + self.taps_inside(node.operator, self.tap_biases(node)), None

    def tap_biases(self, node):
        return self.parameter(node, "bias")

    def taps_inside(self, operator, biases):
        """Return for each place the sum of the biases of those taps that lie inside the image (N18)."""
        window = biases.shape[:2]
        views = sliding_window_view(self.image_of_ones(operator), window)[:: operator.stride, :: operator.stride]
        return np.tensordot(views, biases, axes=2)

    def image_of_ones(self, operator):
        """Return 1 inside the image and 0 in the padding around it."""
        ones = np.ones((operator.image_rows, operator.image_columns), np.int64)
        return np.pad(ones, operator.padding)


class Attention:
    """The two products (N11) and the residual (N13)."""

    def scores(self, node, timestep, query, key):
        heads = node.operator.heads
        return self.product(self.split(query, heads), self.split(key, heads)), None

    def split(self, tokens, heads):
        """Split (N, D) into (H, N, E)."""
        return tokens.reshape(len(tokens), heads, -1).transpose(1, 0, 2)

    def product(self, query, key):
        """Return Q K^T of (H, N, E) each."""
        return query @ key.transpose(0, 2, 1)

    def context(self, node, timestep, attention_map, value):
        return self.joined(self.attended(attention_map, self.split(value, len(attention_map)))), None

    def attended(self, attention_map, value):
        """Return (map) V of (H, N, N) and (H, N, E)."""
        return attention_map @ value

    def joined(self, heads):
        """Join (H, N, E) into (N, D)."""
        return heads.transpose(1, 0, 2).reshape(heads.shape[1], -1)

    def residual(self, node, timestep, stream, branch):
        return self.added(stream * 2**node.operator.stream_shift, branch * 2**node.operator.branch_shift, node), None

    def added(self, stream, branch, node):
        return stream + branch


class Lineage:
    """The mask (N16), and attention through K^T V (N17)."""

    def mask(self, node, timestep, spikes, mask):
        return self.masked(spikes, self.for_each_token(mask, spikes)), None

    def for_each_token(self, mask, spikes):
        """Return a value of the mask for every spike; one row stands for all tokens."""
        return np.broadcast_to(mask, spikes.shape)

    def masked(self, spikes, mask):
        return spikes * mask

    def key_value(self, node, timestep, key, value):
        heads = node.operator.heads
        return self.key_product(self.by_head(key, heads), self.by_head(value, heads)), None

    def by_head(self, tokens, heads):
        """Split (N, D) into (H, N, E)."""
        return tokens.reshape(len(tokens), heads, -1).transpose(1, 0, 2)

    def key_product(self, key, value):
        """Return K^T V of (H, N, E) each: (H, E, E)."""
        return key.transpose(0, 2, 1) @ value

    def retrieval(self, node, timestep, query, key_values):
        return self.from_heads(self.retrieved(self.by_head(query, len(key_values)), key_values)), None

    def retrieved(self, query, key_values):
        """Return Q (K^T V) of (H, N, E) and (H, E, E): (H, N, E)."""
        return query @ key_values

    def from_heads(self, heads):
        """Join (H, N, E) into (N, D)."""
        return heads.transpose(1, 0, 2).reshape(heads.shape[1], -1)


class Readout:
    """Sums over tokens and time (N14), and the label (N15)."""

    def token_sum(self, node, timestep, values):
        return self.summed(self.counted(values)), None

    def summed(self, values):
        return values.sum(axis=0, keepdims=True)

    def counted(self, spikes):
        return spikes

    def time_sum(self, node, timestep, values):
        total = self.total(self.registers.get(node.name, np.zeros_like(values)), values)
        self.registers[node.name] = total
        return total, total

    def total(self, before, values):
        return before + values

    def argmax(self, node, timestep, logits):
        return self.first_largest(logits), None

    def first_largest(self, logits):
        return logits.argmax(axis=1)[:, np.newaxis]
