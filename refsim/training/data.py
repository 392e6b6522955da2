"""Labelled images for training."""

from dataclasses import dataclass

import numpy as np
import torch

from refsim.errors import InputError
from refsim.images import read_dataset
from refsim.shipped import load_digits

DIGITS_SEED = 0
DIGITS_HELD_OUT = 360

CHANNELS = (1, 3)
"""Of grey and of colour images."""


@dataclass(frozen=True)
class LabelledImages:
    """Images and their labels as tensors.

    Attributes
    ----------
    images : Tensor of uint8, shape (n, C, Y, X)
    labels : Tensor of int64, shape (n,)
    """

    images: torch.Tensor
    labels: torch.Tensor

    @classmethod
    def from_arrays(cls, images, labels):
        """Take images (n, Y, X) or (n, Y, X, C) of uint8 and n labels."""
        if images.ndim == 3:
            images = images[..., np.newaxis]
        channels_first = np.ascontiguousarray(images.transpose(0, 3, 1, 2))
        return cls(torch.from_numpy(channels_first), torch.from_numpy(np.asarray(labels, np.int64)))


def load_data(train, test):
    """Return the images to train on and those to test on.

    Parameters
    ----------
    train : str
        ``"digits"``, which brings its own held-out part, or an .npz file.
    test : str or None
        An .npz file; needed where `train` is one.

    Raises
    ------
    InputError
        If a file is no data set, or there is nothing to test on, or it is not like what is trained on.
    """
    training = LabelledImages.from_arrays(*(load_digits("train") if train == "digits" else read_dataset(train)))
    if test is None and train != "digits":
        raise InputError(f"{train}: give the images to test on with --test")
    testing = LabelledImages.from_arrays(*read_dataset(test or "digits"))
    shapes = [tuple(images.shape[1:]) for images in (testing.images, training.images)]
    if shapes[0] != shapes[1]:
        raise InputError(
            f"{test}: holds images of {image_text(shapes[0])}, those of {train} are {image_text(shapes[1])}"
        )
    labels = [int(labels.max()) for labels in (testing.labels, training.labels)]
    if labels[0] > labels[1]:
        raise InputError(f"{test}: labels: expected 0 to {labels[1]}, the classes of {train}, got {labels[0]}")
    require_channels_last(train, training.images)
    return training, testing


def require_channels_last(source, images):
    """Refuse images (n, C, Y, X) of one channel or three, which would pass for 1 or 3 rows of many channels."""
    channels, rows, columns = images.shape[1:]
    if rows in CHANNELS and channels > max(CHANNELS):
        raise InputError(
            f"{source}: images of {image_text((channels, rows, columns))}, rows by columns by channels: "
            "expected (n, Y, X, C), channels last"
        )


def require_classes(source, labels):
    """Refuse labels of which no network could learn to tell classes apart, or not all that it would have."""
    counts = torch.bincount(labels)
    if len(labels.unique()) == 1:
        raise InputError(f"{source}: labels: all are {int(labels[0])}, so there is nothing to tell apart")
    if (counts == 0).any():
        raise InputError(
            f"{source}: labels: none is {int(counts.argmin())}, and the largest is {len(counts) - 1}: "
            "number the classes from 0 on, without a gap"
        )


def image_text(shape):
    """Return a shape (C, Y, X) as rows, columns and channels.

    Examples
    --------
    >>> image_text((3, 32, 32))
    '32 x 32 x 3'
    """
    channels, rows, columns = shape
    return f"{rows} x {columns} x {channels}"


def split_digits(images, labels):
    """Scale and split scikit-learn's digits; golden/data/digits.npz is this, saved.

    Parameters
    ----------
    images : ndarray of float, shape (1797, 8, 8)
        Whole numbers 0..16, as ``sklearn.datasets.load_digits().images``.
    labels : ndarray of int, shape (1797,)

    Returns
    -------
    arrays : dict of ndarray of uint8
        ``train_images``, ``train_labels``, ``test_images``, ``test_labels``; pixels 0..255.
    """
    pixels = np.rint(images * 255 / 16).astype(np.uint8)
    order = np.random.default_rng(DIGITS_SEED).permutation(len(pixels))
    parts = {"test": order[:DIGITS_HELD_OUT], "train": order[DIGITS_HELD_OUT:]}
    arrays = {}
    for part, chosen in parts.items():
        arrays[f"{part}_images"] = pixels[chosen]
        arrays[f"{part}_labels"] = labels[chosen].astype(np.uint8)
    return arrays
