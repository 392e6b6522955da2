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


@pytest.mark.parametrize(
    ("table", "shapes"),
    [
        (
            spikformer_imagenet(16, 3),
            {
                "patch_embed.proj_conv.weight": (2, 3, 3, 3),
                "patch_embed.proj_bn2.running_var": (8,),
                "patch_embed.rpe_conv.weight": (16, 16, 3, 3),
                "block.2.norm2.weight": (16,),
                "block.2.attn.q_conv.weight": (16, 16, 1),
                "block.2.attn.q_conv.bias": None,
                "block.2.attn.proj_conv.bias": (16,),
                "block.2.mlp.fc1_conv.weight": (64, 16, 1, 1),
                "block.2.mlp.fc2_bn.num_batches_tracked": (),
                "block.3.norm1.weight": None,
                "head.weight": (1000, 16),
            },
        ),
        (
            spikformer_cifar(16, 3),
            {
                "patch_embed.proj_conv3.weight": (16, 8, 3, 3),
                "patch_embed.proj_conv3.bias": None,
                "block.0.attn.v_linear.weight": (16, 16),
                "block.0.attn.v_linear.bias": (16,),
                "block.0.mlp.fc2_linear.weight": (16, 64),
                "block.0.mlp.fc1_linear.bias": (64,),
                "head.bias": (10,),
            },
        ),
        (
            spike_driven(16, 3, heads=4),
            {
                "patch_embed.proj_conv1.weight": (4, 2, 3, 3),
                "patch_embed.proj_conv1.bias": None,
                "block.1.norm1.weight": None,
                "block.1.attn.k_conv.weight": (16, 16, 1, 1),
                "block.1.attn.k_conv.bias": None,
                "block.1.attn.proj_conv.bias": (16,),
                "block.1.attn.talking_heads.weight": (4, 4, 1),
                "block.1.mlp.fc2_conv.weight": (16, 64, 1, 1),
            },
        ),
        (
            meta_spikeformer((16, 32, 48, 64), (2, 1), 7),
            {
                "downsample1_1.encode_conv.weight": (8, 3, 7, 7),
                "downsample1_2.encode_conv.weight": (16, 8, 3, 3),
                "downsample4.encode_conv.bias": (64,),
                "ConvBlock1_1.0.Conv.dwconv.weight": (16, 1, 7, 7),
                "ConvBlock2_2.0.Conv.pwconv2.weight": (32, 64, 1, 1),
                "ConvBlock2_2.0.conv1.weight": (128, 32, 3, 3),
                "ConvBlock2_2.0.conv1.bias": None,
                "block3.1.attn.q_conv.0.body.0.weight": (48, 48, 1, 1),
                "block3.1.attn.q_conv.0.body.1.bn.running_mean": (48,),
                "block3.1.attn.proj_conv.0.body.2.0.weight": (48, 1, 3, 3),
                "block3.1.attn.proj_conv.0.body.2.1.weight": (48, 48, 1, 1),
                "block3.1.attn.proj_conv.0.body.2.2.bias": (48,),
                "block3.1.attn.proj_conv.1.weight": (48,),
                "block3.2.attn.q_conv.1.weight": None,
                "block4.0.mlp.fc1_conv.weight": (256, 64, 1),
                "head.weight": (7, 64),
                "head_kd.weight": None,
            },
        ),
    ],
)
def test_shapes_read_in_the_description(table, shapes):
    """Keys of each family with their shapes, copied by hand from the description; None where there is no such key."""
    assert {key: table.get(key) for key in shapes} == shapes


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
