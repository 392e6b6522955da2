"""Every container gives the same tensors."""

import argparse
import json
import struct
import sys
import textwrap

import numpy as np
import pytest
from container_cases import (
    TORCH_SUFFIXES,
    WEIGHTS,
    assert_result,
    refused,
    saved,
    timm_checkpoint,
    torch_weights,
    whole_file,
    written_safetensors,
)
from safetensors.numpy import save_file

from refsim.checkpoints import container
from refsim.checkpoints.container import read_tensors
from refsim.errors import CheckpointError


def test_safetensors(tmp_path):
    """Tensors as they are in the file, widened, and the metadata."""
    save_file(WEIGHTS, tmp_path / "c.safetensors", metadata={"made": "here"})
    tensors, metadata = read_tensors(tmp_path / "c.safetensors")
    assert_result(tensors)
    assert {"made": "here"} == metadata


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_npz(tmp_path, save):
    """Packed or not; a .npz has no metadata."""
    save(tmp_path / "c.npz", **WEIGHTS)
    tensors, metadata = read_tensors(str(tmp_path / "c.npz"))
    assert_result(tensors)
    assert {} == metadata


def test_npz_in_other_orders(tmp_path):
    """Columns first and the big end first are the same numbers."""
    values = np.arange(6, dtype=">f4").reshape(2, 3, order="F")
    np.savez(tmp_path / "c.npz", w=values)
    tensor = read_tensors(tmp_path / "c.npz")[0]["w"]
    assert [[0, 2, 4], [1, 3, 5]] == tensor.tolist()
    assert tensor.flags.c_contiguous and tensor.dtype == np.float32 and tensor.dtype.isnative


@pytest.mark.parametrize("zipped", [True, False])
@pytest.mark.parametrize("suffix", TORCH_SUFFIXES)
def test_torch(tmp_path, suffix, zipped):
    """A bare dict, in the file of today and in that before PyTorch 1.6."""
    path = saved(tmp_path / f"c{suffix}", torch_weights(), _use_new_zipfile_serialization=zipped)
    tensors, metadata = read_tensors(path)
    assert_result(tensors)
    assert {} == metadata


def test_torch_views_and_parameters(tmp_path):
    """A transposed view, an expanded one, two names of one storage, and a parameter are their values."""
    torch = pytest.importorskip("torch")
    base = torch.arange(6.0).reshape(2, 3)
    content = {"t": base.T, "row": base[1], "all": torch.tensor([2.0]).expand(3), "p": torch.nn.Parameter(base)}
    tensors, _ = read_tensors(saved(tmp_path / "c.pt", content))
    assert [[0, 3], [1, 4], [2, 5]] == tensors["t"].tolist()
    assert [3, 4, 5] == tensors["row"].tolist()
    assert [2, 2, 2] == tensors["all"].tolist()
    tensors["p"][:] = 9
    assert [3, 4, 5] == tensors["row"].tolist()


BFLOAT16 = {0x3F80: 1.0, 0xC049: -3.140625, 0x0001: 2.0**-133, 0x7F7F: (2 - 2.0**-7) * 2.0**127, 0x8000: -0.0}
"""Bits and their value: sign, 8 bits of exponent, 7 bits of fraction."""


def bfloat16_safetensors(path, shape):
    data = struct.pack(f"<{len(BFLOAT16)}H", *BFLOAT16)
    header = {"w": {"dtype": "BF16", "shape": shape, "data_offsets": [0, len(data)]}}
    return written_safetensors(path, json.dumps(header), data)


def test_bfloat16_of_safetensors(tmp_path):
    """Every value is the float32 of the same value, the smallest and the largest, too."""
    tensor = read_tensors(bfloat16_safetensors(tmp_path / "c.safetensors", [5, 1]))[0]["w"]
    assert (tensor.dtype, tensor.shape) == (np.float32, (5, 1))
    assert list(map(str, BFLOAT16.values())) == list(map(str, map(float, tensor[:, 0])))


def test_bfloat16_of_torch(tmp_path):
    """A scalar stays an array without axes."""
    torch = pytest.importorskip("torch")
    bits = torch.tensor(list(BFLOAT16), dtype=torch.int32).to(torch.int16)
    content = {"w": bits.view(torch.bfloat16), "one": torch.tensor(1.5, dtype=torch.bfloat16)}
    tensors, _ = read_tensors(saved(tmp_path / "c.pt", content))
    assert list(map(str, BFLOAT16.values())) == list(map(str, map(float, tensors["w"])))
    assert (tensors["one"].dtype, tensors["one"].shape, tensors["one"].item()) == (np.float32, (), 1.5)


def test_timm_checkpoints(tmp_path):
    """The weights are in state_dict, the namespace of settings is harmless, and the average is taken when asked for."""
    path = saved(tmp_path / "model_best.pth.tar", timm_checkpoint())
    assert_result(read_tensors(path)[0])
    assert 8 == read_tensors(path, ema=True)[0]["norm.num_batches_tracked"]


@pytest.mark.parametrize("key", ["model", "model_state_dict", "net"])
def test_other_dicts_of_weights(tmp_path, key):
    """Those of the Spike-driven Transformer V2 are in model, those of PyTorch's tutorials in the other two."""
    content = {key: torch_weights(), "optimizer": {}, "epoch": 1, "scaler": {}, "args": argparse.Namespace(lr=0.1)}
    assert_result(read_tensors(saved(tmp_path / "55M.pth", content))[0])


@pytest.mark.parametrize("wrapping", ["module.", "_orig_mod.", "model.", "module._orig_mod.", "_orig_mod.module."])
def test_the_names_of_wrapped_models(tmp_path, wrapping):
    """What parallel training, compiling and Lightning put before all names goes, in any order."""
    save_file({wrapping + name: value for name, value in WEIGHTS.items()}, tmp_path / "c.safetensors")
    assert_result(read_tensors(tmp_path / "c.safetensors")[0])


def test_the_prefix_of_parallel_training(tmp_path):
    """It goes when all names have it, and stays when one has not, in any container."""
    parallel = {f"module.{name}": value for name, value in WEIGHTS.items()}
    save_file(parallel, tmp_path / "c.safetensors")
    assert_result(read_tensors(tmp_path / "c.safetensors")[0])
    np.savez(tmp_path / "c.npz", **parallel, head=np.zeros(1))
    assert sorted([*parallel, "head"]) == list(read_tensors(tmp_path / "c.npz")[0])
    content = {f"module.{name}": value for name, value in torch_weights().items()}
    assert_result(read_tensors(saved(tmp_path / "c.pt", timm_checkpoint(state_dict=content)))[0])


def test_an_average_that_is_not_there(tmp_path):
    """Asked for in a file without one, or of a container that has none."""
    np.savez(tmp_path / "c.npz", **WEIGHTS)
    refused(tmp_path / "c.npz", "state_dict_ema: missing", ema=True)
    content = timm_checkpoint()
    del content["state_dict_ema"]
    refused(saved(tmp_path / "c.pt", content), "state_dict_ema: missing", ema=True)


@pytest.mark.parametrize("suffix", TORCH_SUFFIXES)
def test_without_torch(tmp_path, monkeypatch, suffix):
    """How to install it is said, and how to convert the file elsewhere."""
    path = tmp_path / f"c{suffix}"
    path.write_bytes(b"PK\x03\x04")
    monkeypatch.setitem(sys.modules, "torch", None)
    refused(path, "pip install 'refsim[train]'")
    refused(path, "safetensors.torch.save_file(")


@pytest.mark.parametrize("wrap", [lambda w: w, lambda w: {"net": w}, lambda w: timm_checkpoint(state_dict=w)])
def test_the_conversion_that_is_shown_works(tmp_path, monkeypatch, wrap):
    """Its lines, run where PyTorch is, give a file of the same tensors."""
    path = saved(tmp_path / "c.pth.tar", wrap(torch_weights()))
    with monkeypatch.context() as hidden, pytest.raises(CheckpointError) as caught:
        hidden.setitem(sys.modules, "torch", None)
        read_tensors(path)
    exec(textwrap.dedent("\n".join(str(caught.value).splitlines()[1:])), {})
    (written,) = tmp_path.glob("*.safetensors")
    assert_result(read_tensors(written)[0])


def test_without_safetensors(tmp_path, monkeypatch):
    """How to install it is said."""
    path = whole_file(tmp_path / "c.safetensors")
    monkeypatch.setitem(sys.modules, "safetensors", None)
    refused(path, "pip install safetensors")


def test_progress_counts_the_bytes(tmp_path, monkeypatch, capsys):
    """The bar ends full, is asked for, and is only for a terminal."""
    path = whole_file(tmp_path / "c.npz")
    bars = []

    class Bar(container.tqdm):
        def close(self):
            bars.append((self.total, self.n))
            super().close()

    monkeypatch.setattr(container, "tqdm", Bar)
    read_tensors(path, progress=True)
    assert "" == capsys.readouterr().err
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    read_tensors(path)
    assert "" == capsys.readouterr().err
    read_tensors(path, progress=True)
    assert "/64.0" in capsys.readouterr().err
    assert (64, 64) == bars[-1]
