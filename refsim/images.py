"""Images, and what else a network takes, read from files and checked at the door."""

import warnings
import zipfile
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from refsim.errors import InputError
from refsim.events import event_frames, read_events
from refsim.printable import one_line
from refsim.shipped import no_file
from refsim.simulator import input_frames

MODES = {1: "L", 3: "RGB"}
"""Pillow's name for an image of so many channels."""

RANGELESS_MODES = {"I": "32-bit integers", "F": "32-bit floats"}
"""Modes of which a file does not say which number is white."""

EXIF_ORIENTATION, UPRIGHT = 0x0112, 1

MOST_PIXELS = 64_000_000
"""Larger images are refused before they are decoded."""


def read_input(path, network, fit=False, advice="", split="number"):
    """Read what a network takes: an image, or spike frames, as they are or from the events of a camera.

    Parameters
    ----------
    path : str or Path
    network : Network
    fit : bool
        Whether an image may be resized and its channels converted.
    advice : str
        What else than to convert it the caller offers for an image that does not fit, to end the error with.
    split : {"number", "time"}
        How events are split into frames, as for `event_frames`.

    Returns
    -------
    values : ndarray of uint8, shape (Y, X, C), or of int8, shape (T, Y, X, C)

    Raises
    ------
    InputError
        If the file is missing, unreadable, or does not fit.
    """
    expected = "an image" if network.input.is_static else "spike frames as an .npy file, or events as an .npz"
    require_file(path, expected)
    if network.input.is_static:
        return read_image(path, network, fit, advice)
    frames = read_event_frames(path, network, split) if zipfile.is_zipfile(path) else read_frames(path)
    require_taken(path, network, frames)
    return frames


def require_file(path, expected):
    """Refuse a path that is no file."""
    if not Path(path).is_file():
        raise InputError(f"{no_file(path)}; expected {expected}")


def require_taken(source, network, values):
    """Refuse what a network does not take, by the name of the file that it stands in."""
    try:
        input_frames(network, values)
    except InputError as error:
        raise InputError(f"{source}: {error}") from None


def read_image(path, network, fit, advice):
    """Read an image in the size and mode that the network takes."""
    rows, columns, channels = network.input.shape
    mode = MODES.get(channels)
    if mode is None:
        raise InputError(f"{network.name} takes images of {channels} channels, which no image file holds")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(path) as image:
                require_decodable(path, image)
                require_plain(path, image)
                upright = image.getexif().get(EXIF_ORIENTATION, UPRIGHT) == UPRIGHT
                if (image.size, image.mode, upright) != ((columns, rows), mode, True):
                    if not fit:
                        raise InputError(misfit(path, image, network, mode, upright) + advice)
                    image = eight_bits(ImageOps.exif_transpose(image)).convert(mode)
                    image = image.resize((columns, rows), Image.Resampling.BOX)
                pixels = np.array(image, np.uint8)
    except InputError:
        raise
    except UnidentifiedImageError:
        raise InputError(f"{path}: not an image that Pillow reads") from None
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise InputError(f"{path}: more pixels than the {MOST_PIXELS:,} that are decoded at most") from None
    # Of a damaged file Pillow's decoders raise whatever they stumble over.
    except Exception as error:
        reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
        raise InputError(f"{path}: cannot be decoded: {one_line(reason)}") from error
    return pixels.reshape(rows, columns, channels)


def require_decodable(path, image):
    """Refuse an image that would fill the memory when decoded."""
    width, height = image.size
    if width * height > MOST_PIXELS:
        raise InputError(
            f"{path}: {width} x {height} pixels are more than the {MOST_PIXELS:,} that are decoded at most"
        )


def require_plain(path, image):
    """Refuse an image whose pixels would have to be guessed: of many frames, see-through, or without a known white."""
    # What follows the first frame of a camera's MPO are previews of it.
    frames = 1 if image.format == "MPO" else getattr(image, "n_frames", 1)
    if frames > 1:
        raise InputError(f"{path}: holds {frames} frames, expected one: save the one that is meant by itself")
    if image.mode in RANGELESS_MODES and not is_sixteen_bits(image):
        raise InputError(
            f"{path}: is of mode {image.mode} ({RANGELESS_MODES[image.mode]}), which does not say what is white: "
            "save it with 8 bits for each channel"
        )
    if image.has_transparency_data and image.convert("RGBA").getchannel("A").getextrema() != (255, 255):
        raise InputError(f"{path}: is transparent in parts: flatten it first, onto the ground that it is meant to have")


def is_sixteen_bits(image):
    """Tell whether gray levels go from 0 to 65535; Pillow brings those of a PGM there."""
    return image.mode.startswith("I;16") or image.mode == "I" and image.format == "PPM"


def eight_bits(image):
    """Return an image whose gray levels of 16 bits are cut to their upper 8, where Pillow would clip them."""
    if not image.mode.startswith("I"):
        return image
    return Image.fromarray((np.array(image) >> 8).astype(np.uint8))


def misfit(path, image, network, mode, upright):
    """Say what an image is, what the network takes, and that it is to be converted."""
    rows, columns, _ = network.input.shape
    turned = "" if upright else ", to be turned by its EXIF orientation"
    return (
        f"{path}: is {image.size[0]} x {image.size[1]} pixels of mode {image.mode}{turned}; {network.name} takes "
        f"{columns} x {rows} of mode {mode} ({'greyscale' if mode == 'L' else 'colour'}): convert it"
    )


def read_frames(path):
    """Read spike frames from an .npy file."""
    try:
        with open(path, "rb") as file:
            return np.lib.format.read_array(file, allow_pickle=False)
    except (ValueError, OSError, EOFError, MemoryError) as error:
        reason = getattr(error, "strerror", None) or error
        raise InputError(f"{path}: expected spike frames as an .npy file of int8: {reason}") from error


def read_event_frames(path, network, split):
    """Read the events of a camera, gathered into the spike frames that a network takes."""
    stream, (*image_size, _) = read_events(path), network.input.shape
    try:
        return event_frames(
            **stream, image_size=image_size, timesteps=network.timesteps, kind=network.input.kind, split=split
        )
    except InputError as error:
        raise InputError(f"{path}: {error}") from None
