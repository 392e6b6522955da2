"""How a loop becomes a kernel: compiled for integers, interpreted for counting integers."""

from functools import update_wrapper

import numba
from numba.extending import overload, register_jitable

from refsim.audit.counting import CountingArray, CountingTruth

inline = register_jitable
"""Marks a small function that kernels call: Python on counting integers, else compiled into its caller."""


class Kernel:
    """A loop over arrays, as Python source and as machine code.

    Calling it runs the machine code; where the last argument is a `CountingArray` it runs the Python source instead.

    Attributes
    ----------
    python : function
        The source.
    compiled : numba dispatcher
        Cached on disk, and free of the interpreter lock while it runs.
    """

    def __init__(self, function):
        self.python = function
        self.compiled = numba.njit(cache=True, nogil=True)(function)
        update_wrapper(self, function)

    def __call__(self, *arguments):
        if isinstance(arguments[-1], CountingArray):
            return self.python(*arguments)
        return self.compiled(*arguments)


kernel = Kernel


def select(condition, chosen, otherwise):
    """Return `chosen` where the condition holds, `otherwise` where not, without a branch."""
    if isinstance(condition, CountingTruth):
        return condition.select(chosen, otherwise)
    return chosen if condition else otherwise


@overload(select)
def _compiled_select(condition, chosen, otherwise):
    def implementation(condition, chosen, otherwise):
        return chosen if condition else otherwise

    return implementation
