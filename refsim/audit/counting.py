"""Integers that count what is done to them and cannot be multiplied.

The kernels' Python source run on these is the ground truth of the operation census, and an independent route to
every value: Python's integers neither wrap nor round.
"""

import numpy as np

from refsim.audit.census import Census
from refsim.errors import MultiplicationError

FORBIDDEN = {
    "multiply data": ("mul", "rmul", "imul", "matmul", "rmatmul", "imatmul"),
    "divide data": ("truediv", "rtruediv", "itruediv", "floordiv", "rfloordiv", "ifloordiv", "divmod", "rdivmod"),
    "take the remainder of data": ("mod", "rmod", "imod"),
    "raise data to a power": ("pow", "rpow", "ipow"),
    "turn data into a float": ("float", "complex", "round", "trunc", "floor", "ceil"),
    "use data as an address": ("index",),
    "shift by data": ("rlshift", "rrshift"),
}


class Tally:
    """Counts by kind; the mutable partner of `Census`."""

    def __init__(self):
        self.counts = dict.fromkeys(("adds", "compares", "shifts", "selects", "logic"), 0)

    def count(self, kind):
        self.counts[kind] += 1

    @property
    def census(self):
        return Census(**self.counts)


class CountingInteger:
    """An integer that adds, compares, shifts and combines bits, each time counted, and refuses all else.

    Parameters
    ----------
    value : int
    tally : Tally
        Where the operations are counted.
    """

    __slots__ = ("value", "tally")
    __array_ufunc__ = None
    __hash__ = None

    def __init__(self, value, tally):
        self.value, self.tally = value, tally

    def __repr__(self):
        return f"CountingInteger({self.value})"

    def _counted(self, kind, value):
        self.tally.count(kind)
        return CountingInteger(value, self.tally)

    def __add__(self, other):
        return self._counted("adds", self.value + plain(other))

    __radd__ = __add__

    def __sub__(self, other):
        return self._counted("adds", self.value - plain(other))

    def __rsub__(self, other):
        return self._counted("adds", plain(other) - self.value)

    def __neg__(self):
        return self._counted("adds", -self.value)

    def __lshift__(self, amount):
        return self._counted("shifts", self.value << constant(amount))

    def __rshift__(self, amount):
        return self._counted("shifts", self.value >> constant(amount))

    def __and__(self, other):
        return self._counted("logic", self.value & plain(other))

    def __or__(self, other):
        return self._counted("logic", self.value | plain(other))

    def __xor__(self, other):
        return self._counted("logic", self.value ^ plain(other))

    __rand__, __ror__, __rxor__ = __and__, __or__, __xor__

    def _compared(self, truth):
        self.tally.count("compares")
        return CountingTruth(truth, self.tally)

    def __eq__(self, other):
        return self._compared(self.value == plain(other))

    def __ne__(self, other):
        return self._compared(self.value != plain(other))

    def __lt__(self, other):
        return self._compared(self.value < plain(other))

    def __le__(self, other):
        return self._compared(self.value <= plain(other))

    def __gt__(self, other):
        return self._compared(self.value > plain(other))

    def __ge__(self, other):
        return self._compared(self.value >= plain(other))

    def __bool__(self):
        raise MultiplicationError("data used as a truth value: compare it explicitly")


def _refusal(deed):
    def refuse(self, *_):
        raise MultiplicationError(f"a kernel tried to {deed} ({self!r})")

    return refuse


for _deed, _names in FORBIDDEN.items():
    for _name in _names:
        setattr(CountingInteger, f"__{_name}__", _refusal(_deed))


class CountingTruth:
    """The outcome of a counted comparison: it may steer a branch or a select."""

    __slots__ = ("truth", "tally")

    def __init__(self, truth, tally):
        self.truth, self.tally = truth, tally

    def __bool__(self):
        return self.truth

    def select(self, chosen, otherwise):
        """Return one of two values, counted as a select."""
        self.tally.count("selects")
        return CountingInteger(plain(chosen if self.truth else otherwise), self.tally)


def plain(value):
    """Return the Python integer behind a counting or an ordinary integer."""
    return value.value if isinstance(value, CountingInteger) else value


def constant(amount):
    """Return a shift amount after checking that it does not come from data (rule N1)."""
    if isinstance(amount, CountingInteger):
        raise MultiplicationError(f"a kernel tried to shift by data ({amount!r})")
    return amount


class CountingArray(np.ndarray):
    """An object array of counting integers; plain integers stored into it become counting ones."""

    def __new__(cls, values, tally):
        array = np.empty(np.shape(values), object).view(cls)
        array.tally = tally
        flat = array.reshape(-1)
        for position, value in enumerate(np.asarray(values).reshape(-1).tolist()):
            flat[position] = value
        return array

    def __array_finalize__(self, parent):
        self.tally = getattr(parent, "tally", None)

    def __setitem__(self, key, value):
        if isinstance(value, int):
            value = CountingInteger(value, self.tally)
        super().__setitem__(key, value)

    def count_into(self, tally):
        """Count what is done to these integers from now on in another tally."""
        self.tally = tally
        for value in self.reshape(-1):
            value.tally = tally

    def plain(self, dtype):
        """Return the values as an ordinary array."""
        return np.array([value.value for value in self.reshape(-1)], dtype).reshape(self.shape)
