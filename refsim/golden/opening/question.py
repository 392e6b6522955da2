"""Which value is asked for, and where its node reads."""

from dataclasses import dataclass
from functools import cached_property

from refsim.golden.faces.widths import tensor_width
from refsim.golden.opening.numbers import address
from refsim.golden.sites import node_of, split_index, values_in_time


@dataclass(frozen=True, eq=False)
class Question:
    """One value of a case.

    Attributes
    ----------
    case : Case
    site : str
        Of a node's output or register.
    index : tuple of int
        (sample where there are several, timestep, ...).
    got : int or None
        What an outside implementation has there.
    """

    case: object
    site: str
    index: tuple
    got: int | None = None

    @cached_property
    def node(self):
        return node_of(self.case, self.site)

    @property
    def operator(self):
        return self.node.operator

    @property
    def sample(self):
        return split_index(self.case, self.index)[0]

    @property
    def timestep(self):
        return split_index(self.case, self.index)[1]

    @property
    def place(self):
        return split_index(self.case, self.index)[2]

    @property
    def bits(self):
        """Declared width of the value."""
        return tensor_width(self.case, "output", self.site)[0]

    @property
    def expected(self):
        """The right value."""
        return int(self.case.expected[self.site][self.index])

    def in_time(self, position=0):
        """Return the right values of one of the node's inputs at every timestep, shape (T, ...)."""
        return values_in_time(self.case, self.node.inputs[position])[self.sample]

    def values(self, position=0):
        """Return the right values of one of the node's inputs at the timestep asked for."""
        return self.in_time(position)[self.timestep]

    def read(self, position, place):
        """Return one value of an input at the timestep asked for, and how it is written."""
        return int(self.values(position)[place]), address(self.node.inputs[position], place)
