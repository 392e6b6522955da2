"""The same weights in every container, what they become, and how a fault is claimed."""

import argparse
import io
import struct
from collections import OrderedDict

import numpy as np
import pytest
from safetensors.numpy import save_file

from refsim.checkpoints.container import read_tensors
from refsim.errors import CheckpointError

TORCH_SUFFIXES = (".pt", ".pth", ".bin", ".pth.tar", ".ckpt")


WEIGHTS = {
    "stem.weight": np.array([[1.5, -2.25], [0.0, 3e38]], np.float32),
    "stem.bias": np.array([0.1, -0.0], np.float64),
    "norm.half": np.array([65504.0, 2.0**-24], np.float16),
    "norm.num_batches_tracked": np.array(7, np.int64),
    "norm.small": np.array([-128, 127], np.int8),
    "norm.nothing": np.zeros((0, 3), np.float32),
}


RESULT = {
    "norm.half": ("float32", [65504.0, 2.0**-24]),
    "norm.nothing": ("float32", []),
    "norm.num_batches_tracked": ("int64", 7),
    "norm.small": ("int64", [-128, 127]),
    "stem.bias": ("float64", [0.1, -0.0]),
    "stem.weight": ("float32", [[1.5, -2.25], [0.0, float(np.float32(3e38))]]),
}
"""Sorted by name, by hand."""


def assert_result(tensors):
    """Compare with the result written by hand, order and type included."""
    assert list(RESULT) == list(tensors)
    assert RESULT == {name: (tensor.dtype.name, tensor.tolist()) for name, tensor in tensors.items()}
    assert all(tensor.flags.writeable and tensor.flags.c_contiguous for tensor in tensors.values())


def torch_weights():
    torch = pytest.importorskip("torch")
    return OrderedDict((name, torch.from_numpy(np.array(value))) for name, value in WEIGHTS.items())


def saved(path, content, **options):
    pytest.importorskip("torch").save(content, path, **options)
    return path


def refused(path, message, **options):
    """Claim a CheckpointError that names the file and says the message."""
    with pytest.raises(CheckpointError) as caught:
        read_tensors(path, **options)
    assert str(caught.value).startswith(f"{path}: ")
    assert message in str(caught.value)


def written_safetensors(path, header, data):
    path.write_bytes(struct.pack("<Q", len(header)) + header.encode() + data)
    return path


def timm_checkpoint(**changes):
    """What the saver of timm writes."""
    averaged = OrderedDict((name, value + 1) for name, value in torch_weights().items())
    optimizer = {"state": {0: {"step": 5, "exp_avg": torch_weights()["stem.weight"]}}, "param_groups": [{"lr": 1e-3}]}
    args = argparse.Namespace(model="spikformer", lr=5e-4, mean=(0.5, 0.5), tags=["a"], resume=None)
    content = {"epoch": 3, "arch": "spikformer", "state_dict": torch_weights(), "optimizer": optimizer, "version": 2}
    return {
        **content,
        "args": args,
        "amp_scaler": {"scale": 65536.0},
        "metric": 74.8,
        "state_dict_ema": averaged,
    } | changes


def whole_file(path):
    """Write the weights in the container of the suffix."""
    if path.suffix == ".safetensors":
        save_file(WEIGHTS, path)
    elif path.suffix == ".npz":
        np.savez(path, **WEIGHTS)
    else:
        saved(path, torch_weights())
    return path


def npy(array):
    stream = io.BytesIO()
    np.save(stream, array)
    return stream.getvalue()
