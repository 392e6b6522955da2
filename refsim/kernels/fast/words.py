"""Which of 64 bytes are not zero, as a word of 64 bits."""

from llvmlite import ir
from numba import uint64
from numba.core import cgutils, types
from numba.extending import intrinsic, overload

WORD = 64
"""Bits of a word, each a channel."""


def firing(trains, start):
    """Return a word whose bits are those of 64 trains, from one on, that are not zero.

    Parameters
    ----------
    trains : ndarray of uint8, flat
        With all 64.
    start : int

    Examples
    --------
    >>> import numpy as np
    >>> int(firing(np.array([0] * 8 + [3] + [0] * 62 + [1], np.uint8), 8))  # channel 0 of the 64, and the last
    9223372036854775809
    """
    word = uint64(0)
    for channel in range(WORD):
        word |= uint64(trains[start + channel] != 0) << uint64(channel)
    return word


@intrinsic
def _compare_at_once(context, trains, start):
    """Compare 64 bytes with zero: LLVM makes one instruction of it, or two, and a hundred of the loop."""

    def code(context, builder, signature, arguments):
        array = context.make_array(signature.args[0])(context, builder, arguments[0])
        place = context.cast(builder, arguments[1], signature.args[1], types.intp)
        first = cgutils.get_item_pointer(context, builder, signature.args[0], array, [place])
        vector = ir.VectorType(ir.IntType(8), WORD)
        values = builder.load(builder.bitcast(first, vector.as_pointer()), align=1)
        return builder.bitcast(builder.icmp_unsigned("!=", values, ir.Constant(vector, None)), ir.IntType(WORD))

    return types.uint64(trains, start), code


@overload(firing)
def _compiled_firing(trains, start):
    return lambda trains, start: _compare_at_once(trains, start)
