"""The census of operations on data."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple


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

    @classmethod
    def total(cls, censuses):
        """Add up any number of them.

        Examples
        --------
        >>> Census.total([Census(adds=3), Census(adds=1, shifts=2)])
        Census(adds=4, compares=0, shifts=2, selects=0, logic=0, multiplies=0)
        """
        return cls(*map(sum, zip(*(vars(census).values() for census in (cls(), *censuses)))))


class Counted(NamedTuple):
    """A census that is not worked out until somebody asks for it.

    Attributes
    ----------
    always : Census
        What is done whatever the data.
    for_each : Census
        What is done for each event besides.
    count : callable
        Returns how many events there were.
    """

    always: Census
    for_each: Census = Census()
    count: Callable[[], int] = int

    def census(self):
        """Work it out.

        Examples
        --------
        >>> Counted(Census(compares=9), Census(adds=4), lambda: 2).census()
        Census(adds=8, compares=9, shifts=0, selects=0, logic=0, multiplies=0)
        """
        return self.always + self.for_each.repeated(self.count())
