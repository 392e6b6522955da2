"""Labelled data sets: images, or spike frames."""

import numpy as np

from refsim.errors import InputError
from refsim.images import require_file
from refsim.named_arrays import read_named_arrays
from refsim.shipped import load_digits

FORMS = {
    "images": (np.uint8, (3, 4), "images (n, Y, X) or (n, Y, X, C) of uint8"),
    "frames": (np.int8, (5,), "frames (n, T, Y, X, C) of int8"),
}
"""What a data set may hold beside its labels: type, number of axes, and how an error says it."""


def read_dataset(source):
    """Read labelled images or spike frames: the held-out digits, or an .npz file.

    Parameters
    ----------
    source : str or Path
        ``"digits"``, or a file with ``images`` uint8 (n, Y, X) or (n, Y, X, C), or with ``frames`` int8
        (n, T, Y, X, C), and with ``labels`` (n,).

    Returns
    -------
    inputs : ndarray of uint8 or int8
        Images or frames.
    labels : ndarray of int64, shape (n,)

    Raises
    ------
    InputError
        If the file is missing, unreadable, or holds something else.
    """
    if str(source) == "digits":
        images, labels = load_digits("test")
        return images, labels.astype(np.int64)
    require_file(source, "an .npz with images and labels, or the word digits")
    arrays = read_named_arrays(source, (tuple(FORMS), "labels"), "an .npz with images or frames, and labels")
    (name, inputs), labels = next(iter(arrays.items())), arrays["labels"]
    dtype, axes, form = FORMS[name]
    if (
        inputs.ndim not in axes
        or inputs.dtype != dtype
        or not inputs.size
        or labels.shape != inputs.shape[:1]
        or labels.dtype.kind not in "iu"
    ):
        raise InputError(
            f"{source}: expected {form} and n integer labels, got {name} "
            f"{inputs.shape} of {inputs.dtype} and labels {labels.shape} of {labels.dtype}"
        )
    low, high = int(inputs.min()), int(inputs.max())
    if low < -1 or low < 0 and high > 1:
        raise InputError(
            f"{source}: frames: expected values of 0 and 1, of -1 to 1, or of 0 to 127, got {low} to {high}"
        )
    signed = labels.astype(np.int64)
    if (signed < 0).any():
        place = int(np.argmax(signed < 0))
        raise InputError(f"{source}: labels: expected class numbers from 0, got {labels[place]} for image {place}")
    return inputs, signed
