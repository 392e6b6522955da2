"""Files of a folder that may be hostile: nothing outside it is opened, nothing endless is read."""

import os
import stat
from contextlib import suppress

from refsim.errors import GoldenError

LARGEST_FILE = 1 << 24


def read_file(folder, path, largest=LARGEST_FILE):
    """Read a regular file below a folder, following no link on the way.

    Parameters
    ----------
    folder : Path
    path : str
        With forward slashes; no part may be ``..`` or empty.
    largest : int
        Bytes; a larger file is refused before it is read.

    Returns
    -------
    content : bytes

    Raises
    ------
    GoldenError
        If the file is missing, too large, no regular file, or reached through a link.
    """
    parts = path.split("/")
    if any(part in ("", ".", "..") for part in parts):
        raise GoldenError(f"{folder}: {path!r} leaves the folder")
    where = f"{folder}/{path}"
    directory = None
    try:
        directory = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        for part in parts[:-1]:
            below = os.open(part, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=directory)
            os.close(directory)
            directory = below
        descriptor = os.open(parts[-1], os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=directory)
    except FileNotFoundError:
        raise GoldenError(f"{where}: missing") from None
    except OSError as error:
        raise GoldenError(f"{where}: cannot be read, or is reached through a link: {error.strerror}") from error
    finally:
        if directory is not None:
            # An interrupt may have come between the closing of one folder and the taking of the next.
            with suppress(OSError):
                os.close(directory)
    with os.fdopen(descriptor, "rb") as stream:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise GoldenError(f"{where}: not a regular file")
        if status.st_size > largest:
            raise GoldenError(f"{where}: {status.st_size} bytes, more than the {largest} that are read")
        return stream.read()
