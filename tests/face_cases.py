"""Cases with every kind of tensor, and what is known of their arrays by hand."""

import hashlib
import io
from dataclasses import replace

import numpy as np

from refsim import npy
from refsim.golden.case import Draws, case_of
from refsim.network import Node
from refsim.ops.attention import Scores
from refsim.ops.lif import LIF
from refsim.ops.linear import Linear

WIDTHS = {
    "input": (8, False),
    "embed.weights": (8, True),
    "embed.bias": (32, True),
    "q.thresholds": (64, True),
    "k.thresholds": (32, True),
    "embed": (24, True),
    "q": (2, True),
    "q.membrane": (48, True),
    "k": (2, True),
    "k.membrane": (64, True),
    "block0.attention.scores": (5, True),
}
"""By hand: pixels, int8 weights, types of biases and thresholds, declared registers, spikes in two's complement."""


def attention_case():
    """Pixels through bit planes, two layers of neurons, Q K^T; two samples; answers that reach every extreme."""
    random = np.random.default_rng(5)
    nodes = [
        Node("embed", Linear(full(random, (3, 4), 8, "i1"), np.array([9, -9, 0, 7], "i4"), 8, 24), ("input",)),
        Node("q", LIF(np.array([4, 5, 6, 2**40]), membrane_bits=48), ("embed",)),
        Node("k", LIF(np.array([4, 5, 6, 7], "i4"), spikes="ternary", membrane_bits=64), ("embed",)),
        Node("block0.attention.scores", Scores(2, accumulator_bits=5), ("q", "k")),
    ]
    pixels = np.array([[[0, 255, 1], [2, 3, 4]], [[9, 8, 7], [128, 127, 0]]], "u1")
    case = case_of(
        nodes, {"input": pixels}, {"input": (0, 255)}, static_inputs=frozenset(["input"]), samples=2, timesteps=2,
        id="l3.attention.faces-1", title="t", level="L3", op="attention", outputs=("block0.attention.scores",),
    )  # fmt: skip
    sites = {site: full(random, shape, WIDTHS[site][0], dtype) for site, (dtype, shape) in case.sites.items()}
    return replace(case, expected=sites)


def full(random, shape, bits, dtype):
    """Random integers of a width, the lowest and the highest of them first."""
    low, high = -(2 ** (bits - 1)), 2 ** (bits - 1) - 1
    values = random.integers(low, high, shape, np.int64, endpoint=True)
    values.flat[:2] = low, high
    return values.astype(dtype)


def neuron_case(**fields):
    """One neuron with threshold 4 and halved input: 8 meets the level 4 << 1; then 3 << 1 = 6; then 6 + (-5 << 2)."""
    answers = {
        "neuron": np.array([[1], [0], [0]], np.int8),
        "neuron.membrane": np.array([[0], [6], [-14]], np.int32),
    }
    case = case_of(
        [Node("neuron", LIF(np.array([4], np.int32)), ("currents",))],
        {"currents": np.array([[8], [3], [-5]], np.int32)}, {"currents": (-10, 10)}, id="l1.lif.met", title="t",
        level="L1", op="lif", timesteps=3, outputs=("neuron",), expected=answers,
    )  # fmt: skip
    return replace(case, **fields)


def digest_case():
    """A case whose inputs are drawn."""
    draws = Draws(2**64 - 1, 10, {"currents": ("<i4", (3, 1), -10, 10)})
    return neuron_case(inputs={}, draws=draws, expected={"digest": np.arange(32, dtype=np.uint8)})


def reject_case():
    """A case with an input outside its range."""
    return neuron_case(inputs={"currents": np.array([[2**31 - 1], [3], [-5]], np.int32)}, reject_reason="range")


def arrays_of(case):
    return {**case.inputs, **case.params, **case.expected}


def hash_by_hand(dtype, shape, values):
    return hashlib.sha256(f"{' '.join([dtype, *map(str, shape)])}\n".encode() + values).hexdigest()


def npy_hashes(case):
    """The content hash of every array as NumPy reads it from a .npy file."""
    loaded = {name: np.load(io.BytesIO(npy.encode(array))) for name, array in arrays_of(case).items()}
    return {name: hash_by_hand(array.dtype.str, array.shape, array.tobytes()) for name, array in loaded.items()}
