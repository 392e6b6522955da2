"""Directed cases of attention, residual stream and readout."""

import numpy as np

from refsim.golden.recipes.recipe import Recipe, directed, graph_case
from refsim.network import Node
from refsim.ops import LIF, Argmax, Context, Linear, MaxPool, ReLU, Residual, Scores, TimeSum, TokenSum


def scores(name, title, query, key, answer, heads=1, kinds=("ternary", "ternary"), gate="q"):
    """A case of one timestep: Q and K as lists over tokens of lists over channels, the answer by head."""
    inputs = [(kinds[0], [query]), (kinds[1], [key])]
    return directed(name, title, "scores", Scores(heads, gate), inputs, [answer])


def context(name, title, attention_map, value, answer, kinds=("sums", "ternary"), gate="v"):
    """A case of one timestep: the map by head, V and the answer as lists over tokens of lists over channels."""
    inputs = [(kinds[0], [attention_map]), (kinds[1], [value])]
    return directed(name, title, "context", Context(gate), inputs, [answer])


def residual(name, title, stream, branch, answer, shifts=(0, 0)):
    """A case of one token and one channel: lists over timesteps."""
    values = [np.array(each).reshape(-1, 1, 1).tolist() for each in (stream, branch, answer)]
    inputs = [("sums", values[0]), ("sums", values[1])]
    return directed(name, title, "residual", Residual(*shifts), inputs, values[2])


def several(name, title, op, nodes, inputs, hand, **fields):
    """A case of several operators with the answers of a hand."""
    case = graph_case(f"l1.{op.replace('_', '-')}.{name}", title, op, nodes, inputs, **fields)
    return Recipe(case, hand, claims=())


def recipes():
    yield from products()
    yield from maps()
    yield from wirings()
    yield from streams()
    yield from readouts()


def products():
    yield scores("keys-by-head", "Each head has keys of its own", [[1, 1]], [[1, 0]], [[[1]], [[0]]], heads=2)
    yield scores(
        "query-before-key",
        "Row is the query, column the key; no key is masked",
        [[1], [0]],
        [[0], [1]],
        [[[0, 1], [0, 0]]],
    )
    yield scores("two-heads", "Head 0 owns the first channels", [[1, 1, 0, 0]], [[1, 1, 0, 0]], [[[2]], [[0]]], heads=2)
    yield scores(
        "heads-apart", "Q in one head and K in the other do not meet", [[1, 0]], [[0, 1]], [[[0]], [[0]]], heads=2
    )
    yield scores("overlap-of-two", "Scores count, they are not binary", [[1, 1]], [[1, 1]], [[[2]]])
    yield scores("overlap-of-four", "Scores are not capped", [[1] * 4], [[1] * 4], [[[4]]])
    yield scores("silent-pair", "Common silence is no overlap", [[0, 0]], [[0, 0]], [[[0]]])
    yield scores("odd-score", "Scores are not scaled", [[1]], [[1]], [[[1]]])
    yield scores("signs", "Signs of Q and of K both count", [[-1], [1]], [[1], [-1]], [[[-1, 1], [1, -1]]])
    yield scores("signs-cancel", "+1 and -1 cancel", [[1, 1]], [[1, -1]], [[[0]]])
    yield scores(
        "graded-key",
        "A graded key is added whole",
        [[1, 0], [1, 1]],
        [[9, 4], [0, 2]],
        [[[9, 0], [13, 2]]],
        kinds=("binary", "graded"),
    )
    yield scores(
        "sum-of-17-bits",
        "259 channels of 127 are 32893",
        [[1] * 259],
        [[127] * 259],
        [[[32893]]],
        kinds=("binary", "graded"),
    )
    yield two_timesteps_of_scores()


def two_timesteps_of_scores():
    inputs = [("ternary", [[[1]], [[1]]]), ("ternary", [[[1]], [[0]]])]
    return directed(
        "key-of-now",
        "K is taken at each timestep, not summed over time",
        "scores",
        Scores(1),
        inputs,
        [[[[1]]], [[[0]]]],
    )


def maps():
    yield context(
        "head-before-query",
        "The map lies head by head",
        [[[1, 0], [0, 2]], [[0, 0], [0, 5]]],
        [[1, 1], [1, 1]],
        [[1, 0], [2, 5]],
    )
    yield context(
        "row-of-query", "Each query gathers V by its own row of the map", [[[0, 1], [0, 0]]], [[0], [1]], [[1], [0]]
    )
    yield context("weights-count", "Attention weights are integers, not binary", [[[3]]], [[1]], [[3]])
    yield context("odd-sum", "The sum is not scaled", [[[1]]], [[1]], [[1]])
    yield context("negative-value", "A spike of -1 in V subtracts", [[[2]]], [[-1]], [[-2]])
    yield context("heads-join", "Heads are joined one after the other", [[[1]], [[1]]], [[0, 1, 0, 0]], [[0, 1, 0, 0]])
    yield context(
        "head-of-channel", "Each channel meets the map of its head", [[[1]], [[5]]], [[1, 1, 1, 1]], [[1, 1, 5, 5]]
    )
    yield context(
        "sum-of-17-bits",
        "Attention weights of 16 and 17 bits, and their sums",
        [[[20000, 20000], [40000, -33000]]],
        [[1, 0], [1, -1]],
        [[40000, -20000], [7000, 33000]],
    )
    yield context(
        "map-gates",
        "A binary map gathers a graded V",
        [[[1, 1], [0, 1]]],
        [[9], [4]],
        [[13], [4]],
        kinds=("binary", "graded"),
        gate="map",
    )


def wirings():
    unit, silent = np.array([[1]], np.int8), np.array([[0]], np.int8)
    none, one = np.array([0], np.int32), np.array([1], np.int32)
    yield several(
        "own-weights",
        "Q has the weights of Q, K those of K",
        "attention",
        [
            Node("attention.q_linear", Linear(unit, none), ("spikes",)),
            Node("attention.k_linear", Linear(silent, one), ("spikes",)),
            Node("attention.scores", Scores(1), ("attention.q_linear", "attention.k_linear")),
        ],
        {"spikes": ("binary", [[[1], [0]]])},
        {"attention.scores": [[[[1, 1], [0, 0]]]]},
    )
    yield several(
        "key-is-not-value",
        "The scores come from K, not from V",
        "attention",
        [
            Node("attention.scores", Scores(1), ("q", "k")),
            Node("attention.context", Context(), ("attention.scores", "v")),
        ],
        {"q": ("ternary", [[[1]]]), "k": ("ternary", [[[1]]]), "v": ("binary", [[[0]]])},
        {"attention.scores": [[[[1]]]], "attention.context": [[[0]]]},
    )
    yield several(
        "map-is-rectified",
        "Negative scores give no attention",
        "attention",
        [
            Node("attention.scores", Scores(1), ("q", "k")),
            Node("attention.map", ReLU(), ("attention.scores",)),
            Node("attention.context", Context(), ("attention.map", "v")),
        ],
        {
            "q": ("ternary", [[[1], [-1]]]),
            "k": ("ternary", [[[1], [-1]]]),
            "v": ("binary", [[[1], [0]]]),
        },
        {
            "attention.scores": [[[[1, -1], [-1, 1]]]],
            "attention.map": [[[[1, 0], [0, 1]]]],
            "attention.context": [[[1], [0]]],
        },
    )
    yield several(
        "output-neuron",
        "A neuron makes spikes of the sums",
        "attention",
        [
            Node("attention.context", Context(), ("map", "v")),
            Node("attention.output", LIF(one), ("attention.context",)),
        ],
        {"map": ("graded", [[[[3]]]]), "v": ("binary", [[[1]]])},
        {"attention.context": [[[3]]], "attention.output": [[[1]]]},
    )
    yield several(
        "threshold-of-a-head",
        "The threshold after attention is the same for any number of heads",
        "attention",
        [
            Node("attention.context", Context(), ("map", "v")),
            Node("attention.output", LIF(np.array([2, 2], np.int32)), ("attention.context",)),
        ],
        {"map": ("graded", [[[[4]], [[3]]]]), "v": ("binary", [[[1, 1]]])},
        {"attention.context": [[[4, 3]]], "attention.output": [[[1, 0]]]},
    )
    yield several(
        "pool-then-fire",
        "Membranes are pooled before the neuron: 6 and 6 at two places together fire",
        "stem",
        [Node("stem.pool", MaxPool(), ("sums",)), Node("stem.neuron", LIF(np.array([4], np.int32)), ("stem.pool",))],
        {"sums": ("sums", [[[[6], [0]]], [[[0], [6]]]])},
        {"stem.pool": [[[[6]]], [[[6]]]], "stem.neuron": [[[[0]]], [[[1]]]]},
    )


def streams():
    yield residual("sum", "Stream and branch are added once each", [3], [-5], [-2])
    yield residual("of-now", "The stream of this timestep is added", [3, 4], [0, 0], [3, 4])
    yield residual("common-step", "Both are shifted to the common step", [3], [-5], [2], shifts=(2, 1))
    yield residual(
        "sum-of-26-bits", "40000 + 40000 and 2^25 - 40000", [20000, 2**24], [40000, -40000], [80000, 33514432], (1, 0)
    )
    four, seven = np.array([4], np.int32), np.array([2], np.int8)
    yield several(
        "membrane-shortcut",
        "The stream of membranes goes on, not the spikes fired from it",
        "mlp",
        [
            Node("mlp.input", LIF(four), ("stream",)),
            Node("mlp.fc", Linear(seven[np.newaxis], np.array([0], np.int32)), ("mlp.input",)),
            Node("mlp.residual", Residual(), ("stream", "mlp.fc")),
        ],
        {"stream": ("sums", [[[12]]])},
        {"mlp.input": [[[1]]], "mlp.fc": [[[2]]], "mlp.residual": [[[14]]]},
    )
    yield several(
        "second-residual",
        "The second residual goes on from the first",
        "block",
        [
            Node("attention.residual", Residual(), ("stream", "a")),
            Node("mlp.residual", Residual(), ("attention.residual", "b")),
        ],
        {"stream": ("sums", [[[1]]]), "a": ("sums", [[[2]]]), "b": ("sums", [[[4]]])},
        {"attention.residual": [[[3]]], "mlp.residual": [[[7]]]},
    )
    yield several(
        "neuron-after-residual",
        "The neuron sees stream and branch",
        "block",
        [
            Node("attention.residual", Residual(), ("stream", "branch")),
            Node("mlp.input", LIF(four), ("attention.residual",)),
        ],
        {"stream": ("sums", [[[7]]]), "branch": ("sums", [[[1]]])},
        {"attention.residual": [[[8]]], "mlp.input": [[[1]]]},
    )


def readouts():
    spikes = ("binary", [[[1]], [[1]]])
    yield directed(
        "count-of-now", "Counts start anew at each timestep", "token_sum", TokenSum(), [spikes], [[[1]], [[1]]]
    )
    yield directed(
        "last-token", "Every token is counted", "token_sum", TokenSum(), [("ternary", [[[0], [1]]])], [[[1]]]
    )
    yield directed(
        "signed-count",
        "Spikes of -1 count as -1",
        "token_sum",
        TokenSum(),
        [("ternary", [[[-1], [1], [-1]]])],
        [[[-1]]],
    )
    yield directed(
        "over-time",
        "The answer is the sum over time",
        "time_sum",
        TimeSum(),
        [("sums", [[[3]], [[0]]])],
        logits([[[3]], [[3]]]),
    )
    yield directed(
        "total-of-17-bits",
        "20000 + 20000 = 40000",
        "time_sum",
        TimeSum(),
        [("sums", [[[20000]], [[20000]]])],
        logits([[[20000]], [[40000]]]),
    )
    yield directed(
        "total-of-27-bits",
        "2^24 and 2^24 and 2^24 less 5",
        "time_sum",
        TimeSum(),
        [("sums", [[[2**24]], [[2**24]], [[2**24 - 5]]])],
        logits([[[2**24]], [[2**25]], [[2**25 + 2**24 - 5]]]),
    )
    yield directed(
        "totals-are-cleared",
        "The same sample twice gives the same totals",
        "time_sum",
        TimeSum(),
        [("sums", [[[[3]]], [[[3]]]])],
        logits([[[[3]]], [[[3]]]]),
        samples=2,
    )
    yield directed(
        "tie", "Of equal logits the lowest class wins", "argmax", Argmax(), [("sums", [[[1, 5, 5]]])], [[[1]]]
    )
    yield directed("negative-logits", "Logits are signed", "argmax", Argmax(), [("sums", [[[-9, -3]]])], [[[1]]])
    yield directed(
        "last-of-ten", "The last class may win", "argmax", Argmax(), [("sums", [[list(range(10))]])], [[[9]]]
    )
    yield directed(
        "logits-of-25-bits",
        "2^24 - 1 is larger than 40000 and 32767",
        "argmax",
        Argmax(),
        [("sums", [[[32767, 2**24 - 1, 40000]]])],
        [[[1]]],
    )
    yield directed(
        "logits-of-41-bits",
        "2^40 is the largest of ten logits",
        "argmax",
        Argmax(),
        [("membranes", [[[2**31, -(2**40), 5, 0, 1, 2, 3, 4, 5, 2**40]]])],
        [[[9]]],
    )
    yield directed(
        "order-of-samples",
        "The first answer is that of the first sample",
        "argmax",
        Argmax(),
        [("sums", [[[[1, 2]]], [[[2, 1]]]])],
        [[[[1]]], [[[0]]]],
        samples=2,
    )


def logits(values):
    return {"logits": values, "logits.total": values}
