"""What is of another type than was asked for is refused by name, in a sentence, wherever it is given."""

from dataclasses import replace

import numpy as np
import pytest
from strategies import seeded_network

import refsim
from refsim import model_file, run_operator
from refsim.errors import InputError, ModelFileError, NetworkError
from refsim.network import Input, Network, Node
from refsim.ops import LIF, Convolution, Linear, MaxPool, TapBias, Tokens, TokenSum
from refsim.simulator import run

CURRENTS = np.zeros((2, 3), np.int32)
STEM = Convolution(np.ones((1, 1, 1, 2), np.int8), np.zeros(2, np.int32), 1, 0, 8)
NODES = (Node("stem", STEM, ("input",)), Node("tokens", Tokens(), ("stem",)), Node("sum", TokenSum(), ("tokens",)))


def network(**fields):
    return Network(**{"name": "net", "timesteps": 2, "input": Input("image", (2, 2, 1)), "nodes": NODES} | fields)


def built(**fields):
    return lambda: network(**{"logit_denominator": 1} | fields)


def node(*parts):
    return built(nodes=(Node(*parts), *NODES[1:]))


LISTED = LIF([8])
MASKED = LIF(np.ma.array([8, 8, 8], np.int32))
REFUSED = {
    "a class for an operator": (
        lambda: run_operator("n", LIF, CURRENTS),
        "n: expected an operator, got the class LIF: call it with its parameters",
    ),
    "no operator": (lambda: run_operator("n", None, CURRENTS), "n: expected an operator, got NoneType"),
    "arguments in another order": (lambda: run_operator(LISTED, "n", CURRENTS), "name of the output: expected a name"),
    "a name that is none": (lambda: run_operator(["n"], LISTED, CURRENTS), r"of the output: .* got \['n'\]"),
    "an empty name": (lambda: run_operator("", LISTED, CURRENTS), "expected a name of 1 to 1024 characters that print"),
    "a list of thresholds": (
        lambda: run_operator("n", LISTED, CURRENTS),
        "n.thresholds: expected an array .* got list",
    ),
    "an integer threshold": (lambda: run_operator("n", LIF(8), CURRENTS), "n.thresholds: expected an array .* got int"),
    "masked thresholds": (lambda: run_operator("n", MASKED, CURRENTS), "n.thresholds: .* got MaskedArray"),
    "no bias": (lambda: run_operator("n", Linear(np.ones((3, 1), np.int8), None), CURRENTS), "n.bias: .* got NoneType"),
    "a list of biases": (
        lambda: run_operator("n", TapBias([1], 1, 1), np.zeros((1, 1, 1, 1), np.int32)),
        "n.bias: expected an array of integers, got list",
    ),
    "rows of different lengths": (
        lambda: run_operator("n", LIF(np.ones(1, np.int32)), [[1], [1, 2]]),
        "n: expected an array, got rows of different lengths",
    ),
    "masked currents": (
        lambda: run_operator("n", LIF(np.ones(3, np.int32)), np.ma.array(CURRENTS)),
        "n: got a masked array; every value must be there",
    ),
    "an image with rows of different lengths": (lambda: run(seeded_network(), [[1], [1, 2]]), "got rows of different"),
    "no path": (lambda: refsim.load(None), "expected a model file or the name of a model, got NoneType"),
    "a path of bytes": (lambda: refsim.load(b"digits-a2os2a"), "or the name of a model, got bytes"),
    "a path of thousands": (lambda: refsim.load("x" * 5000), "^x{50,60}.*: File name too long; expected a model file"),
    "a network of another name": (built(name=5), "name of a network: expected a name .* got 5"),
    "no input": (built(input=None), "net: input: expected an Input, got NoneType"),
    "an input of a list": (built(input=Input(["image"], (2, 2, 1))), r"net: input: expected one of .* got \['image'\]"),
    "an input of no shape": (built(input=Input("image", None)), r"must have the shape \(Y, X, C\), got None"),
    "no nodes": (built(nodes=None), "net: nodes: expected a tuple of Node, got NoneType"),
    "nodes that are none": (built(nodes=("stem",)), "net: nodes: expected a tuple of Node, got str"),
    "a node of two lines": (node("a\nb", STEM, ("input",)), r"net: name of a node: expected .* got 'a\\nb'"),
    "a node of surrogates": (node("\ud800", STEM, ("input",)), "characters that print"),
    "a node of thousands": (node("x" * 5000, STEM, ("input",)), r"got 'xxxxxxxxxxxxxxxxxxxx'\.\.\."),
    "a node that reads a text": (
        node("stem", STEM, "input"),
        "stem: inputs: expected a tuple of names of sites, got 'i",
    ),
    "a node that reads a list": (node("stem", STEM, (["input"],)), "stem: inputs: expected a tuple of names of sites"),
    "no provenance": (built(provenance=None), "net: provenance: expected a dict of words, finite numbers"),
    "a provenance of nan": (built(provenance={"accuracy": float("nan")}), "net: provenance: expected a dict of words"),
    "a provenance of arrays": (built(provenance={"accuracy": np.ones(1)}), "net: provenance: expected a dict of words"),
    "to save nothing": (lambda: model_file.save(None, "none.npz"), "expected a network to save, got NoneType"),
}


@pytest.mark.parametrize("deed", REFUSED)
def test_what_is_foreign_is_refused_in_a_sentence(deed):
    """With what was expected and what there is."""
    function, message = REFUSED[deed]
    with pytest.raises((InputError, NetworkError, ModelFileError), match=message):
        function()


def test_where_no_file_can_be_written_it_is_said(tmp_path):
    """With the path that was given, not with that of the file beside it."""
    with pytest.raises(ModelFileError, match=r"none/net\.npz: cannot be written: No such file or directory$"):
        model_file.save(built()(), tmp_path / "none" / "net.npz")


def test_what_numpy_counts_in_is_taken(tmp_path):
    """NumPy's integers are integers, and a list of sites is as good as a tuple: they are kept plain, and saved."""
    nodes = [replace(node, inputs=list(node.inputs)) for node in NODES]
    made = network(timesteps=np.int64(2), logit_denominator=np.int32(1), nodes=nodes)
    assert (type(made.timesteps), type(made.logit_denominator), made.nodes[0].inputs) == (int, int, ("input",))
    model_file.save(made, tmp_path / "net.npz")
    assert model_file.content_hash(model_file.load(tmp_path / "net.npz")) == model_file.content_hash(built()())


@pytest.mark.parametrize("dtype", [np.int8, np.int32, np.int64])
def test_arrays_of_any_order_are_taken(dtype):
    """As Fortran has them, back to front, or of the other order of bytes."""
    values = np.arange(48, dtype=dtype).reshape(1, 4, 4, 3)
    expected = run_operator("pool", MaxPool(2, 1, 0), values)["pool"]
    turned = (
        np.asfortranarray(values),
        values[:, :, :, ::-1].copy()[:, :, :, ::-1],
        values.astype(values.dtype.newbyteorder()),
    )
    for other in turned:
        np.testing.assert_array_equal(expected, run_operator("pool", MaxPool(2, 1, 0), other)["pool"])
