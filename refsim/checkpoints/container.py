"""Reading checkpoints: tensors by name and a description, never a pickle."""

import json
from pathlib import Path

import numpy as np

from refsim.errors import CheckpointError

FORMAT = "refsim-checkpoint/1.0"


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
    try:
        from safetensors import SafetensorError, safe_open
    except ImportError:
        raise CheckpointError(
            f"{path}: reading .safetensors needs the package safetensors: pip install safetensors"
        ) from None
    if not Path(path).is_file():
        raise CheckpointError(f"{path}: no such file")
    try:
        with safe_open(path, framework="numpy") as file:
            metadata = file.metadata() or {}
            tensors = {name: file.get_tensor(name) for name in sorted(file.keys())}
    except SafetensorError as error:
        raise CheckpointError(f"{path}: not a readable .safetensors file: {error}") from error
    for name, tensor in tensors.items():
        if not np.isfinite(tensor).all():
            raise CheckpointError(
                f"{path}: {name}: holds {np.count_nonzero(~np.isfinite(tensor))} values not finite (NaN or inf)"
            )
    return tensors, read_description(path, metadata)


def read_description(path, metadata):
    """Return the description of a checkpoint after checking its format."""
    try:
        description = json.loads(metadata["refsim"])
        found = description["format"]
        if found != FORMAT:
            raise CheckpointError(f"{path}: expected the format {FORMAT}, got {found!r}")
        return {name: description[name] for name in ("config", "thresholds", "provenance")}
    except (KeyError, TypeError, json.JSONDecodeError):
        raise CheckpointError(f"{path}: has no description of a Spiking Transformer in its metadata") from None
