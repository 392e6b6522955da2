"""An imported network beside its checkpoint: equal where nothing is rounded, apart where it is, and told as it is."""

import json
import sys
from dataclasses import replace

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("safetensors")

import official_keys  # noqa: E402
from compared import MODELS, imported_model, imported_with_reals, model_images  # noqa: E402
from synthetic import synthetic  # noqa: E402

from refsim.checkpoints.comparison import Comparison, LayerComparison, compare, layer_counts  # noqa: E402
from refsim.checkpoints.comparison_report import comparison_json, comparison_text  # noqa: E402
from refsim.errors import CheckpointError, InputError  # noqa: E402
from refsim.simulator import run  # noqa: E402

SMALL = "spike-driven-transformer"


@pytest.fixture(scope="module")
def dyadic(tmp_path_factory):
    """A checkpoint that int8 holds exactly."""
    return imported_model(SMALL, tmp_path_factory.mktemp("dyadic"), dyadic=True)


@pytest.mark.parametrize("architecture", MODELS)
def test_nothing_differs_where_nothing_is_rounded(architecture, tmp_path):
    """Every spike, label and logit of a dyadic checkpoint, whose accuracy is then the same too."""
    imported = imported_model(architecture, tmp_path, dyadic=True)
    images = model_images(imported, 7)
    labels = np.array([run(imported.network, image, threads=1).label for image in images])
    labels[2:4] = (labels[2:4] + 1) % 10
    comparison = compare(imported, images, labels, batch=3, precision="float64")
    assert comparison.label_agreement == 1 and comparison.logit_difference == 0 < comparison.logit_spread
    assert comparison.float_correct == comparison.integer_correct == 5
    assert comparison.float_accuracy == comparison.integer_accuracy == 5 / 7
    assert [layer.site for layer in comparison.layers] == neurons_of(imported.network)
    assert {layer.agreement for layer in comparison.layers} == {1.0} and comparison.first_departure is None
    assert all(0 < layer.float_rate == layer.integer_rate < 1 and layer.overlap == 1 for layer in comparison.layers)


def test_spike_frames_are_compared_as_they_are(tmp_path):
    """The checkpoint sees counts of events, not pixels divided by 256."""
    tensors = synthetic(official_keys.spikformer_dvs(32, 1, 10, channels=2, tokens=16), 3, True, 1.25)
    known = {"heads": 4, "image_size": (16, 16), "pooled_stages": (2, 3), "frames": "graded", "timesteps": 5}
    imported = imported_with_reals("spikformer", tensors, tmp_path, **known)
    frames = np.random.default_rng(0).poisson(0.8, (4, 5, 16, 16, 2)).astype(np.int8)
    comparison = compare(imported, frames, batch=3, precision="float64")
    assert {layer.agreement for layer in comparison.layers} == {1.0} and comparison.logit_difference == 0
    assert sum(layer.integer_rate > 0 for layer in comparison.layers) > 10


def neurons_of(network):
    return [node.name for node in network.nodes if node.operator.is_neuron]


def test_the_firing_rates_are_those_of_the_simulator(dyadic):
    """Counted over neurons, timesteps and images."""
    images = model_images(dyadic, 5)
    comparison = compare(dyadic, images, precision="float64")
    results = [run(dyadic.network, image, threads=1) for image in images]
    for layer in comparison.layers:
        assert layer.integer_spike_count == sum(int(result.spike_counts[layer.site].sum()) for result in results)
        assert layer.outputs == 5 * 4 * np.prod(dyadic.network.signals[layer.site].shape)


@pytest.mark.parametrize("architecture", ["spikformer", SMALL])
def test_fewer_bits_agree_less(architecture, tmp_path):
    """Weights of 4, 8 and 16 bits from one plausible checkpoint."""

    def compared(bits):
        imported = imported_model(architecture, tmp_path, dyadic=False, bits=bits)
        comparison = compare(imported, model_images(imported, 6))
        equal, outputs = (sum(getattr(layer, name) for layer in comparison.layers) for name in ("equal", "outputs"))
        return equal / outputs, comparison.relative_logit_difference

    (four, four_apart), (eight, eight_apart), (sixteen, sixteen_apart) = (compared(bits) for bits in (4, 8, 16))
    assert 0.5 < four < eight < sixteen <= 1
    assert four_apart > eight_apart > sixteen_apart


def test_the_comparison_does_not_depend_on_the_batch(tmp_path):
    """Where spikes differ too: every image is held against itself."""
    imported = imported_model(SMALL, tmp_path, dyadic=False, bits=4)
    images = model_images(imported, 5)
    together = compare(imported, images, batch=5, precision="float64")
    apart = compare(imported, images, batch=2, precision="float64")
    assert together.layers == apart.layers and together.first_departure is not None
    assert together.logit_difference == pytest.approx(apart.logit_difference, abs=1e-12)


def readers_of(network, site):
    """Return a site and every site that depends on it."""
    found = {site}
    for node in network.nodes:
        if found.intersection(node.inputs):
            found.add(node.name)
    return found


@pytest.mark.parametrize("site", ["stem.neuron1", "block0.attention.q", "block0.attention.gate", "head.neuron"])
def test_a_wrong_threshold_shows_where_it_is(dyadic, site):
    """The layer itself and what reads it fall, no other: not the layers before it, nor those beside it."""
    name = f"{site}.thresholds"
    planted = replace(dyadic, reals={**dyadic.reals, name: dyadic.reals[name] * 1.5})
    comparison = compare(planted, model_images(dyadic, 4), precision="float64")
    agreements = {layer.site: layer.agreement for layer in comparison.layers}
    differing = {layer for layer, agreement in agreements.items() if agreement < 1}
    assert comparison.first_departure.site == site
    assert differing == readers_of(dyadic.network, site) & set(agreements)
    layer = next(layer for layer in comparison.layers if layer.site == site)
    assert layer.float_rate < layer.integer_rate and layer.overlap < 1


def test_a_wrong_bias_of_the_classifier_shows_in_labels_and_logits(dyadic):
    """The checkpoint's fourth logit, 100 higher: its label everywhere, the largest difference, and in the spread."""
    bias = dyadic.reals["head.linear.bias"] + 100.0 * (np.arange(10) == 3)
    images = model_images(dyadic, 5)
    results = [run(dyadic.network, image, threads=1) for image in images]
    planted = replace(dyadic, reals={**dyadic.reals, "head.linear.bias": bias})
    comparison = compare(planted, images, np.full(5, 3), precision="float64")
    fourths = sum(result.label == 3 for result in results)
    assert fourths < 5 == comparison.float_correct
    assert comparison.integer_correct == comparison.equal_labels == fourths
    assert comparison.logit_difference == 100
    logits = [result.logits / result.logit_denominator for result in results]
    spreads = [100 + real[3] - np.delete(real, 3).min() for real in logits]
    assert comparison.logit_spread == pytest.approx(np.mean(spreads), abs=1e-12)
    assert comparison.first_departure is None


def test_spikes_are_counted_as_they_are():
    """By hand: of six outputs four are equal, one of them a spike; a spike of the other sign is not common."""
    counts = layer_counts(np.array([[0, 1], [1, -1], [0, 0]]), np.array([[0, 1], [0, 1], [0, 0]]))
    assert counts == [6, 4, 3, 2, 1]
    layer = LayerComparison("layer", *counts)
    assert (layer.agreement, layer.float_rate, layer.integer_rate) == (4 / 6, 3 / 6, 2 / 6)
    assert layer.overlap == 1 / 4
    assert LayerComparison("silent", 6, 6, 0, 0, 0).overlap is None


@pytest.mark.parametrize(
    ("images", "labels", "message"),
    [
        (np.zeros((0, 16, 16, 3), np.uint8), None, "got 0 images and no labels"),
        (np.zeros((2, 16, 16, 3), np.uint8), np.zeros(3, int), "got 2 images and 3 labels"),
        (np.zeros((2, 16, 16), np.uint8), None, r"takes an image of shape \(16, 16, 3\) .* got \(16, 16\)"),
        (np.zeros((2, 16, 16, 3), np.float32), None, "type uint8, got .* of float32"),
    ],
)
def test_images_that_do_not_fit_are_refused(dyadic, images, labels, message):
    """None at all, too few labels, no colours, another type."""
    with pytest.raises(InputError, match=message):
        compare(dyadic, images, labels)


def test_an_import_without_real_values_is_refused(dyadic):
    """The integers alone do not tell what they were rounded from."""
    with pytest.raises(CheckpointError, match="stem.conv0.weights: no real values: import .* with keep=True"):
        compare(replace(dyadic, reals={}), model_images(dyadic, 1))


def test_missing_pytorch_says_how_to_install_it(dyadic, monkeypatch):
    """Before any image has run."""
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(CheckpointError, match=r"needs PyTorch: pip install 'refsim\[train\]'"):
        compare(dyadic, model_images(dyadic, 1))


COMPARISON = Comparison(
    precision="float32",
    images=200,
    equal_labels=193,
    float_correct=150,
    integer_correct=147,
    logit_difference=0.25,
    logit_spread=8.0,
    layers=(
        LayerComparison("stem.neuron0", 40_000, 40_000, 8_000, 8_000, 8_000),
        LayerComparison("head.neuron", 300_000, 299_999, 30_000, 30_001, 30_000),
        LayerComparison("silent", 1_000, 1_000, 0, 0, 0),
    ),
)


def test_the_text_is_as_written_here():
    """One spike of 300,000 does not round to 100 %."""
    assert comparison_text(COMPARISON) == [
        "integers beside the checkpoint in float32, on 200 images",
        "  labels     193 of 200 agree (96.5%)",
        "  accuracy   75.0% of the checkpoint, 73.5% of the integers",
        "  logits     differ by at most 0.25, 3.12% of their spread of 8",
        "  spikes     the first that differ are at head.neuron",
        "",
        "                        firing rate        spikes and silences     spikes",
        "  site          checkpoint integers  that agree    that differ  in common",
        "  stem.neuron0      20.00%   20.00%    100.000%              0     100.0%",
        "  head.neuron       10.00%   10.00%     99.999%              1      99.9%",
        "  silent             0.00%    0.00%    100.000%              0",
    ]


def test_the_text_without_labels_or_differences():
    """Nothing is said of an accuracy that is not known, nor divided by a spread of zero."""
    equal = replace(
        COMPARISON, float_correct=None, integer_correct=None, logit_difference=0.0, layers=COMPARISON.layers[:1]
    )
    lines = comparison_text(equal)
    assert lines[2:4] == ["  logits     equal", "  spikes     all agree"]
    flat = replace(COMPARISON, logit_spread=0.0)
    assert flat.relative_logit_difference is None
    assert "do not differ among themselves" in comparison_text(flat)[3]


def test_the_json_holds_the_same_and_survives_a_round_trip():
    """Numbers by hand from the comparison above."""
    document = json.loads(json.dumps(comparison_json(COMPARISON), allow_nan=False))
    assert document["label_agreement"] == 0.965 and document["relative_logit_difference"] == 0.03125
    assert (document["float_accuracy"], document["integer_accuracy"]) == (0.75, 0.735)
    assert document["layers"][2] == {
        "site": "silent",
        "float_rate": 0.0,
        "integer_rate": 0.0,
        "agreement": 1.0,
        "overlap": None,
        "outputs": 1000,
        "equal": 1000,
    }
