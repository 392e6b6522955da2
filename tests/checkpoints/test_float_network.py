"""An imported network on real numbers: each operator against refsim's integers, whole models against PyTorch's."""

import sys
from itertools import product

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("safetensors")

import official_keys  # noqa: E402
from compared import imported_with_reals  # noqa: E402
from synthetic import pixels, synthetic  # noqa: E402

from refsim import ops  # noqa: E402
from refsim.checkpoints.comparison import float_denominator  # noqa: E402
from refsim.checkpoints.float_network import FloatNetwork, import_torch  # noqa: E402
from refsim.checkpoints.float_operators import STATEFUL, STATELESS  # noqa: E402
from refsim.errors import CheckpointError, NetworkError  # noqa: E402
from refsim.network import INPUT_SITE, Fragment, Node  # noqa: E402
from refsim.numerics import Signal  # noqa: E402
from refsim.simulator import run_fragment  # noqa: E402

TIMESTEPS, BATCH = 3, 4
RANDOM = np.random.default_rng(5)


def drawn(dtype, shape, limit):
    return RANDOM.integers(-limit, limit + 1, shape).astype(dtype)


SPIKES, TERNARY, COUNTS, MEMBRANES = (np.int8, 0, 1), (np.int8, -1, 1), (np.int32, 0, 6), (np.int32, -50, 50)

CASES = {
    "Convolution": (
        ops.Convolution(drawn("int8", (3, 3, 2, 5), 9), drawn("int32", 5, 9), stride=2, padding=1),
        [((7, 6, 2), TERNARY, 0)],
        {"weights": 4, "bias": 4},
        4,
    ),
    "Convolution of pixels": (
        ops.Convolution(drawn("int16", (3, 5, 2, 3), 999), drawn("int32", 3, 9), padding=2, planes=3),
        [((4, 6, 2), COUNTS, 8)],
        {"weights": 3, "bias": 11},
        11,
    ),
    "TapBias": (
        ops.TapBias(drawn("int32", (3, 3, 2), 99), image_rows=7, image_columns=4, stride=2, padding=1),
        [((4, 2, 2), MEMBRANES, 5)],
        {"bias": 5},
        5,
    ),
    "Linear": (
        ops.Linear(drawn("int8", (4, 6), 9), drawn("int32", 6, 9)),
        [((3, 4), SPIKES, 0)],
        {"weights": 2, "bias": 2},
        2,
    ),
    "Linear of counts": (
        ops.Linear(drawn("int8", (4, 6), 9), drawn("int32", 6, 9), planes=3),
        [((3, 4), COUNTS, 1)],
        {"weights": 2, "bias": 3},
        3,
    ),
    "MaxPool": (ops.MaxPool(3, 2, 1), [((7, 6, 3), MEMBRANES, 3)], {}, 3),
    "MaxPool with a wide border": (ops.MaxPool(3, 1, 2), [((4, 5, 2), MEMBRANES, 3)], {}, 3),
    "Tokens": (ops.Tokens(), [((2, 3, 4), MEMBRANES, 2)], {}, 2),
    "Grid": (ops.Grid(2, 3), [((6, 4), MEMBRANES, 2)], {}, 2),
    "Residual": (
        ops.Residual(stream_shift=2, branch_shift=0),
        [((3, 4), MEMBRANES, 1), ((3, 4), MEMBRANES, 3)],
        {},
        3,
    ),
    "Scores": (ops.Scores(2), [((3, 8), TERNARY, 0), ((3, 8), COUNTS, 0)], {}, 0),
    "Context": (ops.Context(), [((2, 3, 3), COUNTS, 0), ((3, 8), TERNARY, 0)], {}, 0),
    "KeyValue": (ops.KeyValue(2), [((3, 8), TERNARY, 0), ((3, 8), COUNTS, 0)], {}, 0),
    "Retrieval": (ops.Retrieval(), [((3, 8), TERNARY, 0), ((2, 4, 4), COUNTS, 0)], {}, 0),
    "Mask": (ops.Mask(), [((3, 4), TERNARY, 0), ((3, 4), SPIKES, 0)], {}, 0),
    "Mask of one row": (ops.Mask(), [((3, 4), TERNARY, 0), ((1, 4), SPIKES, 0)], {}, 0),
    "TokenSum": (ops.TokenSum(), [((3, 4), MEMBRANES, 6)], {}, 6),
    "TimeSum": (ops.TimeSum(), [((1, 4), MEMBRANES, 6)], {}, 6),
    "LIF": (
        ops.LIF(np.array([3, 9, 17, 30], np.int32)),
        [((5, 4), MEMBRANES, 3)],
        {"thresholds": 3},
        0,
    ),
}
"""Operator, (shape, form, shift) of each input, shifts of its parameters and of its output: steps are 2**-shift."""

LIF_CHOICES = list(product(("binary", "ternary"), (0, 1, 2), (True, False), ("zero", "subtract")))


def both_runs(operator, inputs, parameter_shifts, output_shift):
    """Run one operator on random integers, and on the real numbers that they stand for: (integers as real, real)."""
    random, sites = np.random.default_rng(7), [f"input{place}" for place in range(len(inputs))]
    node = Node("site", operator, tuple(sites))
    signals = {site: Signal.uniform(dtype, shape, *ends) for site, (shape, (dtype, *ends), _) in zip(sites, inputs)}
    fragment = Fragment("fragment", TIMESTEPS, signals, frozenset(), (node,))
    values = {
        site: random.integers(low, high + 1, (BATCH, TIMESTEPS, *shape)).astype(dtype)
        for site, (shape, (dtype, low, high), _) in zip(sites, inputs)
    }
    integers = [
        run_fragment(fragment, {site: frames[image] for site, frames in values.items()}, threads=1)["site"]
        for image in range(BATCH)
    ]
    frames = {site: np.ldexp(values[site].astype(float), -shift) for site, (_, _, shift) in zip(sites, inputs)}
    reals = {
        f"site.{field}": np.ldexp(real_order(field, array), -parameter_shifts[field])
        for field, array in operator.parameters().items()
    }
    real = FloatNetwork(fragment, reals, "float64").run(frames, ["site"])["site"]
    return np.ldexp(np.stack(integers, axis=1).astype(float), -output_shift), real


def real_order(field, array):
    """Put integer weights in the order of a PyTorch layer."""
    if field != "weights":
        return array.astype(float)
    return array.astype(float).T if array.ndim == 2 else array.astype(float).transpose(3, 2, 0, 1)


@pytest.mark.parametrize("case", CASES)
def test_an_operator_is_that_of_the_integers(case):
    """On dyadic numbers, which float64 holds exactly, integer times step is the real value."""
    expected, real = both_runs(*CASES[case])
    assert expected.std() > 0
    np.testing.assert_array_equal(real, expected)


@pytest.mark.parametrize(("spikes", "leak_shift", "halve_input", "reset"), LIF_CHOICES)
def test_every_neuron_is_that_of_the_integers(spikes, leak_shift, halve_input, reset):
    """N8: every leak, reset and kind of spike, thresholds met exactly among them."""
    operator = ops.LIF(np.array([2, 9, 20, 30], np.int32), spikes, leak_shift, halve_input, reset)
    expected, real = both_runs(operator, [((25, 4), MEMBRANES, 3)], {"thresholds": 3}, 0)
    assert real.dtype == np.int8 and set(np.unique(expected)) == ({-1, 0, 1} if spikes == "ternary" else {0, 1})
    np.testing.assert_array_equal(real, expected)


def test_a_neuron_that_rounds_down_runs_exactly():
    """What a checkpoint knows nothing of: its neuron is that of `exact`."""
    inputs, shifts = [((25, 4), MEMBRANES, 3)], {"thresholds": 3}
    thresholds = np.array([2, 9, 20, 30], np.int32)
    exact, _ = both_runs(ops.LIF(thresholds, "ternary", rounding="exact"), inputs, shifts, 0)
    floor, real = both_runs(ops.LIF(thresholds, "ternary", rounding="floor"), inputs, shifts, 0)
    assert not np.array_equal(floor, exact)
    np.testing.assert_array_equal(real, exact)


def test_every_operator_is_held_against_the_integers():
    """No operator of the real-valued run goes without a case."""
    assert {operator.kind() for operator, *_ in CASES.values()} == set(STATELESS) | set(STATEFUL)


def test_an_unknown_operator_is_named():
    """ReLU spikes have steps that no import of these architectures knows."""
    signals = {"sums": Signal.uniform(np.int32, (1, 3), 0, 5)}
    fragment = Fragment("fragment", 1, signals, frozenset(), (Node("graded", ops.ReLU(2), ("sums",)),))
    with pytest.raises(NetworkError, match="graded: ReLU cannot be run on real numbers; .* Context, Convolution"):
        FloatNetwork(fragment, {})


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"site.bias": None}, "site.bias: no real values: import the checkpoint with keep=True"),
        ({"site.weights": np.zeros((4, 6))}, r"site.weights: expected real values of shape \(6, 4\), got \(4, 6\)"),
        ({"other.bias": np.zeros(6)}, r"other.bias: real values of no operator of fragment \(1 such\)"),
    ],
)
def test_real_values_that_do_not_fit_are_refused(changed, message):
    """Missing, outputs last, or of a site that is not there."""
    operator = ops.Linear(np.zeros((4, 6), np.int8), np.zeros(6, np.int32))
    signals = {"spikes": Signal.uniform(np.int8, (3, 4), 0, 1)}
    fragment = Fragment("fragment", 1, signals, frozenset(), (Node("site", operator, ("spikes",)),))
    reals = {"site.weights": np.zeros((6, 4)), "site.bias": np.zeros(6), **changed}
    with pytest.raises(CheckpointError, match=message):
        FloatNetwork(fragment, {name: values for name, values in reals.items() if values is not None})


def test_missing_pytorch_says_how_to_install_it(monkeypatch):
    """It is optional, and only the comparison and .pt files need it."""
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(CheckpointError, match=r"needs PyTorch: pip install 'refsim\[train\]'"):
        import_torch()


def assert_same_run(imported, images, spikes, logits):
    """Hold the real-valued run against a recording: every spike of every layer, and the logits up to rounding."""
    network = imported.network
    neurons = [node.name for node in network.nodes if node.operator.is_neuron]
    frames = images.transpose(0, 2, 3, 1)[:, np.newaxis] / 256
    last = network.nodes[-1].name
    trace = FloatNetwork(network, imported.reals, "float64").run({INPUT_SITE: frames}, [*neurons, last])
    assert sorted(spikes) == sorted(neurons)
    for site, expected in spikes.items():
        assert 0 < expected.mean() < 1, site
        np.testing.assert_array_equal(trace[site], expected, err_msg=site, strict=False)
    np.testing.assert_allclose(trace[last][-1, :, 0] / float_denominator(imported), logits, rtol=0, atol=1e-9)


@pytest.mark.parametrize("name", ["spikformer", "spike-driven-transformer"])
def test_a_plausible_model_of_spikingjelly(name, tmp_path):
    """Weights of float32, not dyadic, not rounded: spikingjelly's own model in float64 gives the same."""
    pytest.importorskip("spikingjelly")
    import peers
    from spikingjelly.activation_based.model.spike_driven_transformer import SpikeDrivenTransformer
    from spikingjelly.activation_based.model.spikformer import Spikformer
    from test_bit_exact_peers import spike_driven_sites, spikformer_sites

    if name == "spikformer":
        tensors = synthetic(official_keys.spikingjelly_spikformer(32, 2, 10), 3)
        model, sites = Spikformer(4, 3, 16, 16, 4, 10, 32, 4, 4.0, 2), spikformer_sites
    else:
        tensors = synthetic(official_keys.spikingjelly_spike_driven(32, 2, 10), 3)
        model, sites = SpikeDrivenTransformer(4, 3, 10, 32, 4, 2, 4.0, "0011"), spike_driven_sites
    images = pixels(1, 4, 3, 16)
    recording = peers.record(peers.loaded(model, tensors), images / 64 - 2)
    conventions = {"heads": 4, "image_size": (16, 16), "pooled_stages": (2, 3)}
    imported = imported_with_reals(name, tensors, tmp_path, **conventions)
    assert_same_run(imported, images, sites(recording.spikes), recording.logits / 4)


def test_a_plausible_meta_spikeformer(tmp_path):
    """The unfused rendering in float64 gives the same as the fused real weights."""
    import meta_spikeformer_torch as reference
    from test_bit_exact_meta_spikeformer import sites_of

    tensors = synthetic(official_keys.meta_spikeformer((8, 16, 24, 32), (1, 1), 10, head_kd=True), 3, qkv_bias=1.25)
    images = pixels(2, 4, 3, 32)
    recording = reference.record(reference.build(tensors, 4, 4), images / 64 - 2)
    imported = imported_with_reals("meta-spikeformer", tensors, tmp_path, heads=4, image_size=(32, 32))
    assert_same_run(imported, images, sites_of(recording.spikes, (1, 1)), recording.logits)
