"""Directed cases of attention through K^T V, and of attention whose scores meet V without a neuron between."""

import numpy as np

from refsim.golden.recipes.attention import several
from refsim.golden.recipes.recipe import directed
from refsim.network import Node
from refsim.ops import LIF, Context, KeyValue, Retrieval, Scores

TERNARY = ("ternary", "ternary")


def key_value(name, title, key, value, answer, heads=1, kinds=TERNARY, gate="k", bits=32):
    """A case of one timestep: K and V as lists over tokens of lists over channels, the answer by head."""
    inputs = [(kinds[0], [key]), (kinds[1], [value])]
    return directed(name, title, "key_value", KeyValue(heads, gate, bits), inputs, [answer])


def retrieval(name, title, query, key_values, answer, kinds=("ternary", "sums")):
    """A case of one timestep: Q and the answer as lists over tokens of lists over channels, K^T V by head."""
    return directed(name, title, "retrieval", Retrieval(), [(kinds[0], [query]), (kinds[1], [key_values])], [answer])


def recipes():
    yield from products()
    yield from retrievals()
    yield from spiking_self_attention()
    yield both_associations()
    yield spike_driven_linear()


def products():
    yield key_value(
        "key-before-value",
        "Row is the channel of K, column that of V",
        [[1, 0], [1, 0]],
        [[0, 1], [1, 1]],
        [[[1, 2], [0, 0]]],
    )
    yield key_value(
        "heads-apart",
        "Each head has its own K and its own V: head 0 owns the first channels",
        [[1, 0, 0, 1], [1, 0, 0, 1]],
        [[1, 0, 1, 0], [0, 1, 1, 0]],
        [[[1, 1], [0, 0]], [[0, 0], [2, 0]]],
        heads=2,
    )
    yield key_value("all-tokens", "The last token counts as the first", [[0], [0], [1]], [[1], [1], [1]], [[[1]]])
    yield key_value("key-is-not-value", "K meets V, not K: V is silent", [[1, 1]], [[0, 1]], [[[0, 1], [0, 1]]])
    yield key_value(
        "signs",
        "Signs of K and of V both count, and cancel",
        [[-1, 1], [1, 1], [-1, 0]],
        [[1, -1], [1, 1], [-1, 0]],
        [[[1, 2], [2, 0]]],
    )
    yield key_value(
        "overlap", "Tokens in common are counted, not only noticed", [[1], [1], [1]], [[1], [1], [0]], [[[2]]]
    )
    yield key_value(
        "graded-value",
        "A graded V is added whole: 127 + 127 + 4 needs more than 8 bits",
        [[1], [1], [1]],
        [[127], [127], [4]],
        [[[258]]],
        kinds=("binary", "graded"),
    )
    yield key_value(
        "value-gates",
        "A ternary V gates a graded K",
        [[9, 4], [5, 1]],
        [[1, -1], [0, 1]],
        [[[9, -4], [4, -3]]],
        kinds=("graded", "ternary"),
        gate="v",
    )
    yield key_value(
        "narrowest",
        "Three tokens are 3 at most: a register of 3 bits",
        [[1], [1], [1]],
        [[-1], [-1], [-1]],
        [[[-3]]],
        bits=3,
    )
    yield directed(
        "of-now",
        "K^T V starts anew at each timestep",
        "key_value",
        KeyValue(1),
        [("ternary", [[[1, 0]], [[0, 1]]]), ("ternary", [[[1, 1]], [[1, 0]]])],
        [[[[1, 1], [0, 0]]], [[[0, 0], [1, 0]]]],
    )


def retrievals():
    yield retrieval(
        "row-of-query-channel",
        "A channel of Q gathers its row of K^T V",
        [[1, 0], [0, 1]],
        [[[1, 2], [30, 40]]],
        [[1, 2], [30, 40]],
    )
    yield retrieval(
        "heads-join",
        "Heads are joined one after the other",
        [[1, 0, 0, 1], [0, 1, 1, 0]],
        [[[1, 2], [3, 4]], [[50, 60], [70, 80]]],
        [[1, 2, 70, 80], [3, 4, 50, 60]],
    )
    yield retrieval(
        "signs",
        "A spike of -1 in Q subtracts; K^T V is signed",
        [[-1, 1], [1, -1]],
        [[[5, -6], [7, 8]]],
        [[2, 14], [-2, -14]],
    )
    yield retrieval(
        "not-scaled",
        "Sums are not scaled: a constant factor lies in thresholds",
        [[1, 1]],
        [[[8, 1], [4, 0]]],
        [[12, 1]],
    )
    yield retrieval("counts", "K^T V holds integers, not spikes", [[1]], [[[3]]], [[3]], ("binary", "sums"))
    yield directed(
        "of-now",
        "K^T V of this timestep is read",
        "retrieval",
        Retrieval(),
        [("binary", [[[1]], [[1]]]), ("sums", [[[[5]]], [[[7]]]])],
        [[[5]], [[7]]],
    )


def spiking_self_attention():
    four = np.array([4, 4], np.int32)
    yield several(
        "scaled-by-threshold",
        "Spiking self-attention: no neuron on the scores, and the scale of 1/8 lies in the threshold of 4",
        "attention",
        [
            Node("attention.scores", Scores(1), ("q", "k")),
            Node("attention.context", Context(), ("attention.scores", "v")),
            Node("attention.output", LIF(four, halve_input=False), ("attention.context",)),
        ],
        {
            "q": ("binary", [[[1, 1], [0, 1]]] * 2),
            "k": ("binary", [[[1, 1], [1, 0]]] * 2),
            "v": ("binary", [[[1, 1], [1, 0]]] * 2),
        },
        {
            "attention.scores": [[[[2, 1], [1, 0]]]] * 2,
            "attention.context": [[[3, 2], [1, 1]]] * 2,
            # M = 3, then 3 + (3 << 1) = 9 against 4 << 1
            "attention.output": [[[0, 0], [0, 0]], [[1, 0], [0, 0]]],
            "attention.output.membrane": [[[3, 2], [1, 1]], [[0, 6], [3, 3]]],
        },
    )


QUERY = [[1, -1, 0, 1], [0, 1, 1, 0], [-1, 0, -1, 1]]
KEY = [[1, 0, 1, 0], [-1, 1, 0, 1], [0, 1, -1, 1]]
VALUE = [[1, 1, 0, -1], [0, 1, 1, 0], [1, 0, 1, 1]]


def both_associations():
    inputs = {"q": ("ternary", [QUERY]), "k": ("ternary", [KEY]), "v": ("ternary", [VALUE])}
    context = [[0, -1, 2, 1], [1, 1, -1, -2], [-1, 0, 3, 3]]
    return several(
        "both-associations",
        "(Q K^T) V is Q (K^T V), value by value, in two heads",
        "linear_attention",
        [
            Node("attention.scores", Scores(2), ("q", "k")),
            Node("attention.context", Context(), ("attention.scores", "v")),
            Node("attention.key_value", KeyValue(2), ("k", "v")),
            Node("attention.retrieved", Retrieval(), ("q", "attention.key_value")),
        ],
        inputs,
        {
            "attention.scores": [[[[1, -2, -1], [0, 1, 1], [-1, 1, 0]], [[0, 1, 1], [1, 0, -1], [-1, 1, 2]]]],
            "attention.context": [context],
            "attention.key_value": [[[[1, 0], [1, 1]], [[-1, -2], [2, 1]]]],
            "attention.retrieved": [context],
        },
        outputs=("attention.context", "attention.retrieved"),
    )


def spike_driven_linear():
    four = np.full(2, 4, np.int32)
    return several(
        "spikes-of-retrieval",
        "K^T V of three tokens, retrieved by Q, and a neuron with the threshold of 4 that holds the scale",
        "linear_attention",
        [
            Node("attention.key_value", KeyValue(1), ("k", "v")),
            Node("attention.context", Retrieval(), ("q", "attention.key_value")),
            Node("attention.output", LIF(four, halve_input=False), ("attention.context",)),
        ],
        {
            "q": ("binary", [[[1, 1], [1, 0], [0, 0]]] * 2),
            "k": ("binary", [[[1, 1], [1, 1], [1, 0]], [[1, 0], [0, 1], [0, 0]]]),
            "v": ("binary", [[[1, 0], [1, 1], [0, 1]], [[1, 0], [1, 0], [1, 1]]]),
        },
        {
            "attention.key_value": [[[[2, 2], [2, 1]]], [[[1, 0], [1, 0]]]],
            "attention.context": [[[4, 3], [2, 2], [0, 0]], [[2, 0], [1, 0], [0, 0]]],
            # token 0, channel 1: 3 stays 3 with nothing added; token 1, channel 0: 2 + (1 << 1) = 4 against 8
            "attention.output": [[[1, 0], [0, 0], [0, 0]], [[0, 0], [0, 0], [0, 0]]],
            "attention.output.membrane": [[[0, 3], [2, 2], [0, 0]], [[4, 3], [4, 2], [0, 0]]],
        },
    )
