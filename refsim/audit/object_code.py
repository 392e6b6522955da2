"""What machine code is, whatever else was compiled before it in its process.

numba writes into the name of each function how many it has compiled, so that the same kernel gives other bytes after
other kernels. `NUMBERED_FROM` keeps those numbers to one width, and with it the places of all that follows a name;
`code_hash` leaves the numbers out.
"""

import hashlib
import itertools
import re

import llvmlite.binding as llvm
from numba.core.bytecode import FunctionIdentity

NUMBERED_FROM = 1_000_000
"""The number of the first function; seven digits are enough for nine million."""

FunctionIdentity._unique_ids = itertools.count(max(NUMBERED_FROM, next(FunctionIdentity._unique_ids)))

NUMBER = re.compile(rb"(?<=B8v)[0-9]{7}")
"""As it stands in a name: a tag of eight characters, `v` and the digits."""

ELF, SYMBOL_BYTES, OFFSET_BYTES = b"\x7fELF", 24, 4


def code_hash(machine_code):
    """Return the SHA-256 of an object file without the numbers of functions in it.

    Instructions, constants, relocations and all else that the names of symbols mean count as they are. Of a file that
    is no ELF the bytes are taken.

    Parameters
    ----------
    machine_code : bytes

    Returns
    -------
    hash : str
    """
    if not machine_code.startswith(ELF):
        return hashlib.sha256(machine_code).hexdigest()
    sections = [(section.name(), section.data()) for section in llvm.ObjectFileRef.from_data(machine_code).sections()]
    names = next(data for name, data in sections if name == b".strtab")
    said = [
        (name, symbols(data, names) if name == b".symtab" else NUMBER.sub(b"", data))
        for name, data in sections
        if name != b".strtab"
    ]
    return hashlib.sha256(repr(said).encode()).hexdigest()


def symbols(table, names):
    """Return the entries of a table of symbols, with their names in place of where those stand."""
    entries = [table[start : start + SYMBOL_BYTES] for start in range(0, len(table), SYMBOL_BYTES)]
    return [(name_at(names, entry[:OFFSET_BYTES]), entry[OFFSET_BYTES:]) for entry in entries]


def name_at(names, offset):
    """Return one of the names of a table without the numbers of functions."""
    start = int.from_bytes(offset, "little")
    return NUMBER.sub(b"", names[start : names.index(b"\0", start)])
