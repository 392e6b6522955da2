"""The census of operations on data."""

from dataclasses import astuple, dataclass


@dataclass(frozen=True)
class Census:
    """How many operations of each kind were done on data (rule N1 of golden/NUMERICS.md).

    Attributes
    ----------
    adds : int
        Additions, subtractions and negations.
    compares, shifts, selects : int
    logic : int
        And, or, exclusive or.
    multiplies : int
        Always 0: no kernel can multiply. It is kept as a field so that a reader finds it.
    """

    adds: int = 0
    compares: int = 0
    shifts: int = 0
    selects: int = 0
    logic: int = 0
    multiplies: int = 0

    def __add__(self, other):
        return Census(*(mine + theirs for mine, theirs in zip(astuple(self), astuple(other))))
