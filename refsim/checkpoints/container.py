"""Reading checkpoints, whatever the container: tensors by name, and never a pickle that runs code."""

from pathlib import Path

import numpy as np
from tqdm import tqdm

from refsim.checkpoints.entry import DTYPES, check_declared_size, widened
from refsim.checkpoints.npz_file import open_npz
from refsim.checkpoints.safetensors_file import open_safetensors
from refsim.checkpoints.torch_file import open_torch
from refsim.errors import CheckpointError

TORCH_SUFFIXES = (".pt", ".pth", ".bin", ".tar")
SUFFIXES = (".safetensors", ".npz", *TORCH_SUFFIXES)

PARALLEL_PREFIX = "module."
"""What PyTorch's DistributedDataParallel puts before every name."""


def read_tensors(path, progress=False, ema=False):
    """Read all tensors of a checkpoint.

    Parameters
    ----------
    path : str or Path
        A .safetensors, .npz, .pt, .pth, .bin or .pth.tar file; the suffix says which. The weights of a PyTorch
        checkpoint are in its ``state_dict``, its ``model``, or are the whole of it.
    progress : bool
        Show a bar on a terminal.
    ema : bool
        Take ``state_dict_ema`` of a PyTorch checkpoint instead of its weights.

    Returns
    -------
    tensors : dict of ndarray by name
        In sorted order of names, without the ``module.`` that all may begin with. float64 as it is, all narrower
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
        path.open("rb").close()
    except OSError as error:
        raise CheckpointError(f"{path}: cannot be read: {error.strerror}") from error


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
    """Return the entries in sorted order of their names, the prefix of parallel training stripped."""
    if not entries:
        raise CheckpointError(f"{path}: holds no tensors")
    parallel = all(entry.name.startswith(PARALLEL_PREFIX) for entry in entries)
    named = {}
    for entry in sorted(entries, key=lambda entry: entry.name):
        name = entry.name.removeprefix(PARALLEL_PREFIX) if parallel else entry.name
        if name in named:
            raise CheckpointError(f"{path}: {name}: stands in the file twice")
        named[name] = entry
    return named


def finite(path, name, tensor):
    """Return a tensor after checking that it has no NaN and no infinity."""
    wrong = tensor.size - np.count_nonzero(np.isfinite(tensor))
    if wrong:
        raise CheckpointError(f"{path}: {name}: holds {wrong} values not finite (NaN or inf)")
    return tensor
