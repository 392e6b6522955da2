"""Imported networks equal an independent PyTorch rendering of the authors' models bit for bit, spikes and label."""

import pytest

pytest.importorskip("torch")
pytest.importorskip("safetensors")

import authors_torch as reference  # noqa: E402
import official_keys  # noqa: E402
from bit_exact import INPUTS, as_image, as_tokens, assert_bit_exact, imported  # noqa: E402
from recording import float64_is_exact  # noqa: E402
from synthetic import pixels, synthetic  # noqa: E402

EMBEDDING, DEPTH, HEADS, CLASSES, TIMESTEPS = 32, 2, 4, 10, 4

TABLES = {
    "spikformer, ImageNet": lambda channels: official_keys.spikformer_imagenet(EMBEDDING, DEPTH, CLASSES, channels),
    "spikformer, CIFAR": lambda channels: official_keys.spikformer_cifar(EMBEDDING, DEPTH, CLASSES, channels),
    "spike-driven": lambda channels: official_keys.spike_driven(EMBEDDING, DEPTH, HEADS, CLASSES, channels),
}

CASES = (
    ("spikformer, ImageNet", "1111", 3, (64, 64), 5, 0.0),
    ("spikformer, ImageNet", "1111", 1, (56, 24), 4, 0.0),
    ("spikformer, ImageNet", "0011", 3, (32, 32), 5, -0.5),
    ("spikformer, CIFAR", "0011", 3, (32, 32), 5, -0.5),
    ("spikformer, CIFAR", "0011", 1, (32, 32), 7, -0.5),
    ("spikformer, CIFAR", "1111", 3, (64, 64), 7, -0.5),
    ("spike-driven", "1111", 3, (64, 64), 6, -0.5),
    ("spike-driven", "1111", 1, (56, 24), 7, 0.5),
    ("spike-driven", "0011", 3, (32, 32), 4, -1.5),
    ("spike-driven", "0011", 1, (32, 32), 7, -0.5),
)
"""Layout, pooled stages, channels, rows and columns, seed and currents of q, k and v. Images of 56 by 24 pixels tell
rows from columns, and their third pooling is of odd sizes."""


def convolution_sites(spikes):
    """Sites of refsim by what Spikformer for ImageNet gave."""
    sites = {f"stem.neuron{stage}": as_image(spikes[f"patch_embed.proj_lif{stage or ''}"]) for stage in range(4)}
    sites["stem.position_neuron"] = as_image(spikes["patch_embed.rpe_lif"])
    for block in range(DEPTH):
        sites |= {ours: as_tokens(spikes[theirs]) for ours, theirs in block_sites(block).items()}
    return sites


def linear_sites(spikes):
    """Sites of refsim by what Spikformer for CIFAR gave, whose blocks have tokens."""
    in_blocks = {name: values.transpose(0, 1, 3, 2) for name, values in spikes.items() if name.startswith("block.")}
    return convolution_sites(spikes | in_blocks)


def block_sites(block):
    """Sites of refsim in a block of Spikformer, by the name of the neurons that the authors give them."""
    ours, theirs = f"block{block}", f"block.{block}"
    sites = {f"{ours}.attention.{letter}": f"{theirs}.attn.{letter}_lif" for letter in "qkv"}
    return sites | {
        f"{ours}.attention.output": f"{theirs}.attn.attn_lif",
        f"{ours}.attention.projection": f"{theirs}.attn.proj_lif",
        f"{ours}.mlp.hidden": f"{theirs}.mlp.fc1_lif",
        f"{ours}.mlp.output": f"{theirs}.mlp.fc2_lif",
    }


def spike_driven_sites(spikes):
    """Sites of refsim by what the Spike-driven Transformer gave."""
    sites = {f"stem.neuron{stage}": as_image(spikes[f"patch_embed.proj_lif{stage or ''}"]) for stage in range(4)}
    for block in range(DEPTH):
        ours, theirs = f"block{block}", f"block.{block}"
        sites[f"{ours}.attention.input"] = as_tokens(spikes[f"{theirs}.attn.shortcut_lif"])
        sites |= {f"{ours}.attention.{letter}": as_tokens(spikes[f"{theirs}.attn.{letter}_lif"]) for letter in "qkv"}
        sites[f"{ours}.attention.gate"] = as_tokens(spikes[f"{theirs}.attn.talking_heads_lif"])
        sites[f"{ours}.mlp.input"] = as_tokens(spikes[f"{theirs}.mlp.fc1_lif"])
        sites[f"{ours}.mlp.hidden"] = as_tokens(spikes[f"{theirs}.mlp.fc2_lif"])
    sites["head.neuron"] = spikes["head_lif"][:, :, None]
    return sites


SITES = {
    "spikformer, ImageNet": convolution_sites,
    "spikformer, CIFAR": linear_sites,
    "spike-driven": spike_driven_sites,
}


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case[0]}, {case[1]}, {case[2]} channels")
def test_every_spike_of_the_authors(case, tmp_path):
    """All four stages pooled, as for ImageNet, and the last two, as for CIFAR; grey and colour."""
    layout, pooling, channels, (rows, columns), seed, qkv_bias = case
    tensors = synthetic(TABLES[layout](channels), seed, True, qkv_bias)
    images = pixels(1, INPUTS, channels, max(rows, columns))[:, :, :rows, :columns]
    recording = reference.record(reference.build(tensors, HEADS, pooling, TIMESTEPS), images / 64 - 2)
    assert float64_is_exact(recording, TIMESTEPS)
    assert all(0.02 < rate < 0.6 for rate in recording.rates().values())
    network = imported(
        "spike-driven-transformer" if layout == "spike-driven" else "spikformer",
        tensors,
        tmp_path,
        heads=HEADS,
        image_size=(rows, columns),
        timesteps=TIMESTEPS,
        pooled_stages=tuple(stage for stage in range(4) if pooling[stage] == "1"),
    )
    assert_bit_exact(network, images, recording, SITES[layout](recording.spikes))


@pytest.mark.parametrize("layout", TABLES)
def test_the_rendering_has_the_official_keys(layout):
    """Keys and shapes of its state_dict are those of the published checkpoints, no more and no fewer."""
    table = TABLES[layout](3)
    model = reference.build(synthetic(table, 0), HEADS, "0011", TIMESTEPS)
    assert table == {name: tuple(values.shape) for name, values in model.state_dict().items()}
