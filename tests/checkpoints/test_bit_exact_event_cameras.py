"""Imported models for event cameras equal an independent PyTorch rendering of the authors' bit for bit."""

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("safetensors")

import event_camera_torch as reference  # noqa: E402
import official_keys  # noqa: E402
from authors_torch import record  # noqa: E402
from bit_exact import INPUTS, assert_bit_exact, imported  # noqa: E402
from recording import float64_is_exact  # noqa: E402
from synthetic import synthetic  # noqa: E402
from test_bit_exact_authors import convolution_sites  # noqa: E402

from refsim.network import INPUT_KINDS  # noqa: E402

EMBEDDING, DEPTH, HEADS, CLASSES = 32, 2, 4, 10

CASES = (("binary", 2, 4, (64, 64), 5), ("graded", 2, 16, (64, 64), 6), ("ternary", 1, 5, (56, 24), 7))
"""Kind of the frames, channels, timesteps, rows and columns, and seed."""


def frames_of(kind, shape):
    """Draw spike frames: patches that fire more and less often; of graded ones few are large."""
    random = np.random.default_rng(1)
    low, high = INPUT_KINDS[kind][1:]
    rates = random.random((*shape[:-2], -(-shape[-2] // 8), -(-shape[-1] // 8))) * 0.9
    rates = rates.repeat(8, axis=-2).repeat(8, axis=-1)[..., : shape[-2], : shape[-1]]
    sizes = random.integers(1, 3, shape) if high > 1 else 1
    signs = random.choice([-1, 1], shape) if low < 0 else 1
    return ((random.random(shape) < rates) * sizes * signs).astype(np.int8)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case[0])
def test_every_spike_of_the_authors(case, tmp_path):
    """Of all kinds of frames, up to the sixteen timesteps that were published."""
    kind, channels, timesteps, (rows, columns), seed = case
    tokens = -(-rows // 16) * -(-columns // 16)
    table = official_keys.spikformer_dvs(EMBEDDING, DEPTH, CLASSES, channels, tokens)
    tensors = synthetic(table, seed, True, 0.0)
    frames = frames_of(kind, (INPUTS, timesteps, channels, rows, columns))
    recording = record(reference.build(tensors, HEADS), frames)
    assert float64_is_exact(recording, timesteps)
    assert all(0.01 < rate < 0.6 for rate in recording.rates().values()), recording.rates()
    network = imported(
        "spikformer",
        tensors,
        tmp_path,
        heads=HEADS,
        image_size=(rows, columns),
        timesteps=timesteps,
        frames=kind,
        pooled_stages=(0, 1, 2, 3),
    )
    assert_bit_exact(network, frames, recording, convolution_sites(recording.spikes))


def test_the_rendering_has_the_official_keys():
    """Keys and shapes of its state_dict are those of the published checkpoints, no more and no fewer."""
    table = official_keys.spikformer_dvs(EMBEDDING, DEPTH)
    model = reference.build(synthetic(table, 0), HEADS)
    assert table == {name: tuple(values.shape) for name, values in model.state_dict().items()}
