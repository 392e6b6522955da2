"""Labelled images, or spike frames, for training."""

from dataclasses import dataclass

import numpy as np
import torch

from refsim.dataset import read_dataset
from refsim.errors import InputError
from refsim.shipped import load_digits

DIGITS_SEED = 0
DIGITS_HELD_OUT = 360

CHANNELS = (1, 2, 3)
"""Of grey images, of events and of colour images."""


@dataclass(frozen=True)
class LabelledImages:
    """Images, or spike frames, and their labels as tensors.

    Attributes
    ----------
    images : Tensor
        uint8 of shape (n, C, Y, X), or frames of int8, shape (n, T, C, Y, X).
    labels : Tensor of int64, shape (n,)
    """

    images: torch.Tensor
    labels: torch.Tensor

    @classmethod
    def from_arrays(cls, images, labels):
        """Take images (n, Y, X) or (n, Y, X, C) of uint8, or frames (n, T, Y, X, C) of int8, and n labels."""
        if images.ndim == 3:
            images = images[..., np.newaxis]
        channels_first = np.ascontiguousarray(np.moveaxis(images, -1, -3))
        return cls(torch.from_numpy(channels_first), torch.from_numpy(np.asarray(labels, np.int64)))

    @property
    def kind(self):
        """The narrowest kind of input that holds all of them."""
        if self.images.dtype == torch.uint8:
            return "image"
        low, high = int(self.images.min()), int(self.images.max())
        return "graded" if high > 1 else "ternary" if low < 0 else "binary"


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
        raise InputError(f"{test}: holds {image_text(shapes[0])}, {train} {image_text(shapes[1])}")
    require_kind(test, testing, train, training.kind)
    labels = [int(labels.max()) for labels in (testing.labels, training.labels)]
    if labels[0] > labels[1]:
        raise InputError(f"{test}: labels: expected 0 to {labels[1]}, the classes of {train}, got {labels[0]}")
    require_channels_last(train, training.images)
    return training, testing


def require_kind(source, data, taken_by, kind):
    """Refuse frames of values that what is trained, for frames of that kind, does not take."""
    if data.kind not in (kind, "binary"):
        raise InputError(f"{source}: holds {data.kind} frames, {taken_by} {kind} ones")


def require_channels_last(source, images):
    """Refuse images (n, C, Y, X) or frames (n, T, C, Y, X), which would pass for a few rows of many channels."""
    channels, rows, _ = images.shape[-3:]
    if rows in CHANNELS and channels > max(CHANNELS):
        raise InputError(
            f"{source}: {image_text(images.shape[1:])}, rows by columns by channels: expected (n, Y, X, C) or "
            "(n, T, Y, X, C), channels last"
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
    """Say what a shape (C, Y, X) or (T, C, Y, X) is: rows, columns and channels, and frames.

    Examples
    --------
    >>> image_text((3, 32, 32)), image_text((4, 2, 34, 34))
    ('images of 32 x 32 x 3', '4 frames of 34 x 34 x 2')
    """
    *timesteps, channels, rows, columns = shape
    what = f"{timesteps[0]} frames" if timesteps else "images"
    return f"{what} of {rows} x {columns} x {channels}"


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
