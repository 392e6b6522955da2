"""How numba compiles kernels: to be entered with a frame, for vectors as long as the registers, for arrays apart.

A frame is words of 64 bits: where the next kernel is entered, none for the last; its frame; which number of the row this
one is, from 1; and then the arguments. See `refsim.kernels.row`.
"""

from llvmlite import ir
from llvmlite.ir.instructions import Branch, ConditionalBranch
from numba import config, types
from numba.core.compiler import Compiler
from numba.core.compiler_machinery import register_pass
from numba.core.lowering import Lower
from numba.core.typed_passes import NativeLowering

from refsim.errors import RefsimError

WHOLE_REGISTERS = '"prefer-vector-width"="512"'
"""An attribute of a function in LLVM; what a processor has not is left out."""

WORD = ir.IntType(64)

LINKS = 3
"""Words of a frame before its arguments."""

RETURNED, RETURNED_NONE = 0, -2
"""Statuses of numba's functions that raise nothing."""

DEMANDED = {
    "DISABLE_JIT": ("NUMBA_DISABLE_JIT", 0),
    "OPT": ("NUMBA_OPT", 3),
    "ENABLE_PROFILING": ("NUMBA_ENABLE_PROFILING", 0),
    "DEBUGINFO_DEFAULT": ("NUMBA_DEBUGINFO", 0),
}
"""Settings of numba without which there is no machine code, or none that can be proved, and their variables."""


def require_settings():
    """Refuse to compile kernels otherwise than they are proved.

    Raises
    ------
    RefsimError
        Naming the variable of the environment.
    """
    for setting, (variable, demanded) in DEMANDED.items():
        found = int(getattr(config, setting))
        if found != demanded:
            raise RefsimError(f"{variable}={found}: kernels cannot be proved with it: unset {variable}")


class LowerForWholeRegisters(Lower):
    """Numba's last step to LLVM, with an attribute that llvmlite does not list.

    Where arrays are apart, every loop is marked to take one vector after the other, not several at once.
    """

    def setup_function(self, fndesc):
        super().setup_function(fndesc)
        set.add(self.function.attributes, WHOLE_REGISTERS)

    def lower_function_body(self):
        entry = super().lower_function_body()
        for block in self.function.blocks if self.fndesc.noalias else ():
            # LLVM asks only those that go back to where a loop begins.
            if isinstance(block.terminator, (Branch, ConditionalBranch)):
                block.terminator.set_metadata("llvm.loop", self.marked(block.name))
        return entry

    def create_cfunc_wrapper(self):
        """Write, in place of what callers in C would use, the function that takes arguments from a frame."""
        module, called = self.context.create_module("frame"), self.fndesc
        kind = self.context.call_conv.get_function_type(called.restype, called.argtypes)
        entry = ir.Function(module, ir.FunctionType(WORD, [WORD.as_pointer()]), called.llvm_cfunc_wrapper_name)
        write_entry(entry, ir.Function(module, kind, called.llvm_func_name), called.restype == types.boolean)
        self.library.add_ir_module(module)

    def marked(self, block):
        """Return the name of a loop, which holds itself, and what is asked of the loop."""
        asked = self.module.add_metadata(["llvm.loop.interleave.count", ir.IntType(32)(1)])
        name = self.module.add_metadata([f"{self.function.name} {block}"])
        name.operands = name, asked
        return name


def write_entry(entry, function, asks):
    """Write the body of an entry: take the arguments from the frame, call the function, go on to the next of the row.

    It returns 0 when all that follow have run; the number of one that returned False; minus the number of one that
    raised.

    Parameters
    ----------
    entry, function : ir.Function
        The second takes where to put its result and its exception, and then the arguments.
    asks : bool
        Whether it returns a bool.
    """
    builder = ir.IRBuilder(entry.append_basic_block("take"))

    def word(place, kind=WORD):
        return builder.load(builder.bitcast(builder.gep(entry.args[0], [WORD(place)]), kind.as_pointer()))

    result, fault, *parameters = function.args
    result, fault = (builder.alloca(each.type.pointee) for each in (result, fault))
    arguments = [word(LINKS + place, each.type) for place, each in enumerate(parameters)]
    status, number = builder.call(function, [result, fault, *arguments], attrs=("noinline",)), word(2)
    returned = [builder.icmp_signed("==", status, status.type(each)) for each in (RETURNED, RETURNED_NONE)]
    with builder.if_then(builder.not_(builder.or_(*returned)), likely=False):
        builder.ret(builder.neg(number))
    if asks:
        answer = builder.load(result)
        with builder.if_then(builder.icmp_unsigned("==", answer, answer.type(0)), likely=False):
            builder.ret(number)
    with builder.if_then(builder.icmp_unsigned("==", word(0), WORD(0))):
        builder.ret(WORD(0))
    builder.ret(builder.call(word(0, entry.type), [word(1, entry.args[0].type)], tail=True))


@register_pass(mutates_CFG=True, analysis_only=False)
class LoweringForWholeRegisters(NativeLowering):
    """Numba's pass of that step."""

    _name = "native_lowering_for_whole_registers"

    @property
    def lowering_class(self):
        return LowerForWholeRegisters


class WholeRegisters(Compiler):
    """Numba's compiler, told that vectors may fill registers of 512 bits.

    For many processors LLVM takes half of each, lest floating point slow their clock. Lines of partial sums are cut for
    the whole: of halves there are too few to hold one.
    """

    def define_pipelines(self):
        pipelines = super().define_pipelines()
        for pipeline in pipelines:
            pipeline.passes = [
                (LoweringForWholeRegisters if step is NativeLowering else step, said) for step, said in pipeline.passes
            ]
        return pipelines


class ArraysApart(WholeRegisters):
    """Also told that no two arrays of a function share memory, and to take one vector after the other.

    Several at once hide how long an addition takes, where each waits for the one before. Sums of rows wait for nothing;
    of several vectors at once LLVM holds so many in registers that sums have to leave them.
    """

    def __init__(self, typingctx, targetctx, library, args, return_type, flags, locals):
        flags.noalias = True
        super().__init__(typingctx, targetctx, library, args, return_type, flags, locals)
