"""One line of a dumped trace: JSON of unknown origin to exact integers, or the reason why not."""

import json
import math
import re

import numpy as np

from refsim.golden.doors.asking import Fault
from refsim.printable import one_line

VALUE_KEYS = {"values", "hex", "bits"}
EVENT_KEYS = {"address", "value"}
CLOSING_KEYS = {"events", "sites"}
COMMON_KEYS = {"t", "site", "sample"}
LATEST_TIMESTEP = 1 << 40
WIDEST_WORD = 64


def parse_line(line):
    """Return the object of a line.

    Parameters
    ----------
    line : bytes

    Raises
    ------
    Fault
        If it is no JSON object of integers, texts and lists, each key at most once.
    """
    try:
        value = json.loads(
            line.decode("utf-8"), object_pairs_hook=unique, parse_float=refuse_number, parse_constant=refuse_number
        )
    except (ValueError, RecursionError) as error:
        raise Fault(f"no JSON object: {one_line(str(error), 100)}") from error
    if not isinstance(value, dict):
        raise Fault(f"expected a JSON object, got {type(value).__name__}")
    return value


def unique(pairs):
    """Make an object of pairs, each key once."""
    found = dict(pairs)
    if len(found) != len(pairs):
        raise Fault("a key is there twice")
    return found


def refuse_number(text):
    raise Fault(f"expected integers, got {one_line(text, 40)}")


def require_keys(line, allowed, needed):
    """Refuse keys that are unknown or missing."""
    for key in line:
        if key not in allowed:
            raise Fault(f"unknown key {one_line(key, 40)!r}; expected {', '.join(sorted(allowed))}")
    for key in needed:
        if key not in line:
            raise Fault(f"{key!r} is missing")


def integer(name, value, low, high):
    """Return a value that is an integer in [low, high], and neither a truth value nor a text.

    Raises
    ------
    Fault
        If it is anything else.
    """
    if type(value) is not int:
        raise Fault(f"{name}: expected an integer, got {shown(value)}")
    if not low <= value <= high:
        raise Fault(f"{name}: {shortened(value)} is not from {low} to {high}")
    return value


def shown(value):
    """Name a JSON value in a few words, however large or deep it is."""
    if isinstance(value, (list, dict)):
        return "a list" if isinstance(value, list) else "an object"
    return shortened(value) if type(value) is int else one_line(json.dumps(value), 40)


def shortened(value):
    """Return an integer in decimal, or how long it is."""
    return str(value) if value.bit_length() <= 2 * WIDEST_WORD else f"an integer of {value.bit_length()} bits"


def bounds(dtype):
    """Return lowest and highest value of a type, as Python integers."""
    limits = np.iinfo(dtype)
    return int(limits.min), int(limits.max)


def values_of(line, dtype, shape, declared_bits):
    """Return the values of one site at one timestep.

    Parameters
    ----------
    line : dict
        With ``values``, nested as the shape or flat in C order, or with ``hex``, words in C order.
    dtype : numpy.dtype
    shape : tuple of int
        Of one timestep.
    declared_bits : int
        Width of the words where the line has no ``bits``.

    Returns
    -------
    values : ndarray

    Raises
    ------
    Fault
        If anything is not an integer that the type holds exactly, or the shape is another.
    """
    if ("values" in line) == ("hex" in line):
        raise Fault("expected either 'values' or 'hex'")
    if "hex" in line:
        bits = integer("bits", line.get("bits", declared_bits), 1, WIDEST_WORD)
        values = words(line["hex"], bits, dtype.kind == "i")
    elif "bits" in line:
        raise Fault("'bits' belongs to 'hex'")
    else:
        values = flattened(line["values"], shape)
    if len(values) != math.prod(shape):
        raise Fault(f"expected {math.prod(shape)} values of shape {shape}, got {len(values)}")
    low, high = bounds(dtype)
    if set(map(type, values)) != {int} or min(values) < low or max(values) > high:
        # Found to be at fault as a whole, which is quick; now where.
        for place, value in enumerate(values):
            integer(f"value {place}", value, low, high)
    return np.array(values, dtype).reshape(shape)


def flattened(values, shape):
    """Return nested lists of exactly this shape, or a list that is flat already, as one list."""
    if not isinstance(values, list):
        raise Fault(f"values: expected a list, got {shown(values)}")
    if not any(isinstance(value, list) for value in values):
        return values
    level = [values]
    for size in shape:
        if not all(isinstance(row, list) and len(row) == size for row in level):
            raise Fault(f"values: expected lists of shape {shape}, or all values in one list")
        level = [value for row in level for value in row]
    return level


def words(text, bits, signed):
    """Return the integers of hexadecimal words of a width, in two's complement where they are signed."""
    digits = -(-bits // 4)
    if not isinstance(text, str):
        raise Fault(f"hex: expected a text, got {shown(text)}")
    found, pattern = [], re.compile(f"[0-9a-fA-F]{{{digits}}}")
    for word in text.split():
        if not pattern.fullmatch(word) or int(word, 16) >> bits:
            raise Fault(
                f"hex: expected words of {bits} bits in {digits} hexadecimal digits, got {one_line(word, 40)!r}"
            )
        value = int(word, 16)
        found.append(value - (1 << bits) if signed and value >> bits - 1 else value)
    return found


def event_place(line, shape):
    """Return the index, in C order, of the address of an event in a timestep of this shape."""
    address = line["address"]
    if not isinstance(address, list):
        return integer("address", address, 0, math.prod(shape) - 1)
    if len(address) != len(shape):
        raise Fault(f"address: expected {len(shape)} indices into {shape}, got {len(address)}")
    place = 0
    for axis, (index, size) in enumerate(zip(address, shape)):
        place = place * size + integer(f"address, axis {axis}", index, 0, size - 1)
    return place
