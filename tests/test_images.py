"""Images, frames and data sets at the door."""

import numpy as np
import pytest
from PIL import Image
from strategies import seeded_network

from refsim.errors import InputError
from refsim.images import read_dataset, read_input


@pytest.fixture
def picture(tmp_path):
    """Save an image and return its path."""

    def save(pixels, name="picture.png", mode=None):
        Image.fromarray(pixels).convert(mode).save(tmp_path / name) if mode else Image.fromarray(pixels).save(
            tmp_path / name
        )
        return tmp_path / name

    return save


def ramp(*shape):
    return (np.arange(np.prod(shape)) % 256).astype(np.uint8).reshape(shape)


@pytest.mark.parametrize("name", ["p.png", "p.bmp", "p.tiff", "p.pgm", "p.gif"])
def test_grayscale_pixels_arrive_unchanged(picture, name):
    """Bit for bit, from any lossless format that keeps the mode."""
    np.testing.assert_array_equal(ramp(8, 8, 1), read_input(picture(ramp(8, 8), name), seeded_network()))


def test_colour_pixels_arrive_unchanged(picture):
    """Three channels, channels last."""
    np.testing.assert_array_equal(ramp(8, 8, 3), read_input(picture(ramp(8, 8, 3)), seeded_network(channels=3)))


@pytest.mark.parametrize(
    ("pixels", "what"), [(ramp(9, 8), "8 x 9 pixels of mode L"), (ramp(8, 8, 3), "8 x 8 pixels of mode RGB")]
)
def test_a_misfit_says_what_is_taken_and_how_to_convert(picture, pixels, what):
    """Size and mode, expected and found, and the way out; with --fit it is taken."""
    path = picture(pixels)
    with pytest.raises(
        InputError, match=f"is {what}; seeded-a2os2a takes 8 x 8 of mode L .grayscale.: convert it"
    ) as caught:
        read_input(path, seeded_network())
    assert "--fit" in str(caught.value)
    assert (8, 8, 1) == read_input(path, seeded_network(), fit=True).shape


def test_unreadable_files(tmp_path, picture):
    """Missing, not an image, cut short."""
    with pytest.raises(InputError, match="no such file"):
        read_input(tmp_path / "none.png", seeded_network())
    (tmp_path / "text.png").write_text("no image")
    with pytest.raises(InputError, match="not an image that Pillow reads"):
        read_input(tmp_path / "text.png", seeded_network())
    path = picture(np.random.default_rng(0).integers(0, 256, (8, 8), np.uint8))
    path.write_bytes(path.read_bytes()[:60])
    with pytest.raises(InputError, match="cannot be decoded"):
        read_input(path, seeded_network())


def test_a_decompression_bomb_is_refused_before_decoding(tmp_path):
    """A small file of a huge image, with --fit, never fills the memory."""
    path = tmp_path / "bomb.png"
    Image.new("1", (9000, 9000)).save(path)
    with pytest.raises(InputError, match="more than the 64,000,000 that are decoded at most"):
        read_input(path, seeded_network(), fit=True)
    Image.new("1", (20000, 20000)).save(path)
    with pytest.raises(InputError, match="more pixels than"):
        read_input(path, seeded_network(), fit=True)


def test_frames_are_read_without_pickle(tmp_path):
    """An .npy of int8 is taken, one of objects is not."""
    network, path = seeded_network(input="binary"), tmp_path / "frames.npy"
    np.save(path, np.ones((4, 8, 8, 1), np.int8))
    assert (4, 8, 8, 1) == read_input(path, network).shape
    np.save(path, np.array([{}], object), allow_pickle=True)
    with pytest.raises(InputError, match="expected spike frames as an .npy file"):
        read_input(path, network)


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"images": ramp(2, 8, 8)}, "expected an .npz with images and labels: .*labels"),
        ({"images": ramp(2, 8, 8), "labels": np.zeros(3, np.uint8)}, r"labels \(3,\)"),
        ({"images": ramp(2, 8, 8), "labels": np.zeros(2)}, "n integer labels, got .* float64"),
        ({"images": ramp(8, 8), "labels": np.zeros(8, np.uint8)}, r"got images \(8, 8\)"),
        ({"images": ramp(2, 8, 8)[:0], "labels": np.zeros(0, np.uint8)}, r"got images \(0, 8, 8\)"),
        ({"images": np.array([None, None]), "labels": np.zeros(2, np.uint8)}, "Object arrays cannot be loaded"),
    ],
)
def test_a_wrong_data_set_is_refused(tmp_path, arrays, message):
    """Each with what was expected and found."""
    np.savez(tmp_path / "data.npz", **arrays)
    with pytest.raises(InputError, match=message):
        read_dataset(tmp_path / "data.npz")


def test_a_file_that_is_no_archive(tmp_path):
    """A text, and a missing file."""
    (tmp_path / "data.npz").write_text("no archive")
    with pytest.raises(InputError, match="expected an .npz with images and labels"):
        read_dataset(tmp_path / "data.npz")
    with pytest.raises(InputError, match="no such file"):
        read_dataset(tmp_path / "none.npz")
