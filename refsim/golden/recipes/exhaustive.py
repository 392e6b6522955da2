"""Cases that hold every value of a small domain."""

from itertools import product

import numpy as np

from refsim.golden.recipes.recipe import Recipe, operator_case
from refsim.ops import LIF, Context, KeyValue, Linear, Mask, MaxPool, ReLU, Residual, Retrieval, Scores, TokenSum

CURRENTS = range(-4, 5)
TIMESTEPS = 3
TERNARY = (-1, 0, 1)


def recipes():
    yield from neurons()
    yield rectifiers()
    yield rectifiers(shift=2, cap=20)
    yield from ternary_tuples()
    yield windows()
    yield from lineage()


def neurons():
    """Every trace of three currents from -4 to 4, for every kind of neuron and thresholds 1 to 3."""
    traces = np.array(list(product(CURRENTS, repeat=TIMESTEPS)), np.int32)
    currents = np.repeat(traces.T[..., np.newaxis], 3, axis=-1)
    for spikes, reset, rounding, halve_input in product(
        ("binary", "ternary"), ("zero", "subtract"), ("exact", "floor"), (True, False)
    ):
        operator = LIF(np.array([1, 2, 3], np.int32), spikes, 1, halve_input, reset, rounding)
        halving = "halved" if halve_input else "whole"
        yield exhaustive(
            f"l0.lif.{spikes}-{reset}-{rounding}-{halving}",
            f"Every trace of three currents from -4 to 4: {spikes}, reset {reset}, {rounding}, input {halving}",
            "lif",
            operator,
            [("sums", currents)],
        )


def rectifiers(shift=0, cap=127):
    currents = np.arange(-300, 301, dtype=np.int32).reshape(1, -1, 1)
    return exhaustive(
        f"l0.relu.shift-{shift}-cap-{cap}",
        f"Every current from -300 to 300, shift {shift}, cap {cap}",
        "relu",
        ReLU(shift, cap),
        [("sums", currents)],
    )


def ternary_tuples():
    tuples = np.array(list(product(TERNARY, repeat=4)), np.int8)
    one_timestep = tuples[np.newaxis]
    yield exhaustive(
        "l0.scores.ternary-4", "Every pair of ternary 4-tuples", "scores", Scores(1), [("ternary", one_timestep)] * 2
    )
    yield exhaustive(
        "l0.scores.two-heads",
        "Every pair of two ternary 2-tuples in two heads",
        "scores",
        Scores(2),
        [("ternary", one_timestep)] * 2,
    )
    weights = np.array([[1, -1, 127, 3], [2, 5, -128, -7], [4, -25, 1, 31], [8, 125, 64, -63]], np.int8)
    yield exhaustive(
        "l0.linear.ternary-4",
        "Every ternary 4-tuple",
        "linear",
        Linear(weights, np.array([0, 5, -9, 1], np.int32)),
        [("ternary", one_timestep)],
    )
    attention_map = np.array([[[[0, 1, 2, 3], [4, 0, 1, 2], [-3, 4, 0, 1], [2, -3, 4, 0]]]], np.int32)
    yield exhaustive(
        "l0.context.ternary-4",
        "Every ternary column of V over four keys",
        "context",
        Context(),
        [("sums", attention_map), ("ternary", tuples.T[np.newaxis].copy())],
    )


def windows():
    """Every 2 x 2 image of values -1, 0 and 1, as channels, under windows that reach outside."""
    images = np.array(list(product(TERNARY, repeat=4)), np.int8).T.reshape(1, 2, 2, -1).copy()
    return exhaustive(
        "l0.max-pool.ternary-2x2", "Every ternary 2 x 2 image", "max_pool", MaxPool(), [("ternary", images)]
    )


def lineage():
    """Every pair of a mask, every pair in K^T V and Q (K^T V), every sum of three tokens, every pair of a residual."""
    pairs = np.array(list(product(TERNARY, (0, 1))), np.int8)
    yield exhaustive(
        "l0.mask.ternary",
        "Every spike under every mask",
        "mask",
        Mask(),
        [("ternary", pairs[np.newaxis, :, :1]), ("binary", pairs[np.newaxis, :, 1:])],
    )
    columns = np.array(list(product(TERNARY, repeat=3)), np.int8).T[np.newaxis].copy()
    yield exhaustive(
        "l0.key-value.ternary-3",
        "Every pair of ternary columns over three tokens",
        "key_value",
        KeyValue(1),
        [("ternary", columns)] * 2,
    )
    tuples = np.array(list(product(TERNARY, repeat=4)), np.int8)[np.newaxis]
    key_values = np.array([[[[1, -2], [3, 4]], [[-5, 6], [7, -8]]]], np.int32)
    yield exhaustive(
        "l0.retrieval.ternary-4",
        "Every ternary query of two heads of two channels",
        "retrieval",
        Retrieval(),
        [("ternary", tuples), ("sums", key_values)],
    )
    membranes = np.array(list(product(CURRENTS, repeat=3)), np.int32).T[np.newaxis].copy()
    yield exhaustive(
        "l0.token-sum.three-membranes",
        "Every sum of three membranes from -4 to 4",
        "token_sum",
        TokenSum(),
        [("sums", membranes)],
    )
    twos = np.array(list(product(TERNARY, repeat=2)), np.int8)
    yield exhaustive(
        "l0.residual.ternary",
        "Every pair of ternary spikes",
        "residual",
        Residual(),
        [("ternary", twos[np.newaxis, :, place : place + 1]) for place in (0, 1)],
    )


def exhaustive(identity, title, op, operator, inputs):
    return Recipe(operator_case(identity, title, op, operator, inputs, level="L0"))
