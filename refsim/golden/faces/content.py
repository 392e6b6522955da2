"""The content hash: what a tensor is, whatever file it stands in."""

import hashlib

import numpy as np

from refsim import npy
from refsim.errors import GoldenError


def content_hash(array):
    """Return the SHA-256 of a tensor's type, shape and values.

    It is taken over one ASCII line, the type and the sizes separated by single spaces (``<i4 3 2\\n``, and ``<i4\\n``
    where there is no axis), and then the values: C order, little endian, two's complement.

    Parameters
    ----------
    array : ndarray of int8, uint8, int16, int32 or int64
        Its order in memory and the order of its bytes do not matter.

    Returns
    -------
    digest : str
        64 lower-case hexadecimal digits.

    Raises
    ------
    GoldenError
        If the type is another.

    Examples
    --------
    >>> content_hash(np.array([1, -1], np.int8)) == hashlib.sha256(b"|i1 2\\n\\x01\\xff").hexdigest()
    True
    """
    dtype = little_endian(array.dtype)
    line = " ".join(map(str, (dtype.str, *array.shape))) + "\n"
    values = np.ascontiguousarray(array).astype(dtype, copy=False)
    return hashlib.sha256(line.encode("ascii") + values.tobytes()).hexdigest()


def little_endian(dtype, where="array"):
    """Return the type with its bytes in little-endian order.

    Raises
    ------
    GoldenError
        If it is none of the types that a golden case may have.
    """
    dtype = np.dtype(dtype).newbyteorder("<")
    if dtype.str not in npy.DTYPES:
        raise GoldenError(f"{where}: expected integers ({', '.join(npy.DTYPES)}), got {dtype}")
    return dtype
