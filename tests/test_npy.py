"""Arrays as files: the bytes of NumPy, and nothing but integers."""

import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from refsim import npy


def saved(array):
    stream = io.BytesIO()
    np.lib.format.write_array(stream, array, version=(1, 0))
    return stream.getvalue()


@given(st.data(), st.sampled_from(npy.DTYPES))
def test_the_bytes_are_those_of_numpy(data, dtype):
    """Header, padding and values; and they read back."""
    array = data.draw(arrays(dtype, array_shapes(min_dims=0, max_dims=4, max_side=5)))
    content = npy.encode(array)
    assert saved(array) == content
    np.testing.assert_array_equal(npy.decode(content), array)


@given(st.data())
def test_order_in_memory_does_not_matter(data):
    """Fortran order and big endian give the same bytes."""
    array = data.draw(arrays("<i4", (3, 4)))
    assert npy.encode(array) == npy.encode(np.asfortranarray(array)) == npy.encode(array.astype(">i4"))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "EOF"),
        (b"\x93NUMPY\x02\x00" + bytes(200), r"expected .npy version 1.0, got \(2, 0\)"),
        (saved(np.zeros(3)), "got float64"),
        (saved(np.zeros(3, bool)), "got bool"),
        (saved(np.zeros(3, ">i4")), r"expected integers .*, got >i4 \(3,\)"),
        (saved(np.zeros((3, 2), np.int8, "F")), "expected C order"),
        (saved(np.zeros(3, np.int8))[:-1], r"2 bytes do not fill int8 \(3,\)"),
        (saved(np.zeros(3, np.int8)) + b"\0", "4 bytes do not fill"),
        (saved(np.zeros(3, np.int8)).replace(b"(3,)", b"(-3,)"), "do not fill"),
        (saved(np.zeros(3, np.int8)).replace(b"(3,), }", b"(9**9,)}"), "malformed node|Cannot parse|not valid"),
    ],
)
def test_what_is_no_such_file_is_refused(content, message):
    """Each with what was expected."""
    with pytest.raises(ValueError, match=message):
        npy.decode(content)


def test_pickles_are_never_read():
    """Nor is anything but integers written."""
    header = b"{'descr': '|O', 'fortran_order': False, 'shape': (1,)}"
    with pytest.raises(ValueError, match="pickled objects, which are never read"):
        npy.decode(npy.MAGIC + len(header).to_bytes(2, "little") + header)
    with pytest.raises(ValueError, match="got float32"):
        npy.encode(np.zeros(1, np.float32))
