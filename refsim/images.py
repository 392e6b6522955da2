"""Images, spike frames and labelled data sets, read from files and checked at the door."""

import warnings
import zipfile
from pathlib import Path

import numpy as np
from PIL import Image, UnidentifiedImageError

from refsim.errors import InputError
from refsim.shipped import load_digits

MODES = {1: "L", 3: "RGB"}
"""Pillow's name for an image of so many channels."""

MOST_PIXELS = 64_000_000
"""Larger images are refused before they are decoded."""


def read_input(path, network, fit=False):
    """Read what a network takes: an image, or spike frames from an .npy file.

    Parameters
    ----------
    path : str or Path
    network : Network
    fit : bool
        Whether an image may be resized and its channels converted.

    Returns
    -------
    values : ndarray of uint8, shape (Y, X, C), or of int8, shape (T, Y, X, C)

    Raises
    ------
    InputError
        If the file is missing, unreadable, or does not fit.
    """
    if not Path(path).is_file():
        raise InputError(f"{path}: no such file")
    return read_image(path, network, fit) if network.input.is_static else read_frames(path)


def read_image(path, network, fit):
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
                if (image.size, image.mode) != ((columns, rows), mode):
                    if not fit:
                        raise InputError(misfit(path, image, network, mode))
                    image = image.convert(mode).resize((columns, rows), Image.Resampling.BOX)
                pixels = np.array(image, np.uint8)
    except UnidentifiedImageError:
        raise InputError(f"{path}: not an image that Pillow reads") from None
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise InputError(f"{path}: more pixels than the {MOST_PIXELS:,} that are decoded at most") from None
    except (OSError, SyntaxError, ValueError) as error:
        raise InputError(f"{path}: cannot be decoded: {error}") from error
    return pixels.reshape(rows, columns, channels)


def require_decodable(path, image):
    """Refuse an image that would fill the memory when decoded."""
    width, height = image.size
    if width * height > MOST_PIXELS:
        raise InputError(
            f"{path}: {width} x {height} pixels are more than the {MOST_PIXELS:,} that are decoded at most"
        )


def misfit(path, image, network, mode):
    """Say what an image is, what the network takes, and how to convert it."""
    rows, columns, _ = network.input.shape
    return (
        f"{path}: is {image.size[0]} x {image.size[1]} pixels of mode {image.mode}; {network.name} takes "
        f"{columns} x {rows} of mode {mode} ({'grayscale' if mode == 'L' else 'colour'}): convert it, for example by "
        f"Image.open(...).convert({mode!r}).resize(({columns}, {rows})), or add --fit to do just that"
    )


def read_frames(path):
    """Read spike frames from an .npy file."""
    try:
        return np.load(path, allow_pickle=False)
    except (ValueError, OSError, EOFError) as error:
        raise InputError(f"{path}: expected spike frames as an .npy file of int8: {error}") from error


def read_dataset(source):
    """Read labelled images: the held-out digits, or an .npz file.

    Parameters
    ----------
    source : str or Path
        ``"digits"``, or a file with ``images`` uint8 (n, Y, X) or (n, Y, X, C) and ``labels`` (n,).

    Returns
    -------
    images : ndarray of uint8
    labels : ndarray of int64, shape (n,)

    Raises
    ------
    InputError
        If the file is missing, unreadable, or holds something else.
    """
    if str(source) == "digits":
        images, labels = load_digits("test")
        return images, labels.astype(np.int64)
    if not Path(source).is_file():
        raise InputError(f"{source}: no such file (an .npz with images and labels, or the word digits)")
    try:
        with np.load(source, allow_pickle=False) as data:
            images, labels = data["images"], data["labels"]
    except (ValueError, OSError, KeyError, EOFError, TypeError, AttributeError, zipfile.BadZipFile) as error:
        raise InputError(f"{source}: expected an .npz with images and labels: {error}") from error
    if (
        images.ndim not in (3, 4)
        or labels.shape != images.shape[:1]
        or labels.dtype.kind not in "iu"
        or not len(labels)
    ):
        raise InputError(
            f"{source}: expected images (n, Y, X) or (n, Y, X, C) and n integer labels, got images {images.shape} of "
            f"{images.dtype} and labels {labels.shape} of {labels.dtype}"
        )
    return images, labels.astype(np.int64)
