"""The tensors of a .npz file, never unpickled."""

import math
import zipfile
import zlib
from contextlib import contextmanager

import numpy as np

from refsim.checkpoints.entry import Entry, check_declared_size
from refsim.errors import CheckpointError

FAULTS = (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError, NotImplementedError, RuntimeError)
"""What zipfile and NumPy raise on damage, encryption, and ways of packing that they do not know."""

SUFFIX = ".npy"


@contextmanager
def open_npz(path):
    """Give the entries of a .npz file; it has no metadata.

    Parameters
    ----------
    path : Path

    Raises
    ------
    CheckpointError
        If it is damaged, declares more than 8 GiB, or holds anything but arrays of numbers.
    """
    try:
        archive = zipfile.ZipFile(path)
    except FAULTS as error:
        raise CheckpointError(f"{path}: not a readable .npz file: {error}") from error
    with archive:
        members = archive.infolist()
        check_declared_size(path, sum(member.file_size for member in members))
        yield [entry(path, archive, member) for member in members], {}


def entry(path, archive, member):
    """Return one array after checking that its header fits its length."""
    if not member.filename.endswith(SUFFIX):
        raise CheckpointError(f"{path}: {member.filename}: expected only arrays ({SUFFIX}) in a .npz file")
    name = member.filename.removesuffix(SUFFIX)
    with faults_named(path, name), archive.open(member) as stream:
        shape, _, dtype = read_array_header(stream)
        size = member.file_size - stream.tell()
    if dtype.hasobject:
        raise CheckpointError(f"{path}: {name}: holds pickled objects, which are never read")
    if min(shape, default=0) < 0 or math.prod(shape) * dtype.itemsize != size:
        raise CheckpointError(f"{path}: {name}: {size} bytes do not fill {dtype.name} {shape}")

    def read():
        with faults_named(path, name), archive.open(member) as stream:
            return np.lib.format.read_array(stream, allow_pickle=False)

    return Entry(name, dtype.name, shape, read)


def read_array_header(stream):
    """Return shape, order and type of a .npy file of version 1.0 or 2.0; 3.0 is for records alone."""
    version = np.lib.format.read_magic(stream)
    if version == (1, 0):
        return np.lib.format.read_array_header_1_0(stream)
    if version == (2, 0):
        return np.lib.format.read_array_header_2_0(stream)
    raise ValueError(f"expected .npy version 1.0 or 2.0, got {version}")


@contextmanager
def faults_named(path, name):
    """Say which array a fault is in."""
    try:
        yield
    except FAULTS as error:
        raise CheckpointError(f"{path}: {name}: not a readable array: {error}") from error
