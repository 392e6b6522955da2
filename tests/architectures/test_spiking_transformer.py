"""The Spiking Transformer and its ablation."""

import numpy as np
import pytest
from strategies import SeededParameters, seeded_network

from refsim.architectures.parameters import Parameters
from refsim.architectures.spiking_transformer import PRESETS, SpikingTransformerConfig, spiking_transformer
from refsim.errors import ConfigurationError, RegisterError
from refsim.numerics import Signal
from refsim.ops import LIF, Linear


def config(**fields):
    return SpikingTransformerConfig.preset("a2os2a", **{"image_size": (8, 8), **fields})


@pytest.mark.parametrize(
    ("side", "pooled", "grid"),
    [(8, (3,), (4, 4)), (28, (2, 3), (7, 7)), (32, (2, 3), (8, 8)), (224, (0, 1, 2, 3), (14, 14))],
)
def test_the_grid_follows_from_the_image(side, pooled, grid):
    """The sizes of the literature: patches of 4 for CIFAR, of 16 for ImageNet."""
    assert (pooled, grid) == (config(image_size=(side, side)).pooled_stages, config(image_size=(side, side)).grid)


@pytest.mark.parametrize("shape", [(8, 8), (28, 28), (32, 32), (9, 13)])
def test_the_grid_is_what_the_network_computes(shape):
    """Odd sizes included."""
    network = seeded_network(image_size=shape)
    rows, columns = config(image_size=shape).grid
    assert (rows, columns, 16) == network.signals["stem.residual"].shape
    assert (rows * columns, 16) == network.signals["stem.tokens"].shape


def test_imagenet_size_fits_its_registers():
    """8-512 at 224 pixels: 29.68 million parameters as published, every register proved."""
    network = seeded_network(image_size=(224, 224), channels=3, embedding=512, depth=8, heads=8, classes=1000)
    weights = sum(node.operator.weights.size for node in network.nodes if hasattr(node.operator, "weights"))
    normalised = sum(
        2 * node.operator.bias.size
        for node in network.nodes
        if hasattr(node.operator, "bias") and node.name != "head.linear"
    )
    linear_biases = sum(
        node.operator.bias.size
        for node in network.nodes
        if isinstance(node.operator, Linear) and node.name.endswith(("projection", "fc1", "fc2", "head.linear"))
    )
    assert 29.68 == pytest.approx((weights + normalised + linear_biases) / 1e6, abs=0.012)


@pytest.mark.parametrize(
    ("kinds", "named"),
    [
        ({"q": "relu", "k": "relu"}, "q=relu with k=relu"),
        ({"v": "relu"}, "scores=relu with v=relu"),
        ({"scores": "identity", "v": "relu"}, "scores=identity with v=relu"),
    ],
)
def test_a_product_of_two_graded_operands_is_refused_by_name(kinds, named):
    """It would need a multiplication."""
    with pytest.raises(ConfigurationError, match=f"{named}: two graded operands would have to be multiplied"):
        SpikingTransformerConfig(image_size=(8, 8), **kinds)


@pytest.mark.parametrize("q", ["binary", "ternary", "relu"])
@pytest.mark.parametrize("k", ["binary", "ternary", "relu"])
@pytest.mark.parametrize("scores", ["relu", "identity", "binary", "ternary"])
@pytest.mark.parametrize("v", ["binary", "ternary", "relu"])
def test_every_other_combination_builds(q, k, scores, v):
    """Refused or built, never built with a multiplication: one operand of each product is spiking."""
    kinds = {"q": q, "k": k, "scores": scores, "v": v}
    if q == k == "relu" or (v == "relu" and scores in ("relu", "identity")):
        with pytest.raises(ConfigurationError):
            SpikingTransformerConfig(image_size=(8, 8), **kinds)
        return
    small = SpikingTransformerConfig(image_size=(8, 8), embedding=16, depth=1, heads=2, **kinds)
    network = spiking_transformer(small, SeededParameters(0))
    assert network.signals[network["block0.attention.scores"].inputs[0]].is_spiking == (q != "relu")


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"timesteps": 0}, "timesteps: expected an integer of at least 1, got 0"),
        ({"image_size": (8,)}, r"image_size: expected \(rows, columns\)"),
        ({"embedding": 60}, "embedding: 60 must be a multiple of 8 and of 4 heads"),
        ({"heads": 3}, "must be a multiple of 8 and of 3 heads"),
        ({"image_size": 8}, r"image_size: expected \(rows, columns\), got 8"),
        ({"image_size": (8, 5000)}, "image columns: expected an integer of at most 4096, got 5000"),
        ({"channels": 5000}, "channels: expected an integer of at most 4096, got 5000"),
        ({"timesteps": 1025}, "timesteps: expected an integer of at most 1024, got 1025"),
        ({"timesteps": 57}, "timesteps: 57 with leak_shift 1 and rounding exact need membranes of more than 62 bits"),
        ({"leak_shift": 17}, "leak_shift: expected an integer of at most 16, got 17"),
        ({"leak_shift": 0, "rounding": "floor"}, "leak_shift: expected at least 1 with halve_input and rounding floor"),
        ({"reset": "soft"}, "reset: expected one of zero, subtract; got 'soft'"),
        ({"rounding": []}, "rounding: expected one of exact, floor"),
        ({"halve_input": 3}, "halve_input: expected true or false, got 3"),
        ({"centred": "x"}, "centred: expected true or false, got 'x'"),
        ({"relu_cap": 128}, "relu_cap: expected an integer of at most 127, got 128"),
        ({"pooled_stages": (4,)}, "pooled_stages: expected stages 0 to 3"),
        ({"pooled_stages": (2, 3, 3)}, r"pooled_stages: expected stages 0 to 3, each at most once, got \(2, 3, 3\)"),
        ({"pooled_stages": ([1],)}, "pooled_stages: expected stages 0 to 3"),
        ({"pooled_stages": 3}, "pooled_stages: expected stages 0 to 3"),
        ({"input": "video"}, "input: expected one of image, binary, ternary, graded"),
        ({"depth": True}, "depth: expected an integer"),
    ],
)
def test_a_wrong_field_is_named(fields, message):
    """Each with what was expected."""
    with pytest.raises(ConfigurationError, match=message):
        config(**fields)


@pytest.mark.parametrize("fields", [{"timesteps": 56}, {"timesteps": 57, "rounding": "floor"}])
def test_no_network_that_could_be_built_is_refused(fields):
    """The membranes of thresholds of 1, without any input, are what the configuration counts."""
    assert config(**fields).timesteps == fields["timesteps"]
    silent = Signal.uniform(np.int32, (1,), 0, 0)
    neuron = LIF(np.ones(1, np.int32), membrane_bits=64, rounding=fields.get("rounding", "exact"))
    neuron.state("site", [silent], fields["timesteps"])
    with pytest.raises(RegisterError):
        LIF(np.ones(1, np.int32), membrane_bits=64).state("site", [silent], 57)


def test_an_unknown_preset_lists_the_known_ones():
    """The way out is in the error."""
    with pytest.raises(
        ConfigurationError, match="unknown preset 'softmax'; the presets are a2os2a, a2os2a-qkv, binary"
    ):
        SpikingTransformerConfig.preset("softmax", image_size=(8, 8))


def test_default_is_the_preset_a2os2a():
    """Q and K ternary, ReLU scores, V binary."""
    default = SpikingTransformerConfig(image_size=(8, 8))
    assert PRESETS["a2os2a"] == {name: getattr(default, name) for name in ("q", "k", "scores", "v")}


def test_missing_and_unknown_parameters_are_named():
    """Nothing is filled in, nothing is ignored."""
    with pytest.raises(ConfigurationError, match="stem.conv0.weights: missing among the parameters"):
        spiking_transformer(config(), Parameters({}))
    parameters = SeededParameters(0)
    parameters.values = {"block7.mlp.fc1.weights": None}
    with pytest.raises(ConfigurationError, match="block7.mlp.fc1.weights: not a parameter of this architecture"):
        spiking_transformer(config(), parameters)
