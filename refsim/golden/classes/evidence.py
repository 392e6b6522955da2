"""One site's wrong values beside the right ones, and the question that every class asks: does this explain them?"""

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from refsim.golden.sites import axis_names, node_of

PROBE_SIZE = 64
"""A transform is tried on this many wrong values before it is tried on all."""

COMMON_AXES = 2
"""Samples and timesteps, before the axes of the site."""


@dataclass(frozen=True, eq=False)
class Evidence:
    """The values of one site.

    Attributes
    ----------
    case : Case
    site : str
    expected, got : ndarray of int64, shape (samples, T, ...)
        Not equal.
    counted : ndarray of bool, shape (samples, T, ...)
        Which values are to be explained.
    """

    case: object
    site: str
    expected: np.ndarray
    got: np.ndarray
    counted: np.ndarray

    @classmethod
    def of(cls, case, site, expected, got):
        """Gather the values of a site, all counted."""
        shape = expected.shape if case.samples > 1 else (1, *expected.shape)
        values = (array.astype(np.int64).reshape(shape) for array in (expected, got))
        return cls(case, site, *values, np.broadcast_to(np.True_, shape))

    def up_to_first_differences(self):
        """Return the evidence with no value counted that comes after a wrong one of the same place and sample."""
        wrong_before = np.logical_or.accumulate(self.unequal, axis=1)[:, :-1]
        counted = np.ones(self.expected.shape, bool)
        counted[:, 1:] = ~wrong_before
        return replace(self, counted=counted)

    @cached_property
    def unequal(self):
        """Where a counted value is wrong."""
        return (self.expected != self.got) & self.counted

    @cached_property
    def probe(self):
        """Flat indices of the first wrong values."""
        return np.flatnonzero(self.unequal)[:PROBE_SIZE]

    @cached_property
    def first_frame(self):
        """Slices that take the timestep of the first wrong value."""
        sample, timestep, *_ = np.unravel_index(self.probe[0], self.expected.shape)
        return slice(sample, sample + 1), slice(timestep, timestep + 1)

    @cached_property
    def node(self):
        return node_of(self.case, self.site)

    @cached_property
    def axes(self):
        """Names of the site's own axes."""
        return axis_names(self.case, self.site)

    @cached_property
    def is_silent(self):
        """Whether all that was got is 0, so that where it came from cannot be told."""
        return not self.got[self.counted].any()

    @cached_property
    def is_spiking(self):
        """Whether every right value is -1, 0 or 1."""
        return bool(((self.expected >= -1) & (self.expected <= 1)).all())

    def axis(self, position):
        """Return the place of a site's own axis among all axes."""
        return COMMON_AXES + position

    def matches(self, candidate, part=...):
        """Tell whether a candidate equals what was got at every counted value, or at those of a part."""
        return bool(((candidate == self.got[part]) | ~self.counted[part]).all())

    def by_value(self, transform, *arguments):
        """Tell whether a function of each right value alone, ``transform(values, *arguments)``, explains everything."""
        wrong = transform(self.expected.reshape(-1)[self.probe], *arguments) == self.got.reshape(-1)[self.probe]
        return bool(wrong.all()) and self.matches(transform(self.expected, *arguments))

    def by_place(self, transform, *arguments):
        """Tell whether moving right values within timesteps, ``transform(values, *arguments)``, explains everything."""
        frame = self.expected[self.first_frame]
        if self.is_silent or not self.matches(transform(frame, *arguments), self.first_frame):
            return False
        return self.matches(transform(self.expected, *arguments))

    def only_where(self, condition):
        """Tell whether every wrong value stands where a condition holds."""
        return bool(condition[self.unequal].all())
