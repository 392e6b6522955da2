"""spikingjelly's own models on dyadic checkpoints: alive, exact, and recorded as documented."""

import numpy as np
import pytest

pytest.importorskip("spikingjelly")

import peers  # noqa: E402
from recording import float64_is_exact  # noqa: E402

IMAGES = 16
TIMESTEPS = 4
DEPTH, HEADS = 2, 4
SPIKFORMERS = [name for name in peers.CASES if "spikformer" in name]
SPIKE_DRIVEN = [name for name in peers.CASES if "spike_driven" in name]


@pytest.fixture(scope="module", params=peers.CASES)
def case(request):
    """A recorded run of one case: (name, tensors, recording)."""
    build, _, settings = peers.CASES[request.param]
    model, tensors = build(**settings)
    return request.param, tensors, peers.record(model, peers.case_images(request.param, IMAGES) / 64 - 2)


def test_no_neuron_layer_is_silent_or_saturated(case):
    """Every layer fires at 5 to 50 % of all neurons and timesteps, and not all images get one label."""
    rates = case[2].rates()
    assert min(rates.values()) > 0.05 and max(rates.values()) < 0.5, rates
    assert len(set(case[2].logits.argmax(axis=1))) > 1


def test_float64_is_exact(case):
    """All currents are integers on a step of at least 2**-20, and all membranes stay below 53 bits."""
    assert max(bits for bits, _ in case[2].currents.values()) <= 20
    assert float64_is_exact(case[2], TIMESTEPS)


def test_every_documented_neuron_layer_is_recorded(case):
    """The names and the shapes are those of the module's table."""
    name, _, recording = case
    side = peers.CASES[name][1]
    tokens = (side // (4 if "4" in name or "0011" in name else 16)) ** 2
    blocks = [f"blocks.{index}" for index in range(DEPTH)]
    if "spikformer" in name:
        stem = [*(f"patch_embed.stages.{stage}.neuron" for stage in range(4)), "patch_embed.positional_encoding.neuron"]
        parts = {
            "attn.qkv_lif": (96, tokens),
            "attn.attn_lif": (HEADS, 8, tokens),
            "attn.proj_lif": (32, tokens),
            "mlp.neuron1": (128, tokens),
            "mlp.neuron2": (32, tokens),
        }
        tail = []
    else:
        edge = int(tokens**0.5)
        stem = [*(f"patch_embed.stages.{stage}.2" for stage in range(3)), "patch_embed.final_lif"]
        parts = {f"attn.{part}_lif": (32, edge, edge) for part in ("shortcut", "q", "k", "v")}
        parts |= {"attn.attn_lif": (HEADS, 1, 8), "mlp.lif1": (32, edge, edge), "mlp.lif2": (128, edge, edge)}
        tail = ["head_lif"]
    assert list(recording.spikes) == stem + [f"{block}.{part}" for block in blocks for part in parts] + tail
    for block in blocks:
        for part, shape in parts.items():
            assert recording.spikes[f"{block}.{part}"].shape == (TIMESTEPS, IMAGES, *shape)


@pytest.mark.parametrize("case", SPIKE_DRIVEN, indirect=True)
def test_logits_are_sums_over_time(case):
    """The Spike-driven Transformer's logits are its head on spikes, summed over timesteps, bias included each time."""
    _, tensors, recording = case
    counts = recording.spikes["head_lif"].sum(axis=0).astype(float)
    expected = counts @ tensors["head.weight"].T.astype(float) + TIMESTEPS * tensors["head.bias"].astype(float)
    assert np.array_equal(recording.logits, expected)


@pytest.mark.parametrize("case", SPIKFORMERS, indirect=True)
def test_spikformer_logits_are_of_counts(case):
    """Spikformer's logits are its head on the mean over tokens of all spikes on the residual, summed over timesteps."""
    _, tensors, recording = case
    spikes = recording.spikes
    stem = spikes["patch_embed.stages.3.neuron"].sum(axis=(0, 3, 4), dtype=float)
    stem += spikes["patch_embed.positional_encoding.neuron"].sum(axis=(0, 3, 4))
    tokens = spikes["blocks.0.mlp.neuron2"].shape[3]
    branches = [f"blocks.{block}.{part}" for block in range(DEPTH) for part in ("attn.proj_lif", "mlp.neuron2")]
    counts = stem + sum(spikes[name].sum(axis=(0, 3), dtype=float) for name in branches)
    expected = counts / tokens @ tensors["head.weight"].T.astype(float) + TIMESTEPS * tensors["head.bias"].astype(float)
    assert np.array_equal(recording.logits, expected)


@pytest.mark.parametrize("case", SPIKE_DRIVEN, indirect=True)
def test_spike_driven_attention_is_an_or_over_tokens(case):
    """At each timestep a channel of the attention neuron fires where any token has both K and V."""
    recording = case[2]
    for block in range(DEPTH):
        k, v = (recording.spikes[f"blocks.{block}.attn.{part}_lif"] for part in "kv")
        given = recording.spikes[f"blocks.{block}.attn.attn_lif"].reshape(TIMESTEPS, IMAGES, 32)
        assert np.array_equal(given, (k & v).any(axis=(3, 4)))


@pytest.mark.parametrize("case", SPIKFORMERS, indirect=True)
def test_spikformer_attention_in_plain_numpy(case):
    """The attention's spikes are those of a neuron with threshold 1/2 on Q K^T V / 8, head by head."""
    recording = case[2]
    for block in range(DEPTH):
        q, k, v = np.split(recording.spikes[f"blocks.{block}.attn.qkv_lif"].astype(float), 3, axis=2)
        membrane = np.zeros((IMAGES, 32, q.shape[3]))
        given = recording.spikes[f"blocks.{block}.attn.attn_lif"].reshape(TIMESTEPS, *membrane.shape)
        for timestep in range(TIMESTEPS):
            for head in range(HEADS):
                of_head = slice(8 * head, 8 * head + 8)
                queries, keys, values = (part[timestep, :, of_head] for part in (q, k, v))
                context = np.einsum("bcn,bcm,bdm->bdn", queries, keys, values)
                membrane[:, of_head] = (membrane[:, of_head] + context / 8) / 2
            assert np.array_equal(given[timestep], membrane >= 0.5)
            membrane[membrane >= 0.5] = 0


def test_runs_do_not_touch_each_other():
    """A second run of the same model gives the same spikes, and no hook stays behind."""
    model, _ = peers.spike_driven(pooling="1111", channels=1, seed=11, qkv_bias=0.5)
    images = peers.case_images("spike_driven, 1111, grey", 3) / 64 - 2
    first, second = peers.record(model, images), peers.record(model, images)
    assert all(np.array_equal(first.spikes[name], second.spikes[name]) for name in first.spikes)
    assert np.array_equal(first.logits, second.logits)
    assert not any(module._forward_hooks for module in model.modules())
