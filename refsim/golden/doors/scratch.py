"""A temporary folder that is removed whatever was done to it."""

import os
import secrets
import stat
import tempfile
from contextlib import contextmanager
from pathlib import Path

from refsim.golden.doors.asking import Fault

MOST_ROUNDS = 1 << 17
"""A folder of this depth is given up, as is one that is filled as fast as it is emptied."""


@contextmanager
def scratch_folder():
    """Make a temporary folder, and remove it at the end.

    Raises
    ------
    Fault
        If something in it resists.
    """
    folder = Path(tempfile.mkdtemp(prefix="refsim-"))
    try:
        yield folder
    finally:
        remove(folder)


def remove(folder):
    """Remove a folder, following no link, however deep it is and whatever its permissions are.

    Folders in folders are moved up before they are emptied: neither the length of a path nor the depth of recursion
    matters, and a single open folder at a time will do.
    """
    try:
        if not is_folder(folder, None):
            os.unlink(folder)
            return
        top = open_folder(folder, None)
        try:
            rounds = iter(range(MOST_ROUNDS))
            while (names := os.listdir(top)) and next(rounds, None) is not None:
                for name in names:
                    empty(top, name)
        finally:
            os.close(top)
        os.rmdir(folder)
    except OSError as error:
        raise Fault(f"left {folder}, which cannot be removed: {error.strerror}") from error


def empty(top, name):
    """Remove an entry of the open folder `top`; what folders it holds end up in `top`."""
    if not is_folder(name, top):
        os.unlink(name, dir_fd=top)
        return
    below = open_folder(name, top)
    try:
        for inner in os.listdir(below):
            if is_folder(inner, below):
                os.chmod(inner, stat.S_IRWXU, dir_fd=below)
                os.rename(inner, secrets.token_hex(), src_dir_fd=below, dst_dir_fd=top)
            else:
                os.unlink(inner, dir_fd=below)
    finally:
        os.close(below)
    os.rmdir(name, dir_fd=top)


def is_folder(name, parent):
    return stat.S_ISDIR(os.lstat(name, dir_fd=parent).st_mode)


def open_folder(name, parent):
    """Open a folder after giving its owner, which we are, every right to it."""
    os.chmod(name, stat.S_IRWXU, dir_fd=parent)
    return os.open(name, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=parent)
