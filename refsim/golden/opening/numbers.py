"""How numbers are written out: decimal beside hexadecimal and binary, and long lists cut in the middle."""

from refsim.errors import GoldenError

FIRST, LAST = 6, 3
MOST = 12
"""Lists of more than this are cut to the `FIRST` and the `LAST`."""


def three_ways(value, bits):
    """Write a value in decimal, hexadecimal and binary of a given width.

    Parameters
    ----------
    value : int
        Negative values are written in two's complement.
    bits : int

    Returns
    -------
    text : str

    Raises
    ------
    GoldenError
        If the width does not hold the value, neither as two's complement nor unsigned.

    Examples
    --------
    >>> three_ways(-7, 8)
    '-7 = 0xf9 = 0b11111001'
    """
    value, bits = int(value), int(bits)
    if not -(1 << bits - 1) <= value < 1 << bits:
        raise GoldenError(f"{value} does not fit {bits} bits")
    pattern = value & ((1 << bits) - 1)
    return f"{value} = 0x{pattern:0{(bits + 3) // 4}x} = 0b{pattern:0{bits}b}"


def written(value, bits):
    """Write a value three ways, wider where the declared width does not hold it."""
    if -(1 << bits - 1) <= value < 1 << bits:
        return three_ways(value, bits)
    return f"{three_ways(value, max(64, bits))} (does not fit {bits} bits)"


def cut(items, between):
    """Shorten a long list.

    Parameters
    ----------
    items : list
    between : callable
        Called with the items left out; its answer stands in their place.
    """
    if len(items) <= MOST:
        return list(items)
    return [*items[:FIRST], between(items[FIRST:-LAST]), *items[-LAST:]]


def aligned(rows, left=1):
    """Set rows of text in columns, the first `left` to the left and the others to the right."""
    widths = [max(map(len, column)) for column in zip(*rows)]
    return [
        "  ".join(
            cell.ljust(width) if place < left else cell.rjust(width)
            for place, (cell, width) in enumerate(zip(row, widths))
        ).rstrip()
        for row in rows
    ]


def address(name, place):
    """Write an element of an array, as in ``x[1, 2]``."""
    return f"{name}[{', '.join(map(str, place))}]"
