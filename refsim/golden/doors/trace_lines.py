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
NEARBY = 24
"""Characters of an unreadable line that are quoted."""

BARE_UNDEFINED = re.compile(r"(?<=[\[,:\s])[xXzZ](?=[\s,\]}])")
"""What a simulator prints in decimal for a value with undefined bits."""

NO_DIGIT = re.compile(r"[^0-9a-fA-F\s]")

UNDEFINED = "undefined: the simulator does not know the value, which was not reset or never written"


class ValueFault(Fault):
    """A value is at fault.

    Attributes
    ----------
    place : int or tuple of int
        Which of the line, in C order; of a file, where it comes in the order of computation.
    """

    def __init__(self, place, message):
        super().__init__(message)
        self.place = place


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
        value = json_value(line.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise Fault(f"no JSON object: {one_line(str(error), 100)}") from error
    if not isinstance(value, dict):
        raise Fault(f"expected a JSON object, got {type(value).__name__}")
    return value


def json_value(text):
    """Return the value of a text; an undefined value that stands bare in it becomes a text, which no key takes."""
    hooks = {"object_pairs_hook": unique, "parse_float": refuse_number, "parse_constant": refuse_number}
    try:
        return json.loads(text, **hooks)
    except json.JSONDecodeError as error:
        quoted, count = BARE_UNDEFINED.subn(r'"\g<0>"', text)
        if not count:
            raise Fault(unreadable(text.strip(), error)) from error
        return json.loads(quoted, **hooks)


def unreadable(text, error):
    """Say why a text is no JSON object, by what a log has most often in its place."""
    if not text:
        return "no JSON object: nothing is there"
    if text[0] not in "[{":
        return f"no JSON object: {one_line(text, 2 * NEARBY)!r}; what else a simulator prints belongs in another file"
    if text[-1] not in "]}":
        return f"no JSON object: cut short after {one_line(text[-NEARBY:])!r}"
    line = f"line {error.lineno}, " * (error.lineno > 1)
    return f"no JSON object: {error.msg} at {line}column {error.colno}, {one_line(error.doc[error.pos :], NEARBY)!r}"


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
    ValueFault
        If a value is not an integer that the type holds exactly.
    Fault
        If the shape is another, or there are no values.
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
    require_range(values, dtype)
    return np.array(values, dtype).reshape(shape)


def require_range(values, dtype):
    """Refuse values that are no integers, or that the type does not hold."""
    low, high = bounds(dtype)
    if set(map(type, values)) == {int} and low <= min(values) and max(values) <= high:
        return
    # Found to be at fault as a whole, which is quick; now where.
    for place, value in enumerate(values):
        if isinstance(value, str) and BARE_UNDEFINED.search(f" {value} "):
            raise ValueFault(place, f"{value} is {UNDEFINED}")
        if type(value) is not int:
            raise ValueFault(place, f"expected an integer, got {shown(value)}")
        if not low <= value <= high:
            raise ValueFault(place, f"{shortened(value)} is not from {low} to {high}{signed_hint(value, low)}")


def signed_hint(value, low):
    """Say of a value that is too large what it is in two's complement, if a type has it there."""
    for bits in (8, 16, 32, 64):
        if low <= value - (1 << bits) < 0:
            return f"; read as two's complement of {bits} bits it is {value - (1 << bits)}"
    return ""


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
    if not isinstance(text, str):
        raise Fault(f"hex: expected a text, got {shown(text)}")
    found = text.split()
    if set(map(len, found)) == {-(-bits // 4)} and not NO_DIGIT.search(text):
        values = [int(word, 16) for word in found]
        if not max(values) >> bits:
            above = 1 << bits - 1 if signed else 1 << bits
            return [value - (1 << bits) if value >= above else value for value in values]
    # Something is at fault; now what and where.
    return [word_value(place, word, bits, signed) for place, word in enumerate(found)]


def word_value(place, word, bits, signed):
    """Return the integer of one hexadecimal word, which has exactly the digits of its width."""
    digits = -(-bits // 4)
    if not re.fullmatch("[0-9a-fA-FxXzZ]+", word) or len(word) != digits:
        form = f"{bits} bit{'s' * (bits > 1)} in {digits} hexadecimal digit{'s' * (digits > 1)}"
        raise ValueFault(place, f"expected a word of {form}, got {one_line(word, 40)!r}")
    if not re.fullmatch("[0-9a-fA-F]+", word):
        raise ValueFault(place, f"{word} is {UNDEFINED}")
    value = int(word, 16)
    if value >> bits:
        raise ValueFault(place, f"expected a word of {bits} bit{'s' * (bits > 1)}, got {word!r}")
    return value - (1 << bits) if signed and value >> bits - 1 else value


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
