"""Directed cases of what goes on in integers, not in spikes.

Sums of membranes, streams of small integers, wide weights, biases of taps, tokens put back in their places.
"""

import numpy as np

from refsim.golden.recipes.attention import several
from refsim.golden.recipes.recipe import Recipe, directed, graph_case
from refsim.golden.recipes.sums import pool
from refsim.network import Node
from refsim.ops import LIF, Convolution, Grid, Linear, Residual, TapBias, TimeSum, Tokens, TokenSum

WINDOW = [[1, 20, 300], [4000, 50000, 600000], [7000000, 80000000, 900000000]]
"""Biases of which every sum tells its terms."""


def recipes():
    yield from sums_of_tokens()
    yield from heads()
    yield from small_streams()
    yield from wide_weights()
    yield from taps()
    yield from places()
    yield pool(
        "edges-of-membranes",
        "At every edge of negative membranes the window takes what lies inside",
        [[-9, -8, -7, -6], [-5, -9, -9, -4], [-3, -9, -9, -2], [-9, -9, -9, -1]],
        [[-5, -4], [-3, -1]],
    )


def token_sum(name, title, values, sums, kind="sums", bits=32):
    """A case of one timestep: values as lists over tokens of lists over channels, and their sums."""
    return directed(name, title, "token_sum", TokenSum(bits), [(kind, [values])], [[sums]])


def sums_of_tokens():
    yield token_sum("membranes", "Membranes are added with their signs: they cancel", [[7, -7], [-7, -5]], [0, -12])
    yield token_sum("negative-membrane", "A negative membrane takes away", [[100, 1], [-30, -2], [-80, -3]], [-10, -4])
    yield token_sum("sum-of-17-bits", "20000 + 20000 = 40000, and its negative", [[20000, -20000]] * 2, [40000, -40000])
    yield token_sum(
        "wide",
        "Membranes of 40 bits are added in 64",
        [[2**40, -(2**40)], [2**40, -1]],
        [2**41, -(2**40) - 1],
        "membranes",
        64,
    )
    yield token_sum("stream", "Integers from 0 to 18 are added whole", [[18, 0], [18, 1], [17, 2]], [53, 3], "stream")
    yield token_sum("wide-count", "A count of nine twos is 18", [[2]] * 9, [18], "counts", 8)
    yield directed(
        "membranes-of-now",
        "Sums of membranes start anew at each timestep",
        "token_sum",
        TokenSum(),
        [("sums", [[[5], [-2]], [[-4], [1]]])],
        [[[3]], [[-3]]],
    )


def heads():
    """The readout that drives a neuron by sums over tokens."""
    classes = np.array([[3, -2]], np.int8)
    nodes = [
        Node("head.sum", TokenSum(), ("stream",)),
        # three tokens: the threshold 2 of the mean times 3
        Node("head.neuron", LIF(np.array([6], np.int32), halve_input=False), ("head.sum",)),
        Node("head.logits", Linear(classes, np.array([1, 1], np.int32)), ("head.neuron",)),
    ]
    for name, title, stream, hand in (
        (
            "threshold-of-all-tokens",
            "The threshold of the mean of three tokens is taken three times: 5 and 3 stay below 6, 7 fires",
            [[[9], [-8], [4]], [[1], [1], [1]], [[9], [0], [-2]]],
            ([5, 3, 7], [0, 0, 1], [5, 11, 0]),
        ),
        (
            "negative-membranes-count",
            "Two negative membranes hold back the sum of three",
            [[[9], [-3], [-4]], [[12], [-2], [-4]], [[0], [-9], [-9]]],
            ([2, 6, -18], [0, 1, 0], [2, 0, -72]),
        ),
    ):
        sums, spikes, membranes = hand
        yield several(
            name,
            title,
            "head",
            nodes,
            {"stream": ("sums", stream)},
            {
                "head.sum": [[[value]] for value in sums],
                "head.neuron": [[[value]] for value in spikes],
                "head.neuron.membrane": [[[value]] for value in membranes],
                "head.logits": [[[1 + 3 * spike, 1 - 2 * spike]] for spike in spikes],
            },
        )

    yield several(
        "logits-of-a-stream",
        "Integers from 0 to 18, summed over three tokens, go through six bit planes, and their logits over time",
        "head",
        [
            Node("head.count", TokenSum(), ("stream",)),
            Node("head.fc", Linear(classes, np.array([6, 6], np.int32), planes=6), ("head.count",)),
            Node("head.logits", TimeSum(), ("head.fc",)),
        ],
        {"stream": ("stream", [[[18], [18], [18]], [[0], [1], [2]]])},
        {
            "head.count": [[[54]], [[3]]],
            "head.fc": [[[168, -102]], [[15, 0]]],
            "head.logits": [[[168, -102]], [[183, -102]]],
        },
    )


def small_streams():
    yield residual(
        "spikes-add", "Two spikes are 2, not 1 and not 0", "binary", [0, 1, 0, 1], [0, 0, 1, 1], [0, 1, 1, 2]
    )
    yield residual("ternary-add", "-1 and -1 are -2, +1 and -1 are 0", "ternary", [-1, 1, 1], [-1, -1, 1], [-2, 0, 2])
    yield residual("graded-add", "127 + 127 = 254 needs more than 8 bits", "graded", [127, 100], [127, 1], [254, 101])
    five = Linear(np.array([[5], [100]], np.int8), np.array([7], np.int32), planes=5)
    yield directed(
        "planes-of-a-stream",
        "Integers from 0 to 18 in five bit planes: 16 and more need the highest",
        "linear",
        five,
        [("stream", [[[18, 0], [16, 1], [15, 2], [0, 18], [0, 0]]])],
        [[[97], [187], [282], [1807], [7]]],
    )
    yield several(
        "two-spikes-count-twice",
        "A residual of spikes goes through two bit planes: 2 gathers twice what 1 does",
        "mlp",
        [
            Node("mlp.residual", Residual(), ("stream", "branch")),
            Node("mlp.fc", Linear(np.array([[5]], np.int8), np.array([0], np.int32), planes=2), ("mlp.residual",)),
        ],
        {"stream": ("binary", [[[0], [1], [1]]]), "branch": ("binary", [[[0], [0], [1]]])},
        {"mlp.residual": [[[0], [1], [2]]], "mlp.fc": [[[0], [5], [10]]]},
    )
    yield several(
        "three-residuals",
        "A stream of spikes grows by 1 with each residual, and is gathered through two bit planes",
        "block",
        [
            Node("attention.residual", Residual(), ("stream", "a")),
            Node("mlp.residual", Residual(), ("attention.residual", "b")),
            Node("next.fc", Linear(np.array([[5]], np.int8), np.array([0], np.int32), planes=2), ("mlp.residual",)),
        ],
        {"stream": ("binary", [[[1], [1]]]), "a": ("binary", [[[1], [0]]]), "b": ("binary", [[[1], [0]]])},
        {"attention.residual": [[[2], [1]]], "mlp.residual": [[[3], [1]]], "next.fc": [[[15], [5]]]},
    )


def residual(name, title, kind, stream, branch, sums):
    """A case of one timestep and token: spikes over channels."""
    return directed(name, title, "residual", Residual(), [(kind, [[stream]]), (kind, [[branch]])], [[sums]])


def wide_weights():
    yield wide_linear(
        "weights-of-16-bits", "Weights go beyond 8 bits", [[1, 0], [0, 1]], [[300], [-1000]], [[300], [-1000]]
    )
    yield wide_linear(
        "most-negative-of-16-bits",
        "-32768 is subtracted from nothing: 32768",
        [[-1], [1]],
        [[-32768]],
        [[32768], [-32768]],
    )
    yield wide_linear(
        "bytes-of-a-weight",
        "256 and 1 are different weights, -1 and 255 too",
        [[1, 1, 0], [0, 0, 1]],
        [[256], [1], [-1]],
        [[257], [-1]],
    )
    weights = np.array([[1000]], np.int16)
    yield directed(
        "planes-of-16-bits",
        "Bit planes gather weights of 16 bits: 3 times 1000",
        "linear",
        Linear(weights, np.array([1], np.int32), planes=5),
        [("stream", [[[3], [18]]])],
        [[[3001], [18001]]],
    )
    kernel = np.array([[1, 200, 300], [-400, 500, -600], [700, -800, -32768]], np.int16)[..., np.newaxis, np.newaxis]
    yield directed(
        "weights-of-16-bits",
        "A kernel of 16 bits, read as linear maps read theirs",
        "convolution",
        Convolution(kernel, np.array([0], np.int32)),
        [("ternary", [[[[0], [0]], [[0], [-1]]]])],
        [[[[32768], [800]], [[600], [-500]]]],
    )


def wide_linear(name, title, values, weights, sums):
    operator = Linear(np.array(weights, np.int16), np.zeros(1, np.int32))
    return directed(name, title, "linear", operator, [("ternary", [values])], [sums])


def taps():
    corner, edge = [50000, 600000, 80000000, 900000000], [4000, 50000, 600000, 7000000, 80000000, 900000000]
    yield tap_bias(
        "borders",
        "Corner, edge and middle each have the taps that lie inside the image",
        [[0, 0, 0]] * 3,
        WINDOW,
        [
            [sum(corner), sum(edge), 4000 + 50000 + 7000000 + 80000000],
            [20 + 300 + 50000 + 600000 + 80000000 + 900000000, 987654321, 1 + 20 + 4000 + 50000 + 7000000 + 80000000],
            [20 + 300 + 50000 + 600000, 1 + 20 + 300 + 4000 + 50000 + 600000, 1 + 20 + 4000 + 50000],
        ],
    )
    yield tap_bias(
        "negative-bias",
        "The sums stay, biases may be negative, and each place of a single pixel has one tap of its own",
        [[10, -10], [0, 5]],
        [[-3, 100], [7, -20]],
        [[-10, -3], [100, 2]],
        image=(1, 1),
    )
    yield tap_bias(
        "stride",
        "Every second place of a convolution of stride 2: only the first row and column reach outside",
        [[0, 0], [0, 0]],
        WINDOW,
        [
            [sum(corner), sum(edge)],
            [20 + 300 + 50000 + 600000 + 80000000 + 900000000, 987654321],
        ],
        image=(4, 4),
        stride=2,
    )
    yield tap_bias(
        "window-of-7",
        "A window of 7 with padding 3 over an image of 4 x 4, stride 2",
        [[0, 0], [0, 0]],
        np.arange(1, 50).reshape(7, 7),
        # the rows and columns 3 to 6 of the window, or 1 to 4
        [[592, 560], [368, 336]],
        image=(4, 4),
        stride=2,
        padding=3,
    )
    yield tap_bias(
        "window-of-2-by-3",
        "A window of 2 x 3 with padding 1 over 2 x 2 places stands at 3 x 2",
        [[0, 0]] * 3,
        [[1, 20, 300], [4000, 50000, 600000]],
        [[650000, 54000], [650320, 54021], [320, 21]],
        image=(2, 2),
    )
    wide = np.array([[2**40, 1], [20, 300], [4000, 50000]], np.int64)[..., np.newaxis]
    yield directed(
        "window-of-3-by-2",
        "A window of 3 x 2 stands at 2 x 3; biases and sums beyond 32 bits",
        "tap_bias",
        TapBias(wide, 2, 2, accumulator_bits=64),
        [("sums", [[[[0], [0], [0]], [[0], [0], [7]]]])],
        [[[[50300], [54320], [4020]], [[301], [2**40 + 321], [2**40 + 27]]]],
    )
    biases = np.array([[[1, -5], [10, -50]]], np.int64)
    yield directed(
        "each-channel-and-timestep",
        "Each channel has biases of its own, added at every timestep; they may have 64 bits",
        "tap_bias",
        TapBias(biases, 1, 3, padding=0),
        [("sums", [[[[0, 0], [7, 7]]], [[[1, 2], [3, 4]]]])],
        [[[[11, -55], [18, -48]]], [[[12, -53], [14, -51]]]],
    )


def tap_bias(name, title, values, biases, sums, image=(3, 3), stride=1, padding=1):
    """A case of one timestep and channel: sums before and after, and biases, as lists of rows."""
    operator = TapBias(np.array(biases, np.int32)[..., np.newaxis], *image, stride, padding)
    before, after = (np.array(rows)[np.newaxis, ..., np.newaxis].tolist() for rows in (values, sums))
    return directed(name, title, "tap_bias", operator, [("sums", before)], after)


def places():
    yield directed(
        "row-by-row",
        "Tokens go back row by row: token 3 is the first of the second row",
        "grid",
        Grid(2, 3),
        [("sums", [[[1], [2], [3], [4], [5], [6]]])],
        [[[[1], [2], [3]], [[4], [5], [6]]]],
    )
    yield directed(
        "channels-last",
        "A place has all channels of its token",
        "grid",
        Grid(2, 2),
        [("sums", [[[1, 2], [3, 4], [5, 6], [7, 8]]])],
        [[[[1, 2], [3, 4]], [[5, 6], [7, 8]]]],
    )
    values = [[[[1], [2], [-3]], [[4], [5], [6]]]]
    case = graph_case(
        "l1.grid.there-and-back",
        "Tokens of an image, put back in their places, are the image",
        "grid",
        [Node("tokens", Tokens(), ("values",)), Node("grid", Grid(2, 3), ("tokens",))],
        {"values": ("sums", values)},
    )
    yield Recipe(case, {"tokens": [[[1], [2], [-3], [4], [5], [6]]], "grid": values}, claims=())
