"""How numba compiles kernels: for vectors as long as the registers, and, where they say so, for arrays apart."""

from llvmlite import ir
from llvmlite.ir.instructions import Branch, ConditionalBranch
from numba import config
from numba.core.compiler import Compiler
from numba.core.compiler_machinery import register_pass
from numba.core.lowering import Lower
from numba.core.typed_passes import NativeLowering

from refsim.errors import RefsimError

WHOLE_REGISTERS = '"prefer-vector-width"="512"'
"""An attribute of a function in LLVM; what a processor has not is left out."""

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

    def marked(self, block):
        """Return the name of a loop, which holds itself, and what is asked of the loop."""
        asked = self.module.add_metadata(["llvm.loop.interleave.count", ir.IntType(32)(1)])
        name = self.module.add_metadata([f"{self.function.name} {block}"])
        name.operands = name, asked
        return name


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
