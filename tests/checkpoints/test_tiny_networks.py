"""The suite's small networks of the lineage are what their checkpoints become, and the trained ones still see digits."""

from pathlib import Path

import numpy as np
import pytest

from refsim import model_file
from refsim.checkpoints.conventions import Conventions
from refsim.checkpoints.lineage import import_lineage
from refsim.evaluation import count_correct
from refsim.shipped import golden_folder, load_digits

CONVENTIONS = {
    "spikformer": {"image_size": (8, 8), "pooled_stages": (2, 3)},
    "spike-driven-transformer": {"image_size": (8, 8), "pooled_stages": (2, 3)},
    "meta-spikeformer": {"image_size": (32, 32), "timesteps": 2},
}
ACCURACY = {"spikformer": 347, "spike-driven-transformer": 355}
"""Of 360 held-out digits, in integers; the float models get 350 and 354."""


def tiny(name):
    return golden_folder() / "suite" / "networks" / f"tiny-{name}.npz"


@pytest.mark.parametrize("name", CONVENTIONS)
def test_a_checkpoint_becomes_its_network(name, tmp_path):
    """Byte for byte."""
    checkpoint = Path(__file__).parents[2] / "golden" / "checkpoints" / f"tiny-{name}.safetensors"
    conventions = Conventions(heads=2, mean=(0.3,), std=(0.35,), **CONVENTIONS[name])
    imported = import_lineage(name, checkpoint, f"tiny-{name}", conventions)
    model_file.save(imported.network, tmp_path / "model.npz")
    assert tiny(name).read_bytes() == (tmp_path / "model.npz").read_bytes()


@pytest.mark.parametrize("name", ACCURACY)
def test_the_integers_see_what_the_floats_saw(name):
    """Rounded to int8 after training, without any more training."""
    digits, labels = load_digits("test")
    correct, _ = count_correct(model_file.load(tiny(name)), digits[..., np.newaxis], labels)
    assert correct == ACCURACY[name]
