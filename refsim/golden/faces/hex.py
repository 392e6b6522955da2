"""The hex face of a tensor: a file for ``$readmemh``.

One word a line in the C order of the array, of lower-case digits, as many as the declared width asks for; two's
complement at that width, unsigned for pixels. No prefix, no comment, no address; every line, the last one too, ends in
a line feed, without which some simulators drop the last word.
"""

import math
import re

import numpy as np

from refsim.errors import GoldenError


def hex_text(array, bits, where="array"):
    """Return a tensor as text for ``$readmemh``.

    Parameters
    ----------
    array : ndarray of integers
        Unsigned types give unsigned words, others two's complement.
    bits : int
        Declared width of a word, 1 to 64.
    where : str
        Named in errors.

    Returns
    -------
    text : str
        Ends in a newline; empty where there are no values.

    Raises
    ------
    GoldenError
        If a value does not fit the width.

    Examples
    --------
    >>> import numpy as np
    >>> hex_text(np.array([[-1, 0], [1, -2]], np.int8), 2)
    '3\\n0\\n1\\n2\\n'
    """
    low, high = word_range(bits, array.dtype.kind != "u", where)
    if array.size and not low <= int(array.min()) <= int(array.max()) <= high:
        raise GoldenError(
            f"{where}: expected values from {low} to {high} ({bits} bits), got {int(array.min())} to {int(array.max())}"
        )
    digits, mask = digit_count(bits), (1 << bits) - 1
    return "".join(f"{value & mask:0{digits}x}\n" for value in array.ravel().tolist())


def parse_hex(text, bits, signed, dtype, shape, where="hex"):
    """Return the tensor of a text for ``$readmemh``; the way back from `hex_text`.

    Parameters
    ----------
    text : str
    bits : int
    signed : bool
        Whether the words are two's complement.
    dtype : data type
    shape : tuple of int
    where : str
        Named in errors.

    Returns
    -------
    array : ndarray

    Raises
    ------
    GoldenError
        If a line is not exactly one word of the width, if there are more or fewer of them than the shape asks for, or
        if one does not fit the type.
    """
    word_range(bits, signed, where)
    digits, dtype, words = digit_count(bits), np.dtype(dtype), []
    if text and not text.endswith("\n"):
        raise GoldenError(f"{where}: expected a newline at the end; the file is cut short, or was edited")
    pattern = re.compile(f"[0-9a-f]{{{digits}}}")
    for number, line in enumerate(text.split("\n")[:-1], 1):
        if not pattern.fullmatch(line) or int(line, 16) >> bits:
            raise GoldenError(f"{where}: line {number}: expected {digits} digits of {bits} bits, got {line[:80]!a}")
        word = int(line, 16)
        words.append(word - (1 << bits) if signed and word >> bits - 1 else word)
    if len(words) != math.prod(shape):
        raise GoldenError(f"{where}: expected {math.prod(shape)} words for the shape {tuple(shape)}, got {len(words)}")
    information = np.iinfo(dtype)
    if words and not information.min <= min(words) <= max(words) <= information.max:
        raise GoldenError(f"{where}: expected values of {dtype}, got {min(words)} to {max(words)}")
    return np.array(words, dtype).reshape(shape)


def digit_count(bits):
    """Return how many hexadecimal digits a word has."""
    return (bits + 3) // 4


def word_range(bits, signed, where):
    """Return the lowest and highest value of a word."""
    if not 1 <= bits <= 64:
        raise GoldenError(f"{where}: expected a width of 1 to 64 bits, got {bits}")
    return (-(1 << bits - 1), (1 << bits - 1) - 1) if signed else (0, (1 << bits) - 1)
