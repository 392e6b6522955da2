"""Directed cases of the mask, and of spike-driven self-attention, which is made of masks, a sum and a neuron."""

import numpy as np

from refsim.golden.recipes.recipe import Recipe, directed, graph_case
from refsim.network import Node
from refsim.ops import LIF, Mask, TokenSum

BINARY = ("binary", "binary")


def mask(name, title, spikes, gates, masked, kinds=BINARY):
    """A case of one timestep: lists over tokens of lists over channels; a mask of one row stands for all tokens."""
    return directed(name, title, "mask", Mask(), [(kinds[0], [spikes]), (kinds[1], [gates])], [masked])


def recipes():
    yield mask("and", "A spike passes where the mask is 1: AND", [[1, 1, 0, 0]], [[1, 0, 1, 0]], [[1, 0, 0, 0]])
    yield mask("token-by-token", "Each token has a row of the mask", [[1], [1], [1]], [[0], [1], [0]], [[0], [1], [0]])
    yield mask(
        "one-row",
        "One row masks all tokens, the last as the first",
        [[1, 1], [0, 1], [1, 1]],
        [[1, 0]],
        [[1, 0], [0, 0], [1, 0]],
    )
    yield mask(
        "ternary",
        "A spike of -1 passes as -1, and is masked as +1 is",
        [[-1, -1, 1, 0]],
        [[1, 0, 1, 1]],
        [[-1, 0, 1, 0]],
        ("ternary", "binary"),
    )
    yield directed(
        "of-now",
        "The mask of this timestep is taken, not that of the one before",
        "mask",
        Mask(),
        [("binary", [[[1]], [[1]], [[1]]]), ("binary", [[[1]], [[0]], [[1]]])],
        [[[1]], [[0]], [[1]]],
    )
    yield directed(
        "still-mask",
        "A mask that stands still is there at every timestep",
        "mask",
        Mask(),
        [("binary", [[[1, 1]], [[0, 1]]]), ("binary", [[0, 1]])],
        [[[0, 1]], [[0, 1]]],
        static=("mask",),
    )
    yield from spike_driven()


def spike_driven():
    yield sdsa(
        "gate-is-an-or",
        "One token with K and V together opens the gate of its channel; K and V at different tokens do not",
        [[[1, 1], [0, 0], [1, 1]]],
        [[[1, 0], [0, 1], [0, 0]]],
        [[[1, 0], [0, 1], [0, 1]]],
        both=[[[1, 0], [0, 0], [0, 0]]],
        count=[[[1, 0]]],
        gate=[[[1, 0]]],
        membrane=[[[0, 0]]],
        masked=[[[1, 0], [0, 0], [0, 0]]],
    )
    yield sdsa(
        "gate-forgets",
        "The gate keeps nothing: open after three tokens at once, closed when there is none",
        [[[1], [1], [1]], [[1], [1], [1]], [[1], [1], [1]]],
        [[[1], [1], [1]], [[0], [0], [0]], [[0], [1], [0]]],
        [[[1], [1], [1]], [[1], [1], [1]], [[1], [0], [1]]],
        both=[[[1], [1], [1]], [[0], [0], [0]], [[0], [1], [0]]],
        count=[[[3]], [[0]], [[1]]],
        gate=[[[1]], [[0]], [[1]]],
        membrane=[[[0]], [[0]], [[0]]],
        masked=[[[1], [1], [1]], [[0], [0], [0]], [[1], [0], [1]]],
    )
    yield sdsa(
        "any-number-of-tokens",
        "One, two or all three tokens open the gate alike",
        [[[1, 1, 1], [0, 1, 1], [0, 0, 1]]],
        [[[1, 1, 1], [1, 1, 1], [1, 1, 1]]],
        [[[1, 1, 1], [0, 0, 0], [1, 0, 1]]],
        both=[[[1, 1, 1], [0, 1, 1], [0, 0, 1]]],
        count=[[[1, 2, 3]]],
        gate=[[[1, 1, 1]]],
        membrane=[[[0, 0, 0]]],
        masked=[[[1, 1, 1], [0, 0, 0], [1, 0, 1]]],
    )
    yield sdsa(
        "query-is-masked",
        "The gate masks Q, and no other spikes",
        [[[0, 1], [1, 1]]],
        [[[1, 1], [1, 0]]],
        [[[1, 0], [0, 1]]],
        both=[[[0, 1], [1, 0]]],
        count=[[[1, 1]]],
        gate=[[[1, 1]]],
        membrane=[[[0, 0]]],
        masked=[[[1, 0], [0, 1]]],
    )
    yield sdsa(
        "ternary-query",
        "A ternary Q keeps its signs",
        [[[1, 1], [0, 0]]],
        [[[1, 0], [0, 0]]],
        [[[-1, -1], [1, 1]]],
        kind="ternary",
        both=[[[1, 0], [0, 0]]],
        count=[[[1, 0]]],
        gate=[[[1, 0]]],
        membrane=[[[0, 0]]],
        masked=[[[-1, 0], [1, 0]]],
    )


def sdsa(name, title, key, value, query, kind="binary", **hand):
    """Spike-driven self-attention of lists over timesteps of tokens of channels, with the answer of a hand."""
    channels = np.array(key).shape[-1]
    nodes = [
        Node("attention.both", Mask(), ("k", "v")),
        Node("attention.count", TokenSum(), ("attention.both",)),
        Node("attention.gate", LIF(np.ones(channels, np.int32), halve_input=False), ("attention.count",)),
        Node("attention.masked", Mask(), ("q", "attention.gate")),
    ]
    inputs = {"q": (kind, query), "k": ("binary", key), "v": ("binary", value)}
    case = graph_case(f"l1.sdsa.{name}", title, "sdsa", nodes, inputs)
    hand["gate.membrane"] = hand.pop("membrane")
    return Recipe(case, {f"attention.{site}": values for site, values in hand.items()}, claims=())
