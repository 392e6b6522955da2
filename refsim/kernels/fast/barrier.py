"""Where threads wait for each other without the interpreter: to be woken by it takes as long as a small layer."""

from numba import int64
from numba.core import cgutils, types
from numba.extending import intrinsic, overload

from refsim.kernels.kernel import kernel

APART = 3
"""Each thread has a line of the cache for itself: 8 words."""

LEAVING = 400
"""Loads for which a thread stays behind the one before it: else both would ask for the interpreter at once, and one be
put to sleep."""


def published(words, place):
    """Return a word that another thread may be writing, and with it all that was written before."""
    return words[place]


def publish(words, place, value):
    """Write a word that other threads read, after all that was written before."""
    words[place] = value


@intrinsic
def _load_acquire(context, words, place):
    def code(context, builder, signature, arguments):
        return builder.load_atomic(_pointer(context, builder, signature, arguments), "acquire", 8)

    return types.int64(words, place), code


@intrinsic
def _store_release(context, words, place, value):
    def code(context, builder, signature, arguments):
        builder.store_atomic(arguments[2], _pointer(context, builder, signature, arguments), "release", 8)
        return context.get_dummy_value()

    return types.void(words, place, types.int64), code


def _pointer(context, builder, signature, arguments):
    """Return where a word of a flat array stands."""
    words = context.make_array(signature.args[0])(context, builder, arguments[0])
    place = context.cast(builder, arguments[1], signature.args[1], types.intp)
    return cgutils.get_item_pointer(context, builder, signature.args[0], words, [place])


@overload(published)
def _compiled_published(words, place):
    return lambda words, place: _load_acquire(words, place)


@overload(publish)
def _compiled_publish(words, place, value):
    return lambda words, place, value: _store_release(words, place, int64(value))


@kernel
def meet(part, turn, patience, turns):
    """Tell the other threads that this one has come to a turn, and wait for them, but not for ever.

    Parameters
    ----------
    part : int
        Which of the threads this one is.
    turn : int
        Turns grow.
    patience : int
        How often to look.
    turns : ndarray of int64, shape (threads * 8,)
        The turn that each thread has come to, one in a line of the cache.

    Returns
    -------
    together : bool
        Whether all have come; if not, one asks again.

    Examples
    --------
    >>> import numpy as np
    >>> turns = np.zeros(16, np.int64)
    >>> meet(0, 1, 5, turns), meet(1, 1, 5, turns), meet(0, 1, 5, turns), turns[::8].tolist()
    (False, True, True, [1, 1])
    """
    publish(turns, part << APART, turn)
    threads = turns.shape[0] >> APART
    for _ in range(patience):
        come = 0
        for other in range(threads):
            come += published(turns, other << APART) >= turn
        if come == threads:
            for _ in range(part):
                for _ in range(LEAVING):
                    published(turns, part << APART)
            return True
    return False
