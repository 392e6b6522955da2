"""A container made to run code, to fill the memory or to mislead is refused, each beside a whole one."""

import argparse
import io
import pickle
import shutil
import struct
import zipfile

import numpy as np
import pytest
from container_cases import assert_result, npy, refused, saved, timm_checkpoint, torch_weights, written_safetensors

from refsim.checkpoints import container, entry
from refsim.checkpoints.container import read_tensors


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
