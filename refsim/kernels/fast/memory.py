"""What a kernel says about memory: which lines it will want, and which numbers need not be written there."""

from llvmlite import ir
from numba.core import cgutils, types
from numba.extending import intrinsic, overload
from numba.np.arrayobj import populate_array

from refsim.kernels.fast.partials import LANES

LINE = 64
"""Bytes of a line of the cache."""


def prefetch(array, index):
    """Ask for the line of the cache that holds a number: nothing waits for it, and no value depends on it.

    Parameters
    ----------
    array : ndarray, flat
    index : int
        It may lie past the end.
    """


@intrinsic
def _prefetch_at_once(context, array, index):
    """Emit the one instruction; of its numbers the first says read, the second near, the third data."""

    def code(context, builder, signature, arguments):
        numbers = context.make_array(signature.args[0])(context, builder, arguments[0])
        place = context.cast(builder, arguments[1], signature.args[1], types.intp)
        line = cgutils.get_item_pointer(context, builder, signature.args[0], numbers, [place])
        pointer, word = ir.IntType(8).as_pointer(), ir.IntType(32)
        function = ir.FunctionType(ir.VoidType(), [pointer, word, word, word])
        asked = builder.module.declare_intrinsic("llvm.prefetch", [pointer], function)
        builder.call(asked, [builder.bitcast(line, pointer), word(0), word(3), word(1)])
        return context.get_dummy_value()

    return types.none(array, index), code


@overload(prefetch)
def _compiled_prefetch(array, index):
    return lambda array, index: _prefetch_at_once(array, index)


def kept(scratch, lanes):
    """Return numbers that nothing else sees: compiled, they are in registers, and never have to be stored.

    What is in an array of the caller's has to be there when a kernel is done, so that LLVM would write it at the end of
    every loop.

    Parameters
    ----------
    scratch : ndarray, flat
        What Python takes; compiled, it only says of which type they are.
    lanes : tuple
        As many as there are lanes of numbers.

    Returns
    -------
    numbers : ndarray, flat
        Holding anything.
    """
    return scratch


@intrinsic
def _on_the_stack(context, scratch, lanes):
    """Take memory of the stack, which LLVM then does without."""

    def code(context, builder, signature, arguments):
        kind, count = signature.return_type, LANES * len(signature.args[1])
        number = context.get_data_type(kind.dtype)
        with builder.goto_entry_block():
            memory = builder.alloca(ir.ArrayType(number, count))
            memory.align = LINE
        itemsize = context.get_constant(types.intp, context.get_abi_sizeof(number))
        numbers = context.make_array(kind)(context, builder)
        populate_array(
            numbers,
            data=builder.bitcast(memory, number.as_pointer()),
            shape=[context.get_constant(types.intp, count)],
            strides=[itemsize],
            itemsize=itemsize,
            meminfo=None,
        )
        return numbers._getvalue()

    return types.Array(scratch.dtype, 1, "C")(scratch, lanes), code


@overload(kept)
def _compiled_kept(scratch, lanes):
    return lambda scratch, lanes: _on_the_stack(scratch, lanes)
