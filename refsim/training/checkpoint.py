"""The float checkpoint of a trained twin: a .safetensors file with its configuration as metadata."""

import json
from dataclasses import asdict

import torch
from safetensors.torch import save

from refsim.architectures.spiking_transformer import SpikingTransformerConfig
from refsim.checkpoints.description import FORMAT, read_checkpoint
from refsim.errors import CheckpointError
from refsim.training.twin import Thresholds, Twin
from refsim.whole_file import write_whole


def save_checkpoint(path, twin, provenance):
    """Write the folded master weights of a twin, its quantisation shifts, configuration and provenance.

    Parameters
    ----------
    path : str or Path
    twin : Twin
        Folded; its weights are written as float32, unrounded.
    provenance : dict
        Data, seed, command and accuracies.

    Raises
    ------
    CheckpointError
        If the file cannot be written.
    """
    tensors = {
        name: tensor.to(torch.float32) if tensor.is_floating_point() else tensor
        for name, tensor in twin.state_dict().items()
    }
    description = {
        "format": FORMAT,
        "config": asdict(twin.config),
        "thresholds": asdict(twin.thresholds),
        "provenance": provenance,
    }
    try:
        write_whole(path, save(tensors, metadata={"refsim": json.dumps(description, sort_keys=True)}))
    except OSError as error:
        raise CheckpointError(f"{path}: cannot be written: {error}") from error


def load_twin(path):
    """Return the twin of a checkpoint, folded and in float64, and its provenance.

    Parameters
    ----------
    path : str or Path

    Returns
    -------
    twin : Twin
    provenance : dict

    Raises
    ------
    CheckpointError
        If the checkpoint is unreadable, or its tensors are not those of its configuration.
    """
    tensors, description = read_checkpoint(path)
    twin = Twin(SpikingTransformerConfig.from_settings(description["config"]), Thresholds(**description["thresholds"]))
    twin.fold()
    try:
        twin.load_state_dict({name: torch.from_numpy(tensor) for name, tensor in tensors.items()})
    except RuntimeError as error:
        # PyTorch tells each fault in a line of its own, the first after a heading.
        reason = str(error).splitlines()[1].strip() if "\n" in str(error) else error
        raise CheckpointError(f"{path}: does not fit its own configuration: {reason}") from error
    return twin.double().eval(), description["provenance"]
