"""Files, and folders of files, that are written whole or not at all."""

import os
import shutil
import threading
from contextlib import contextmanager
from pathlib import Path


def write_whole(path, content):
    """Put a file in the place of what is there, with the rights that any new file gets.

    What a link points to is replaced; a device or a pipe is written to, never replaced.

    Parameters
    ----------
    path : str or Path
    content : bytes
    """
    target = Path(path).resolve()
    if target.exists() and not target.is_file():
        target.write_bytes(content)
        return
    part = target.with_name(part_name(target))
    try:
        part.write_bytes(content)
        os.replace(part, target)
    finally:
        part.unlink(missing_ok=True)


@contextmanager
def whole_folder(path):
    """Give a folder to fill, of which all comes to the path given at the end, and nothing after any exception.

    Parameters
    ----------
    path : str or Path
        Of a folder that is new, or empty. An empty one is kept: a shell may stand in it, or a disk be mounted there,
        and the rights that it has are its owner's. So it is filled from a folder in it, not replaced by one beside it.

    Yields
    ------
    part : Path
    """
    target = Path(path).resolve()
    place = next(folder for folder in (target, *target.parents) if folder.exists())
    part = place.joinpath(part_name(target))
    try:
        part.mkdir()
        yield part
        if target.is_dir():
            move_all(part, target)
        else:
            target.parent.mkdir(parents=True, exist_ok=True)
            os.replace(part, target)
    finally:
        shutil.rmtree(part, ignore_errors=True)


def move_all(source, target):
    """Move what is in a folder to another of the same disk, all of it or nothing."""
    names = os.listdir(source)
    try:
        for name in names:
            os.rename(source.joinpath(name), target.joinpath(name))
    except BaseException:
        for name in names:
            if not source.joinpath(name).exists():
                os.rename(target.joinpath(name), source.joinpath(name))
        raise


def part_name(target):
    """Return a hidden name that no other process or thread gives to what it is writing."""
    return f".{target.name}.{os.getpid()}.{threading.get_ident()}.part"
