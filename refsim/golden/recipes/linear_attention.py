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
    yield from neurons_on_scores()
    yield wide_scores()
    yield both_associations()
    yield spike_driven_linear()
    yield wide_key_values()


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
    yield key_value(
        "sum-of-17-bits",
        "259 tokens of 127 are 32893",
        [[1]] * 259,
        [[127]] * 259,
        [[[32893]]],
        kinds=("binary", "graded"),
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
    yield retrieval(
        "beyond-8-bits",
        "K^T V of 200 and -129 is read whole, and the sums too",
        [[1, 0], [0, 1], [1, 1]],
        [[[200, -129], [100, 100]]],
        [[200, -129], [100, 100], [300, -29]],
    )
    yield retrieval(
        "beyond-16-bits",
        "K^T V of 40000 and -33000 is read whole, and 20000 + 20000 is 40000",
        [[1, 1], [-1, 0]],
        [[[20000, 40000], [20000, -33000]]],
        [[40000, 7000], [-20000, -40000]],
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


def neurons_on_scores():
    """Thresholds along the last axis of the scores, that of the keys."""
    yield several(
        "threshold-of-a-key",
        "A neuron on the scores has one threshold a key: a score of 1 fires at the first key, not at the second",
        "attention",
        [
            Node("attention.scores", Scores(1), ("q", "k")),
            Node("attention.map", LIF(np.array([1, 2], np.int32), halve_input=False), ("attention.scores",)),
            Node("attention.context", Context("map"), ("attention.map", "v")),
        ],
        {
            "q": ("binary", [[[1, 1], [1, 0]]]),
            "k": ("binary", [[[1, 1], [1, 1]]]),
            "v": ("graded", [[[9, 0], [0, 5]]]),
        },
        {
            "attention.scores": [[[[2, 2], [1, 1]]]],
            "attention.map": [[[[1, 1], [1, 0]]]],
            "attention.map.membrane": [[[[0, 0], [0, 1]]]],
            "attention.context": [[[9, 5], [9, 0]]],
        },
    )
    two_one = np.array([2, 1], np.int32)
    yield several(
        "ternary-map-of-two-heads",
        "The thresholds of the keys are the same for both heads, and for both signs",
        "attention",
        [
            Node("attention.scores", Scores(2), ("q", "k")),
            Node("attention.map", LIF(two_one, "ternary", halve_input=False), ("attention.scores",)),
        ],
        {"q": ("ternary", [[[1, -1], [1, 1]]] * 2), "k": ("ternary", [[[1, 1], [-1, 1]]] * 2)},
        {
            "attention.scores": [[[[1, -1], [1, -1]], [[-1, -1], [1, 1]]]] * 2,
            "attention.map": [[[[0, -1], [0, -1]], [[0, -1], [0, 1]]]] * 2,
            # 1 + (1 << 1) = 3 against 2 << 1
            "attention.map.membrane": [
                [[[1, 0], [1, 0]], [[-1, 0], [1, 0]]],
                [[[3, 0], [3, 0]], [[-3, 0], [3, 0]]],
            ],
        },
    )


def wide_scores():
    silent = [[0] * 17] * 15
    return several(
        "scores-of-13-bits",
        "17 channels of 127 are 2159, and that for 17 tokens 36703",
        "attention",
        [
            Node("attention.scores", Scores(1), ("q", "k")),
            Node("attention.context", Context(), ("attention.scores", "v")),
        ],
        {
            "q": ("ternary", [[[1] * 17, [-1] * 17, *silent]]),
            "k": ("graded", [[[127] * 17] * 17]),
            "v": ("binary", [[[1] * 17] * 17]),
        },
        {
            "attention.scores": [[[[2159] * 17, [-2159] * 17, *silent]]],
            "attention.context": [[[36703] * 17, [-36703] * 17, *silent]],
        },
    )


def wide_key_values():
    silent = [[0] * 17] * 15
    return several(
        "key-values-of-13-bits",
        "17 tokens of 127 are 2159, and that for 17 channels 36703",
        "linear_attention",
        [
            Node("attention.key_value", KeyValue(1), ("k", "v")),
            Node("attention.context", Retrieval(), ("q", "attention.key_value")),
        ],
        {
            "q": ("ternary", [[[1] * 17, [-1] * 17, *silent]]),
            "k": ("binary", [[[1] * 17] * 17]),
            "v": ("graded", [[[127] * 17] * 17]),
        },
        {
            "attention.key_value": [[[[2159] * 17] * 17]],
            "attention.context": [[[36703] * 17, [-36703] * 17, *silent]],
        },
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
