"""Gathering over spike trains: equal to the rules, whatever the patterns, planes and widths."""

from functools import partial
from types import SimpleNamespace

import numpy as np
import oracles
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from refsim.engine.firing import Neurons
from refsim.engine.listing import listed, planes_at_once
from refsim.engine.packing import NOT_KNOWN, Packed, reach_of
from refsim.kernels.fast.accumulate import gather_sums, gather_trains
from refsim.kernels.fast.listing import list_trains
from refsim.kernels.fast.partials import SAFE_ROWS
from refsim.network import Node
from refsim.numerics import Signal
from refsim.ops import LIF, Convolution, Linear


@pytest.fixture(autouse=True, scope="module")
def large_processor():
    """Blocks of every width, whatever this machine has."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("refsim.engine.packing.vector_registers", lambda: 1 << 11)
        patch.setattr("refsim.engine.packing.second_cache", lambda: 1 << 20)
        yield


def trains_of(values, plane_count):
    """Pack integers (T, ...) into planes of trains."""
    bits = (values[np.newaxis].astype(np.int64) >> np.arange(plane_count).reshape(-1, *[1] * values.ndim)) & 1
    return (bits << np.arange(len(values)).reshape(1, -1, *[1] * (values.ndim - 1))).sum(axis=1).astype(np.uint8)


def gathered(kernel, operator, values, plane_count=1, fewest=4, reach=NOT_KNOWN):
    """Run `gather_sums` on values (T, Y, X, C), or its Python source, in which NumPy's int8 would wrap."""
    packed = Packed([operator], reach)
    image = values.shape[1:3]
    planes = trains_of(values, plane_count).reshape(plane_count, -1, values.shape[3])
    lists = listed(planes, len(packed.tap_rows), (len(values) + 3) // 4, fewest)
    geometry, tap_rows, weights, *others = packed.arguments
    windows, routes, partials = packed.scratch(lists)
    if kernel is gather_sums.python:
        weights, partials = weights.astype(np.int64), tuple(part.astype(np.int64) for part in partials)
    places = [(size + 2 * packed.padding - packed.window) // packed.stride + 1 for size in image]
    out = np.full((len(values), places[0] * places[1], operator.weights.shape[-1]), 77, np.int32)
    for group in range(len(lists.events)):
        inputs = lists.of_group(group), image, geometry, tap_rows, weights, *others, windows, routes, partials
        kernel(*inputs, 0, out.shape[1], out[4 * group : 4 * group + 4])
    return out.reshape(len(values), *places, -1)


def expected(operator, values):
    stride, padding = (operator.stride, operator.padding) if isinstance(operator, Convolution) else (1, 0)
    weights = operator.weights if operator.weights.ndim == 4 else operator.weights[np.newaxis, np.newaxis]
    return np.stack([oracles.convolution(frame, weights, operator.bias, stride, padding) for frame in values])


@settings(max_examples=40)
@given(
    st.integers(0, 2**16),
    st.sampled_from([(1, 1, 0), (1, 2, 0), (3, 1, 1), (3, 2, 1), (2, 1, 0), (7, 2, 3)]),
    st.integers(1, 8),
    st.integers(1, 4),
    st.floats(0, 1),
    st.sampled_from([np.int8, np.int16]),
    st.integers(1, 8),
    st.sampled_from([5, 64, 70, 130, 250]),
)
def test_sums_are_those_of_the_rules(seed, geometry, timesteps, plane_count, density, dtype, fewest, outputs):
    """N6 and N7: any window, stride, timesteps, planes and density, patterns taken apart or not."""
    random, (window, stride, padding) = np.random.default_rng(seed), geometry
    limits = np.iinfo(dtype)
    weights = random.integers(limits.min, limits.max + 1, (window, window, 5, outputs)).astype(dtype)
    operator = Convolution(weights, random.integers(-99, 99, outputs).astype(np.int32), stride, padding)
    spikes = random.random((timesteps, 8, 9, 5)) < density
    values = spikes * random.integers(0, 2**plane_count, spikes.shape)
    np.testing.assert_array_equal(
        expected(operator, values), gathered(gather_sums, operator, values, plane_count, fewest)
    )


@settings(max_examples=30)
@given(
    st.integers(0, 2**16), st.integers(1, 8), st.integers(1, 5), st.integers(1, 8), st.sampled_from([np.int8, np.int16])
)
def test_channels_alike_in_two_planes_share_their_sum(seed, timesteps, plane_count, fewest, dtype):
    """N7: among 200 channels with few different trains, some are many enough for a list of both planes, some not."""
    random, limits = np.random.default_rng(seed), np.iinfo(dtype)
    weights = random.integers(limits.min, limits.max + 1, (200, 130)).astype(dtype)
    operator = Linear(weights, random.integers(-99, 99, 130).astype(np.int32))
    kinds = random.integers(0, 2**plane_count, (timesteps, random.integers(1, 30)))
    values = kinds[:, random.integers(0, kinds.shape[1], (3, 1, 200))]
    np.testing.assert_array_equal(
        expected(operator, values), gathered(gather_sums, operator, values, plane_count, fewest)
    )


@pytest.mark.parametrize("plane_count", [2, 3, 4])
def test_a_window_of_one_tap_routes_codes_of_two_planes(plane_count):
    """N7: every other pixel, with channels alike in both planes, is no window of patterns."""
    random = np.random.default_rng(plane_count)
    weights = random.integers(-128, 128, (1, 1, 90, 70)).astype(np.int8)
    operator = Convolution(weights, np.zeros(70, np.int32), stride=2)
    kinds = random.integers(0, 2**plane_count, (4, 5))
    values = kinds[:, random.integers(0, 5, (4, 5, 90))]
    np.testing.assert_array_equal(expected(operator, values), gathered(gather_sums, operator, values, plane_count))


@pytest.mark.parametrize("taps", [1, 9])
@pytest.mark.parametrize("plane_count", [1, 2, 3])
def test_lists_hold_every_spike_once(taps, plane_count):
    """Whatever is taken apart: the lists of a place, bit by bit of their codes, are its planes."""
    random = np.random.default_rng(plane_count)
    kinds = random.integers(0, 256, (plane_count, 40)) & random.integers(0, 256, (plane_count, 40))
    planes = kinds[:, random.integers(0, 40, (5, 150))].astype(np.uint8)
    lists, found = listed(planes, taps, 2), np.zeros_like(planes)
    at_once, codes = planes_at_once(plane_count, taps), lists.runs.shape[-1]
    assert codes == (256 if at_once == 2 else 16)
    for group, place, part in np.ndindex(*lists.runs.shape[:3]):
        runs, bounds = lists.runs[group, place, part], lists.bounds[group, place, part]
        assert np.all(np.diff(runs[: runs[-1]].astype(int)) > 0)
        counts = np.zeros(codes, np.int64)
        counts[runs[: runs[-1]]] = np.diff(bounds, axis=0)[0, : runs[-1]]
        np.testing.assert_array_equal(counts, lists.counts[group, place, part])
        for code, (start, stop) in zip(runs[: runs[-1]], bounds.T):
            for bit in range(8):
                if code >> bit & 1:
                    channels = lists.events[group, place, part, start:stop]
                    plane, timestep = part * at_once + bit // 4, 4 * group + bit % 4
                    assert not np.any(found[plane, place, channels] >> timestep & 1)
                    found[plane, place, channels] |= 1 << timestep
    np.testing.assert_array_equal(planes, found)
    assert np.bitwise_count(planes).sum() == lists.ones.sum()


@pytest.mark.parametrize("weight", [-128, 127])
@pytest.mark.parametrize("rows", [255, 256, 257, 511, 513, 1100])
@pytest.mark.parametrize("alike", [True, False], ids=["one pattern", "many patterns"])
@pytest.mark.parametrize("outputs", [3, 128], ids=["single weights", "pairs"])
def test_partial_sums_never_leave_16_bits(weight, rows, alike, outputs):
    """All rows fire, all weights extreme, to both sides: more rows than 16 bits hold are moved on in time."""
    weights = np.full((rows, outputs), weight, np.int8)
    weights[:, outputs // 4 : outputs - outputs // 4] = -1 - weight
    operator = Linear(weights, np.arange(outputs, dtype=np.int32))
    assert len(Packed([operator]).halves) == (2 if outputs == 128 else 1)
    values = np.ones((4, 1, 1, rows), np.int64)
    if not alike:
        values[0, 0, 0, ::2] = values[1, 0, 0, ::3] = 0
    np.testing.assert_array_equal(expected(operator, values), gathered(gather_sums, operator, values))


@pytest.mark.parametrize("weight, rows", [(-127, 258), (127, 258), (-1, 3000)])
@pytest.mark.parametrize("outputs", [3, 128], ids=["single weights", "pairs"])
def test_rows_that_reach_no_further_than_16_bits_are_never_moved_on(weight, rows, outputs):
    """The range that was proved for all rows together lets partial sums hold as many."""
    weights = np.full((rows, outputs), weight, np.int8)
    weights[:, outputs // 4 : outputs - outputs // 4] = -weight
    operator = Linear(weights, np.zeros(outputs, np.int32))
    values = np.ones((4, 1, 1, rows), np.int64)
    reach = abs(weight) * rows
    assert Packed([operator], reach).safe_rows > rows > SAFE_ROWS
    np.testing.assert_array_equal(expected(operator, values), gathered(gather_sums, operator, values, reach=reach))


def test_what_a_range_proof_does_not_allow():
    """One more than 16 bits hold, and partial sums are moved on every 256 rows."""
    operator = Linear(np.full((300, 1), 127, np.int8), np.zeros(1, np.int32))
    assert (SAFE_ROWS, SAFE_ROWS) == (Packed([operator], 1 << 15).safe_rows, Packed([operator]).safe_rows)


@pytest.mark.parametrize("outputs, rows", [(8, 3), (70, 1)], ids=["single weights", "pairs"])
def test_the_source_is_the_machine_code(outputs, rows):
    """The Python source of the kernel gives the same sums."""
    random = np.random.default_rng(1)
    weights = random.integers(-128, 128, (3, 3, 3, outputs), np.int8)
    operator = Convolution(weights, np.arange(outputs, dtype=np.int32))
    values = random.integers(0, 4, (3, 2 + rows, 3, 3))
    compiled = gathered(gather_sums, operator, values, 2)
    np.testing.assert_array_equal(compiled, gathered(gather_sums.python, operator, values, 2))


def test_the_source_for_two_planes_is_the_machine_code():
    """As many rows of extreme weights as 16 bits hold, in both planes: what they come to is doubled in more bits."""
    operator = Linear(
        np.repeat(np.array([[-128, 127]], np.int8), 64, axis=1).repeat(256, axis=0), np.zeros(128, np.int32)
    )
    values = np.full((1, 1, 1, 256), 3)
    compiled = gathered(gather_sums, operator, values, 2)
    assert {-128 * 256 * 3, 127 * 256 * 3} == set(compiled.ravel().tolist())
    np.testing.assert_array_equal(compiled, gathered(gather_sums.python, operator, values, 2))


def test_the_source_of_lists_is_the_machine_code(monkeypatch):
    """The Python source of the search gives the same lists."""
    planes = np.random.default_rng(2).integers(0, 9, (3, 2, 70)).astype(np.uint8)
    compiled = listed(planes, 1, 1)
    monkeypatch.setattr(list_trains, "bound", lambda *arguments: partial(list_trains.python, *arguments))
    for one, other in zip(vars(compiled).values(), vars(listed(planes, 1, 1)).values()):
        np.testing.assert_array_equal(one, other)


def test_by_hand():
    """Two timesteps: channel 0 fires at both, channel 1 at the second; rows 5 and 7, bias 1."""
    operator = Linear(np.array([[5], [7]], np.int8), np.array([1], np.int32))
    values = np.array([[1, 0], [1, 1]]).reshape(2, 1, 1, 2)
    assert [6, 13] == gathered(gather_sums, operator, values).ravel().tolist()


@given(
    st.integers(0, 2**16), st.integers(1, 4), st.booleans(), st.sampled_from(["zero", "subtract"]), st.integers(0, 2)
)
def test_fused_neurons_are_those_of_the_rules(seed, timesteps, halve_input, reset, leak_shift):
    """N8 in rational arithmetic on the sums."""
    random = np.random.default_rng(seed)
    operator = Linear(random.integers(-128, 128, (12, 5), np.int8), random.integers(-50, 50, 5).astype(np.int32))
    thresholds = random.integers(1, 200, 5).astype(np.int32)
    neuron = LIF(thresholds, "binary", leak_shift, halve_input, reset)
    values = random.integers(0, 2, (timesteps, 3, 1, 12))
    packed = Packed([operator])
    trains = np.zeros((3, 5), np.uint8)
    lists = listed(trains_of(values, 1).reshape(1, 3, 12), 1, 1, 2)
    inputs = lists.of_group(0), (3, 1), *packed.arguments, *packed.scratch(lists), 0, 3
    neurons = Neurons([neuron], timesteps, len(packed.bias)).arguments(np.zeros(len(packed.bias), np.int32))
    gather_trains(*inputs, neurons, trains)
    currents = expected(operator, values)
    for token in range(3):
        for output in range(5):
            currents_of = [int(current) for current in currents[:, token, 0, output]]
            spikes, _ = oracles.lif(currents_of, int(thresholds[output]), leak_shift, halve_input, reset, False)
            assert sum(spike << timestep for timestep, spike in enumerate(spikes)) == trains[token, output]


def test_a_channel_that_grows_large_does_not_make_the_others_small():
    """300 channels of 0 or 1 and one of 0 to 8: the range of the output, divided by 8, bounds no sum of rows."""
    operator = Linear(np.full((301, 2), 127, np.int8), np.array([5, -5], np.int32), planes=4)
    low, high = np.zeros(301, np.int64), np.array([1] * 300 + [8])
    inputs = Signal(np.dtype(np.int32), (1, 301), low, high)
    graph = SimpleNamespace(signals={"input": inputs, "sums": operator.output("sums", [inputs], 4)})
    reach = reach_of(graph, Node("sums", operator, ("input",)))
    assert reach >= 301 * 127
    values = np.ones((4, 1, 1, 301), np.int64)
    np.testing.assert_array_equal(
        expected(operator, values), gathered(gather_sums, operator, values, plane_count=4, reach=reach)
    )


@pytest.mark.parametrize("peak", [1, 255])
def test_reach_is_that_of_rows_where_all_channels_are_alike(peak):
    """Whatever the inputs reach, rows of 3 and -4 reach 9 and -8, without the bias."""
    operator = Linear(np.array([[3], [-4], [3], [-4], [3]], np.int8), np.array([100], np.int32), planes=8)
    inputs = Signal.uniform(np.uint8, (1, 5), 0, peak)
    graph = SimpleNamespace(signals={"input": inputs, "sums": operator.output("sums", [inputs], 4)})
    assert 9 == reach_of(graph, Node("sums", operator, ("input",)))
