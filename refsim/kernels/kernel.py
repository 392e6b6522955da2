"""How a loop becomes a kernel: proved machine code for integers, Python source for counting integers."""

from functools import update_wrapper

import numpy as np
from numba import typeof
from numba.cpython.unsafe.numbers import trailing_zeros as count_trailing_zeros
from numba.extending import overload, register_jitable

from refsim.audit.compilers import ArraysApart, WholeRegisters
from refsim.audit.counting import CountingArray, CountingTruth
from refsim.audit.proofs import compile_proved
from refsim.errors import MultiplicationError
from refsim.kernels.row import Bound
from refsim.kernels.witness import show

NO_WRAPPERS = {"no_cfunc_wrapper": True, "no_cpython_wrapper": True}
"""What numba compiles around a function for callers that are no kernels: inlined ones have none."""

inline = register_jitable(pipeline_class=WholeRegisters, **NO_WRAPPERS)
"""Marks a small function that kernels call: Python on counting integers, else compiled into its caller."""

tuned_inline = register_jitable(pipeline_class=ArraysApart, forceinline=True, **NO_WRAPPERS)
"""Marks a function that tuned kernels call: as they do, it counts on its arrays being apart."""


class Kernel:
    """A loop over arrays, as Python source and as machine code.

    Calling it runs machine code whose proof is held, compiled for the types of the arguments at the first call; where
    the last argument is a `CountingArray` it runs the Python source instead.

    Attributes
    ----------
    python : function
        The source.
    reports : list of KernelReport
        Proofs of the machine code that runs, one for each specialisation called so far.
    """

    def __init__(self, function, apart=False):
        self.python, self.apart = function, apart
        self._code = function.__code__
        self._proved = {}
        update_wrapper(self, function)

    def __call__(self, *arguments):
        """Run the kernel.

        Raises
        ------
        MultiplicationError
            If its audit finds a violation, or if the source was exchanged after its proof.
        """
        if isinstance(arguments[-1], CountingArray):
            return self.python(*arguments)
        proved = self._proved_for(arguments)
        show(proved.report)
        return proved.call(*arguments)

    def bound(self, *arguments):
        """Return the kernel with its arguments, for a row: what types they are is asked once.

        Parameters
        ----------
        *arguments
            Integers, arrays, and tuples of these; no counting integers.

        Returns
        -------
        bound : Bound
        """
        return Bound(self, self._proved_for(arguments), arguments)

    def ranged(self, *arguments, of_each=1):
        """Return the kernel with its arguments but for a range, which is empty until a row sets it.

        Parameters
        ----------
        *arguments
            All but `first` and `last`.
        of_each : int
            As of `Bound`.

        Returns
        -------
        bound : Bound
        """
        place = self._code.co_varnames.index("first")
        arguments = *arguments[:place], 0, 0, *arguments[place:]
        return Bound(self, self._proved_for(arguments), arguments, place, of_each)

    def _proved_for(self, arguments):
        """Return machine code for the types of some arguments, with its proof."""
        self.require_own_source()
        types = tuple(map(argument_type, arguments))
        proved = self._proved.get(types)
        if proved is None:
            proved = self._proved[types] = compile_proved(self.python, arguments, self.apart)
        return proved

    def require_own_source(self):
        """Check that the source is the one that the kernel was made of."""
        if self.python.__code__ is not self._code:
            raise MultiplicationError(
                f"{self.__module__}.{self.__qualname__}: its source was exchanged after its proof"
            )

    @property
    def reports(self):
        return [proved.report for proved in self._proved.values()]


kernel = Kernel


def tuned_kernel(function):
    """Make a kernel that may count on its arrays being apart: none that it writes shares memory with another.

    LLVM then keeps sums in registers while it adds rows to them; else every row might change every sum.
    """
    return Kernel(function, apart=True)


C_ORDER, FORTRAN_ORDER, KIND_OF_ARRAY = 0x1, 0x2, 0x501
"""NumPy's flags: each order, and C order with alignment and writing."""

NUMBERS = (int, float, complex, np.number, np.bool)
"""What numba compiles for by its type alone."""


def argument_type(argument):
    """Return what distinguishes one specialisation from another; Fortran's order counts where that of C is missing."""
    if isinstance(argument, np.ndarray):
        flags = argument.flags.num
        return (
            argument.dtype,
            argument.ndim,
            flags & (KIND_OF_ARRAY if flags & C_ORDER else KIND_OF_ARRAY | FORTRAN_ORDER),
        )
    if isinstance(argument, tuple):
        return (type(argument), *map(argument_type, argument))
    return type(argument) if isinstance(argument, NUMBERS) else typeof(argument)


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


def trailing_zeros(word):
    """Return the number of the lowest bit that is set, of an unsigned word that is not 0."""
    word = int(word)
    return (word & -word).bit_length() - 1


@overload(trailing_zeros)
def _compiled_trailing_zeros(word):
    def implementation(word):
        return count_trailing_zeros(word)

    return implementation
