"""The suite's small networks of the lineage are what their checkpoints become, and the trained ones still see digits."""

from pathlib import Path

import numpy as np
import pytest

from refsim import model_file
from refsim.checkpoints.conventions import Conventions
from refsim.checkpoints.lineage import import_lineage
from refsim.evaluation import count_correct
from refsim.golden.recipes.lineage import ZOOMS, zoomed
from refsim.shipped import golden_folder, load_digits

ACCURACY = {"spikformer": 356, "spike-driven-transformer": 353}
"""Of 360 held-out digits, in integers; the float models get 356 and 351."""


def tiny(name):
    return golden_folder() / "suite" / "networks" / f"tiny-{name}.npz"


@pytest.mark.parametrize("name", ZOOMS)
def test_a_checkpoint_becomes_its_network(name, tmp_path):
    """Byte for byte."""
    checkpoint = Path(__file__).parents[2] / "golden" / "checkpoints" / f"tiny-{name}.safetensors"
    side = 8 * ZOOMS[name]
    conventions = Conventions(heads=2, mean=(0.3,), std=(0.35,), image_size=(side, side))
    imported = import_lineage(name, checkpoint, f"tiny-{name}", conventions)
    model_file.save(imported.network, tmp_path / "model.npz")
    assert tiny(name).read_bytes() == (tmp_path / "model.npz").read_bytes()


@pytest.mark.parametrize("name", ACCURACY)
def test_the_integers_see_what_the_floats_saw(name):
    """Rounded to int8 after training, without any more training."""
    digits, labels = load_digits("test")
    images = zoomed(digits, ZOOMS[name])[..., np.newaxis]
    correct, _ = count_correct(model_file.load(tiny(name)), images, labels)
    assert correct == ACCURACY[name]
