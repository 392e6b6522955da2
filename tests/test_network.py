"""The network as data."""

import pickle

import numpy as np
import pytest

from refsim.errors import NetworkError, RegisterError
from refsim.network import Assembly, Input, Network, Node
from refsim.ops import LIF, Convolution, Linear, Mask, TimeSum, Tokens, TokenSum
from refsim.simulator import ENGINES, interpret, run


def neuron(thresholds=3, **fields):
    return LIF(np.full(thresholds, 5, np.int32), **fields)


def network(*nodes, timesteps=2, kind="binary", shape=(2, 2, 3), denominator=1):
    return Network("tiny", timesteps, Input(kind, shape), nodes, denominator)


def linear(weights, site="tokens", bias=None):
    return Node("linear", Linear(weights, np.zeros(weights.shape[1], np.int32) if bias is None else bias), (site,))


def mapped(weights):
    """Tokens of three channels through a linear map, counted."""
    return network(TOKENS, linear(weights), Node("count", TokenSum(), ("linear",)))


TOKENS = Node("tokens", Tokens(), ("input",))
COUNT = Node("count", TokenSum(), ("tokens",))


def test_signals_hold_every_site():
    """Outputs and registers, each with its worst case: 4 tokens of 0 or 1, over 2 timesteps."""
    tiny = network(TOKENS, COUNT, Node("total", TimeSum(), ("count",)))
    assert ["input", "tokens", "count", "total", "total.total"] == list(tiny.signals)
    assert (0, 4) == tiny.signals["count"].interval
    assert (0, 8) == tiny.signals["total"].interval
    assert 3 == tiny.classes
    assert 2**62 == network(TOKENS, COUNT, denominator=2**62).logit_denominator


def test_static_sites_depend_on_the_image_alone():
    """A convolution of the image is the same at every timestep; behind a membrane nothing is."""
    convolution = Convolution(np.ones((1, 1, 1, 3), np.int8), np.zeros(3, np.int32), padding=0, planes=8)
    nodes = (
        Node("conv", convolution, ("input",)),
        Node("neuron", neuron(), ("conv",)),
        Node("tokens", Tokens(), ("neuron",)),
        Node("count", TokenSum(), ("tokens",)),
    )
    tiny = network(*nodes, kind="image", shape=(2, 2, 1))
    assert {"input", "conv"} == tiny.static_sites


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: network(TOKENS, TOKENS), "tokens: two nodes have the site tokens"),
        (lambda: network(COUNT), "count: reads tokens, which no earlier node gives"),
        (lambda: network(Node("tokens", Tokens(), ("input", "input"))), "tokens: Tokens reads 1 site, got 2"),
        (lambda: network(Node("mask", Mask(), ("input",))), "mask: Mask reads 2 sites, got 1"),
        (
            lambda: network(Node("n.membrane", Tokens(), ("input",)), Node("n", neuron(), ("input",))),
            "n: two nodes have the site n.membrane",
        ),
        (
            lambda: network(Node("n", neuron(halve_input=1), ("input",))),
            "n.halve_input: expected True or False, got 1",
        ),
        (
            lambda: network(Node("n", neuron(membrane_bits=32.0), ("input",))),
            "n: bits of the membrane: expected an integer from 2 to 64, got 32.0",
        ),
        (
            lambda: network(linear(np.ones((3, 2), np.int8), "input")),
            r"takes tokens of shape \(N, C\), got \(2, 2, 3\)",
        ),
        (
            lambda: network(TOKENS, linear(np.ones((3, 0), np.int8))),
            r"expected .* of shape \(3, any\), got int8 \(3, 0\)",
        ),
        (lambda: network(), "a network needs at least one node"),
        (lambda: network(TOKENS), r"tokens: the last node must give logits of shape \(1, classes\), got \(4, 3\)"),
        (lambda: network(TOKENS, COUNT, timesteps=0), "tiny: timesteps: expected an integer from 1 to 1024, got 0"),
        (lambda: network(TOKENS, COUNT, kind="video"), "tiny: input: expected one of image, binary, ternary, graded"),
        (
            lambda: network(TOKENS, COUNT, shape=(2, 0, 3)),
            "tiny: input size: expected an integer from 1 to 4096, got 0",
        ),
        (lambda: network(TOKENS, COUNT, denominator=0), "tiny: logit_denominator: expected an integer from 1"),
        (lambda: network(TOKENS, COUNT, denominator=2**62 + 1), f"expected an integer from 1 to {2**62}, got"),
    ],
)
def test_what_does_not_fit_is_refused(build, message):
    """Each fault by name."""
    with pytest.raises(NetworkError, match=message):
        build()


def test_a_membrane_that_outgrows_its_register_is_refused():
    """Exact membranes grow by the leak shift each timestep; the error names site, register and bits."""
    with pytest.raises(RegisterError, match="n: the membrane needs 34 bits in the worst case, its register has 32"):
        network(Node("n", neuron(leak_shift=16, halve_input=False), ("input",)), TOKENS, COUNT, timesteps=3)


def test_assembly_widens_a_register_where_the_proof_asks_for_it():
    """The same neuron gets 64 bits under assembly."""
    assembly = Assembly(Input("binary", (2, 2, 3)), 3)
    assembly.add("n", neuron(leak_shift=16, halve_input=False), "input")
    assert 64 == assembly.nodes[0].operator.membrane_bits
    assert np.dtype(np.int64) == assembly.signals["n.membrane"].dtype
    with pytest.raises(RegisterError, match="its register has 64"):
        Assembly(Input("binary", (2, 2, 3)), 5).add("n", neuron(leak_shift=16), "input")


WEIGHTS = np.arange(6, dtype=np.int8).reshape(3, 2)
FRAMES = np.ones((2, 2, 2, 3), np.int8)
LAYOUTS = {
    "Fortran's order": lambda weights: np.asfortranarray(weights),
    "a part of a larger array": lambda weights: np.pad(weights, ((0, 0), (0, 3)))[:, :2],
    "backwards": lambda weights: weights[::-1, ::-1].copy()[::-1, ::-1],
    "the other order of bytes": lambda weights: weights.astype(">i2"),
}


@pytest.mark.parametrize("layout", LAYOUTS.values(), ids=LAYOUTS)
def test_weights_may_lie_in_memory_as_they_like(layout):
    """Four tokens of ones give four times the sums of the columns, 6 and 9, by every route."""
    tiny = mapped(layout(WEIGHTS))
    for result in (*(run(tiny, FRAMES, engine=engine) for engine in ENGINES), interpret(tiny, FRAMES)):
        assert [24, 36] == result.logits.tolist()


def test_a_network_stays_what_was_validated():
    """Who writes into weights after the range proof does not write into the network's; it holds plain integers."""
    weights, padding = WEIGHTS.copy(), np.uint8(0)
    view = weights.view()
    view.flags.writeable = False
    tiny = mapped(view)
    weights[:] = 100
    assert [24, 36] == run(tiny, FRAMES).logits.tolist()
    with pytest.raises(ValueError, match="read-only"):
        tiny["linear"].operator.weights[:] = 100
    convolution = Convolution(np.ones((1, 1, 3, 2), np.int8), np.zeros(2, np.int32), padding=padding)
    assert (
        type(
            network(Node("conv", convolution, ("input",)), Node("tokens", Tokens(), ("conv",)), COUNT)[
                "conv"
            ].operator.padding
        )
        is int
    )


def test_what_nobody_can_write_is_not_copied():
    """Weights of a model file are there once."""
    weights = WEIGHTS.copy()
    weights.flags.writeable = False
    assert mapped(weights)["linear"].operator.weights is weights


def test_a_network_that_has_run_can_be_pickled():
    """What the engine keeps for the next run stays behind."""
    tiny = mapped(WEIGHTS)
    run(tiny, FRAMES)
    assert [24, 36] == run(pickle.loads(pickle.dumps(tiny)), FRAMES).logits.tolist()


def test_a_register_may_be_read():
    """A node that reads membranes sees them after each timestep, by both engines and by interpretation."""
    tokens = Node("tokens", Tokens(), ("n.membrane",))
    tiny = network(Node("n", neuron(leak_shift=0, halve_input=False), ("input",)), tokens, COUNT)
    for result in (*(run(tiny, FRAMES, engine=engine) for engine in ENGINES), interpret(tiny, FRAMES)):
        assert [8, 8, 8] == result.logits.tolist()


@pytest.mark.parametrize(("site", "hint"), [("tokns", "; did you mean tokens?"), (3, ""), ("", "")])
def test_a_node_that_is_not_there_is_an_error(site, hint):
    """Never the end of a loop over names."""
    counted = network(TOKENS, COUNT)
    assert "tokens" == counted["tokens"].name
    with pytest.raises(NetworkError) as caught:
        counted[site]
    assert f"tiny has no node {site!r}{hint}" == str(caught.value)


def test_a_network_and_a_result_are_shown_in_short():
    """Not as their weights and traces, which are pages."""
    tiny = network(TOKENS, COUNT)
    assert repr(tiny) == (
        "Network(name='tiny', timesteps=2, input=Input(kind='binary', shape=(2, 2, 3)), logit_denominator=1, provenance={})"
    )
    result = run(tiny, np.ones((2, 2, 2, 3), np.int8), record="*")
    assert repr(result) == "Result(label=0, logits=array([4, 4, 4]), logit_denominator=1)"
