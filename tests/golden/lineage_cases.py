"""Cases of the operators since numerics 1.1, for the template implementations."""

import numpy as np
from template_parts import drawn, fields, single, wide

from refsim.golden.case import case_of
from refsim.network import Node
from refsim.ops import (
    LIF,
    Convolution,
    Grid,
    KeyValue,
    Linear,
    Mask,
    MaxPool,
    Retrieval,
    TapBias,
    Tokens,
    TokenSum,
)


def lineage_cases():
    """Masks, attention through K^T V, biases of taps, grids, sums of membranes, weights of 16 bits."""
    ternary, gates = drawn(80, (2, 5, 4), -1, 1), drawn(81, (2, 5, 4), 0, 1)
    yield single("mask.tokens", Mask(), (ternary, -1, 1), (gates, 0, 1))
    yield single("mask.row", Mask(), (ternary, -1, 1), (gates[:, :1], 0, 1))
    graded, key_values = drawn(82, (2, 5, 4), 0, 100), drawn(83, (2, 2, 2, 2), -50, 50, np.int32)
    for heads in (1, 2, 4):
        yield single(f"key_value.k.{heads}", KeyValue(heads), (ternary, -1, 1), (graded, 0, 100))
        yield single(f"key_value.v.{heads}", KeyValue(heads, "v"), (graded, 0, 100), (ternary, -1, 1))
    yield single("retrieval", Retrieval(), (ternary, -1, 1), (key_values, -50, 50))
    sums = drawn(84, (2, 4, 5, 3), -900, 900, np.int32)
    for stride, padding, window, rows, columns in ((1, 1, (3, 3), 4, 5), (2, 3, (7, 7), 8, 9), (2, 0, (2, 3), 8, 12)):
        bias = drawn(85, (*window, 3), -999, 999, np.int32)
        yield single(f"tap_bias.{stride}.{padding}", TapBias(bias, rows, columns, stride, padding), (sums, -900, 900))
    yield single("tap_bias.wide", TapBias(bias.astype(np.int64), rows, columns, stride, padding, 40), (sums, -900, 900))
    membranes = drawn(86, (2, 6, 3), -900, 900, np.int32)
    yield single("grid", Grid(2, 3), (membranes, -900, 900))
    yield single("token_sum.membranes", TokenSum(), (membranes, -900, 900))
    yield single("token_sum.wide", TokenSum(48), (membranes.astype(np.int64) * 2**30, -(2**40), 2**40))
    weights, bias = drawn(87, (4, 3), -(2**15), 2**15 - 1, np.int16), wide(1000, -1000, 3)
    yield single("linear.16", Linear(weights, bias), (ternary, -1, 1))
    yield single("linear.16.planes", Linear(weights, bias, planes=7), (graded, 0, 100))
    kernel = drawn(88, (3, 3, 2, 3), -(2**15), 2**15 - 1, np.int16)
    yield single("convolution.16", Convolution(kernel, bias), (drawn(89, (2, 6, 5, 2), -1, 1), -1, 1))
    yield spike_driven_layer()


def spike_driven_layer():
    """Spike-driven self-attention beside attention through K^T V, on a grid and back."""
    gate = LIF(np.ones(4, np.int32), halve_input=False)
    nodes = [
        Node("tokens", Tokens(), ("image",)),
        Node("both", Mask(), ("tokens", "v")),
        Node("count", TokenSum(), ("both",)),
        Node("gate", gate, ("count",)),
        Node("masked", Mask(), ("tokens", "gate")),
        Node("key_value", KeyValue(2), ("tokens", "v")),
        Node("context", Retrieval(), ("masked", "key_value")),
        Node("grid", Grid(2, 3), ("context",)),
        Node("pool", MaxPool(), ("grid",)),
    ]
    inputs = {"image": drawn(90, (3, 2, 3, 4), -1, 1), "v": drawn(91, (3, 6, 4), 0, 1)}
    ranges = {"image": (-1, 1), "v": (0, 1)}
    return case_of(nodes, inputs, ranges, **fields("layer.spike-driven", timesteps=3, outputs=("pool",)))


def lineage_misfits(ones, graded):
    """The same for masks, K^T V, biases of taps and grids; `ones` and `graded` are of three tokens of four channels."""
    ternary, two_rows = (drawn(77, (2, 3, 4), -1, 1), -1, 1), (drawn(78, (2, 2, 4), 0, 1), 0, 1)
    narrow = (drawn(78, (2, 3, 2), 0, 1), 0, 1)
    yield "ternary mask", single("", Mask(), ones, ternary)
    yield "graded mask", single("", Mask(), ones, graded)
    yield "mask of graded", single("", Mask(), graded, ones)
    yield "mask of two rows", single("", Mask(), ones, two_rows)
    yield "mask too narrow", single("", Mask(), ones, narrow)
    yield "graded K", single("", KeyValue(2), graded, ones)
    yield "graded V that gates", single("", KeyValue(2, "v"), ones, graded)
    yield "K and V of other tokens", single("", KeyValue(2), ones, two_rows)
    yield "heads of K do not divide", single("", KeyValue(3), ones, ones)
    yield "gate of Q in K^T V", single("", KeyValue(2, "q"), ones, ones)
    key_values = (drawn(79, (2, 2, 2, 2), -5, 5, np.int32), -5, 5)
    yield "graded Q", single("", Retrieval(), graded, key_values)
    yield "K^T V of too few channels", single("", Retrieval(), ones, (key_values[0][:, :1], -5, 5))
    yield "K^T V not square", single("", Retrieval(), ones, (key_values[0][..., :1], -5, 5))
    yield "grid too large", single("", Grid(2, 2), ones)
    yield "grid without rows", single("", Grid(0, 3), ones)
    yield "grid of an image", single("", Grid(2, 2), (drawn(72, (2, 4, 4, 1), 0, 1), 0, 1))
    sums, taps = (drawn(92, (2, 3, 3, 2), -9, 9, np.int32), -9, 9), np.ones((3, 3, 2), np.int32)
    yield "taps of another image", single("", TapBias(taps, 4, 3), sums)
    yield "taps of another stride", single("", TapBias(taps, 3, 3, 2), sums)
    yield "taps of one channel", single("", TapBias(taps[..., :1], 3, 3), sums)
    yield "taps of int16", single("", TapBias(taps.astype(np.int16), 3, 3), sums)
    yield "taps without an image", single("", TapBias(taps, 0, 3), sums)
    yield "taps with wide padding", single("", TapBias(taps, 1, 1, 1, 3), sums)
    yield "taps on tokens", single("", TapBias(taps, 3, 1), ones)
