"""A damaged container, or one of something else, gives an error that names what is wrong."""

import json
import pickle
import struct
import zipfile
from pathlib import Path

import numpy as np
import pytest
from container_cases import (
    TORCH_SUFFIXES,
    WEIGHTS,
    npy,
    refused,
    saved,
    timm_checkpoint,
    torch_weights,
    whole_file,
    written_safetensors,
)
from safetensors.numpy import save_file

from refsim.checkpoints import entry
from refsim.checkpoints.container import read_tensors
from refsim.errors import CheckpointError


@pytest.mark.parametrize("suffix", [".safetensors", ".npz", *TORCH_SUFFIXES])
def test_no_file_an_empty_one_and_a_directory(tmp_path, suffix):
    """Each is named as what it is."""
    path = tmp_path / f"c{suffix}"
    refused(path, "no such file")
    path.touch()
    refused(path, "is empty")
    path.unlink()
    path.mkdir()
    refused(path, "is a directory, expected a checkpoint file")


@pytest.mark.parametrize("suffix", [".safetensors", ".npz", *TORCH_SUFFIXES])
def test_a_file_that_may_not_be_read(tmp_path, suffix, monkeypatch):
    """Is not called missing, or damaged."""

    def forbidden(path, mode):
        raise PermissionError(13, "Permission denied", str(path))

    (tmp_path / f"c{suffix}").write_bytes(b"x")
    monkeypatch.setattr(Path, "open", forbidden)
    refused(tmp_path / f"c{suffix}", "cannot be read: Permission denied")


@pytest.mark.parametrize("content", [b"hello\n", b"0000000", b"\x80\x02."])
def test_a_foreign_file_with_the_suffix_of_pytorch(tmp_path, content):
    """The message goes on after the colon, in one line."""
    pytest.importorskip("torch")
    (tmp_path / "c.pth").write_bytes(content)
    with pytest.raises(CheckpointError) as caught:
        read_tensors(tmp_path / "c.pth")
    head, _, tail = str(caught.value).partition("not a readable PyTorch checkpoint: ")
    assert head.endswith("c.pth: ") and len(tail) > 8 and "\n" not in tail


@pytest.mark.parametrize("name", ["c.onnx", "c"])
def test_an_unknown_suffix(tmp_path, name):
    """The suffixes that are read are listed."""
    (tmp_path / name).write_text("x")
    refused(tmp_path / name, ".safetensors, .npz, .pt, .pth, .bin, .tar, .ckpt")


@pytest.mark.parametrize("suffix", [".safetensors", ".npz", ".pt"])
def test_a_truncated_file(tmp_path, suffix):
    """Cut anywhere, it is unreadable, and no other exception comes out."""
    path = whole_file(tmp_path / f"c{suffix}")
    content = path.read_bytes()
    for length in range(1, len(content), 97):
        path.write_bytes(content[:length])
        refused(path, "not a readable")


@pytest.mark.parametrize("suffix", [".safetensors", ".npz", *TORCH_SUFFIXES])
def test_what_a_download_leaves_instead_of_a_checkpoint(tmp_path, suffix):
    """A page that asks for confirmation, and a pointer of Git LFS, are told as what they are."""
    path = tmp_path / f"c{suffix}"
    path.write_text("<!DOCTYPE html><html><head><title>Google Drive - Virus scan warning</title></head></html>")
    refused(path, "is a web page: the download went wrong")
    path.write_text("version https://git-lfs.github.com/spec/v1\noid sha256:12ab\nsize 265000000\n")
    refused(path, "is a pointer to a file in Git LFS: fetch the file itself")


def test_a_length_that_reads_like_a_page(tmp_path):
    """A header of 0x213C bytes begins with "<!", and is read."""
    header = json.dumps({"w": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}}).ljust(0x213C)
    assert list(read_tensors(written_safetensors(tmp_path / "c.safetensors", header, bytes(4)))[0]) == ["w"]


def test_an_odd_pickle_warns_of_nothing(tmp_path, recwarn):
    """PyTorch warns of a protocol that it may not know, and the file is refused all the same, in one line."""
    pytest.importorskip("torch")
    (tmp_path / "c.pth").write_bytes(pickle.dumps({"w": np.zeros(2)}, protocol=4))
    refused(tmp_path / "c.pth", "not a readable PyTorch checkpoint")
    assert [] == list(recwarn)


def test_a_truncated_legacy_file(tmp_path):
    """The last value missing."""
    path = saved(tmp_path / "c.pt", torch_weights(), _use_new_zipfile_serialization=False)
    path.write_bytes(path.read_bytes()[:-1])
    refused(path, "not a readable PyTorch checkpoint")


@pytest.mark.parametrize("suffix", [".safetensors", ".npz", ".pt"])
def test_damaged_bytes(tmp_path, suffix):
    """Whatever byte is wrong: the tensors are read, or a CheckpointError comes, never anything else."""
    path = whole_file(tmp_path / f"c{suffix}")
    content = path.read_bytes()
    random = np.random.default_rng(1)
    for place in random.choice(len(content), 60, replace=False):
        damaged = bytearray(content)
        damaged[place] ^= int(random.integers(1, 256))
        path.write_bytes(damaged)
        try:
            read_tensors(path)
        except CheckpointError:
            pass


def test_damaged_values_of_an_npz(tmp_path):
    """The checksum of the member is looked at."""
    path = tmp_path / "c.npz"
    np.savez(path, w=np.full(100, 1.25))
    path.write_bytes(path.read_bytes().replace(struct.pack("<d", 1.25), struct.pack("<d", 1.5), 1))
    refused(path, "w: not a readable array: Bad CRC-32")


def test_a_text_is_no_checkpoint(tmp_path):
    """In any container."""
    for suffix in (".safetensors", ".npz"):
        (tmp_path / f"c{suffix}").write_text("no tensors at all")
        refused(tmp_path / f"c{suffix}", f"not a readable {suffix} file")
    pytest.importorskip("torch")
    (tmp_path / "c.pt").write_text("no tensors at all")
    refused(tmp_path / "c.pt", "not a readable PyTorch checkpoint")


def test_no_tensors(tmp_path):
    """A container that is whole and empty."""
    np.savez(tmp_path / "c.npz")
    refused(tmp_path / "c.npz", "holds no tensors")
    save_file({}, tmp_path / "c.safetensors")
    refused(tmp_path / "c.safetensors", "holds no tensors")
    refused(saved(tmp_path / "c.pt", {"state_dict": {}}), "holds no tensors")


@pytest.mark.parametrize("suffix", [".safetensors", ".npz", ".pt"])
def test_values_that_are_not_finite(tmp_path, suffix, monkeypatch):
    """The tensor is named, and the values are counted."""
    values = np.array([[1, np.nan], [np.inf, -np.inf]], np.float16)
    monkeypatch.setitem(WEIGHTS, "norm.half", values)
    refused(whole_file(tmp_path / f"c{suffix}"), "norm.half: holds 3 values not finite (NaN or inf)")


@pytest.mark.parametrize("dtype", ["bool", "complex64", "uint64", "U4", "datetime64[s]", "f4,i4"])
def test_other_types_of_npz(tmp_path, dtype):
    """Refused by name of tensor and type."""
    np.savez(tmp_path / "c.npz", w=np.zeros(2, dtype))
    refused(tmp_path / "c.npz", "w: expected one of float16, bfloat16, float32, float64, int8,")


def test_other_types_of_safetensors(tmp_path):
    """Refused by the name that the file gives them."""
    for dtype, size in (("BOOL", 1), ("F8_E4M3", 1), ("U64", 8)):
        header = {"w": {"dtype": dtype, "shape": [2], "data_offsets": [0, 2 * size]}}
        refused(written_safetensors(tmp_path / "c.safetensors", json.dumps(header), bytes(2 * size)), f", got {dtype}")


def odd_tensors():
    """Tensors that are no plain arrays, each with what the error calls it."""
    torch = pytest.importorskip("torch")
    dense = torch.eye(2)
    return {
        f"one of {', '.join(entry.DTYPES)}, got complex64": torch.ones(2, dtype=torch.complex64),
        f"one of {', '.join(entry.DTYPES)}, got bool": torch.ones(2, dtype=torch.bool),
        f"one of {', '.join(entry.DTYPES)}, got float8_e4m3fn": torch.ones(2).to(torch.float8_e4m3fn),
        "a plain tensor, got a sparse tensor (torch.sparse_coo)": dense.to_sparse(),
        "a plain tensor, got a sparse tensor (torch.sparse_csr)": dense.to_sparse_csr(),
        "a plain tensor, got a quantised tensor (torch.qint8)": torch.quantize_per_tensor(dense, 0.5, 0, torch.qint8),
        "a plain tensor, got a meta tensor": torch.empty(2, device="meta"),
        "a plain tensor, got a nested tensor": torch.nested.nested_tensor([dense, dense[:1]]),
    }


@pytest.mark.filterwarnings("ignore")
def test_odd_tensors_of_torch(tmp_path):
    """Complex, sparse, quantised, without values, nested: refused by name."""
    for message, tensor in odd_tensors().items():
        content = {"fine": torch_weights()["stem.bias"], "odd": tensor}
        refused(saved(tmp_path / "c.pt", timm_checkpoint(state_dict=content)), f"odd: expected {message}")


def test_a_subclass_of_tensor(tmp_path):
    """It is refused by name of the class."""
    torch = pytest.importorskip("torch")
    content = {"w": torch.nn.UninitializedParameter()}
    refused(saved(tmp_path / "c.pt", content), "holds torch.nn.parameter.UninitializedParameter, which is no plain")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (lambda w: [w], "expected a dict of tensors by name, got list"),
        (lambda w: w["stem.bias"], "expected a dict of tensors by name, got Tensor"),
        (lambda w: {"state_dict": {**w, "epoch": 3}}, "epoch: expected a plain tensor, got int"),
        (lambda w: {**w, "epoch": 3}, "epoch: expected a plain tensor, got int"),
        (
            lambda w: {"epoch": 3, "network": w, "optimizer": {}},
            "net; it has dicts as network, optimizer: save the one",
        ),
        (lambda w: {"state_dict": {**w, 5: w["stem.bias"]}}, "expected names of tensors, got 5"),
        (lambda w: {"state_dict": w, "model": w}, "has both state_dict and model"),
    ],
)
def test_dicts_of_something_else(tmp_path, content, message):
    """What is no tensor is named."""
    refused(saved(tmp_path / "c.pt", content(torch_weights())), message)


def test_an_array_for_records_of_npz(tmp_path):
    """Version 3.0 of .npy is not read."""
    with zipfile.ZipFile(tmp_path / "c.npz", "w") as archive:
        archive.writestr("w.npy", npy(np.zeros(1)).replace(b"\x93NUMPY\x01", b"\x93NUMPY\x03"))
    refused(tmp_path / "c.npz", "w: not a readable array: expected .npy version 1.0 or 2.0, got (3, 0)")
