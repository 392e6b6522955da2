"""Imported networks equal spikingjelly's own models bit for bit: every spike of every neuron layer, and the label."""

import numpy as np
import pytest

pytest.importorskip("spikingjelly")

import peers  # noqa: E402
from bit_exact import INPUTS, as_image, as_tokens, assert_bit_exact, imported  # noqa: E402

DEPTH, HEADS = 2, 4


def spikformer_sites(spikes):
    """Sites of refsim by what spikingjelly's Spikformer gave."""
    sites = {f"stem.neuron{stage}": as_image(spikes[f"patch_embed.stages.{stage}.neuron"]) for stage in range(4)}
    sites["stem.position_neuron"] = as_image(spikes["patch_embed.positional_encoding.neuron"])
    for block in range(DEPTH):
        theirs, ours = f"blocks.{block}", f"block{block}"
        joined = as_tokens(spikes[f"{theirs}.attn.qkv_lif"])
        width = joined.shape[-1] // 3
        sites |= {
            f"{ours}.attention.{name}": joined[..., width * part :][..., :width] for part, name in enumerate("qkv")
        }
        heads = spikes[f"{theirs}.attn.attn_lif"]
        sites[f"{ours}.attention.output"] = as_tokens(heads.reshape(*heads.shape[:2], width, -1))
        for ours_name, theirs_name in (
            ("attention.projection", "attn.proj_lif"),
            ("mlp.hidden", "mlp.neuron1"),
            ("mlp.output", "mlp.neuron2"),
        ):
            sites[f"{ours}.{ours_name}"] = as_tokens(spikes[f"{theirs}.{theirs_name}"])
    return sites


def spike_driven_sites(spikes):
    """Sites of refsim by what spikingjelly's Spike-driven Transformer gave."""
    sites = {f"stem.neuron{stage}": as_image(spikes[f"patch_embed.stages.{stage}.2"]) for stage in range(3)}
    sites["stem.neuron3"] = as_image(spikes["patch_embed.final_lif"])
    for block in range(DEPTH):
        theirs, ours = f"blocks.{block}", f"block{block}"
        for ours_name, theirs_name in (
            ("attention.input", "attn.shortcut_lif"),
            *((f"attention.{letter}", f"attn.{letter}_lif") for letter in "qkv"),
            ("mlp.input", "mlp.lif1"),
            ("mlp.hidden", "mlp.lif2"),
        ):
            sites[f"{ours}.{ours_name}"] = as_tokens(spikes[f"{theirs}.{theirs_name}"])
        gates = spikes[f"{theirs}.attn.attn_lif"]
        sites[f"{ours}.attention.gate"] = gates.reshape(*gates.shape[:2], 1, -1)
    sites["head.neuron"] = spikes["head_lif"][:, :, None]
    return sites


@pytest.mark.parametrize("case", peers.CASES)
def test_every_spike_of_spikingjelly(case, tmp_path):
    """Pools of both kinds, grey and colour, patches of 4 and of 16."""
    build, side, settings = peers.CASES[case]
    model, tensors = build(**settings)
    pixels = peers.case_images(case, INPUTS)
    recording = peers.record(model, pixels / 64 - 2)
    pooled = (2, 3) if settings.get("patch") == 4 or settings.get("pooling") == "0011" else (0, 1, 2, 3)
    architecture = "spikformer" if "spikformer" in case else "spike-driven-transformer"
    conventions = {"heads": HEADS, "image_size": (side, side), "pooled_stages": pooled}
    network = imported(architecture, tensors, tmp_path, **conventions)
    sites = spikformer_sites if architecture == "spikformer" else spike_driven_sites
    assert_bit_exact(network, pixels, recording, sites(recording.spikes))


@pytest.mark.parametrize("case", ["spikformer, patch 4", "spike_driven, 0011"])
def test_every_spike_on_frames(case, tmp_path):
    """Both models take counts of events, a frame a timestep, in the place of an image."""
    build, side, settings = peers.CASES[case]
    model, tensors = build(**settings)
    frames = np.random.default_rng(2).poisson(1.5, (INPUTS, 4, settings["channels"], side, side)).astype(np.int8)
    recording = peers.record(model, frames.swapaxes(0, 1))
    assert all(0.01 < rate < 0.7 for rate in recording.rates().values()), recording.rates()
    architecture = "spikformer" if "spikformer" in case else "spike-driven-transformer"
    conventions = {"heads": HEADS, "image_size": (side, side), "timesteps": 4, "pooled_stages": (2, 3)}
    network = imported(architecture, tensors, tmp_path, frames="graded", **conventions)
    sites = spikformer_sites if architecture == "spikformer" else spike_driven_sites
    assert_bit_exact(network, frames, recording, sites(recording.spikes))
