"""The network as data."""

import numpy as np
import pytest

from refsim.errors import NetworkError, RegisterError
from refsim.network import Assembly, Input, Network, Node
from refsim.ops import LIF, Convolution, TimeSum, Tokens, TokenSum


def neuron(thresholds=3, **fields):
    return LIF(np.full(thresholds, 5, np.int32), **fields)


def network(*nodes, timesteps=2, kind="binary", shape=(2, 2, 3), denominator=1):
    return Network("tiny", timesteps, Input(kind, shape), nodes, denominator)


TOKENS = Node("tokens", Tokens(), ("input",))
COUNT = Node("count", TokenSum(), ("tokens",))


def test_signals_hold_every_site():
    """Outputs and registers, each with its worst case: 4 tokens of 0 or 1, over 2 timesteps."""
    tiny = network(TOKENS, COUNT, Node("total", TimeSum(), ("count",)))
    assert ["input", "tokens", "count", "total", "total.total"] == list(tiny.signals)
    assert (0, 4) == tiny.signals["count"].interval
    assert (0, 8) == tiny.signals["total"].interval
    assert 3 == tiny.classes


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
        (lambda: network(TOKENS, TOKENS), "tokens: two nodes have this name"),
        (lambda: network(COUNT), "count: reads tokens, which no earlier node gives"),
        (lambda: network(Node("tokens", Tokens(), ("input", "input"))), "tokens: Tokens does not take 2 inputs"),
        (lambda: network(), "a network needs at least one node"),
        (lambda: network(TOKENS), r"tokens: the last node must give logits of shape \(1, classes\), got \(4, 3\)"),
        (lambda: network(TOKENS, COUNT, timesteps=0), "tiny: timesteps: expected an integer from 1 to 1024, got 0"),
        (lambda: network(TOKENS, COUNT, kind="video"), "tiny: input: expected one of image, binary, ternary, graded"),
        (
            lambda: network(TOKENS, COUNT, shape=(2, 0, 3)),
            "tiny: input size: expected an integer from 1 to 4096, got 0",
        ),
        (lambda: network(TOKENS, COUNT, denominator=0), "tiny: logit_denominator: expected an integer from 1"),
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
