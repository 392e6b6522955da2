"""What comes with the package: trained models and the handwritten digits."""

import os
from pathlib import Path

import numpy as np

from refsim.errors import ModelFileError, did_you_mean
from refsim.printable import one_line

PACKAGE = Path(__file__).parent


def golden_folder():
    """Return the folder golden/, as installed with the package or beside it in a checkout."""
    installed = PACKAGE / "golden_files"
    return installed if installed.is_dir() else PACKAGE.parent / "golden"


def model_names():
    """Return the names of the models that come with the package."""
    return sorted(path.stem for path in (golden_folder() / "models").glob("*.npz"))


def no_file(path):
    """Say what a path that is no file is, as errors about it begin.

    Examples
    --------
    >>> no_file("none.npz"), no_file("."), no_file("")
    ('none.npz: no such file', '.: is a directory', "'': names no file")
    """
    if not str(path):
        return "'': names no file"
    try:
        there = Path(path).exists()
    except (OSError, ValueError) as error:
        return f"{one_line(str(path), 60)}: {getattr(error, 'strerror', None) or error}"
    if not there:
        return f"{path}: no such file"
    return f"{path}: is {'a directory' if Path(path).is_dir() else 'no regular file'}"


def is_file(path):
    """Tell whether a path is a file; one that no system takes is none."""
    try:
        return Path(path).is_file()
    except (OSError, ValueError):
        return False


def model_path(path_or_name):
    """Return the file of a model: a path as it is, or the name of a model that comes with the package.

    Raises
    ------
    ModelFileError
        If there is neither such a file nor such a name.
    """
    if not isinstance(path_or_name, (str, os.PathLike)):
        raise ModelFileError(f"expected a model file or the name of a model, got {type(path_or_name).__name__}")
    if is_file(path_or_name):
        return Path(path_or_name)
    if str(path_or_name) in model_names():
        return golden_folder() / "models" / f"{path_or_name}.npz"
    names = model_names()
    raise ModelFileError(
        f"{no_file(path_or_name)}; expected a model file, or a model that comes with refsim ({', '.join(names)})"
        f"{did_you_mean(path_or_name, names)}"
    )


def load_digits(part):
    """Return the embedded handwritten digits (Alpaydin and Kaynak, UCI; as bundled by scikit-learn, CC BY 4.0).

    Parameters
    ----------
    part : {"train", "test"}
        1,437 images to train on, or the 360 held out.

    Returns
    -------
    images : ndarray of uint8, shape (n, 8, 8)
        0 (paper) to 255 (ink).
    labels : ndarray of uint8, shape (n,)
    """
    with np.load(golden_folder() / "data" / "digits.npz", allow_pickle=False) as digits:
        return digits[f"{part}_images"], digits[f"{part}_labels"]
