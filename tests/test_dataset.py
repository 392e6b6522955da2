"""Labelled data sets at the door."""

import numpy as np
import pytest

from refsim.dataset import read_dataset
from refsim.errors import InputError


def ramp(*shape):
    return (np.arange(np.prod(shape)) % 256).astype(np.uint8).reshape(shape)


@pytest.mark.parametrize(
    ("path", "what"), [("none", "no such file"), (".", "is a directory"), ("/dev/null", "is no regular file")]
)
def test_what_is_no_file_is_called_what_it_is(tmp_path, path, what):
    """And what was expected there."""
    with pytest.raises(InputError, match=f"{what}; expected an .npz with images and labels, or the word digits"):
        read_dataset(tmp_path / path)


@pytest.mark.parametrize(
    ("name", "inputs"), [("images", ramp(3, 8, 8, 3)), ("frames", (ramp(3, 4, 8, 8, 2) % 128).astype(np.int8))]
)
def test_images_and_frames_are_read_as_they_are(tmp_path, name, inputs):
    """By the name that they have in the file."""
    np.savez(tmp_path / "data.npz", **{name: inputs, "labels": np.array([2, 0, 1], np.uint8)})
    found, labels = read_dataset(tmp_path / "data.npz")
    np.testing.assert_array_equal(inputs, found, strict=True)
    assert (np.int64, [2, 0, 1]) == (labels.dtype, labels.tolist())


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"images": ramp(2, 8, 8)}, "expected an .npz with images or frames, and labels: .*labels"),
        ({"images": ramp(2, 8, 8), "labels": np.zeros(3, np.uint8)}, r"labels \(3,\)"),
        ({"images": ramp(2, 8, 8), "labels": np.zeros(2)}, "n integer labels, got .* float64"),
        ({"images": ramp(8, 8), "labels": np.zeros(8, np.uint8)}, r"got images \(8, 8\)"),
        ({"images": ramp(2, 8, 8)[:0], "labels": np.zeros(0, np.uint8)}, r"got images \(0, 8, 8\)"),
        ({"images": ramp(2, 8, 8) / 255, "labels": np.zeros(2, np.uint8)}, r"of uint8 and n .* \(2, 8, 8\) of float64"),
        ({"images": ramp(2, 8, 8), "labels": np.array([0, -1])}, "labels: .* class numbers from 0, got -1 for image 1"),
        (
            {"images": ramp(2, 8, 8), "labels": np.array([2**63 + 5, 0], np.uint64)},
            "labels: expected class numbers from 0, got 9223372036854775813 for image 0",
        ),
        (
            {"frames": ramp(2, 4, 8, 8, 2), "labels": np.zeros(2, np.uint8)},
            r"frames \(n, T, Y, X, C\) of int8 .* of uint8",
        ),
        ({"frames": ramp(4, 8, 8, 2).astype(np.int8), "labels": np.zeros(4, np.uint8)}, r"got frames \(4, 8, 8, 2\)"),
        ({"images": np.array([None, None]), "labels": np.zeros(2, np.uint8)}, "Object arrays cannot be loaded"),
    ],
)
def test_a_wrong_data_set_is_refused(tmp_path, arrays, message):
    """Each with what was expected and found."""
    np.savez(tmp_path / "data.npz", **arrays)
    with pytest.raises(InputError, match=message):
        read_dataset(tmp_path / "data.npz")


def test_a_file_that_is_no_archive(tmp_path):
    """Such as a text is called so."""
    (tmp_path / "data.npz").write_text("no archive")
    with pytest.raises(InputError, match="expected an .npz with images or frames, and labels: it is no zip archive"):
        read_dataset(tmp_path / "data.npz")


def test_a_damaged_archive(tmp_path):
    """A flipped bit in what is compressed is no traceback."""
    np.savez_compressed(tmp_path / "data.npz", images=ramp(20, 8, 8), labels=np.arange(20))
    content = bytearray((tmp_path / "data.npz").read_bytes())
    for place in range(60, 200):
        content[place] ^= 0x55
    (tmp_path / "data.npz").write_bytes(content)
    with pytest.raises(InputError, match="data.npz: expected an .npz with images or frames, and labels: "):
        read_dataset(tmp_path / "data.npz")
