"""Controlled firing rates."""

import math
from fnmatch import fnmatchcase

import numpy as np
import pytest

from refsim import run
from refsim.architectures.meta_spikeformer import MetaSpikeformerConfig
from refsim.architectures.published import build
from refsim.architectures.spike_driven_transformer import SpikeDrivenTransformerConfig
from refsim.architectures.spikformer import SpikformerConfig
from refsim.architectures.spiking_transformer import SpikingTransformerConfig
from refsim.bench.calibrate import calibrate, nearest_setting
from refsim.bench.seeded import SeededParameters, seeded_image
from refsim.errors import ConfigurationError
from refsim.network import Assembly, Input
from refsim.ops import LIF, Convolution, Linear, TimeSum, Tokens, TokenSum

SIZES = {"image_size": (32, 32), "embedding": 64, "depth": 1, "heads": 2, "classes": 4, "pooled_stages": (2, 3)}
CONFIGS = {
    "spikformer": SpikformerConfig(**SIZES),
    "spikformer-membranes": SpikformerConfig(**SIZES, pooled="membranes"),
    "spike-driven": SpikeDrivenTransformerConfig(**SIZES),
    "a2os2a": SpikingTransformerConfig.preset("a2os2a", channels=3, **SIZES),
    "meta": MetaSpikeformerConfig(image_size=(64, 64), widths=(16, 16, 32, 32), depths=(1, 1), heads=2, classes=4),
}
DISCRETE = ("*.attention.output", "*.attention.gate", "*.attention.map", "head.neuron")
"""Neurons on sums of few spikes, and the one on a single token: they have few rates to choose from."""

TOLERANCE = 0.1


def rates_of(network, result):
    """Return the firing rate of each layer, from the simulator's own counts."""
    return {
        site: counts.sum() / (math.prod(network.signals[site].shape) * network.timesteps)
        for site, counts in result.spike_counts.items()
    }


@pytest.mark.parametrize("rate", [0.05, 0.2, 0.4])
@pytest.mark.parametrize("name", CONFIGS)
def test_every_layer_fires_at_the_wanted_rate(name, rate):
    """Within a tenth of it, as the simulator counts; the discrete ones, by name, wherever they can."""
    network = build(CONFIGS[name], SeededParameters(1), name)
    image = seeded_image(network.input.shape, 1)
    calibration = calibrate(network, image, rate)
    rates = rates_of(calibration.network, run(calibration.network, image))
    assert list(rates) == [layer.site for layer in calibration.layers]
    assert list(rates.values()) == [pytest.approx(layer.rate) for layer in calibration.layers]
    continuous = {
        site: found for site, found in rates.items() if not any(fnmatchcase(site, pattern) for pattern in DISCRETE)
    }
    assert len(continuous) > len(rates) / 2
    assert {site: pytest.approx(rate, rel=TOLERANCE) for site in continuous} == continuous


def test_only_thresholds_and_shifts_change():
    """Weights, biases and sites are those of the network; a layer has one threshold."""
    network = build(CONFIGS["a2os2a"], SeededParameters(1), "a2os2a")
    calibrated = calibrate(network, seeded_image(network.input.shape), 0.1).network
    for before, after in zip(network.nodes, calibrated.nodes, strict=True):
        assert (before.name, before.inputs) == (after.name, after.inputs)
        for field, array in before.operator.parameters().items():
            new = after.operator.parameters()[field]
            assert 1 == len(np.unique(new)) if field == "thresholds" else np.array_equal(array, new)


def one_layer(weight):
    """A network of one convolution of a pixel, one neuron on it, and logits."""
    assembly = Assembly(Input("image", (4, 4, 1)), 3)
    weights = np.full((1, 1, 1, 1), weight, np.int8)
    assembly.add("conv", Convolution(weights, np.zeros(1, np.int32), 1, 0, 8), "input")
    assembly.add("neuron", LIF(np.ones(1, np.int32)), "conv")
    assembly.add("tokens", Tokens(), "neuron")
    assembly.add("sum", TokenSum(), "tokens")
    assembly.add("linear", Linear(np.ones((1, 2), np.int8), np.zeros(2, np.int32), planes=5), "sum")
    assembly.add("logits", TimeSum(), "linear")
    return assembly.finish("one", 1, {})


@pytest.mark.parametrize("wanted", [0.1, 0.25, 1 / 3, 0.5, 0.9])
def test_the_threshold_is_the_best_of_all(wanted):
    """Against all 255 thresholds, with a neuron in fractions: h = v / 2 + x / 2, fired at the threshold, cleared."""
    image = np.random.default_rng(3).integers(0, 256, (4, 4, 1), np.uint8)
    distances = {}
    for threshold in range(1, 256):
        membrane, fired = np.zeros(16), 0
        for _ in range(3):
            membrane = membrane / 2 + image.ravel() / 2
            fired += np.count_nonzero(membrane >= threshold)
            membrane[membrane >= threshold] = 0
        distances[threshold] = abs(fired / 48 - wanted)
    (layer,) = calibrate(one_layer(1), image, wanted).layers
    assert min(distances.values()) == pytest.approx(distances[layer.setting])
    assert abs(layer.rate - wanted) == pytest.approx(distances[layer.setting])


def test_what_cannot_fire_keeps_the_lowest_threshold():
    """Currents below zero at any threshold: the rate is 0, and said so."""
    (layer,) = calibrate(one_layer(-1), np.full((4, 4, 1), 9, np.uint8), 0.4).layers
    assert (1, 0.0, 0.0) == (layer.setting, layer.rate, layer.other_rate)


@pytest.mark.parametrize(
    ("rates", "wanted", "expected"),
    [([0.9, 0.5, 0.2, 0.1], 0.45, (1, 2)), ([0.9, 0.5, 0.2, 0.1], 0.3, (2, 1)), ([0.3, 0.2], 0.4, (0, 0))],
)
def test_the_nearer_neighbour_is_taken(rates, wanted, expected):
    """On either side of the wanted rate; the first setting where even that gives less."""
    assert expected == nearest_setting(rates.__getitem__, wanted, 0, len(rates) - 1)


@pytest.mark.parametrize("rate", [0, 1, -0.1])
def test_a_rate_that_is_none_is_refused(rate):
    """It must lie between 0 and 1."""
    with pytest.raises(ConfigurationError, match="above 0 and below 1"):
        calibrate(one_layer(1), np.zeros((4, 4, 1), np.uint8), rate)
