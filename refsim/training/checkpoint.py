"""The float checkpoint of a trained twin: a .safetensors file with its configuration as metadata."""

import json
from dataclasses import asdict

import torch
from safetensors.torch import save_file

from refsim.checkpoints.container import FORMAT


def save_checkpoint(path, twin, provenance):
    """Write the folded master weights of a twin, its quantisation shifts, configuration and provenance.

    Parameters
    ----------
    path : str or Path
    twin : Twin
        Folded; its weights are written as float32, unrounded.
    provenance : dict
        Data, seed, command and accuracies.
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
    save_file(tensors, path, metadata={"refsim": json.dumps(description, sort_keys=True)})
