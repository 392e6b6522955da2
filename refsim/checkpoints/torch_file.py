"""The tensors of a PyTorch checkpoint, without running the code that a pickle can hold.

Files of the field are known besides a plain dict of tensors: timm's (``state_dict``, ``state_dict_ema``), that of the
Spike-driven Transformer V2 (``model``), and those of PyTorch's tutorials (``model_state_dict``, ``net``). Some keep the
settings of their training in an ``argparse.Namespace``, a class without behaviour, which alone is let through.
"""

import argparse
import re
import warnings
import zipfile
from contextlib import contextmanager

import numpy as np

from refsim.checkpoints.entry import Entry
from refsim.errors import CheckpointError

LEAST_TORCH = (2, 10)
"""Before, a file could run code in spite of weights_only: CVE-2025-32434 until 2.6, CVE-2026-24747 until 2.10."""

ZIP_MAGIC = b"PK\x03\x04"

WEIGHTS = ("state_dict", "model", "model_state_dict", "net")
"""Under which a file keeps the dict of its weights."""

AVERAGED_WEIGHTS = "state_dict_ema"


@contextmanager
def open_torch(path, ema):
    """Give the entries of a PyTorch checkpoint; it has no metadata.

    Parameters
    ----------
    path : Path
    ema : bool
        Take ``state_dict_ema``, the moving average of the weights, instead of the weights.

    Raises
    ------
    CheckpointError
        If PyTorch is missing or too old, or the file is damaged, would run code, or holds anything but tensors where
        the weights are.
    """
    torch = import_torch(path)
    tensors = unwrapped(path, load(torch, path), ema)
    yield [entry(torch, path, tensors, name) for name in tensors], {}


def import_torch(path):
    """Return the module torch, which only this container needs."""
    try:
        import torch
    except ImportError:
        raise CheckpointError(
            f"{path}: reading {path.suffix} needs PyTorch: pip install 'refsim[train]', "
            f"or turn the file into .safetensors where PyTorch is:\n{conversion(path)}"
        ) from None
    version = tuple(int(part) for part in re.findall(r"\d+", torch.__version__)[:2])
    if version < LEAST_TORCH:
        least = ".".join(map(str, LEAST_TORCH))
        raise CheckpointError(
            f"{path}: reading {path.suffix} needs PyTorch {least} or later, got {torch.__version__}, in which a file "
            f"can run code (CVE-2025-32434, CVE-2026-24747): pip install 'torch>={least}'"
        )
    return torch


def conversion(path):
    """Return the lines of Python that write the weights of a file as .safetensors."""
    target = str(path.with_suffix(".safetensors"))
    load_line = f"content = torch.load({str(path)!r}, map_location='cpu', weights_only=True)"
    return (
        "    import argparse, safetensors.torch, torch\n"
        f"    with torch.serialization.safe_globals([argparse.Namespace]): {load_line}\n"
        f"    kept = next((content[key] for key in {WEIGHTS} if key in content), content)\n"
        f"    safetensors.torch.save_file(kept, {target!r})"
    )


def load(torch, path):
    """Return what is in the file, its tensors left on the disk if it can be mapped into memory."""
    try:
        with path.open("rb") as file:
            zipped = file.read(len(ZIP_MAGIC)) == ZIP_MAGIC
        if zipped:
            check_stored(path)
        with only_namespace_allowed(torch.serialization), warnings.catch_warnings():
            # Of odd tensors and pickles, which are refused below in one line.
            warnings.simplefilter("ignore")
            return torch.load(path, map_location="cpu", weights_only=True, mmap=zipped)
    except CheckpointError:
        raise
    except Exception as error:
        # A damaged or hostile pickle makes PyTorch raise any class, from KeyError to struct.error.
        message = str(error)
        raise CheckpointError(f"{path}: {reason(message if ' ' in message else repr(error))}") from error


def check_stored(path):
    """Refuse compressed members: mapped into memory, their packed bytes would pass for values."""
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
    except zipfile.BadZipFile as error:
        raise CheckpointError(
            f"{path}: not a readable PyTorch checkpoint: its end is missing, or damaged ({error}): fetch it again"
        ) from error
    for member in members:
        if member.compress_type != zipfile.ZIP_STORED:
            raise CheckpointError(f"{path}: {member.filename}: is compressed, which torch.save never does")


@contextmanager
def only_namespace_allowed(serialization):
    """Allow argparse.Namespace, and nothing that this process has allowed for other files."""
    before = serialization.get_safe_globals()
    serialization.clear_safe_globals()
    serialization.add_safe_globals([argparse.Namespace])
    try:
        yield
    finally:
        serialization.clear_safe_globals()
        serialization.add_safe_globals(before)


def reason(message):
    """Put in our words why PyTorch refuses a file."""
    foreign = re.search(r"GLOBAL (\S+)", message)
    if foreign:
        return (
            f"holds {foreign[1]}, which is no plain tensor: only those, numbers, texts, lists, dicts and "
            "argparse.Namespace are read, since anything else can run code; if you trust the file, load it in a place "
            "of its own with weights_only=False and save only its dict of tensors"
        )
    inner = re.search(r"WeightsUnpickler error:\s*(.+)", message)
    return f"not a readable PyTorch checkpoint: {inner[1] if inner else message.splitlines()[0]}"


def unwrapped(path, content, ema):
    """Return the dict of the weights, wherever the file keeps it."""
    if not isinstance(content, dict):
        raise CheckpointError(f"{path}: expected a dict of tensors by name, got {type(content).__name__}")
    if ema:
        if not isinstance(content.get(AVERAGED_WEIGHTS), dict):
            raise CheckpointError(f"{path}: {AVERAGED_WEIGHTS}: missing, the moving average that was asked for")
        return dict(content[AVERAGED_WEIGHTS])
    found = [key for key in WEIGHTS if isinstance(content.get(key), dict)]
    if len(found) > 1:
        raise CheckpointError(f"{path}: has both {' and '.join(found)}: expected one dict of weights")
    if not found and (others := [str(key) for key, value in content.items() if isinstance(value, dict)]):
        raise CheckpointError(
            f"{path}: expected tensors by name, or a dict of them as {', '.join(WEIGHTS)}; it has dicts as "
            f"{', '.join(others)}: save the one of the weights by itself"
        )
    return dict(content[found[0]] if found else content)


def entry(torch, path, tensors, name):
    """Return one tensor after checking what it is."""
    if not isinstance(name, str):
        raise CheckpointError(f"{path}: expected names of tensors, got {name!r}")
    tensor = tensors[name]
    fault = fault_of(torch, tensor)
    if fault:
        raise CheckpointError(f"{path}: {name}: expected a plain tensor, got {fault}")

    def read():
        # Forgotten here, so that a file that was not mapped is never twice in memory.
        values = tensors.pop(name).detach().clone(memory_format=torch.contiguous_format)
        if values.dtype == torch.bfloat16:
            return values.view(torch.int16).numpy().view(np.uint16)
        return values.numpy(force=True)

    return Entry(name, str(tensor.dtype).removeprefix("torch."), tuple(tensor.shape), read)


def fault_of(torch, tensor):
    """Return in words what keeps a value from being a plain tensor, or None."""
    if type(tensor) not in (torch.Tensor, torch.nn.Parameter):
        kind = type(tensor)
        return f"{kind.__module__}.{kind.__qualname__}".removeprefix("builtins.")
    if tensor.is_meta:
        return "a meta tensor, which has no values"
    if tensor.is_quantized:
        return f"a quantised tensor ({tensor.dtype})"
    if tensor.is_nested or tensor.layout != torch.strided:
        return f"a {'nested' if tensor.is_nested else 'sparse'} tensor ({tensor.layout})"
    return None
