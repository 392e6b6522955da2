"""Read JSON that a stranger may have written: strictly, integers only, and nothing that could exhaust the reader."""

import json

from refsim.errors import GoldenError

MOST_BYTES = 1 << 24
"""Larger files are refused before they are read as JSON."""

MOST_DEPTH = 64
"""Deeper nesting is refused; how deep the interpreter itself could go depends on its version."""

SHOWN = 80
"""Characters of a stranger's value or name that an error repeats."""

TOO_DEEP = f"expected lists and objects nested at most {MOST_DEPTH} deep"


def shorten(text):
    """Cut text that is longer than an error may repeat."""
    return text if len(text) <= SHOWN else text[:SHOWN] + "..."


def refuse_number(text):
    """Take the text of a float, of NaN or of an infinity."""
    raise GoldenError(f"expected integers only, got the number {shorten(text)}")


def parse_integer(text):
    """Return the integer of a text, which is not parsed where it is long: that takes time."""
    value = int(text) if len(text) <= len(str(-(1 << 63))) else None
    if value is None or not -(1 << 63) <= value < 1 << 64:
        raise GoldenError(f"expected integers of at most 64 bits, got {shorten(text)}")
    return value


def distinct_members(pairs):
    """Return the object of its members, each with a key of its own."""
    members = {}
    for key, value in pairs:
        if key in members:
            raise GoldenError(f"the key {shorten(ascii(key))} stands twice in one object")
        members[key] = value
    return members


def require_shallow(value):
    """Refuse a value nested deeper than `MOST_DEPTH`, level by level."""
    level, depth = [value], 0
    while wholes := [whole for whole in level if isinstance(whole, (list, dict))]:
        depth += 1
        if depth > MOST_DEPTH:
            raise GoldenError(TOO_DEEP)
        level = [part for whole in wholes for part in (whole.values() if isinstance(whole, dict) else whole)]


HOOKS = {
    "parse_float": refuse_number,
    "parse_constant": refuse_number,
    "parse_int": parse_integer,
    "object_pairs_hook": distinct_members,
}


def read_json(content, where):
    """Read a JSON file whose writer is not trusted.

    Parameters
    ----------
    content : bytes
        UTF-8.
    where : str
        Name of the file, for errors.

    Returns
    -------
    value : None, bool, int, str, list or dict

    Raises
    ------
    GoldenError
        If it is larger than `MOST_BYTES`, not UTF-8, not JSON or nested deeper than `MOST_DEPTH`, or if it holds a
        float, NaN or an infinity, an integer beyond 64 bits, a key twice in one object, or half a surrogate pair.
    """
    if len(content) > MOST_BYTES:
        raise GoldenError(f"{where}: expected at most {MOST_BYTES} bytes of JSON, got {len(content)}")
    try:
        value = json.loads(content.decode("utf-8"), **HOOKS)
        require_shallow(value)
        json.dumps(value, ensure_ascii=False).encode("utf-8")
    except UnicodeDecodeError as error:
        byte = content[error.start]
        raise GoldenError(f"{where}: expected UTF-8, got the byte {byte:#04x} at {error.start}") from None
    except UnicodeEncodeError:
        raise GoldenError(f"{where}: expected text, got half a surrogate pair in a string") from None
    except json.JSONDecodeError as error:
        raise GoldenError(f"{where}: not JSON: {error}") from None
    except RecursionError:
        raise GoldenError(f"{where}: {TOO_DEEP}") from None
    except GoldenError as error:
        raise GoldenError(f"{where}: {error}") from None
    return value
