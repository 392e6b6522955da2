"""The census of operations on data."""

from dataclasses import dataclass


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
        return Census(
            self.adds + other.adds,
            self.compares + other.compares,
            self.shifts + other.shifts,
            self.selects + other.selects,
            self.logic + other.logic,
            self.multiplies + other.multiplies,
        )

    def repeated(self, times):
        """Return the census of doing the same so many times.

        Examples
        --------
        >>> Census(adds=3, compares=1).repeated(2)
        Census(adds=6, compares=2, shifts=0, selects=0, logic=0, multiplies=0)
        """
        return Census(*(count * times for count in vars(self).values()))
