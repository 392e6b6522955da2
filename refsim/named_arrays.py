"""Arrays by name from an .npz file that a user brings; nothing in it is unpickled."""

import zipfile
import zlib

import numpy as np

from refsim.errors import InputError


def read_named_arrays(path, names, expected):
    """Read some arrays of an .npz file, whatever they are.

    Parameters
    ----------
    path : str or Path
    names : iterable of str or tuple of str
        Of several in a tuple, the first that is there.
    expected : str
        What the file should be, as the error says it.

    Returns
    -------
    arrays : dict of ndarray by name

    Raises
    ------
    InputError
        If the file is unreadable, or one of the arrays is missing.
    """
    try:
        # NumPy would take anything else for a pickle, and advise to allow it.
        if not zipfile.is_zipfile(path):
            raise ValueError("it is no zip archive")
        with np.load(path, allow_pickle=False) as data:
            there = [first_there(data, (name,) if isinstance(name, str) else name) for name in names]
            return {name: data[name] for name in there}
    except KeyError as error:
        raise InputError(f"{path}: expected {expected}: {error.args[0]}") from error
    except (ValueError, OSError, EOFError, RuntimeError, MemoryError, zipfile.BadZipFile, zlib.error) as error:
        reason = getattr(error, "strerror", None) or error
        raise InputError(f"{path}: expected {expected}: {reason}") from error


def first_there(data, names):
    """Return the first name of an array in the file, or the first of all, to be missed."""
    return next((name for name in names if name in data.files), names[0])
