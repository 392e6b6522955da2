"""Text of unknown origin, made fit for a terminal, a log and XML."""

LONGEST_LINE = 200
CUT = "..."
READ_AT_MOST = 1 << 16
"""Characters of a text that are looked at for one line; the rest would be cut anyway."""


def one_line(text, longest=LONGEST_LINE):
    """Return a text as one printable line.

    Parameters
    ----------
    text : str
        White space becomes single spaces; what does not print (control characters, direction marks, lone surrogates)
        becomes an escape.
    longest : int
        Characters; what is longer is cut and ends in ``...``.

    Examples
    --------
    >>> one_line("red \\x1b[31m\\nnext")
    'red \\\\x1b[31m next'
    """
    line = printable(" ".join(text[:READ_AT_MOST].split()))
    return line if len(line) <= longest else line[: longest - len(CUT)] + CUT


def printable(text, kept=""):
    """Replace by escapes all characters that do not print, but those in `kept`."""
    return "".join(
        character if character.isprintable() or character in kept else character.encode("unicode_escape").decode()
        for character in text
    )
