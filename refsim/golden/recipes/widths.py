"""Directed cases just beyond a width that a design may choose: 16, 20, 24 or 32 bits, at both ends."""

import numpy as np

from refsim.golden.recipes.attention import context, logits, residual, scores
from refsim.golden.recipes.neurons import relu
from refsim.golden.recipes.recipe import directed
from refsim.golden.recipes.sums import convolution, linear, pool
from refsim.ops import TapBias, TimeSum


def recipes():
    yield linear(
        "bias-of-25-bits",
        "A bias just beyond 24 bits, at both ends, and a spike",
        [[1], [0]],
        [[2, -2]],
        [[2**23 + 2, -(2**23) - 3], [2**23, -(2**23) - 1]],
        bias=[2**23, -(2**23) - 1],
    )
    yield convolution(
        "sum-of-21-bits",
        "524280 + 8 just leaves 20 bits",
        [[1, -1]],
        [[8]],
        [[2**19, 2**19 - 16]],
        padding=0,
        bias=2**19 - 8,
    )
    yield convolution(
        "negative-sum-of-21-bits",
        "-524288 - 1 just leaves 20 bits",
        [[-1, 1]],
        [[1]],
        [[-(2**19) - 1, -(2**19) + 1]],
        padding=0,
        bias=-(2**19),
    )
    yield relu(
        "current-of-21-bits",
        "524288 >> 13 is 64, and -524289 is below 0 whatever its lower bits",
        [2**19, -(2**19) - 1, 2**19 - 1],
        [64, 0, 63],
        shift=13,
    )
    yield pool(
        "beyond-24-bits",
        "None of a window above -2^23, and the maximum of two beyond 24 bits",
        [[-(2**23) - 1, -(2**24), 2**23, 2**24], [-(2**23) - 2, -(2**24), 0, -1]],
        [[-(2**23) - 1, 2**24]],
        window=2,
        stride=2,
        padding=0,
    )
    many = [127] * 258
    yield scores(
        "negative-sum-of-17-bits",
        "-258 x 127 - 3 just leaves 16 bits",
        [[-1] * 259, [0] * 258 + [-1]],
        [[*many, 3], [*many, 2]],
        [[[-(2**15) - 1, -(2**15)], [-3, -2]]],
        kinds=("ternary", "graded"),
    )
    yield context(
        "map-of-17-bits",
        "Attention weights just beyond 16 bits, at both ends",
        [[[2**15, -(2**15) - 1], [2**15 - 1, -(2**15)]]],
        [[1, 0], [0, 1]],
        [[2**15, -(2**15) - 1], [2**15 - 1, -(2**15)]],
    )
    yield residual(
        "sum-of-25-bits",
        "2^23 - 1 and 1, -2^23 and -1",
        [2**23 - 1, -(2**23)],
        [1, -1],
        [2**23, -(2**23) - 1],
    )
    yield directed(
        "total-of-25-bits",
        "2^23 - 1 and 1, -2^23 and -1",
        "time_sum",
        TimeSum(),
        [("sums", [[[2**23 - 1, -(2**23)]], [[1, -1]]])],
        logits([[[2**23 - 1, -(2**23)]], [[2**23, -(2**23) - 1]]]),
    )
    biases = np.array([[[2**31, -(2**31)]]], np.int64)
    yield directed(
        "bias-of-33-bits",
        "Biases and sums just beyond 32 bits, at both ends",
        "tap_bias",
        TapBias(biases, 1, 2, padding=0, accumulator_bits=64),
        [("sums", [[[[0, 0], [-1, -1]]]])],
        [[[[2**31, -(2**31)], [2**31 - 1, -(2**31) - 1]]]],
    )
