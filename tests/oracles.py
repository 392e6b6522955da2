"""The rules of golden/NUMERICS.md in ordinary NumPy and rational arithmetic, with multiplication.

Written from the rules, not from the code: nothing here is imported from refsim.
"""

from fractions import Fraction

import numpy as np


def linear(values, weights, bias):
    """N6 and N7: a matrix product in int64."""
    return values.astype(np.int64) @ weights.astype(np.int64) + bias


def convolution(values, weights, bias, stride, padding):
    """N6 and N7: every window of the zero-padded image times the kernel."""
    window_rows, window_columns, _, outputs = weights.shape
    padded = np.pad(values.astype(np.int64), ((padding, padding), (padding, padding), (0, 0)))
    rows = (padded.shape[0] - window_rows) // stride + 1
    columns = (padded.shape[1] - window_columns) // stride + 1
    sums = np.empty((rows, columns, outputs), np.int64)
    for y in range(rows):
        for x in range(columns):
            window = padded[y * stride : y * stride + window_rows, x * stride : x * stride + window_columns]
            sums[y, x] = np.tensordot(window, weights.astype(np.int64), axes=3) + bias
    return sums


def max_pool(values, window, stride, padding):
    """N12: the maximum over each window, with minus infinity outside."""
    padded = np.pad(values.astype(np.int64), ((padding, padding), (padding, padding), (0, 0)), constant_values=-(2**62))
    rows = (padded.shape[0] - window) // stride + 1
    columns = (padded.shape[1] - window) // stride + 1
    pooled = np.empty((rows, columns, values.shape[2]), np.int64)
    for y in range(rows):
        for x in range(columns):
            pooled[y, x] = padded[y * stride : y * stride + window, x * stride : x * stride + window].max(axis=(0, 1))
    return pooled


def lif(currents, threshold, leak_shift, halve_input, reset, ternary):
    """N8 for one neuron, in rational numbers: h = v / 2^k + g x.

    Returns
    -------
    spikes : list of int
    membranes : list of Fraction
        v after the reset.
    """
    membrane, spikes, membranes = Fraction(0), [], []
    for current in currents:
        gained = Fraction(current, 2) if halve_input else Fraction(current)
        charge = membrane / 2**leak_shift + gained
        spike = 1 if charge >= threshold else -1 if ternary and charge <= -threshold else 0
        membrane = charge - spike * threshold if reset == "subtract" else charge * (1 - abs(spike))
        spikes.append(spike)
        membranes.append(membrane)
    return spikes, membranes


def lif_floor(currents, threshold, leak_shift, halve_input, reset, ternary):
    """N9 for one neuron, with Python's floor division."""
    membrane, spikes, membranes = 0, [], []
    for current in currents:
        if halve_input:
            charge = (membrane // 2 ** (leak_shift - 1) + current) // 2
        else:
            charge = membrane // 2**leak_shift + current
        spike = 1 if charge >= threshold else -1 if ternary and charge <= -threshold else 0
        membrane = charge - spike * threshold if reset == "subtract" else charge * (1 - abs(spike))
        spikes.append(spike)
        membranes.append(membrane)
    return spikes, membranes


def relu(currents, shift, cap):
    """N10."""
    return np.minimum(np.maximum(currents, 0) // 2**shift, cap)


def scores(query, key, heads):
    """N11: Q K^T in each head."""
    return np.einsum("nhe,mhe->hnm", *(by_head(tokens, heads) for tokens in (query, key)))


def context(attention_map, value):
    """N11: (map) V in each head."""
    heads = len(attention_map)
    return np.einsum("hnm,mhe->nhe", attention_map.astype(np.int64), by_head(value, heads)).reshape(value.shape)


def key_value(key, value, heads):
    """N17: K^T V in each head."""
    return np.einsum("nhe,nhf->hef", *(by_head(tokens, heads) for tokens in (key, value)))


def retrieval(query, key_values):
    """N17: Q (K^T V) in each head."""
    heads = len(key_values)
    return np.einsum("nhe,hef->nhf", by_head(query, heads), key_values.astype(np.int64)).reshape(query.shape)


def mask(spikes, gates):
    """N16: the Hadamard product with zeros and ones."""
    return spikes.astype(np.int64) * gates


def tap_bias(sums, bias, image_shape, stride, padding):
    """N18: the sums, and the convolution of an image of ones with the biases."""
    ones = np.ones((*image_shape, 1), np.int64)
    nothing = np.zeros(bias.shape[-1], np.int64)
    return sums + convolution(ones, bias[:, :, np.newaxis], nothing, stride, padding)


def by_head(tokens, heads):
    return tokens.astype(np.int64).reshape(len(tokens), heads, -1)


def fan_out(spikes, window, stride, padding, outputs):
    """How many additions the spikes of an image cause in a convolution, event by event."""
    rows = (spikes.shape[0] + 2 * padding - window) // stride + 1
    columns = (spikes.shape[1] + 2 * padding - window) // stride + 1
    total = 0
    for y, x, _ in zip(*np.nonzero(spikes)):
        reached = [
            (row, column)
            for row in range(rows)
            for column in range(columns)
            if 0 <= y + padding - row * stride < window and 0 <= x + padding - column * stride < window
        ]
        total += len(reached) * outputs
    return total
