"""Cases of one operator on seeded integers, of shapes that have no symmetry to hide behind."""

from itertools import count

import numpy as np

from refsim.golden.recipes.recipe import KINDS, Recipe, operator_case
from refsim.golden.splitmix import SplitMix64
from refsim.ops import (
    LIF,
    Argmax,
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
    Tokens,
    TokenSum,
)

TIMESTEPS = 4


class Draw:
    """Numbers case after case, and draws what each needs from its own seed."""

    def __init__(self):
        self.seeds = count(1)
        self.restart()

    def restart(self):
        self.seed = next(self.seeds)
        self.stream = SplitMix64(self.seed)

    def values(self, kind, *shape, low=None, high=None, samples=()):
        """Draw an input; a spiking one is silent in half of its places."""
        dtype, lowest, highest = KINDS[kind]
        low, high = lowest if low is None else low, highest if high is None else high
        values = self.stream.integers(low, high, (*samples, TIMESTEPS, *shape), dtype)
        if kind in ("binary", "ternary", "graded"):
            values = values * self.stream.integers(0, 1, values.shape, dtype)
        return kind, values

    def weights(self, *shape, low=-128):
        return self.stream.integers(low, 127, shape, np.int8)

    def wide_weights(self, *shape):
        return self.stream.integers(-(2**15), 2**15 - 1, shape, np.int16)

    def array(self, size, low, high):
        return self.stream.integers(low, high, (size,), np.int32)

    def case(self, name, op, operator, *inputs, **fields):
        """Make the case of what was drawn since the last one."""
        title = f"Seeded integers of odd shapes: {op.replace('_', ' ')}, {name.replace('-', ' ')}"
        case = operator_case(f"l2.{op.replace('_', '-')}.{name}", title, op, operator, inputs, level="L2", **fields)
        recipe = Recipe(case, seed=self.seed)
        self.restart()
        return recipe


def recipes():
    draw = Draw()
    for spikes in ("binary", "ternary"):
        for reset in ("zero", "subtract"):
            for rounding in ("exact", "floor"):
                for leak_shift in (1, 2):
                    operator = LIF(draw.array(7, 20, 60), spikes, leak_shift, leak_shift == 1, reset, rounding)
                    currents = draw.values("sums", 5, 7, low=-100, high=110)
                    yield draw.case(f"{spikes}-{reset}-{rounding}-leak-{leak_shift}", "lif", operator, currents)
    currents = draw.values("sums", 5, 7, low=-100, high=110, samples=(3,))
    yield draw.case("three-samples", "lif", LIF(draw.array(7, 20, 60), "ternary"), currents, samples=3)
    yield draw.case("whole", "relu", ReLU(), draw.values("sums", 5, 7, low=-90, high=200))
    yield draw.case("shifted", "relu", ReLU(3, 100), draw.values("sums", 5, 7, low=-500, high=1000))
    yield draw.case(
        "binary", "linear", Linear(draw.weights(13, 7), draw.array(7, -90, 90)), draw.values("binary", 5, 13)
    )
    yield draw.case(
        "ternary", "linear", Linear(draw.weights(13, 7), draw.array(7, -90, 90)), draw.values("ternary", 5, 13)
    )
    wide = Linear(draw.weights(400, 3, low=100), draw.array(3, 0, 90))
    yield draw.case("wide", "linear", wide, ("binary", np.ones((TIMESTEPS, 2, 400), np.int8)))
    kind, spikes = draw.values("ternary", 5, 13, samples=(2,))
    spikes[1] = 0
    operator = Linear(draw.weights(13, 7), draw.array(7, -90, 90))
    yield draw.case("busy-then-empty", "linear", operator, (kind, spikes), samples=2)
    yield draw.case(
        "square", "linear", Linear(draw.weights(8, 8), draw.array(8, -90, 90)), draw.values("ternary", 3, 8)
    )
    yield draw.case(
        "graded", "linear", Linear(draw.weights(13, 7), draw.array(7, -90, 90), planes=7), draw.values("graded", 5, 13)
    )
    for stride, padding, window in ((1, 1, 3), (2, 1, 3), (1, 0, 2)):
        operator = Convolution(draw.weights(window, window, 4, 4), draw.array(4, -90, 90), stride, padding)
        yield draw.case(f"window-{window}-stride-{stride}", "convolution", operator, draw.values("ternary", 5, 6, 4))
    operator = Convolution(draw.weights(3, 3, 3, 4), draw.array(4, -90, 90), planes=8)
    yield draw.case("pixels", "convolution", operator, draw.values("pixels", 5, 6, 3))
    yield draw.case("membranes", "max_pool", MaxPool(), draw.values("sums", 5, 6, 3, low=-99, high=20))
    yield draw.case("spikes", "max_pool", MaxPool(2, 2, 0), draw.values("ternary", 5, 6, 3))
    yield draw.case("places", "tokens", Tokens(), draw.values("sums", 3, 5, 2, low=-99, high=99))
    yield draw.case("ternary", "scores", Scores(3), draw.values("ternary", 7, 12), draw.values("ternary", 7, 12))
    yield draw.case("graded-key", "scores", Scores(3), draw.values("binary", 7, 12), draw.values("graded", 7, 12))
    yield draw.case(
        "graded-query", "scores", Scores(2, "k"), draw.values("graded", 7, 12), draw.values("ternary", 7, 12)
    )
    yield draw.case(
        "sums-ternary",
        "context",
        Context(),
        draw.values("sums", 3, 7, 7, low=-30, high=50),
        draw.values("ternary", 7, 12),
    )
    yield draw.case("graded-binary", "context", Context(), draw.values("graded", 3, 7, 7), draw.values("binary", 7, 12))
    yield draw.case(
        "ternary-graded", "context", Context("map"), draw.values("ternary", 3, 7, 7), draw.values("graded", 7, 12)
    )
    yield draw.case(
        "shifted",
        "residual",
        Residual(1, 3),
        draw.values("sums", 5, 7, low=-999, high=999),
        draw.values("sums", 5, 7, low=-99, high=99),
    )
    yield draw.case("ternary", "token_sum", TokenSum(), draw.values("ternary", 9, 5))
    yield draw.case("logits", "time_sum", TimeSum(), draw.values("sums", 1, 10, low=-9999, high=9999))
    yield draw.case("large", "time_sum", TimeSum(), draw.values("sums", 1, 10, low=9000, high=29999))
    totals = draw.values("sums", 1, 10, low=-9999, high=9999, samples=(2,))
    yield draw.case("two-samples", "time_sum", TimeSum(), totals, samples=2)
    yield draw.case("few-values", "argmax", Argmax(), draw.values("sums", 1, 10, low=-2, high=2))
    yield from lineage(draw)


def lineage(draw):
    """The operators of Spikformer, Spike-driven Transformer and Meta-SpikeFormer, and new uses of the older ones."""
    yield draw.case("tokens", "mask", Mask(), draw.values("ternary", 5, 7), draw.values("binary", 5, 7))
    yield draw.case("row", "mask", Mask(), draw.values("binary", 5, 7), draw.values("binary", 1, 7))
    yield draw.case("ternary", "key_value", KeyValue(3), draw.values("ternary", 7, 12), draw.values("ternary", 7, 12))
    yield draw.case(
        "graded-value", "key_value", KeyValue(2), draw.values("binary", 7, 12), draw.values("graded", 7, 12)
    )
    yield draw.case(
        "graded-key", "key_value", KeyValue(3, "v"), draw.values("graded", 7, 12), draw.values("ternary", 7, 12)
    )
    key_values = draw.values("sums", 3, 4, 4, low=-30, high=50)
    yield draw.case("ternary", "retrieval", Retrieval(), draw.values("ternary", 7, 12), key_values)
    yield draw.case(
        "binary", "retrieval", Retrieval(), draw.values("binary", 5, 6), draw.values("sums", 2, 3, 3, low=0, high=9)
    )
    yield draw.case("membranes", "token_sum", TokenSum(), draw.values("sums", 9, 5, low=-9999, high=9999))
    yield draw.case("large", "token_sum", TokenSum(), draw.values("sums", 9, 5, low=-(2**24), high=2**24))
    yield draw.case("wide", "token_sum", TokenSum(64), draw.values("membranes", 9, 5))
    yield draw.case("stream", "token_sum", TokenSum(), draw.values("stream", 9, 5))
    yield draw.case("places", "grid", Grid(3, 5), draw.values("sums", 15, 2, low=-99, high=99))
    for window, stride, padding, rows, columns in ((3, 1, 1, 4, 5), (3, 2, 1, 7, 5), (7, 2, 3, 9, 6)):
        bias = draw.stream.integers(-999, 999, (window, window, 3), np.int32)
        places = ((length + 2 * padding - window) // stride + 1 for length in (rows, columns))
        sums = draw.values("sums", *places, 3, low=-99, high=99)
        operator = TapBias(bias, rows, columns, stride, padding)
        yield draw.case(f"window-{window}-stride-{stride}", "tap_bias", operator, sums)
    operator = Linear(draw.wide_weights(13, 7), draw.array(7, -90, 90))
    yield draw.case("weights-of-16-bits", "linear", operator, draw.values("ternary", 5, 13))
    operator = Linear(draw.weights(13, 7), draw.array(7, -90, 90), planes=5)
    yield draw.case("stream", "linear", operator, draw.values("stream", 5, 13))
    operator = Convolution(draw.wide_weights(3, 3, 4, 4), draw.array(4, -90, 90))
    yield draw.case("weights-of-16-bits", "convolution", operator, draw.values("ternary", 5, 6, 4))
    yield draw.case("spikes", "residual", Residual(), draw.values("binary", 5, 7), draw.values("ternary", 5, 7))
