"""Small checkpoints of each architecture, imported with their real values."""

import numpy as np
import official_keys
from bit_exact import PIXELS
from synthetic import pixels, synthetic

from refsim.checkpoints.conventions import Conventions
from refsim.checkpoints.lineage import import_lineage

MODELS = {
    "spikformer": (
        official_keys.spikformer_imagenet(32, 1, 10),
        {"heads": 4, "image_size": (16, 16), "pooled_stages": (2, 3)},
    ),
    "spike-driven-transformer": (
        official_keys.spike_driven(32, 1, 4, 10),
        {"heads": 4, "image_size": (16, 16), "pooled_stages": (2, 3)},
    ),
    "meta-spikeformer": (
        official_keys.meta_spikeformer((8, 16, 24, 32), (1, 1), 10),
        {"heads": 4, "image_size": (32, 32)},
    ),
}
"""Keys and conventions of one layout of each architecture."""


def imported_model(architecture, folder, dyadic, **conventions):
    """Import a drawn checkpoint of `MODELS`."""
    table, known = MODELS[architecture]
    return imported_with_reals(architecture, synthetic(table, 3, dyadic, 1.25), folder, **known, **conventions)


def imported_with_reals(architecture, tensors, folder, **conventions):
    """Import tensors through a file, their real values kept."""
    from safetensors.numpy import save_file

    path = folder / "checkpoint.safetensors"
    save_file({name: np.ascontiguousarray(values) for name, values in tensors.items()}, path)
    pixels_seen = {} if "frames" in conventions else PIXELS
    return import_lineage(architecture, path, "compared", Conventions(**pixels_seen, **conventions), keep=True)


def model_images(imported, count):
    """Draw images (count, Y, X, C) for a network."""
    rows, _, channels = imported.network.input.shape
    return np.ascontiguousarray(pixels(1, count, channels, rows).transpose(0, 2, 3, 1))
