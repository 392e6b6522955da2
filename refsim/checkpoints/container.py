"""Reading checkpoints, whatever the container: tensors by name, and never a pickle that runs code."""

from pathlib import Path

import numpy as np
from tqdm import tqdm

from refsim.checkpoints.entry import DTYPES, check_declared_size, widened
from refsim.checkpoints.npz_file import open_npz
from refsim.checkpoints.safetensors_file import open_safetensors
from refsim.checkpoints.torch_file import open_torch
from refsim.errors import CheckpointError

TORCH_SUFFIXES = (".pt", ".pth", ".bin", ".tar", ".ckpt")
SUFFIXES = (".safetensors", ".npz", *TORCH_SUFFIXES)

WRAPPERS = ("module.", "_orig_mod.", "model.")
"""What DistributedDataParallel, torch.compile and a module of Lightning put before every name."""

WEB_PAGE = "is a web page: the download went wrong; large shared files ask for a click before they are sent"
FOREIGN = {
    b"<!doctype": WEB_PAGE,
    b"<html": WEB_PAGE,
    b"version https://git-lfs": "is a pointer to a file in Git LFS: fetch the file itself with git lfs pull",
}
"""What a download leaves in the place of a checkpoint, by the bytes that it begins with, in small letters."""


def read_tensors(path, progress=False, ema=False):
    """Read all tensors of a checkpoint.

    Parameters
    ----------
    path : str or Path
        A .safetensors, .npz, .pt, .pth, .bin, .pth.tar or .ckpt file; the suffix says which. The weights of a PyTorch
        checkpoint are in one of its dicts that `torch_file.WEIGHTS` names, or are the whole of it.
    progress : bool
        Show a bar on a terminal.
    ema : bool
        Take ``state_dict_ema`` of a PyTorch checkpoint instead of its weights.

    Returns
    -------
    tensors : dict of ndarray by name
        In sorted order of names, without the `WRAPPERS` that all may begin with. float64 as it is, all narrower
        floats widened exactly to float32, integers to int64; all finite.
    metadata : dict of str by str
        Of a .safetensors file; other containers have none.

    Raises
    ------
    CheckpointError
        If the file is missing, damaged or hostile, or holds anything but finite numbers of these types.
    """
    path = Path(path)
    check_file(path)
    with open_container(path, ema) as (entries, metadata):
        named = by_name(path, entries)
        for entry in named.values():
            if entry.dtype not in DTYPES:
                raise CheckpointError(f"{path}: {entry.name}: expected one of {', '.join(DTYPES)}, got {entry.dtype}")
        size = sum(entry.size for entry in named.values())
        check_declared_size(path, size)
        tensors = {}
        with tqdm(total=size, unit="B", unit_scale=True, disable=None if progress else True, leave=False) as bar:
            for name, entry in named.items():
                tensors[name] = finite(path, name, widened(entry.read(), entry.dtype))
                bar.update(entry.size)
    return tensors, metadata


def check_file(path):
    """Refuse what is no file, or of no known suffix."""
    if not path.exists():
        raise CheckpointError(f"{path}: no such file")
    if not path.is_file():
        raise CheckpointError(f"{path}: is {'a directory' if path.is_dir() else 'no file'}, expected a checkpoint file")
    if path.suffix not in SUFFIXES:
        raise CheckpointError(f"{path}: expected a checkpoint ({', '.join(SUFFIXES)}), got {path.suffix or path.name}")
    if path.stat().st_size == 0:
        raise CheckpointError(f"{path}: is empty")
    try:
        # The package safetensors calls a file that it may not read missing.
        with path.open("rb") as file:
            start = file.read(max(map(len, FOREIGN))).lower()
    except OSError as error:
        raise CheckpointError(f"{path}: cannot be read: {error.strerror}") from error
    for mark, meaning in FOREIGN.items():
        if start.startswith(mark):
            raise CheckpointError(f"{path}: {meaning}")


def open_container(path, ema):
    """Return the opened container that the suffix names."""
    if path.suffix in TORCH_SUFFIXES:
        return open_torch(path, ema)
    if ema:
        raise CheckpointError(
            f"{path}: state_dict_ema: missing; only PyTorch checkpoints ({', '.join(TORCH_SUFFIXES)}) can have a "
            "moving average next to the weights"
        )
    return open_npz(path) if path.suffix == ".npz" else open_safetensors(path)


def by_name(path, entries):
    """Return the entries in sorted order of their names, what wrappers put before all of them stripped."""
    if not entries:
        raise CheckpointError(f"{path}: holds no tensors")
    wrapping = wrapping_of([entry.name for entry in entries])
    named = {}
    for entry in sorted(entries, key=lambda entry: entry.name):
        name = entry.name.removeprefix(wrapping)
        if name in named:
            raise CheckpointError(f"{path}: {name}: stands in the file twice")
        named[name] = entry
    return named


def wrapping_of(names):
    """Return what wrappers of a model put before all names, the outermost first.

    Examples
    --------
    >>> wrapping_of(["module._orig_mod.head.weight", "module._orig_mod.head.bias"])
    'module._orig_mod.'
    """
    wrapping = ""
    while inner := [wrapper for wrapper in WRAPPERS if all(name.startswith(wrapping + wrapper) for name in names)]:
        wrapping += inner[0]
    return wrapping


def finite(path, name, tensor):
    """Return a tensor after checking that it has no NaN and no infinity."""
    wrong = tensor.size - np.count_nonzero(np.isfinite(tensor))
    if wrong:
        raise CheckpointError(f"{path}: {name}: holds {wrong} values not finite (NaN or inf)")
    return tensor
