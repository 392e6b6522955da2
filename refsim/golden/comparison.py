"""Hold an answer against the expected values, exactly: no cast, no reshape, no tolerance."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np


@dataclass(frozen=True)
class Difference:
    """A site at which an answer is not the expected one.

    Attributes
    ----------
    site : str
    problem : {"missing", "type", "shape", "values"}
    message : str
        Expected and got, in one line.
    first : tuple of int or None
        For ``"values"``: the index of the first differing value in order of (sample and) time.
    count : int
        For ``"values"``: how many differ.
    """

    site: str
    problem: str
    message: str
    first: tuple | None = None
    count: int = 0


@dataclass(frozen=True, eq=False)
class Comparison:
    """An answer beside the expected values of its case.

    Attributes
    ----------
    case : Case
    got : dict of ndarray by site
    differences : tuple of Difference
        In order of sites.
    """

    case: object
    got: dict
    differences: tuple

    @property
    def equal(self):
        return not self.differences

    @property
    def observed(self):
        """Expected sites that the answer gives, in order of computation."""
        return [site for site in self.case.expected if site in self.got]

    @property
    def unobserved(self):
        return [site for site in self.case.expected if site not in self.got]

    @property
    def equal_before(self):
        """Sites that the answer gives, computed before that of the first difference: equal."""
        sites = self.observed
        return sites[: sites.index(self.first.site)]

    @property
    def unobserved_before(self):
        """Sites that the answer does not give, of which a value was computed before the first difference.

        After the first timestep, and after the first sample, that is every site.
        """
        if any(self.first.first[: self.time_axes]):
            return self.unobserved
        sites = list(self.case.expected)
        return [site for site in sites[: sites.index(self.first.site)] if site not in self.got]

    @property
    def time_axes(self):
        """How many of the first axes of an answer say when: time, and samples before it where there are several."""
        return 1 + (self.case.samples > 1)

    @cached_property
    def first(self):
        """The first difference in order of computation: sample, then timestep, then site; None where all is equal.

        What is missing or malformed comes before any differing value, since nothing after it can be trusted.
        """
        order = list(self.case.expected)

        def place(difference):
            when = difference.first[: self.time_axes] if difference.first else (-1,)
            return when, order.index(difference.site) if difference.site in order else -1

        return min(self.differences, key=place, default=None)


def compare(case, got):
    """Compare an answer with the expected values of a case.

    Parameters
    ----------
    case : Case
    got : dict of ndarray by site
        The case's `outputs` must be there; any other site of the case may be.

    Returns
    -------
    comparison : Comparison
    """
    differences = []
    for site, expected in case.expected.items():
        if site in got:
            differences.append(difference(site, expected, got[site]))
        elif site in case.outputs or case.draws:
            differences.append(Difference(site, "missing", f"{site}: missing; the case asks for it"))
    for site in got:
        if site not in case.expected:
            differences.append(Difference(site, "missing", f"{site}: not a site of this case"))
    return Comparison(case, got, tuple(filter(None, differences)))


def difference(site, expected, got):
    """Return how two arrays differ, or None."""
    if not isinstance(got, np.ndarray) or got.dtype != expected.dtype:
        found = got.dtype if isinstance(got, np.ndarray) else type(got).__name__
        return Difference(site, "type", f"{site}: expected {expected.dtype}, got {found}; nothing is cast")
    if got.shape != expected.shape:
        return Difference(site, "shape", f"{site}: expected the shape {expected.shape}, got {got.shape}")
    unequal = got != expected
    if not unequal.any():
        return None
    first = tuple(map(int, np.unravel_index(int(unequal.argmax()), unequal.shape)))
    return Difference(
        site,
        "values",
        f"{site}: first at {first}: expected {expected[first]}, got {got[first]}",
        first,
        int(unequal.sum()),
    )
