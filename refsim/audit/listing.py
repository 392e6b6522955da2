"""LLVM's optimised code of a compiled numba function, for people to read."""

import re

import llvmlite.binding as llvm

from refsim.audit.kernel_audit import require_compiled

EXTRAS = re.compile(r"(, (align \d+|!.*))+$")
NAME = re.compile(r"%([\w.]+)")
ARGUMENT = re.compile(r"arg\.(\w+?)(?:\.(\d)(?:\.(\d+))?)?$")
PARTS = {"2": "size", "3": "itemsize", "4": "", "5": "shape", "6": "strides"}
"""The parts of numba's arrays by number; that without a name is the address of the first element."""

KEPT = {"retptr", "excinfo"}
"""numba's places for what a function returns and for an exception."""


def listing(dispatcher):
    """Return the optimised code of a compiled numba function, block by block.

    The code around it that unpacks Python's objects is left out, and so is what does not compute: debug information,
    alignment, hints on aliases. Registers are named as by `plain`, blocks are numbered.

    Parameters
    ----------
    dispatcher : numba dispatcher
        Of several specialisations the first is listed.

    Returns
    -------
    lines : list of str

    Raises
    ------
    MultiplicationError
        If it is not compiled yet.
    """
    require_compiled(dispatcher)
    signature = dispatcher.signatures[0]
    module = llvm.parse_assembly(dispatcher.inspect_llvm(signature))
    function = module.get_function(dispatcher.overloads[signature].fndesc.llvm_func_name)
    blocks = list(function.blocks)
    names = {block.name: f"block{number}" for number, block in enumerate(blocks)}
    texts = [str(instruction).strip() for block in blocks for instruction in block.instructions]
    lines, waiting = [], iter(plain(texts, names))
    for block in blocks:
        lines += [f"{names[block.name]}:", *(f"  {next(waiting)}" for _ in block.instructions)]
    return lines


def plain(texts, names=None):
    """Return instructions as short as they can be: registers numbered in order, arrays by the names of arguments.

    Parameters
    ----------
    texts : iterable of str
        Of one function, as in the path of a violation.
    names : dict of str by str, optional
        Names to give, by the names that LLVM gave.

    Returns
    -------
    lines : list of str

    Examples
    --------
    >>> plain(["%.75 = load i32, ptr %arg.count.4, align 4, !dbg !7", "%0 = mul i32 %.75, %arg.x.6.0"])
    ['%1 = load i32, ptr %count', '%2 = mul i32 %1, %x.strides[0]']
    """
    numbers = {}

    def renamed(match):
        name = match.group(1)
        argument = ARGUMENT.match(name)
        if argument:
            array, part, axis = argument.groups()
            field = PARTS.get(part, part) if part else ""
            return f"%{array}" + f".{field}" * bool(field) + f"[{axis}]" * bool(axis)
        if name in KEPT:
            return match.group()
        if names and name in names:
            return f"%{names[name]}"
        return f"%{numbers.setdefault(name, len(numbers) + 1)}"

    return [NAME.sub(renamed, EXTRAS.sub("", text)) for text in texts]
