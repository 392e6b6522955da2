"""What all commands share."""

import argparse
import json
import os
from pathlib import Path

from refsim.errors import InputError


def command(commands, name, function, description):
    """Add a command, with the option that all of them have; ``parser`` says what is wrong with its words."""
    added = commands.add_parser(name, help=description, description=f"{description[0].upper()}{description[1:]}.")
    added.add_argument("--json", action="store_true", help="print JSON for a program to read")
    added.set_defaults(command=function, parser=added)
    return added


def positive(text):
    """Read an integer from 1, as a type of the parser."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"expected an integer from 1, got {text!r}")
    return int(text)


def counted(number, thing):
    """Return how many there are of a thing.

    Examples
    --------
    >>> counted(1, "case"), counted(20, "case")
    ('1 case', '20 cases')
    """
    return f"{number} {thing}" if number == 1 else f"{number} {thing}s"


def print_json(value):
    print(json.dumps(value, indent=2))


def require_writable(options, read=(), **suffixes):
    """Refuse files that could not be written, or would overwrite each other or what is read, before anything runs.

    Parameters
    ----------
    options : Namespace
    read : iterable of str
        What the command reads; names of no file count for nothing.
    **suffixes : str
        How the file that each option names has to end.

    Raises
    ------
    InputError
        Naming the option and the file.
    """
    takers = {}
    for name, suffix in suffixes.items():
        file = getattr(options, name)
        if file is None:
            continue
        path = Path(file).absolute()
        if path.suffix.lower() != suffix:
            raise InputError(f"--{name} {file}: expected the name of a {suffix} file")
        if not path.parent.is_dir():
            raise InputError(f"--{name} {file}: there is no folder {Path(file).parent} to write it in")
        if path.is_dir():
            raise InputError(f"--{name} {file}: is a folder; name a file to write")
        if takers.setdefault(path.resolve(), name) != name:
            raise InputError(f"--{name} {file}: --{takers[path.resolve()]} writes that file; name another")
        if path.exists() and any(os.path.exists(source) and path.samefile(source) for source in read):
            raise InputError(f"--{name} {file}: is read by this command, and would be lost; name another")


def write(path, save):
    """Write a file with a function of its name."""
    try:
        save(path)
    except OSError as error:
        raise InputError(f"{path}: cannot be written: {error.strerror or error}") from error
