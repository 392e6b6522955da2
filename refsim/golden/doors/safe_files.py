"""Reading what a foreign program left behind: no link followed, nothing waited for, nothing read without bound."""

import itertools
import os
import re
import stat

from refsim import npy
from refsim.errors import GoldenError
from refsim.golden.doors.asking import Fault
from refsim.printable import one_line

HEADER_BYTES = 1 << 16
"""No header of a .npy file of version 1.0 is longer."""
WIDEST_BYTES = 8
SLACK = 4
"""A file of so many times the values expected is still read, so that a wrong shape can be reported as one."""
KINDS = {stat.S_IFLNK: "a link", stat.S_IFDIR: "a folder", stat.S_IFIFO: "a named pipe", stat.S_IFSOCK: "a socket"}
FILE_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.+-]{0,199}")


def require_file_name(name):
    """Refuse a name that does not stay in its folder.

    Raises
    ------
    GoldenError
        A case of the suite is at fault, not the implementation.
    """
    if not FILE_NAME.fullmatch(name):
        raise GoldenError(f"{one_line(str(name))}: no name for a file: expected letters, digits and _ . + -")
    return name


def require_folder(path, label):
    """Refuse what is not itself a folder, such as a link to one."""
    try:
        mode = os.lstat(path).st_mode
    except OSError as error:
        raise Fault(f"{label}: {error.strerror}") from error
    if not stat.S_ISDIR(mode):
        raise Fault(f"{label}: expected a folder, got {kind(mode)}")


def kind(mode):
    """Name the kind of a file."""
    return KINDS.get(stat.S_IFMT(mode), "a regular file" if stat.S_ISREG(mode) else "a device")


def listing(folder, label, most):
    """Return the names in a folder, sorted.

    Raises
    ------
    Fault
        If there are more than `most`.
    """
    try:
        with os.scandir(folder) as entries:
            names = sorted(entry.name for entry in itertools.islice(entries, most + 1))
    except OSError as error:
        raise Fault(f"{label}: cannot be listed: {error.strerror}") from error
    if len(names) > most:
        raise Fault(f"{label}: more than {most} files")
    return names


def open_regular(path, label):
    """Open a regular file for reading bytes; a link, a pipe or a device is never opened.

    Raises
    ------
    Fault
        If it is anything else or cannot be opened.
    """
    flags = os.O_RDONLY | sum(getattr(os, flag, 0) for flag in ("O_NOFOLLOW", "O_NONBLOCK", "O_BINARY"))
    try:
        require_regular(os.lstat(path).st_mode, label)
        stream = os.fdopen(os.open(path, flags), "rb")
    except OSError as error:
        raise Fault(f"{label}: cannot be opened: {error.strerror}") from error
    try:
        # Between the two looks the file may have been replaced.
        require_regular(os.fstat(stream.fileno()).st_mode, label)
    except Fault:
        stream.close()
        raise
    return stream


def require_regular(mode, label):
    if not stat.S_ISREG(mode):
        raise Fault(f"{label}: expected a regular file, got {kind(mode)}")


def read_bytes(path, label, most):
    """Return the content of a regular file of at most `most` bytes; the size is looked at first."""
    with open_regular(path, label) as stream:
        size = os.fstat(stream.fileno()).st_size
        if size > most:
            raise Fault(f"{label}: has {size} bytes, more than {most}; not read")
        try:
            content = stream.read(most + 1)
        except OSError as error:
            raise Fault(f"{label}: cannot be read: {error.strerror}") from error
    if len(content) != size:
        raise Fault(f"{label}: changed while it was read")
    return content


def read_array(path, label, count):
    """Return the array of a .npy file.

    Parameters
    ----------
    path : str or Path
    label : str
        Named in the reason.
    count : int
        How many values are expected. Another type or shape is returned as it is, but a file far larger is not read.

    Raises
    ------
    Fault
        If it is no readable array of integers.
    """
    content = read_bytes(path, label, HEADER_BYTES + SLACK * WIDEST_BYTES * count)
    try:
        return npy.decode(content)
    except Exception as error:
        # NumPy's reading of a hostile header ends in errors of many kinds, from the tokenizer's to MemoryError.
        raise Fault(f"{label}: no readable .npy of integers: {error or type(error).__name__}") from error
