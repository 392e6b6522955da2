"""The key tables, held against published parameter counts and against real models."""

from decimal import ROUND_DOWN, ROUND_HALF_UP, Decimal

import pytest
from official_keys import (
    meta_spikeformer,
    parameter_count,
    spike_driven,
    spikformer_cifar,
    spikformer_imagenet,
    spikingjelly_spike_driven,
    spikingjelly_spikformer,
)

LAYER_NORMS = (".norm1.", ".norm2.")
"""Spikformer constructs these, and never calls them."""

TRUNCATED = {"truncated"}
ROUNDED = {"rounded"}
EITHER = {"truncated", "rounded"}
WITH_NORMS = {"truncated with LayerNorm"}


def ways_to_meet(table, published):
    """Name every way of counting and shortening that gives the published number of millions."""
    without = {key: shape for key, shape in table.items() if not any(part in key for part in LAYER_NORMS)}
    counts = {"": parameter_count(without)}
    if len(without) < len(table):
        counts[" with LayerNorm"] = parameter_count(table)
    shortenings = {"truncated": ROUND_DOWN, "rounded": ROUND_HALF_UP}
    return {
        how + counted
        for counted, count in counts.items()
        for how, rounding in shortenings.items()
        if (Decimal(count) / 10**6).quantize(Decimal(published), rounding) == Decimal(published)
    }


@pytest.mark.parametrize(
    ("table", "published", "ways"),
    [
        (spikformer_imagenet(384, 8), "16.81", TRUNCATED),
        (spikformer_imagenet(512, 6), "23.37", EITHER),
        (spikformer_imagenet(512, 8), "29.68", TRUNCATED),
        (spikformer_imagenet(512, 10), "36.01", ROUNDED),
        (spikformer_imagenet(768, 8), "66.34", ROUNDED),
        (spikformer_cifar(256, 4), "4.15", TRUNCATED | WITH_NORMS),
        (spikformer_cifar(384, 2), "5.76", TRUNCATED | WITH_NORMS),
        (spikformer_cifar(384, 4), "9.32", EITHER),
        (spike_driven(384, 8), "16.81", TRUNCATED),
        (spike_driven(512, 6), "23.37", EITHER),
        (spike_driven(512, 8), "29.68", TRUNCATED),
        (spike_driven(512, 10), "36.01", ROUNDED),
        (spike_driven(768, 8), "66.34", ROUNDED),
        (spike_driven(512, 2, classes=10), "10.234", ROUNDED),
        (spike_driven(512, 2, classes=100), "10.28", ROUNDED),
        (meta_spikeformer((64, 128, 256, 360)), "15.1", EITHER),
        (meta_spikeformer((96, 192, 384, 480)), "31.3", EITHER),
        (meta_spikeformer((128, 256, 512, 640)), "55.4", ROUNDED),
    ],
)
def test_the_published_sizes_are_met(table, published, ways):
    """The published millions are met, and only in the stated ways: Spikformer's leave its LayerNorms out."""
    assert ways_to_meet(table, published) == ways


def test_a_user_print_counts_the_layer_norms():
    """Spikformer-4-384 for CIFAR-10, printed by a user from ``model.parameters()``: 9,330,874, LayerNorms included."""
    assert parameter_count(spikformer_cifar(384, 4, classes=10)) == 9_330_874


def test_a_count_by_hand():
    """Spike-driven D = 8, one block, two heads, three classes, one grey channel, added up by hand."""
    convolutions = 9 * (1 * 1 + 1 * 2 + 2 * 4 + 4 * 8 + 8 * 8)
    stem_norms = 2 * (1 + 2 + 4 + 8 + 8)
    attention = 4 * 8 * 8 + 8 + 2 * 2 + 4 * 2 * 8
    mlp = 32 * 8 + 32 + 8 * 32 + 8 + 2 * (32 + 8)
    head = 3 * 8 + 3
    expected = convolutions + stem_norms + attention + mlp + head
    assert parameter_count(spike_driven(8, 1, heads=2, classes=3, channels=1)) == expected == 2000


def test_the_second_head_is_a_head():
    """Distillation adds a second Linear of the same shape and nothing else."""
    plain, distilled = (meta_spikeformer((16, 32, 48, 64), (2, 1), 10, head_kd=kd) for kd in (False, True))
    added = {key: shape for key, shape in distilled.items() if key not in plain}
    assert added == {"head_kd.weight": (10, 64), "head_kd.bias": (10,)}
    assert parameter_count(meta_spikeformer((128, 256, 512, 640), head_kd=True)) == 55_991_248


def shapes(model):
    return {key: tuple(tensor.shape) for key, tensor in model.state_dict().items()}


@pytest.mark.parametrize("channels", [1, 3])
def test_spikingjelly_spikformer_has_these_keys(channels):
    """The table is the real model's state_dict, its order included."""
    spikformer = pytest.importorskip("spikingjelly.activation_based.model.spikformer")
    model = spikformer.Spikformer(in_channels=channels, embed_dims=32, num_heads=4, depths=2, num_classes=7)
    table = spikingjelly_spikformer(32, 2, 7, channels)
    assert list(shapes(model).items()) == list(table.items())
    assert parameter_count(table) == sum(parameter.numel() for parameter in model.parameters())


@pytest.mark.parametrize("channels", [1, 3])
def test_spikingjelly_spike_driven_has_these_keys(channels):
    """The table is the real model's state_dict, its order included."""
    spike_driven_transformer = pytest.importorskip("spikingjelly.activation_based.model.spike_driven_transformer")
    model = spike_driven_transformer.SpikeDrivenTransformer(
        in_channels=channels, embed_dims=32, num_heads=4, depths=2, num_classes=7
    )
    table = spikingjelly_spike_driven(32, 2, 7, channels)
    assert list(shapes(model).items()) == list(table.items())
    assert parameter_count(table) == sum(parameter.numel() for parameter in model.parameters())
