"""One tensor that lies in a container, before it is read: what every container has in common."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from refsim.errors import CheckpointError

LARGEST_CHECKPOINT = 8 * 2**30
"""Bytes of all tensors together: far above any network here, far below what hostile sizes could ask for."""

DTYPES = {
    **dict.fromkeys(("float16", "bfloat16", "float32"), np.dtype(np.float32)),
    "float64": np.dtype(np.float64),
    **dict.fromkeys(("int8", "uint8", "int16", "uint16", "int32", "uint32", "int64"), np.dtype(np.int64)),
}
"""What each type that is read becomes; all of these conversions are exact."""


@dataclass(frozen=True)
class Entry:
    """A tensor that a container declares.

    Attributes
    ----------
    name : str
    dtype : str
        As NumPy names it, or ``bfloat16``.
    shape : tuple of int
    read : callable
        Takes nothing; returns an array of its own in that type and shape, bfloat16 as its bits in uint16.
    """

    name: str
    dtype: str
    shape: tuple
    read: Callable

    @property
    def size(self):
        """Return the bytes of what it becomes."""
        return math.prod(self.shape) * DTYPES[self.dtype].itemsize


def check_declared_size(path, size):
    """Refuse a container whose tensors would fill the memory, before any is allocated."""
    if size > LARGEST_CHECKPOINT:
        raise CheckpointError(
            f"{path}: declares {size} bytes of tensors; at most {LARGEST_CHECKPOINT} are read, "
            "so this is no checkpoint of a network here, or a hostile file"
        )


def widened(array, dtype):
    """Return an array in the type that its own becomes, exactly.

    Parameters
    ----------
    array : ndarray
        Of the type that ``dtype`` names; uint16 for the bits of bfloat16.
    dtype : str
        A key of ``DTYPES``.

    Examples
    --------
    >>> widened(np.array([0x3FC0], np.uint16), "bfloat16")
    array([1.5], dtype=float32)
    """
    if dtype == "bfloat16":
        # A bfloat16 is the upper half of the float32 of the same value.
        bits = array.astype(np.uint32, order="C")
        return np.left_shift(bits, 16, out=bits).view(np.float32)
    return array.astype(DTYPES[dtype], order="C", copy=False)
