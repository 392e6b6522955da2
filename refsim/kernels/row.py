"""Kernels that run one after the other without the interpreter.

While the interpreter takes the arguments of one call apart, some microseconds, no other thread may; and one that has to
wait for it is put to sleep, and takes as long to wake as a small layer does. So the arguments of a kernel that is called
again and again are taken apart once, into words; and each kernel of a row goes on to the next by itself.
"""

import ctypes
import os
import time
from dataclasses import dataclass, replace
from functools import partial
from itertools import accumulate, chain, pairwise
from operator import index

import numpy as np

from refsim.audit.compilers import LINKS
from refsim.audit.guard import unguarded
from refsim.kernels.witness import show

WORD_BYTES, ALL_WORDS = 8, 1 << 64

ENTRY = ctypes.CFUNCTYPE(ctypes.c_int64, ctypes.c_void_p)
"""How a kernel is entered with its frame; ctypes lets other threads have the interpreter meanwhile."""

offer_processor = getattr(os, "sched_yield", partial(time.sleep, 0))


@dataclass(frozen=True, eq=False)
class Bound:
    """A kernel with its arguments, as a row takes it.

    Attributes
    ----------
    kernel : Kernel
    proved : Proved
        The machine code for the types of the arguments.
    arguments : tuple
        Integers, arrays, and tuples of these.
    range_place : int or None
        Which argument is `first`, and the next `last`, where a row may set them.
    of_each : int
        Of each place of a row it takes so many.
    """

    kernel: object
    proved: object
    arguments: tuple
    range_place: int | None = None
    of_each: int = 1

    def over(self, first, last):
        """Return the kernel bound to some places; itself where it takes no range."""
        if self.range_place is None:
            return self
        limits, place = (first * self.of_each, last * self.of_each), self.range_place
        return replace(self, arguments=(*self.arguments[:place], *limits, *self.arguments[place + 2 :]))


def words(argument):
    """Return what machine code takes of an argument, as numba lays it out: integers of 64 bits.

    Parameters
    ----------
    argument : int, ndarray, or tuple of these
        An array is said by who owns it (nobody whom machine code would have to know), how many values it has, the bytes
        of each, where it begins, and its shape and strides.

    Raises
    ------
    TypeError
        If it is anything else.

    Examples
    --------
    >>> words((7, (-1, True)))
    (7, 18446744073709551615, 1)
    >>> values = np.zeros((2, 3), np.int16)
    >>> words(values) == (0, 0, 6, 2, values.ctypes.data, 2, 3, 6, 2)
    True
    """
    if isinstance(argument, tuple):
        return tuple(word for part in argument for word in words(part))
    if isinstance(argument, np.ndarray):
        array = unguarded(argument)
        begin = array.__array_interface__["data"][0]
        said = 0, 0, array.size, array.itemsize, begin, *array.shape, *array.strides
        return tuple(word % ALL_WORDS for word in said)
    return (index(argument) % ALL_WORDS,)


def length(parts):
    """Return how many words some arguments are together."""
    return sum(map(len, parts))


class Row:
    """Bound kernels, one after the other; one that returns False is asked again and again, and the processor offered.

    Parameters
    ----------
    calls : sequence of Bound

    Raises
    ------
    TypeError
        If an argument is neither an integer nor an array nor a tuple of these.
    """

    def __init__(self, calls):
        self.calls, self.limits = tuple(calls), None
        self.kernels = {call.kernel for call in self.calls}
        self.reports = {call.proved.report for call in self.calls}
        self.entries = [ENTRY(call.proved.entry) for call in self.calls]
        taken = [[words(argument) for argument in call.arguments] for call in self.calls]
        begins = list(accumulate((LINKS + length(own) for own in taken), initial=0))
        self.memory = np.zeros(begins[-1], np.uint64)
        self.frames = [self.memory.ctypes.data + begin * WORD_BYTES for begin in begins[:-1]]
        following = [*((call.proved.entry, frame) for call, frame in zip(self.calls[1:], self.frames[1:])), (0, 0)]
        for place, (begin, end) in enumerate(pairwise(begins)):
            self.memory[begin:end] = np.array([*following[place], place + 1, *chain(*taken[place])], np.uint64)
        ranges = [
            (begin + LINKS + length(own[: call.range_place]), call.of_each)
            for begin, own, call in zip(begins, taken, self.calls)
            if call.range_place is not None
        ]
        self.firsts, self.of_each = np.array(ranges, np.int64).reshape(-1, 2).T

    def limit(self, first, last):
        """Set the places of the kernels that take a range, from now on."""
        self.limits = first, last
        self.memory[self.firsts] = self.of_each * first
        self.memory[self.firsts + 1] = self.of_each * last

    def __call__(self):
        """Run them.

        Raises
        ------
        MultiplicationError
            If the source of one was exchanged after its proof.
        """
        for kernel in self.kernels:
            kernel.require_own_source()
        show(*self.reports)
        place = 0
        while place < len(self.calls):
            found = self.entries[place](self.frames[place])
            if found == 0:
                return
            place = abs(found) - 1
            if found < 0:
                self.fail(place)
            offer_processor()

    def fail(self, place):
        """Call a kernel that failed as the interpreter does, which raises what it has to say."""
        call = self.calls[place] if self.limits is None else self.calls[place].over(*self.limits)
        call.proved.call(*call.arguments)
        raise RuntimeError(f"{call.kernel.__name__} failed in a row, and not alone")
