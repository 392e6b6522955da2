"""An imported Meta-SpikeFormer equals an independent, unfused rendering in PyTorch bit for bit."""

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("safetensors")

import meta_spikeformer_torch as reference  # noqa: E402
import official_keys  # noqa: E402
from bit_exact import INPUTS, as_image, as_tokens, assert_bit_exact, imported  # noqa: E402
from synthetic import pixels, synthetic  # noqa: E402

CONVOLUTION_BLOCKS = {
    "ConvBlock1_1.0": "stage1a.block0",
    "ConvBlock1_2.0": "stage1b.block0",
    "ConvBlock2_1.0": "stage2.block0",
    "ConvBlock2_2.0": "stage2.block1",
}
DOWNSAMPLES = {"downsample1_2": "stage1b", "downsample2": "stage2", "downsample3": "stage3", "downsample4": "stage4"}


def sites_of(spikes, depths):
    """Sites of refsim by what the rendering gave."""
    sites = {
        f"{ours}.downsample.input": as_image(spikes[f"{theirs}.encode_lif"]) for theirs, ours in DOWNSAMPLES.items()
    }
    for theirs, ours in CONVOLUTION_BLOCKS.items():
        for part, chain in (("separable", f"{theirs}.Conv"), ("channel", theirs)):
            sites[f"{ours}.{part}.input"] = as_image(spikes[f"{chain}.lif1"])
            sites[f"{ours}.{part}.hidden"] = as_image(spikes[f"{chain}.lif2"])
    for stage, depth in zip((3, 4), depths):
        for block in range(depth):
            theirs, ours = f"block{stage}.{block}", f"stage{stage}.block{block}"
            sites[f"{ours}.attention.input"] = as_image(spikes[f"{theirs}.attn.head_lif"])
            sites |= {f"{ours}.attention.{name}": as_image(spikes[f"{theirs}.attn.{name}_lif"]) for name in "qkv"}
            sites[f"{ours}.attention.output"] = as_tokens(spikes[f"{theirs}.attn.attn_lif"])
            sites[f"{ours}.mlp.input"] = as_image(spikes[f"{theirs}.mlp.fc1_lif"])
            sites[f"{ours}.mlp.hidden"] = as_image(spikes[f"{theirs}.mlp.fc2_lif"])
    sites["head.neuron"] = spikes["lif"][:, :, np.newaxis]
    return sites


@pytest.mark.parametrize(
    ("side", "timesteps", "head_kd", "seed", "qkv_bias"),
    [(32, 4, False, 3, 1.25), (64, 2, True, 2, 0.5)],
    ids=["32 pixels", "64 pixels, distilled"],
)
def test_every_spike_of_meta_spikeformer(side, timesteps, head_kd, seed, qkv_bias, tmp_path):
    """RepConv with its ring, separable chains, strides, both heads of a distilled model."""
    depths = (2, 1)
    tensors = synthetic(official_keys.meta_spikeformer((16, 32, 48, 64), depths, 10, head_kd), seed, True, qkv_bias)
    images = pixels(seed, INPUTS, 3, side)
    recording = reference.record(reference.build(tensors, 4, timesteps), images / 64 - 2)
    conventions = {"heads": 4, "image_size": (side, side), "timesteps": timesteps}
    network = imported("meta-spikeformer", tensors, tmp_path, **conventions)
    assert_bit_exact(network, images, recording, sites_of(recording.spikes, depths))
    assert all(0.02 < rate < 0.6 for rate in recording.rates().values())
