"""One array of integers as the bytes of a .npy file (version 1.0, C order, little endian).

The writer is our own, so that the bytes do not depend on the version of NumPy; ``numpy.load`` reads them. The reader
takes what ``numpy.save`` writes for such arrays, and nothing that is pickled.
"""

import io
import math

import numpy as np

MAGIC = b"\x93NUMPY\x01\x00"
DTYPES = ("|i1", "|u1", "<i2", "<i4", "<i8")
ALIGNMENT = 64


def encode(array):
    """Return the bytes of a .npy file.

    Parameters
    ----------
    array : ndarray of int8, uint8, int16, int32 or int64

    Raises
    ------
    ValueError
        If the type is another.

    Examples
    --------
    >>> import numpy as np
    >>> decode(encode(np.array([[1, -2]], np.int8))).tolist()
    [[1, -2]]
    """
    descr = array.dtype.newbyteorder("<").str
    if descr not in DTYPES:
        raise ValueError(f"expected integers ({', '.join(DTYPES)}), got {array.dtype}")
    header = f"{{'descr': '{descr}', 'fortran_order': False, 'shape': {tuple(map(int, array.shape))}, }}"
    padding = -(len(MAGIC) + 2 + len(header) + 1) % ALIGNMENT
    header = header.encode("ascii") + b" " * padding + b"\n"
    values = np.ascontiguousarray(array).astype(descr, copy=False)
    return MAGIC + len(header).to_bytes(2, "little") + header + values.tobytes()


def decode(content):
    """Return the array of a .npy file, never unpickling.

    Parameters
    ----------
    content : bytes

    Raises
    ------
    ValueError
        If the bytes are no .npy file of integers, version 1.0, C order, little endian, filled exactly.
    """
    stream = io.BytesIO(content)
    version = np.lib.format.read_magic(stream)
    if version != (1, 0):
        raise ValueError(f"expected .npy version 1.0, got {version}")
    shape, fortran_order, dtype = np.lib.format.read_array_header_1_0(stream)
    if dtype.hasobject:
        raise ValueError("holds pickled objects, which are never read")
    if dtype.str not in DTYPES:
        raise ValueError(f"expected integers ({', '.join(DTYPES)}), got {dtype} {shape}")
    values = stream.read()
    if min(shape, default=0) < 0 or len(values) != dtype.itemsize * math.prod(shape):
        raise ValueError(f"{len(values)} bytes do not fill {dtype.name} {shape}")
    if fortran_order and len(shape) > 1:
        raise ValueError(f"expected C order, got Fortran order {shape}")
    return np.frombuffer(values, dtype).reshape(shape)
