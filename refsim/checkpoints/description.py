"""Reading the checkpoints that refsim itself has trained: tensors, and a description in the metadata."""

import json
import math

from refsim.checkpoints.container import read_tensors
from refsim.errors import CheckpointError

FORMAT = "refsim-checkpoint/1.0"

THRESHOLDS = ("neuron", "attention")


def read_checkpoint(path):
    """Read a .safetensors checkpoint of ``python -m refsim.training``.

    Parameters
    ----------
    path : str or Path

    Returns
    -------
    tensors : dict of ndarray by name
        All finite.
    description : dict
        ``config``, ``thresholds`` and ``provenance``.

    Raises
    ------
    CheckpointError
        If the file is missing, damaged, foreign, or holds a value that is not finite.
    """
    tensors, metadata = read_tensors(path)
    return tensors, read_description(path, metadata)


def read_description(path, metadata):
    """Return the description of a checkpoint after checking its format."""
    try:
        description = json.loads(metadata["refsim"])
        found = description["format"]
        if found != FORMAT:
            raise CheckpointError(f"{path}: expected the format {FORMAT}, got {found!r}")
        parts = {name: dict(description[name]) for name in ("config", "thresholds", "provenance")}
        for name in THRESHOLDS:
            threshold = parts["thresholds"][name]
            if not isinstance(threshold, (int, float)) or not 0 < threshold < math.inf:
                raise CheckpointError(f"{path}: thresholds: {name}: expected a number above 0, got {threshold!r}")
        return parts
    except (KeyError, TypeError, ValueError):
        raise CheckpointError(f"{path}: has no description of a Spiking Transformer in its metadata") from None
