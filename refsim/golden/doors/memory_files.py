"""A memory that a simulator wrote with ``$writememh``, one a site: the way back from the hex face.

Words stand in C order, separated by white space, in the width and with the digits of the export. Comments are passed over,
as ``$readmemh`` does; an address such as ``@1f`` may stand where it says what is so anyway.
"""

import math
import re

import numpy as np

from refsim.golden.doors.asking import Fault
from refsim.golden.doors.safe_files import read_bytes
from refsim.golden.doors.trace_lines import ValueFault, require_range, words
from refsim.golden.sites import place_words, split_index
from refsim.printable import one_line

SUFFIX = ".hex"
COMMENT = re.compile(r"//[^\n]*|/\*.*?\*/", re.DOTALL)
ADDRESS = re.compile("@([0-9a-fA-F]{1,16})")
HEAD_BYTES = 1 << 16
WORD_BYTES = 64
"""A word with its line and an address of its own."""


def read_memory(path, name, recording, shape):
    """Return the values of a site from a file for ``$readmemh``.

    Parameters
    ----------
    path : str or Path
    name : str
        Of the file, ``SITE.hex``.
    recording : Recording
        Knows type and width of the site.
    shape : tuple of int
        Of all timesteps, as written.

    Returns
    -------
    values : ndarray

    Raises
    ------
    ValueFault
        If a word is undefined or not one of the width. Its place is (sample, timestep, place of the site), so that of the
        faults of several sites the first in order of computation can be told.
    Fault
        If there are more or fewer words than the shape asks for.
    """
    site, count = name.removesuffix(SUFFIX), math.prod(shape)
    content = read_bytes(path, name, HEAD_BYTES + WORD_BYTES * count)
    dtype, bits = recording.forms[site][0], recording.bits[site]
    try:
        values = words(data_of(content), bits, dtype.kind == "i")
        require_range(values, dtype)
    except ValueFault as fault:
        if fault.place >= count:
            raise Fault(f"{name}: word {fault.place}: {fault}") from fault
        index = tuple(map(int, np.unravel_index(fault.place, shape)))
        sample, timestep, _ = split_index(recording.case, index)
        message = f"{name}: {place_words(recording.case, site, index)}: {fault}"
        raise ValueFault((sample, timestep, recording.order[site]), message) from fault
    except Fault as fault:
        raise Fault(f"{name}: {fault}") from fault
    if len(values) != count:
        raise Fault(f"{name}: expected {count} words for the shape {shape}, got {len(values)}")
    return np.array(values, dtype).reshape(shape)


def data_of(content):
    """Return the words alone, without comments and addresses."""
    text = COMMENT.sub(" ", content.decode("ascii", "replace"))
    if "@" not in text:
        return text
    found = []
    for token in text.split():
        address = ADDRESS.fullmatch(token)
        if address is None:
            found.append(token)
        elif int(address[1], 16) != len(found):
            raise Fault(f"the address {one_line(token)} comes after {len(found)} words; every word has to be there")
    return " ".join(found)
