"""LLVM's optimised IR of a compiled function as plain instructions."""

import ctypes
import re
from dataclasses import dataclass
from functools import cached_property

import llvmlite.binding as llvm

LOCATION = re.compile(r"^(!\d+) = (?:distinct )?!DILocation\(line: (\d+)", re.MULTILINE)
DEFINITION = re.compile(r'define .*?@("[^"]*"|[^\s(]+)\(')
INSTRUCTION = re.compile(r"  [^\s;#\]]")
DEBUG_REFERENCE = re.compile(r"!dbg (!\d+)")


@dataclass(frozen=True)
class Operand:
    """What an instruction reads.

    Attributes
    ----------
    identity : int
        The same for every use of the same value.
    constant : int or None
        The value of an integer constant, or of a vector of equal ones.
    is_constant : bool
    """

    identity: int
    constant: int | None
    is_constant: bool


@dataclass(frozen=True, eq=False)
class Instruction:
    """One instruction.

    Attributes
    ----------
    identity : int
    opcode : str
    type : str
    text : str
    operands : tuple of Operand
        For a call without the function called.
    callee : str
        Name of the function called, else empty; also where a register says which.
    line : int or None
        Source line, where the IR has debug information.
    """

    identity: int
    opcode: str
    type: str
    text: str
    operands: tuple
    callee: str
    line: int | None


@dataclass(frozen=True, eq=False)
class Block:
    """Instructions that run one after the other, and where they lead.

    Attributes
    ----------
    identity : int
    name : str
    instructions : tuple of Instruction
    condition : Operand or None
        What the last one asks to choose among successors.
    successors : tuple of int
        Identities of blocks.
    """

    identity: int
    name: str
    instructions: tuple
    condition: Operand | None
    successors: tuple


@dataclass(frozen=True, eq=False)
class Function:
    """One function with a body.

    Attributes
    ----------
    identity : int
    name : str
    arguments : dict of str by int
        Names of the parameters by identity, in order.
    blocks : tuple of Block
        The first is the entry.
    """

    identity: int
    name: str
    arguments: dict
    blocks: tuple

    @cached_property
    def instructions(self):
        """All instructions, in order."""
        return tuple(instruction for block in self.blocks for instruction in block.instructions)


def read_functions(ir):
    """Return the functions that a module defines.

    Parameters
    ----------
    ir : str
        LLVM IR.

    Returns
    -------
    functions : dict of Function by name
    """
    module = llvm.parse_assembly(ir)
    lines = source_lines(str(module))
    return {
        function.name: Function(
            identity(function),
            function.name,
            {identity(argument): argument.name for argument in function.arguments},
            tuple(read_block(block, lines[function.name]) for block in function.blocks),
        )
        for function in module.functions
        if not function.is_declaration
    }


def source_lines(text):
    """Return for each function an iterator of the source lines of its instructions in order, None where none is said.

    An instruction that is printed alone has other numbers for what it refers to than in the text of its module.
    """
    numbers = {reference: int(line) or None for reference, line in LOCATION.findall(text)}  # 0 is LLVM's for no line
    lines, found = {}, []
    for line in text.splitlines():
        definition = DEFINITION.match(line)
        if definition:
            found = lines.setdefault(definition.group(1).strip('"'), [])
        elif INSTRUCTION.match(line):
            found.append(None)
        elif line == "}":
            found = []
        reference = DEBUG_REFERENCE.search(line)
        if reference and found and not definition:
            found[-1] = numbers.get(reference.group(1))
    return {name: iter(each) for name, each in lines.items()}


def read_block(block, lines):
    instructions = list(block.instructions)
    last = [(value, str(value.type) == "label") for value in instructions[-1].operands]
    labels = tuple(identity(value) for value, is_label in last if is_label)
    asked = last[0][0] if len(labels) > 1 and not last[0][1] else None
    return Block(
        identity(block),
        block.name,
        tuple(read_instruction(instruction, next(lines, None)) for instruction in instructions),
        None if asked is None else read_operand(asked),
        labels,
    )


def read_instruction(instruction, line):
    text = str(instruction).strip()
    values = list(instruction.operands)
    called = values.pop().name if instruction.opcode in ("call", "invoke") else ""
    callee = called if re.search(rf'@"?{re.escape(called)}"?\(', text) else ""
    return Instruction(
        identity(instruction),
        instruction.opcode,
        str(instruction.type),
        text,
        tuple(read_operand(value) for value in values),
        callee,
        line,
    )


def read_operand(value):
    is_constant = value.is_constant
    text = str(value) if is_constant else ""
    number = re.fullmatch(r"(?:i\d+|<\d+ x i\d+> splat \(i\d+) (-?\d+)\)?", text)
    return Operand(identity(value), int(number.group(1)) if number else None, is_constant)


def identity(value):
    """Return the address of a value, which all its uses share."""
    return ctypes.cast(value._ptr, ctypes.c_void_p).value
