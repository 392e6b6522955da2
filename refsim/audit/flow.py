"""What becomes of data in a compiled function, as a graph: the proof of `refsim.audit.taint`, to be looked at."""

import re
from dataclasses import dataclass, replace

from refsim.audit.kernel_audit import debug_build, require_compiled, taint_of
from refsim.audit.opcodes import LOADING_CALLS, STORING_CALLS
from refsim.audit.taint import DATA, PRODUCT

SHOWN = DATA | PRODUCT
HELD = {0: "", DATA: "data", PRODUCT: "product", DATA | PRODUCT: "data and product"}
ARRAY = re.compile(r"arg\.(\w+)\.\d+$")
"""numba's name of a part of an argument that is an array; the name of the argument is in it."""


@dataclass(frozen=True)
class Step:
    """One instruction, with the copies that LLVM made of it when it unrolled or vectorised a loop.

    Attributes
    ----------
    opcode : str
        As in ``load`` or ``mul``; for a call the name of the function called.
    array : str
        For a load or store the argument that it goes to, where that is plain; else empty.
    line : int or None
        Source line.
    holds : {"", "data", "product", "data and product"}
        What is in its result or, where it has none, in what it reads: a value that came from memory, or a product of
        values that did not.
    reason : str
        The rule that it breaks; else empty.
    copies : int
    """

    opcode: str
    array: str
    line: int | None
    holds: str
    reason: str
    copies: int = 1


@dataclass(frozen=True)
class Flow:
    """Data and products in one compiled function, from where they come to where they go.

    Attributes
    ----------
    steps : tuple of Step
        In order of the code.
    edges : tuple of (int, int)
        From a step to one that reads its result, by their places in `steps`.
    """

    steps: tuple
    edges: tuple

    @property
    def ranks(self):
        """The column of each step in a drawing: behind all that it reads, loops followed once.

        What reads nothing stands right before the first that reads it.
        """
        ranks, waiting = [0] * len(self.steps), list(range(len(self.steps)))
        while waiting:
            read = {end for start, end in self.edges if start in waiting}
            place = next((place for place in waiting if place not in read), waiting[0])
            waiting.remove(place)
            for start, end in self.edges:
                if start == place and end in waiting:
                    ranks[end] = max(ranks[end], ranks[place] + 1)
        for place in set(range(len(ranks))) - {end for _, end in self.edges}:
            ranks[place] = min((ranks[end] for start, end in self.edges if start == place), default=1) - 1
        return tuple(ranks)


def data_flow(dispatcher):
    """Follow data and products through the optimised code of a compiled numba function.

    What neither holds nor reads any is left out, unless it breaks a rule by itself. Copies of an instruction, alike in
    all but their registers, are one step.

    Parameters
    ----------
    dispatcher : numba dispatcher
        Of several specialisations the first is followed.

    Returns
    -------
    flow : Flow

    Raises
    ------
    MultiplicationError
        If it is not compiled yet.
    """
    require_compiled(dispatcher)
    signature = dispatcher.signatures[0]
    taint = taint_of(debug_build(dispatcher.py_func, signature), signature)
    instructions = [each for name in taint.reached for each in taint.functions[name].instructions]
    arrays = Arrays(taint, instructions)
    steps = {each.identity: step_of(taint, arrays, each) for each in instructions if is_touched(taint, each)}
    places = {step: place for place, step in enumerate(dict.fromkeys(steps.values()))}
    edges = dict.fromkeys(
        (places[steps[operand.identity]], places[steps[each.identity]])
        for each in instructions
        for operand in each.operands
        if each.identity in steps and operand.identity in steps
    )
    every = list(steps.values())
    counted = (replace(step, copies=every.count(step)) for step in places)
    return Flow(tuple(counted), tuple((start, end) for start, end in edges if start != end))


def is_touched(taint, instruction):
    """Tell whether an instruction that is no branch holds or reads data or a product, or one of any kind breaks a rule."""
    touched = (taint.mark_of(*instruction.operands) & SHOWN) | held(taint, instruction)
    return (instruction.opcode != "br" and touched != 0) or taint.judge(instruction) is not None


def held(taint, instruction):
    return taint.marks.get(instruction.identity, 0) & SHOWN


def step_of(taint, arrays, instruction):
    """Describe one instruction."""
    marks = held(taint, instruction)
    if instruction.type == "void":
        marks = taint.mark_of(*instruction.operands[:1]) & SHOWN
    violation = taint.judge(instruction)
    reason = violation.reason if violation else ""
    opcode = instruction.callee or instruction.opcode
    return Step(opcode, arrays.name_of(instruction), taint.line_of(instruction), HELD[marks], reason)


class Arrays:
    """Which argument a load or a store goes to.

    Parameters
    ----------
    taint : Taint
    instructions : list of Instruction
    """

    def __init__(self, taint, instructions):
        self.by_identity = {each.identity: each for each in instructions}
        self.arguments = taint.functions[taint.root].arguments

    def name_of(self, instruction):
        """Return the name of the argument whose memory an instruction reads or writes; empty where it is not plain."""
        if instruction.opcode == "load" or LOADING_CALLS.match(instruction.callee):
            waiting = list(instruction.operands[:1])
        elif instruction.opcode == "store" or STORING_CALLS.match(instruction.callee):
            waiting = list(instruction.operands[1:2])
        else:
            return ""
        names, seen = set(), set()
        for operand in waiting:
            name = ARRAY.match(self.arguments.get(operand.identity, ""))
            if name:
                names.add(name.group(1))
            made_by = self.by_identity.get(operand.identity)
            if made_by and operand.identity not in seen and made_by.type == "ptr":
                seen.add(operand.identity)
                waiting += made_by.operands
        return names.pop() if len(names) == 1 else ""
