"""Cases that an implementation must refuse: values or parameters that no right answer exists for."""

from dataclasses import replace

import numpy as np

from refsim.golden.recipes.recipe import Recipe, operator_case
from refsim.ops import (
    LIF,
    Context,
    Convolution,
    Grid,
    KeyValue,
    Linear,
    Mask,
    MaxPool,
    ReLU,
    Residual,
    Retrieval,
    Scores,
    TapBias,
    TimeSum,
    TokenSum,
)


def refused(name, reason, op, operator, inputs, **changes):
    """Describe a case that must be refused, with fields changed after it was made."""
    case = operator_case(f"l1.reject.{name}", f"Must be refused: {reason}", op, operator, inputs, outputs=())
    return Recipe(replace(case, requires=("reject",), reject_reason=reason, **changes), claims=())


def recipes():
    currents, spikes, graded = ("sums", [[[8]]]), ("ternary", [[[1]]]), ("graded", [[[9]]])
    weights, bias = np.array([[5]], np.int8), np.array([0], np.int32)
    threshold = np.array([4], np.int32)
    yield refused("threshold-zero", "a threshold below 1", "lif", LIF(np.array([0], np.int32)), [currents])
    yield refused("threshold-negative", "a threshold below 1", "lif", LIF(np.array([-4], np.int32)), [currents])
    yield refused("thresholds-missing", "fewer thresholds than channels", "lif", LIF(threshold), [("sums", [[[8, 8]]])])
    yield refused(
        "membrane-too-narrow",
        "a membrane of 16 bits that the range of the currents can overflow",
        "lif",
        LIF(threshold, membrane_bits=16),
        [currents],
    )
    yield refused(
        "unknown-reset", "a reset that the numerics do not have", "lif", LIF(threshold, reset="half"), [currents]
    )
    yield refused("no-timesteps", "no timestep at all", "lif", LIF(threshold), [currents], timesteps=0)
    yield refused("frames-missing", "one frame for two timesteps", "lif", LIF(threshold), [currents], timesteps=2)
    yield refused("cap-too-large", "a cap above 127", "relu", ReLU(cap=128), [currents])
    yield refused("graded-input", "a graded input without bit planes", "linear", Linear(weights, bias), [graded])
    yield refused(
        "planes-too-few", "three bit planes for values up to 127", "linear", Linear(weights, bias, planes=3), [graded]
    )
    yield refused(
        "planes-of-negative",
        "bit planes for values that may be negative",
        "linear",
        Linear(weights, bias, planes=8),
        [spikes],
    )
    yield refused(
        "accumulator-too-narrow",
        "an accumulator of 3 bits for a weight of 5",
        "linear",
        Linear(weights, bias, accumulator_bits=3),
        [spikes],
    )
    yield refused(
        "weights-do-not-fit",
        "weights of one channel for an input of two",
        "linear",
        Linear(weights, bias),
        [("ternary", [[[1, 1]]])],
    )
    yield refused(
        "input-out-of-range",
        "a value of 2 where ternary spikes are declared",
        "linear",
        Linear(weights, bias),
        [("ternary", [[[2]]])],
    )
    kernel = np.ones((3, 3, 1, 1), np.int8)
    image = ("ternary", [[[[1]]]])
    yield refused(
        "padding-of-a-window",
        "a padding as large as the window",
        "convolution",
        Convolution(kernel, bias, padding=3),
        [image],
    )
    yield refused(
        "window-too-large",
        "a window larger than the image",
        "convolution",
        Convolution(kernel, bias, padding=0),
        [image],
    )
    yield refused("pool-padding", "a padding that leaves windows empty", "max_pool", MaxPool(2, 2, 2), [image])
    yield refused("two-graded", "a product of two graded operands", "scores", Scores(1), [graded, graded])
    yield refused(
        "heads-do-not-divide", "two heads for three channels", "scores", Scores(2), [("ternary", [[[1, 1, 1]]])] * 2
    )
    yield refused(
        "map-does-not-fit",
        "a map of two tokens for a V of one",
        "context",
        Context(),
        [("sums", [[[[1, 0], [0, 1]]]]), spikes],
    )
    yield refused(
        "shapes-differ",
        "a branch that does not fit the stream",
        "residual",
        Residual(),
        [currents, ("sums", [[[1, 2]]])],
    )
    yield refused("total-too-narrow", "totals of 8 bits", "time_sum", TimeSum(accumulator_bits=8), [("sums", [[[1]]])])
    yield from lineage()


def lineage():
    spikes, graded, sums = ("binary", [[[1, 1]]]), ("graded", [[[9, 9]]]), ("sums", [[[3, -3]]])
    ternary, two_tokens = ("ternary", [[[1, -1]]]), ("binary", [[[1, 1], [0, 1]]])
    bias = np.array([0], np.int32)
    yield refused("mask-ternary", "a mask of -1", "mask", Mask(), [spikes, ternary])
    yield refused("mask-graded", "a mask of more than 1", "mask", Mask(), [spikes, graded])
    yield refused("mask-of-graded", "a mask on graded values", "mask", Mask(), [graded, spikes])
    yield refused("mask-does-not-fit", "a mask of two tokens for spikes of one", "mask", Mask(), [spikes, two_tokens])
    yield refused("key-graded", "a graded K that is to gate", "key_value", KeyValue(1), [graded, spikes])
    yield refused("key-value-graded", "a product of two graded operands", "key_value", KeyValue(1), [graded, graded])
    yield refused("key-value-tokens", "K of one token, V of two", "key_value", KeyValue(1), [spikes, two_tokens])
    yield refused("key-value-heads", "two channels in three heads", "key_value", KeyValue(3), [spikes, spikes])
    yield refused(
        "key-value-too-narrow",
        "K^T V of 2 bits for two tokens",
        "key_value",
        KeyValue(1, accumulator_bits=2),
        [two_tokens, two_tokens],
    )
    key_values = ("sums", [[[[1, 2], [3, 4]]]])
    yield refused("query-graded", "a graded Q in Q (K^T V)", "retrieval", Retrieval(), [graded, key_values])
    yield refused(
        "key-value-does-not-fit",
        "K^T V of two channels in two heads for a Q of two channels",
        "retrieval",
        Retrieval(),
        [spikes, ("sums", [[[[1, 2], [3, 4]], [[5, 6], [7, 8]]]])],
    )
    yield refused("grid-not-filled", "five tokens for six places", "grid", Grid(2, 3), [("sums", [[[1]] * 5])])
    yield refused(
        "taps-do-not-fit",
        "biases of taps for an image of other size",
        "tap_bias",
        TapBias(np.ones((3, 3, 1), np.int32), 4, 4),
        [("sums", [[[[1], [2]], [[3], [4]]]])],
    )
    yield refused(
        "taps-of-one-channel",
        "biases of taps of one channel for sums of two",
        "tap_bias",
        TapBias(np.ones((1, 1, 1), np.int32), 1, 1, padding=0),
        [("sums", [[[[1, 2]]]])],
    )
    yield refused(
        "taps-too-narrow",
        "sums of 26 bits for biases that need 27",
        "tap_bias",
        TapBias(np.full((1, 1, 1), 2**25, np.int32), 1, 1, padding=0, accumulator_bits=26),
        [("sums", [[[[1]]]])],
    )
    yield refused("token-sum-too-narrow", "sums of 16 bits of membranes of 25", "token_sum", TokenSum(16), [sums])
    yield refused(
        "planes-of-a-stream",
        "four bit planes for values up to 18",
        "linear",
        Linear(np.array([[5]], np.int8), bias, planes=4),
        [("stream", [[[18]]])],
    )
    yield refused(
        "weights-of-32-bits",
        "weights of int32",
        "linear",
        Linear(np.array([[5]], np.int32), bias),
        [("binary", [[[1]]])],
    )
