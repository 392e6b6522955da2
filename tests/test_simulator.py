"""Running a network."""

import numpy as np
import oracles
import pytest
from strategies import seeded_network

from refsim.architectures.spiking_transformer import PRESETS
from refsim.audit.census import Census
from refsim.errors import InputError, NetworkError, RegisterError
from refsim.network import Input, Network, Node
from refsim.ops import LIF, Context, Convolution, Tokens
from refsim.simulator import interpret, run, run_operator


def image(seed=0, shape=(8, 8)):
    return np.random.default_rng(seed).integers(0, 256, shape, np.uint8)


@pytest.mark.parametrize("preset", PRESETS)
def test_both_routes_agree_at_every_site(preset):
    """Machine code and Python source: the same values, logits and census, site by site, and no layer is silent."""
    network = seeded_network(preset)
    compiled, interpreted = run(network, image(), record="*"), interpret(network, image(), record="*")
    assert list(network.signals) == list(compiled.trace)
    for site, values in interpreted.trace.items():
        np.testing.assert_array_equal(values, compiled.trace[site], err_msg=site)
    np.testing.assert_array_equal(interpreted.logits, compiled.logits)
    assert interpreted.census_by_site == compiled.census_by_site
    assert sum(interpreted.census_by_site.values(), Census()) == compiled.census
    assert all(count.any() for count in compiled.spike_counts.values()), compiled.spike_counts


@pytest.mark.parametrize("preset", PRESETS)
def test_every_value_lies_within_its_proof(preset):
    """No recorded value leaves the worst case of its site."""
    network = seeded_network(preset, seed=1)
    for site, values in run(network, image(1), record="*").trace.items():
        low, high = network.signals[site].interval
        assert low <= values.min() and values.max() <= high, site


def test_the_label_is_the_lowest_of_equal_logits():
    """N15: with weights of zero all logits are the bias; classes 1 and 2 tie."""
    weights, bias = np.zeros((1, 1, 1, 3), np.int8), np.array([1, 5, 5], np.int32)
    nodes = (
        Node("conv", Convolution(weights, np.zeros(3, np.int32), padding=0), ("input",)),
        Node("classes", Convolution(weights.repeat(3, axis=2), bias, padding=0), ("conv",)),
    )
    network = Network("tie", 1, Input("binary", (1, 1, 1)), (*nodes, Node("tokens", Tokens(), ("classes",))), 1)
    result = run(network, np.zeros((1, 1, 1, 1), np.int8))
    assert ([1, 5, 5], 1) == (result.logits.tolist(), result.label)


def test_state_is_cleared_between_runs():
    """The same image twice, with another between, gives the same bits (N4)."""
    network = seeded_network()
    first = run(network, image(), record="*")
    run(network, image(5))
    again = run(network, image(), record="*")
    for site, values in first.trace.items():
        np.testing.assert_array_equal(values, again.trace[site])


def test_threads_do_not_change_a_bit():
    """A network large enough to be cut into parts, with 1, 2 and 3 threads."""
    network = seeded_network(image_size=(32, 32), embedding=256, heads=4, pooled_stages=(3,), timesteps=1)
    results = [run(network, image(2, (32, 32)), record="*", threads=threads) for threads in (1, 2, 3)]
    for site, values in results[0].trace.items():
        for other in results[1:]:
            np.testing.assert_array_equal(values, other.trace[site], err_msg=site)
    assert results[0].census == results[1].census == results[2].census


@pytest.mark.parametrize("density", [0.0, 0.05, 0.2, 0.6, 1.0])
def test_adds_are_the_fan_out_of_events(density):
    """With spike frames of rising density, the first convolution adds exactly its events times their fan-out."""
    network = seeded_network(input="ternary", channels=2)
    random = np.random.default_rng(7)
    frames = random.choice([-1, 1], (4, 8, 8, 2)) * (random.random((4, 8, 8, 2)) < density)
    frames = frames.astype(np.int8)
    expected = sum(oracles.fan_out(frame, 3, 1, 1, 2) for frame in frames)
    assert expected == run(network, frames).census_by_site["stem.conv0"].adds


def test_the_static_first_layer_is_counted_once():
    """The convolution of an image costs the same with one timestep as with four, and is recorded at each."""
    one, four = seeded_network(timesteps=1), seeded_network(timesteps=4)
    assert run(one, image()).census_by_site["stem.conv0"] == run(four, image()).census_by_site["stem.conv0"]
    trace = run(four, image(), record=("stem.conv0",)).trace["stem.conv0"]
    assert (trace == trace[0]).all() and len(trace) == 4


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (image(shape=(9, 8)), r"takes an image of shape \(8, 8, 1\) and type uint8, got \(9, 8\) of uint8"),
        (image(shape=(8, 8, 3)), r"got \(8, 8, 3\) of uint8"),
        (image().astype(np.int32), r"got \(8, 8\) of int32"),
        (np.zeros((4, 8, 8, 1), np.int8), r"got \(4, 8, 8, 1\) of int8"),
        (np.ma.masked_equal(image(), 0), "got a masked array; every value must be there"),
    ],
)
def test_a_wrong_image_is_refused(value, message):
    """Nothing is cast or reshaped silently."""
    with pytest.raises(InputError, match=message):
        run(seeded_network(), value)


def test_wrong_frames_are_refused():
    """Shape and range of spike frames."""
    network = seeded_network(input="binary")
    with pytest.raises(InputError, match=r"takes binary spike frames of shape \(4, 8, 8, 1\)"):
        run(network, np.zeros((3, 8, 8, 1), np.int8))
    with pytest.raises(InputError, match="with values from 0 to 1, got -1 to 0"):
        run(network, -np.eye(8, dtype=np.int8).reshape(1, 8, 8, 1).repeat(4, axis=0))


def test_graded_frames_go_through_planes():
    """Event counts up to 127 are taken, as integers times weights."""
    network = seeded_network(input="graded")
    frames = np.random.default_rng(0).integers(0, 128, (4, 8, 8, 1), np.int8)
    trace = run(network, frames, record="stem.conv0").trace["stem.conv0"]
    operator = network["stem.conv0"].operator
    for frame, sums in zip(frames, trace):
        np.testing.assert_array_equal(oracles.convolution(frame, operator.weights, operator.bias, 1, 1), sums)


def test_an_unknown_site_is_refused_with_a_hint():
    """A misspelt site names its neighbours."""
    with pytest.raises(NetworkError, match="no site 'block0.attention.score'; did you mean block0.attention.scores"):
        run(seeded_network(), image(), record=("block0.attention.score",))


@pytest.mark.parametrize("record", [None, 3, ["head.input", 3]])
def test_what_names_no_site_is_refused(record):
    """A name or several, as texts."""
    with pytest.raises(NetworkError, match="record: expected names of sites or patterns, got "):
        run(seeded_network(), image(), record=record)
    named = (site for site in ("head.input", "head.linear"))
    assert ["head.input", "head.linear"] == list(run(seeded_network(), image(), record=named).trace)


@pytest.mark.parametrize("route", [run, interpret])
def test_the_name_of_a_network_is_none(route):
    """`refsim.load` makes a network of it."""
    with pytest.raises(NetworkError, match="expected a network, as refsim.load gives it, got str"):
        route("digits-a2os2a", image())


def test_patterns_choose_sites():
    """A star stands for any characters, and only what was asked for is kept."""
    trace = run(seeded_network(depth=2), image(), record=("block*.scores",)).trace
    assert ["block0.attention.scores", "block1.attention.scores"] == list(trace)


def test_total_is_the_running_sum():
    """head.logits at the last timestep is the sum of head.linear over all."""
    result = run(seeded_network(), image(), record=("head.*",))
    np.testing.assert_array_equal(result.trace["head.linear"].sum(axis=0)[0], result.logits)
    np.testing.assert_array_equal(result.trace["head.linear"].cumsum(axis=0), result.trace["head.logits"])


def test_one_operator_runs_by_itself():
    """A hand's two neurons at threshold 8, leak 1: charges 5, 5 + 12 = 17 >= 16; and -3, -3 - 2. Of two inputs the map
    is graded, and V gathers its columns."""
    neuron = LIF(np.array([8, 8], np.int32), halve_input=False, membrane_bits=6)
    trace = run_operator("neuron", neuron, np.array([[5, -3], [6, -1]], np.int32))
    assert {"neuron": [[0, 0], [1, 0]], "neuron.membrane": [[5, -3], [0, -5]]} == {
        site: values.tolist() for site, values in trace.items()
    }
    attention, values = np.array([[[[2, 3], [5, 7]]]], np.int32), np.array([[[1, 0], [1, 1]]], np.int8)
    assert [[[5, 3], [12, 7]]] == run_operator("context", Context(), attention, values)["context"].tolist()


def test_registers_of_one_operator_are_proved():
    """The same neuron needs six bits for these currents, and is refused five."""
    neuron = LIF(np.array([8, 8], np.int32), halve_input=False, membrane_bits=5)
    with pytest.raises(RegisterError, match="neuron: the membrane needs 6 bits"):
        run_operator("neuron", neuron, np.array([[5, -3], [6, -1]], np.int32))


@pytest.mark.parametrize(
    ("inputs", "message"),
    [
        ((), r"got none"),
        ((np.zeros((1, 1, 2, 2)),), r"got \(1, 1, 2, 2\) of float64"),
        ((np.zeros((1, 2, 2), np.uint64),), r"integers of at most int64 .* got \(1, 2, 2\) of uint64"),
        ((np.zeros(3, np.int32),), r"got \(3,\) of int32"),
        ((np.zeros((2, 1, 2, 2), np.int32), np.zeros((1, 2, 2), np.int8)), r"equally many timesteps, got \[2, 1\]"),
    ],
)
def test_inputs_that_are_no_trains_are_refused(inputs, message):
    """None, floats, no channels, or unequal lengths."""
    with pytest.raises(InputError, match=message):
        run_operator("context", Context(), *inputs)
