"""Cases of many: one hash over a hundred, ten thousand or a million seeded traces or pairs."""

import numpy as np

from refsim.golden.case import Case, Draws
from refsim.golden.recipes.recipe import ONE_OPERATOR, Recipe
from refsim.model_file import describe_node
from refsim.network import Node
from refsim.ops import LIF, Context, KeyValue, Linear, Mask, Scores

SIZES = {"100": (100, 1), "10k": (1000, 10), "1m": (1000, 1000)}
"""Rows of a chunk and number of chunks."""

TIMESTEPS = 6
SELECTIONS = {"100": "quick", "10k": "full", "1m": "nightly"}


def recipes():
    seed = 1000
    thresholds = np.array([40], np.int32)
    for size, (rows, chunks) in SIZES.items():
        currents = {"currents": ("<i4", (TIMESTEPS, rows, 1), -100, 110)}
        for spikes, reset, rounding in (
            ("binary", "zero", "exact"),
            ("ternary", "subtract", "exact"),
            ("binary", "subtract", "floor"),
        ):
            seed += 1
            operator = LIF(thresholds, spikes, 1, True, reset, rounding)
            yield digest(f"{spikes}-{reset}-{rounding}", size, "lif", operator, currents, chunks, seed)
        seed += 1
        weights = np.array([[1, -2], [127, 3], [-128, 5], [64, -7], [9, 11]], np.int8)
        values = {"values": ("|i1", (1, rows, 5), -1, 1)}
        yield digest("ternary", size, "linear", Linear(weights, np.array([3, -4], np.int32)), values, chunks, seed)
        seed += 1
        side = rows // 10
        pairs = {"q": ("|i1", (10, side, 8), -1, 1), "k": ("|i1", (10, side, 8), -1, 1)}
        yield digest("ternary", size, "scores", Scores(2), pairs, chunks, seed)
        seed += 1
        gathered = {"map": ("|i1", (10, 2, side, side), 0, 127), "v": ("|i1", (10, side, 8), -1, 1)}
        yield digest("graded-ternary", size, "context", Context(), gathered, chunks, seed)
    yield from lineage()


def lineage():
    """Masks and K^T V; their seeds follow another count, since those of the cases above are for ever."""
    seed = 1100
    for size, (rows, chunks) in SIZES.items():
        side = rows // 10
        seed += 1
        masked = {"spikes": ("|i1", (10, side, 8), -1, 1), "mask": ("|i1", (10, side, 8), 0, 1)}
        yield digest("ternary", size, "mask", Mask(), masked, chunks, seed)
        seed += 1
        pairs = {"k": ("|i1", (10, side, 8), -1, 1), "v": ("|i1", (10, side, 8), 0, 127)}
        yield digest("ternary-graded", size, "key_value", KeyValue(2), pairs, chunks, seed)


def digest(name, size, op, operator, inputs, chunks, seed):
    """Describe a digest over all sites of one operator."""
    kind, site, names = ONE_OPERATOR[op]
    node = Node(site, operator, names)
    case = Case(
        id=f"l6.{op.replace('_', '-')}.{name}-{size}",
        title=f"One hash over {size} seeded rows: {op}, {name.replace('-', ' ')}",
        level="L6",
        op=op,
        timesteps=next(iter(inputs.values()))[1][0],
        nodes=(describe_node(node),),
        inputs={},
        ranges={given: (low, high) for given, (_, _, low, high) in inputs.items()},
        params={f"{site}.{field}": array for field, array in operator.parameters().items()},
        requires=("digest",),
        outputs=(site, node.register_site) if node.register_site else (site,),
        draws=Draws(seed, chunks, inputs),
    )
    return Recipe(case, seed=seed, selection=SELECTIONS[size])
