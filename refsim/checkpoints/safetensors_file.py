"""The tensors of a .safetensors file."""

import json
from contextlib import contextmanager

import numpy as np

from refsim.checkpoints.entry import Entry
from refsim.errors import CheckpointError

DTYPES = {
    "F64": "float64",
    "F32": "float32",
    "F16": "float16",
    "BF16": "bfloat16",
    "I64": "int64",
    "I32": "int32",
    "I16": "int16",
    "I8": "int8",
    "U32": "uint32",
    "U16": "uint16",
    "U8": "uint8",
}
"""The names of the types; any other keeps its name in the file and is refused by it."""

LENGTH_BYTES = 8


@contextmanager
def open_safetensors(path):
    """Give the entries of a .safetensors file, and its metadata.

    Parameters
    ----------
    path : Path

    Raises
    ------
    CheckpointError
        If the package safetensors is missing or does not accept the file, or a name stands in it twice.
    """
    try:
        from safetensors import SafetensorError, safe_open
    except ImportError:
        raise CheckpointError(
            f"{path}: reading .safetensors needs the package safetensors: pip install safetensors"
        ) from None
    try:
        with safe_open(path, framework="numpy") as file:
            metadata = file.metadata() or {}
    except (SafetensorError, OSError) as error:
        raise CheckpointError(f"{path}: not a readable .safetensors file: {error}") from error
    header, start = read_header(path)
    header.pop("__metadata__", None)
    yield [entry(path, name, declared, start) for name, declared in header.items()], metadata


def read_header(path):
    """Return the header of a file that safetensors has accepted, and where its values start."""

    def without_duplicates(pairs):
        found = {}
        for name, value in pairs:
            if name in found:
                raise CheckpointError(f"{path}: {name}: stands in the file twice")
            found[name] = value
        return found

    with path.open("rb") as file:
        length = int.from_bytes(file.read(LENGTH_BYTES), "little")
        return json.loads(file.read(length), object_pairs_hook=without_duplicates), LENGTH_BYTES + length


def entry(path, name, declared, start):
    """Return one tensor of the header. Its bytes are read here, since the package reads no bfloat16 into NumPy."""
    dtype, shape = DTYPES.get(declared["dtype"], declared["dtype"]), tuple(declared["shape"])
    first, end = declared["data_offsets"]

    def read():
        stored = np.dtype("uint16" if dtype == "bfloat16" else dtype).newbyteorder("<")
        values = np.fromfile(path, stored, (end - first) // stored.itemsize, offset=start + first)
        return values.reshape(shape)

    return Entry(name, dtype, shape, read)
