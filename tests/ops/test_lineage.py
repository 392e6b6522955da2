"""The operators of Spikformer, Spike-driven Transformer and Meta-SpikeFormer: definitions, equalities, faults."""

import itertools

import numpy as np
import oracles
import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import integers

from refsim.audit.census import Census
from refsim.errors import NetworkError, RegisterError
from refsim.network import Fragment, Input, Network, Node
from refsim.numerics import Signal
from refsim.ops import LIF, Context, Grid, KeyValue, Mask, Retrieval, Scores, TapBias, Tokens, TokenSum
from refsim.ops.windows import windows_along
from refsim.simulator import interpret, run, run_fragment


def spikes(low=0, high=1, shape=(3, 4)):
    return Signal.uniform(np.int8, shape, low, high)


def answer(nodes, inputs, signals):
    """Run nodes for as many timesteps as the inputs have, compiled."""
    timesteps = len(next(iter(inputs.values())))
    return run_fragment(Fragment("lineage", timesteps, signals, frozenset(), tuple(nodes)), inputs, threads=1)


@given(st.data(), st.sampled_from(["k", "v"]))
def test_key_value_equals_its_definition(data, gate):
    """N17, whichever operand gates: the other may be graded."""
    spiking, graded = data.draw(integers((3, 4), -1, 1)), data.draw(integers((3, 4), 0, 9))
    key, value = (spiking, graded) if gate == "k" else (graded, spiking)
    sums = np.zeros((2, 2, 2), np.int32)
    KeyValue(2, gate).step(0, [key, value], None, sums, slice(0, 2))
    np.testing.assert_array_equal(oracles.key_value(key, value, 2), sums)


@given(integers((3, 4), -1, 1), integers((2, 2, 2), -9, 9, np.int32))
def test_retrieval_equals_its_definition(query, key_values):
    """N17: Q gates, K^T V may be any integers."""
    context = np.zeros((3, 4), np.int32)
    Retrieval().step(0, [query, key_values], None, context, slice(0, 1))
    np.testing.assert_array_equal(oracles.retrieval(query, key_values), context)


@given(st.data(), st.integers(1, 4), st.sampled_from([1, 2, 3, 6]))
def test_both_associations_are_equal(data, tokens, heads):
    """(Q K^T) V = Q (K^T V), bit for bit, for ternary spikes and any numbers of tokens and heads."""
    query, key, value = (data.draw(integers((1, tokens, 6), -1, 1)) for _ in range(3))
    trace = answer(
        [
            Node("scores", Scores(heads), ("q", "k")),
            Node("context", Context(), ("scores", "v")),
            Node("key_value", KeyValue(heads), ("k", "v")),
            Node("retrieved", Retrieval(), ("q", "key_value")),
        ],
        {"q": query, "k": key, "v": value},
        {name: spikes(-1, 1, (tokens, 6)) for name in "qkv"},
    )
    np.testing.assert_array_equal(trace["context"], trace["retrieved"])


@given(integers((5, 4, 3), 0, 1), integers((5, 4, 3), 0, 1))
def test_the_gate_of_sdsa_is_an_or_over_tokens(key, value):
    """The neuron on the column sums of K AND V never keeps a membrane: it fires where any token has both."""
    gate = LIF(np.ones(3, np.int32), halve_input=False)
    trace = answer(
        [
            Node("both", Mask(), ("k", "v")),
            Node("count", TokenSum(), ("both",)),
            Node("gate", gate, ("count",)),
        ],
        {"k": key, "v": value},
        {"k": spikes(shape=(4, 3)), "v": spikes(shape=(4, 3))},
    )
    np.testing.assert_array_equal((key & value).any(axis=1, keepdims=True), trace["gate"])
    assert not trace["gate.membrane"].any()


@given(integers((6,), 0, 40, np.int64))
def test_the_gate_of_sdsa_is_the_neuron_of_the_paper(counts):
    """A threshold of 1/2 on a halved input is a threshold of 1 on the whole one, by rational arithmetic."""
    from fractions import Fraction

    paper, _ = oracles.lif([int(count) for count in counts], Fraction(1, 2), 1, True, "zero", False)
    ours, _ = oracles.lif([int(count) for count in counts], 1, 1, False, "zero", False)
    assert paper == ours == [int(count > 0) for count in counts]


@given(st.data(), st.integers(1, 4), st.integers(1, 3), st.integers(1, 3), st.integers(0, 2))
def test_tap_bias_is_a_convolution_of_ones(data, size, window, stride, padding):
    """N18, at borders too, for any window, stride and padding."""
    padding = min(padding, window - 1)
    places = (size + 2 * padding - window) // stride + 1
    if size + 2 * padding < window:
        return
    bias = data.draw(integers((window, window, 2), -(2**20), 2**20, np.int32))
    sums = data.draw(integers((places, places, 2), -100, 100, np.int32))
    operator = TapBias(bias, size, size, stride, padding)
    trace = answer(
        [Node("sum", operator, ("sums",))],
        {"sums": sums[np.newaxis]},
        {"sums": Signal.uniform(np.int32, sums.shape, -100, 100)},
    )
    np.testing.assert_array_equal(oracles.tap_bias(sums, bias, (size, size), stride, padding), trace["sum"][0])


def test_grid_is_the_way_back_from_tokens():
    """N5: token y X + x is the place in row y and column x."""
    values = np.arange(12, dtype=np.int8).reshape(1, 6, 2)
    trace = answer([Node("grid", Grid(2, 3), ("tokens",))], {"tokens": values}, {"tokens": spikes(0, 11, (6, 2))})
    np.testing.assert_array_equal(values.reshape(1, 2, 3, 2), trace["grid"])


@pytest.mark.parametrize(
    ("operator", "signals", "message"),
    [
        (Mask(), [spikes(), spikes(-1, 1)], r"the mask ranges over \(-1, 1\); it must be 0 or 1"),
        (Mask(), [spikes(), spikes(0, 2)], r"the mask ranges over \(0, 2\); it must be 0 or 1"),
        (Mask(), [spikes(0, 2), spikes()], r"expected spikes of shape \(N, C\), got values in \(0, 2\)"),
        (Mask(), [spikes(), spikes(shape=(2, 4))], r"a mask of shape \(2, 4\) does not fit spikes of shape \(3, 4\)"),
        (KeyValue(2), [spikes(0, 2), spikes()], r"k ranges over \[0, 2\]; one operand must be -1, 0 or 1"),
        (
            KeyValue(3),
            [spikes(), spikes()],
            r"operands of one shape, tokens whose channels split into 3 heads; got \(\d+, \d+\)$",
        ),
        (KeyValue(2, "q"), [spikes(), spikes()], "site.gate: expected one of k, v"),
        (Retrieval(), [spikes(0, 5), spikes(shape=(2, 2, 2))], r"q ranges over \[0, 5\]"),
        (Retrieval(), [spikes(), spikes(shape=(2, 3, 3))], "does not fit Q of shape"),
        (Grid(2, 2), [spikes()], r"2 x 2 places do not hold tokens of shape \(3, 4\)"),
        (TapBias(np.zeros((3, 3, 4), np.int32), 5, 5), [spikes(shape=(3, 3, 4))], r"expected sums at \(5, 5\) places"),
        (
            TapBias(np.zeros((3, 3, 4), np.int16), 3, 3),
            [spikes(shape=(3, 3, 4))],
            "site.bias: expected int32 or int64 of shape",
        ),
    ],
)
def test_faults_are_named(operator, signals, message):
    """What is wrong, where, expected and got."""
    with pytest.raises(NetworkError, match=message):
        operator.output("site", signals, 4)


def test_sums_of_membranes_are_proved():
    """Three tokens of up to 100 need a register of 10 bits."""
    signal = Signal.uniform(np.int32, (3, 4), -100, 100)
    assert (-300, 300) == TokenSum(10).output("site", [signal], 4).interval
    with pytest.raises(RegisterError, match="needs 10 bits in the worst case, its register has 9"):
        TokenSum(9).output("site", [signal], 4)


def test_the_interval_of_tap_bias_holds_every_partial_sum():
    """100 - 90 passes 100 on the way: the register needs 8 bits, not 5."""
    bias, sums = np.array([[[100], [-90]]], np.int32), Signal.uniform(np.int8, (1, 1, 1), 0, 0)
    signal = TapBias(bias, 1, 2, 1, 0).output("site", [sums], 1)
    assert (-90, 100) == signal.interval


def test_each_operator_says_since_when_it_exists():
    """Spikes counted over tokens are as old as the numerics; membranes are not, nor are weights of 16 bits."""
    membranes = Signal.uniform(np.int32, (3, 4), -100, 100)
    assert (0, 1) == (TokenSum().minor_version([spikes()]), TokenSum().minor_version([membranes]))
    assert {1} == {operator.since_minor for operator in (Mask, KeyValue, Retrieval, Grid, TapBias)}


def test_the_census_of_tap_bias_counts_taps_inside():
    """Of an image and a window that are not square: places times taps, one by one."""
    operator = TapBias(np.ones((2, 3, 4), np.int32), 5, 7, stride=2, padding=1)
    rows, columns = windows_along("site", 5, 2, 2, 1), windows_along("site", 7, 3, 2, 1)
    inside = sum(
        0 <= 2 * row + y - 1 < 5 and 0 <= 2 * column + x - 1 < 7
        for row, column in itertools.product(range(rows), range(columns))
        for y, x in itertools.product(range(2), range(3))
    )
    assert Census(adds=inside * 4) == operator.census([], np.zeros((rows, columns, 4), np.int32))


@pytest.mark.parametrize("gate", ["k", "v"])
def test_census_of_linear_attention_is_what_the_source_counts(gate):
    """Whichever operand gates; six tokens of two heads with four channels, and a dense network's multiplications."""
    nodes = (
        Node("tokens", Tokens(), ("input",)),
        Node("kept", LIF(np.full(8, 2, np.int32), leak_shift=0, halve_input=False), ("tokens",)),
        Node("products", KeyValue(2, gate), ("tokens", "kept")),
        Node("context", Retrieval(), ("tokens", "products")),
        Node("count", TokenSum(), ("context",)),
    )
    network = Network("linear", 2, Input("ternary", (2, 3, 8)), nodes, 1)
    frames = np.random.default_rng(3).integers(-1, 2, (2, 2, 3, 8), np.int8)
    compiled, interpreted = run(network, frames), interpret(network, frames)
    assert interpreted.census_by_site == compiled.census_by_site
    for site in ("products", "context"):
        node = network[site]
        assert 6 * 8 * 4 == node.operator.dense_macs(network.input_signals(node), network.signals[site])
