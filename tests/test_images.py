"""Images and frames at the door."""

import numpy as np
import pytest
from PIL import Image
from strategies import seeded_network

from refsim.errors import InputError
from refsim.images import EXIF_ORIENTATION, read_input


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
def test_greyscale_pixels_arrive_unchanged(picture, name):
    """Bit for bit, from any lossless format that keeps the mode."""
    np.testing.assert_array_equal(ramp(8, 8, 1), read_input(picture(ramp(8, 8), name), seeded_network()))


def test_colour_pixels_arrive_unchanged(picture):
    """Three channels, channels last."""
    np.testing.assert_array_equal(ramp(8, 8, 3), read_input(picture(ramp(8, 8, 3)), seeded_network(channels=3)))


@pytest.mark.parametrize(
    ("pixels", "what"), [(ramp(9, 8), "8 x 9 pixels of mode L"), (ramp(8, 8, 3), "8 x 8 pixels of mode RGB")]
)
def test_a_misfit_says_what_is_taken_and_how_to_convert(picture, pixels, what):
    """Size and mode, expected and found, and the way out, which the caller may add to; fitted it is taken."""
    path = picture(pixels)
    with pytest.raises(
        InputError, match=f"is {what}; seeded-a2os2a takes 8 x 8 of mode L .greyscale.: convert it, or not$"
    ):
        read_input(path, seeded_network(), advice=", or not")
    assert (8, 8, 1) == read_input(path, seeded_network(), fit=True).shape


@pytest.mark.parametrize("name", ["p.png", "p.tiff", "p.pgm"])
def test_sixteen_bits_are_cut_to_their_upper_eight(picture, name):
    """Not clipped to white, whatever the file."""
    path = picture(ramp(8, 8).astype(np.uint16) * 257, name)
    np.testing.assert_array_equal(ramp(8, 8, 1), read_input(path, seeded_network(), fit=True))
    np.testing.assert_array_equal(
        ramp(8, 8, 1).repeat(3, axis=2), read_input(path, seeded_network(channels=3), fit=True)
    )


@pytest.mark.parametrize(("pixels", "mode"), [(ramp(8, 8), "L"), (ramp(8, 8).astype(np.uint16) * 257, "I;16")])
def test_an_image_is_turned_as_its_camera_says(tmp_path, pixels, mode):
    """By a quarter clockwise, and only with --fit."""
    exif = Image.Exif()
    exif[EXIF_ORIENTATION] = 6
    Image.fromarray(pixels).save(tmp_path / "turned.png", exif=exif)
    with pytest.raises(InputError, match=f"8 x 8 pixels of mode {mode}, to be turned by its EXIF orientation"):
        read_input(tmp_path / "turned.png", seeded_network())
    found = read_input(tmp_path / "turned.png", seeded_network(), fit=True)
    np.testing.assert_array_equal(np.rot90(ramp(8, 8), -1), found[..., 0])


def see_through(mode, **options):
    image = Image.fromarray(ramp(8, 8)).convert(mode)
    if mode.endswith("A"):
        image.putalpha(Image.fromarray(ramp(8, 8)))
    return image, options


@pytest.mark.parametrize("fit", [False, True])
@pytest.mark.parametrize(
    ("name", "image", "options", "message"),
    [
        ("p.png", *see_through("RGBA"), "is transparent in parts: flatten it first"),
        ("p.png", *see_through("LA"), "is transparent in parts"),
        ("p.png", *see_through("L", transparency=0), "is transparent in parts"),
        (
            "p.tiff",
            *see_through("I"),
            "is of mode I .32-bit integers., which does not say what is white: save it with 8",
        ),
        ("p.tiff", *see_through("F"), "is of mode F .32-bit floats., which"),
        (
            "p.gif",
            *see_through("L", save_all=True, append_images=[Image.new("L", (8, 8)), Image.new("L", (8, 8), 9)]),
            "holds 3 frames, expected one",
        ),
    ],
)
def test_pixels_that_would_be_guessed_are_refused(tmp_path, name, image, options, message, fit):
    """With --fit too; the message says what to do."""
    image.save(tmp_path / name, **options)
    with pytest.raises(InputError, match=message):
        read_input(tmp_path / name, seeded_network(), fit)


def test_an_opaque_alpha_is_dropped(tmp_path):
    """Nothing shows through it."""
    image = Image.fromarray(ramp(8, 8))
    image.putalpha(255)
    image.save(tmp_path / "opaque.png")
    np.testing.assert_array_equal(ramp(8, 8, 1), read_input(tmp_path / "opaque.png", seeded_network(), fit=True))


@pytest.mark.parametrize(
    ("path", "what"), [("none", "no such file"), (".", "is a directory"), ("/dev/null", "is no regular file")]
)
def test_what_is_no_file_is_called_what_it_is(tmp_path, path, what):
    """As an image, as spike frames."""
    with pytest.raises(InputError, match=f"{what}; expected an image"):
        read_input(tmp_path / path, seeded_network())
    with pytest.raises(InputError, match=f"{what}; expected spike frames"):
        read_input(tmp_path / path, seeded_network(input="binary"))


def test_unreadable_files(tmp_path, picture):
    """Not an image, cut short."""
    (tmp_path / "text.png").write_text("no image")
    with pytest.raises(InputError, match="not an image that Pillow reads"):
        read_input(tmp_path / "text.png", seeded_network())
    path = picture(np.random.default_rng(0).integers(0, 256, (8, 8), np.uint8))
    path.write_bytes(path.read_bytes()[:60])
    with pytest.raises(InputError, match="cannot be decoded"):
        read_input(path, seeded_network())


FRAMES = {"gif": {"save_all": True, "append_images": [Image.fromarray(ramp(8, 8)[::-1]).convert("RGB")]}}


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("kind", ["gif", "tiff", "avif"])
def test_a_damaged_image_is_read_or_refused_in_one_line(tmp_path, kind):
    """Cut at any length, or with any byte lost; a GIF of two frames, whose end is looked for."""
    path = tmp_path / f"picture.{kind}"
    try:
        Image.fromarray(ramp(8, 8)).save(path, **FRAMES.get(kind, {}))
    except (KeyError, OSError, ValueError):
        pytest.skip("this Pillow cannot write such a file")
    whole, network = path.read_bytes(), seeded_network()
    cut = [whole[:length] for length in range(len(whole))]
    lost = [whole[:place] + byte + whole[place + 1 :] for place in range(len(whole)) for byte in (b"\0", b"\xff")]
    for content in (*cut, *lost):
        path.write_bytes(content)
        try:
            assert (8, 8, 1) == read_input(path, network, fit=True).shape
        except InputError as error:
            assert str(error).startswith(f"{path}: ") and str(error).isprintable()


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
    path.write_text("no array")
    with pytest.raises(InputError, match="the magic string is not correct") as caught:
        read_input(path, network)
    assert "allow_pickle" not in str(caught.value)


def test_frames_that_do_not_fit_are_named_by_their_file(tmp_path):
    """Then by the network."""
    np.save(tmp_path / "frames.npy", np.ones((3, 8, 8, 1), np.int8))
    with pytest.raises(InputError, match=r"frames.npy: seeded-a2os2a takes binary spike frames of shape .* got \(3, 8"):
        read_input(tmp_path / "frames.npy", seeded_network(input="binary"))
