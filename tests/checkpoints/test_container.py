"""Every container gives the same tensors, and a damaged or hostile one an error that says what to do."""

import argparse
import io
import json
import pickle
import shutil
import struct
import sys
import textwrap
import zipfile
from collections import OrderedDict

import numpy as np
import pytest
from safetensors.numpy import save_file

from refsim.checkpoints import container, entry
from refsim.checkpoints.container import read_tensors
from refsim.errors import CheckpointError

TORCH_SUFFIXES = (".pt", ".pth", ".bin", ".pth.tar")

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


def written_safetensors(path, header, data):
    path.write_bytes(struct.pack("<Q", len(header)) + header.encode() + data)
    return path


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


def test_timm_checkpoints(tmp_path):
    """The weights are in state_dict, the namespace of settings is harmless, and the average is taken when asked for."""
    path = saved(tmp_path / "model_best.pth.tar", timm_checkpoint())
    assert_result(read_tensors(path)[0])
    assert 8 == read_tensors(path, ema=True)[0]["norm.num_batches_tracked"]


def test_sdt_v2_checkpoints(tmp_path):
    """The weights are in model."""
    content = {"model": torch_weights(), "optimizer": {}, "epoch": 1, "scaler": {}, "args": argparse.Namespace(lr=0.1)}
    assert_result(read_tensors(saved(tmp_path / "55M.pth", content))[0])


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


@pytest.mark.parametrize("name", ["c.onnx", "c"])
def test_an_unknown_suffix(tmp_path, name):
    """The suffixes that are read are listed."""
    (tmp_path / name).write_text("x")
    refused(tmp_path / name, ".safetensors, .npz, .pt, .pth, .bin, .tar")


def whole_file(path):
    """Write the weights in the container of the suffix."""
    if path.suffix == ".safetensors":
        save_file(WEIGHTS, path)
    elif path.suffix == ".npz":
        np.savez(path, **WEIGHTS)
    else:
        saved(path, torch_weights())
    return path


@pytest.mark.parametrize("suffix", [".safetensors", ".npz", ".pt"])
def test_a_truncated_file(tmp_path, suffix):
    """Cut anywhere, it is unreadable, and no other exception comes out."""
    path = whole_file(tmp_path / f"c{suffix}")
    content = path.read_bytes()
    for length in range(1, len(content), 97):
        path.write_bytes(content[:length])
        refused(path, "not a readable")


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
        (lambda w: {"network": w, "epoch": 3}, "network: expected a plain tensor, got collections.OrderedDict"),
        (lambda w: {"state_dict": {**w, 5: w["stem.bias"]}}, "expected names of tensors, got 5"),
        (lambda w: {"state_dict": w, "model": w}, "has both state_dict and model"),
    ],
)
def test_dicts_of_something_else(tmp_path, content, message):
    """What is no tensor is named."""
    refused(saved(tmp_path / "c.pt", content(torch_weights())), message)


def test_a_name_that_stands_twice(tmp_path):
    """In a .npz and in the header of a .safetensors; the last would win in silence."""
    tensor = '"a": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}'
    refused(
        written_safetensors(tmp_path / "c.safetensors", f"{{{tensor}, {tensor}}}", bytes(4)),
        "a: stands in the file twice",
    )
    with pytest.warns(UserWarning, match="Duplicate name"), zipfile.ZipFile(tmp_path / "c.npz", "w") as archive:
        for _ in range(2):
            archive.writestr("a.npy", npy(np.zeros(1)))
    refused(tmp_path / "c.npz", "a: stands in the file twice")


def npy(array):
    stream = io.BytesIO()
    np.save(stream, array)
    return stream.getvalue()


class Trap:
    """An object whose unpickling creates a file."""

    def __init__(self, file):
        self.file = str(file)

    def __reduce__(self):
        return shutil.copyfile, (__file__, self.file)


@pytest.mark.parametrize("zipped", [True, False])
@pytest.mark.parametrize("place", ["top", "weights", "args", "optimizer"])
def test_a_pickle_that_runs_code(tmp_path, place, zipped):
    """It is refused by name wherever it hides, and did not run; unpickled by others, it does."""
    torch = pytest.importorskip("torch")
    trap = Trap(tmp_path / "sprung")
    content = {
        "top": lambda: trap,
        "weights": lambda: {**torch_weights(), "trap": trap},
        "args": lambda: timm_checkpoint(args=argparse.Namespace(lr=0.1, hook=trap)),
        "optimizer": lambda: timm_checkpoint(optimizer=[{"lr": trap}]),
    }[place]()
    path = saved(tmp_path / "c.pth.tar", content, _use_new_zipfile_serialization=zipped)
    refused(path, "holds shutil.copyfile, which is no plain tensor")
    assert not (tmp_path / "sprung").exists()
    torch.load(path, weights_only=False)
    assert (tmp_path / "sprung").exists(), "the trap was none"


@pytest.mark.filterwarnings("ignore:Detected pickle protocol")
@pytest.mark.parametrize("protocol", range(6))
def test_a_bare_pickle(tmp_path, protocol):
    """Of any protocol: it is refused, and did not run."""
    pytest.importorskip("torch")
    (tmp_path / "c.bin").write_bytes(pickle.dumps({"w": Trap(tmp_path / "sprung")}, protocol))
    refused(tmp_path / "c.bin", "")
    assert not (tmp_path / "sprung").exists()


def test_a_namespace_that_calls(tmp_path):
    """The class that is let through cannot be made to call what it holds."""
    pytest.importorskip("torch")

    class Calling(argparse.Namespace):
        def __reduce__(self):
            return argparse.Namespace, (), {"__setstate__": Trap(tmp_path / "sprung")}

    refused(
        saved(tmp_path / "c.pt", timm_checkpoint(args=Calling())), "holds shutil.copyfile, which is no plain tensor"
    )
    assert not (tmp_path / "sprung").exists()


def test_what_the_process_allows_is_not_allowed_here(tmp_path):
    """A function that a program has marked as safe stays out, and stays marked; so does the namespace."""
    torch = pytest.importorskip("torch")
    path = saved(tmp_path / "c.pt", timm_checkpoint(metric=Trap(tmp_path / "sprung")))
    fine = saved(tmp_path / "fine.pt", timm_checkpoint())
    with torch.serialization.safe_globals([argparse.Namespace, shutil.copyfile]):
        before = torch.serialization.get_safe_globals()
        refused(path, "holds shutil.copyfile, which is no plain tensor")
        assert_result(read_tensors(fine)[0])
        assert set(before) == set(torch.serialization.get_safe_globals())
    assert not (tmp_path / "sprung").exists()


def test_a_pickled_array_of_npz(tmp_path):
    """It is refused, and did not run."""
    array = np.empty(1, object)
    array[0] = Trap(tmp_path / "sprung")
    np.savez(tmp_path / "c.npz", fine=np.zeros(1), w=array)
    refused(tmp_path / "c.npz", "w: holds pickled objects, which are never read")
    assert not (tmp_path / "sprung").exists()


def npy_header(shape):
    """The header of an array of bytes, and nothing of its values."""
    stream = io.BytesIO()
    np.lib.format.write_array_header_1_0(stream, {"descr": "|i1", "fortran_order": False, "shape": shape})
    return stream.getvalue()


def test_an_npz_that_would_fill_the_memory(tmp_path):
    """A header that declares more than is there, and members that declare more than 8 GiB together."""
    path = tmp_path / "c.npz"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("w.npy", npy_header((2**40,)))
    refused(path, f"w: 0 bytes do not fill int8 ({2**40},)")
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("w.npy", npy_header((-2, -3)) + bytes(6))
    refused(path, "w: 6 bytes do not fill int8 (-2, -3)")
    declare_larger(path, 2**32 - 2, 3)
    refused(path, f"declares {3 * (2**32 - 2)} bytes of tensors; at most {8 * 2**30} are read")


def declare_larger(path, size, members):
    """Write a .npz whose directory says that each member is of the size."""
    with zipfile.ZipFile(path, "w") as archive:
        for member in range(members):
            archive.writestr(f"w{member}.npy", b"")
    content = bytearray(path.read_bytes())
    place = 0
    while (place := content.find(b"PK\x01\x02", place)) >= 0:
        struct.pack_into("<I", content, place + 24, size)
        place += 1
    path.write_bytes(content)


def test_views_that_would_fill_the_memory(tmp_path):
    """One value seen 2**40 times is more than 8 GiB of tensors."""
    torch = pytest.importorskip("torch")
    path = saved(tmp_path / "c.pt", {"w": torch.ones(1).expand(2**20, 2**20)})
    refused(path, f"declares {2**42} bytes of tensors")


def test_narrow_types_count_as_what_they_become(tmp_path, monkeypatch):
    """Six bytes of int8 are 48 of int64."""
    np.savez(tmp_path / "c.npz", w=np.zeros(6, np.int8))
    monkeypatch.setattr(entry, "LARGEST_CHECKPOINT", 200)
    read_tensors(tmp_path / "c.npz")
    monkeypatch.setattr(container, "check_declared_size", lambda path, size: pytest.fail(str(size)))
    with pytest.raises(pytest.fail.Exception, match="^48$"):
        read_tensors(tmp_path / "c.npz")


def test_other_members_of_a_zip(tmp_path):
    """A .npz of something else, and compressed members that torch.save never writes."""
    with zipfile.ZipFile(tmp_path / "c.npz", "w") as archive:
        archive.writestr("readme.txt", "text")
    refused(tmp_path / "c.npz", "readme.txt: expected only arrays (.npy)")
    path = saved(tmp_path / "c.pt", torch_weights())
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    refused(path, "is compressed, which torch.save never does")


def test_an_array_for_records_of_npz(tmp_path):
    """Version 3.0 of .npy is not read."""
    with zipfile.ZipFile(tmp_path / "c.npz", "w") as archive:
        archive.writestr("w.npy", npy(np.zeros(1)).replace(b"\x93NUMPY\x01", b"\x93NUMPY\x03"))
    refused(tmp_path / "c.npz", "w: not a readable array: expected .npy version 1.0 or 2.0, got (3, 0)")


@pytest.mark.parametrize("suffix", TORCH_SUFFIXES)
def test_without_torch(tmp_path, monkeypatch, suffix):
    """How to install it is said, and how to convert the file elsewhere."""
    path = tmp_path / f"c{suffix}"
    path.write_bytes(b"PK\x03\x04")
    monkeypatch.setitem(sys.modules, "torch", None)
    refused(path, "pip install 'refsim[train]'")
    refused(path, "safetensors.torch.save_file(")


@pytest.mark.parametrize("wrap", [lambda w: w, lambda w: {"model": w}, lambda w: timm_checkpoint(state_dict=w)])
def test_the_conversion_that_is_shown_works(tmp_path, monkeypatch, wrap):
    """Its lines, run where PyTorch is, give a file of the same tensors."""
    path = saved(tmp_path / "c.pth.tar", wrap(torch_weights()))
    with monkeypatch.context() as hidden, pytest.raises(CheckpointError) as caught:
        hidden.setitem(sys.modules, "torch", None)
        read_tensors(path)
    exec(textwrap.dedent("\n".join(str(caught.value).splitlines()[1:])), {})
    (written,) = tmp_path.glob("*.safetensors")
    assert_result(read_tensors(written)[0])


@pytest.mark.parametrize(("version", "fine"), [("2.5.1", False), ("2.9.1+cpu", False), ("2.10.0", True)])
def test_a_torch_in_which_files_can_run_code(tmp_path, monkeypatch, version, fine):
    """Refused before the file is looked at."""
    torch = pytest.importorskip("torch")
    path = saved(tmp_path / "c.pt", torch_weights())
    monkeypatch.setattr(torch, "__version__", version)
    if fine:
        assert_result(read_tensors(path)[0])
        return
    monkeypatch.setattr(torch, "load", lambda *_, **__: pytest.fail("was loaded"))
    refused(path, f"needs PyTorch 2.10 or later, got {version}, in which a file can run code (CVE-2025-32434")


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
