"""The proof that a compiled function does not multiply data: a forward taint over LLVM's optimised IR.

A value loaded from memory is data, and so is what data decide: which of two values is selected, which way was taken to
where paths meet, how often a loop ran. Data must never reach a multiplier or a divider, an address that scales its index
by other than a power of two included, nor say how far something is shifted. The product of two values that are not data
serves addresses and loop bounds; it must never be stored, returned, or compared with data, nor may an address that it
went into be stored, or become a number and be so. There is no floating point at all, only known functions are called, and
every loop is entered in one place. Taint flows through every instruction; what is not known is a violation.
"""

from dataclasses import dataclass

from refsim.audit.control import Control
from refsim.audit.opcodes import (
    ACCESSES,
    COMPARING_CALLS,
    DIVIDERS,
    FLOAT,
    LOADING_CALLS,
    MULTIPLIERS,
    PASSING,
    PASSING_CALLS,
    SILENT_CALLS,
    compared_by,
    has_shift_scale,
    is_known,
    is_multiplication,
    shifted_by,
    stored_by,
)

DATA, PRODUCT, ADDRESS = 1, 2, 4
"""What a value holds: something loaded; a product of what is not; an address into which a product went."""


@dataclass(frozen=True)
class Violation:
    """One way in which a function breaks the rule.

    Attributes
    ----------
    line : int or None
        Source line.
    instruction : str
        LLVM's instruction.
    reason : str
    path : tuple of (int or None, str)
        The flow, from where the value came from to where it breaks the rule: source line and instruction.
    """

    line: int | None
    instruction: str
    reason: str
    path: tuple


class Taint:
    """The analysis of one function and of all that it calls.

    Parameters
    ----------
    functions : dict of Function by name
    root : str
        Name of the function that is called from outside.
    others : iterable of str
        Names of functions that may be called from outside after it.

    Attributes
    ----------
    violations : list of Violation
    address_multiplications : int
        Multiplications and divisions, none of them of data, that serve addresses and loop bounds.
    """

    def __init__(self, functions, root, others=()):
        self.functions, self.root = functions, root
        self.places = {function.identity: name for name, function in functions.items()}
        self.marks, self.sources, self.origins = {}, {}, {}
        self.reached = self.reachable(root, *others)
        self.roots = {root, *others}
        called = {each.callee for name in self.reached for each in functions[name].instructions}
        alone = {root} - called - self.given(*self.reached)
        control = {name: Control(functions[name].blocks, name in alone) for name in self.reached}
        self.branches = {name: found.branches for name, found in control.items()}
        self.entered_twice = {each for found in control.values() for each in found.entered_twice}
        self.differing = {name: self.differing_arguments(name) for name in self.reached}
        self.returned = dict.fromkeys(self.reached, 0)
        for name in self.given(*self.reached):
            for argument in functions[name].arguments:
                self.mark_value(argument, DATA, None)
        while self.sweep():
            pass
        instructions = [instruction for name in self.reached for instruction in functions[name].instructions]
        self.users = users_of(instructions)
        judged = map(self.judge, instructions)
        self.violations = [violation for violation in judged if violation is not None]
        self.address_multiplications = sum(
            is_multiplication(instruction) and not self.mark_of(*instruction.operands) & DATA
            for instruction in instructions
        )

    def given(self, *names):
        """Return the functions whose address some functions give to others: who calls them, and with what, is not seen."""
        operands = (
            operand for name in names for each in self.functions[name].instructions for operand in each.operands
        )
        return {self.places[operand.identity] for operand in operands if operand.identity in self.places}

    def reachable(self, *roots):
        """Return the names of the roots and of every function with a body that is called from them, or given to others."""
        names, waiting = [], list(roots)
        while waiting:
            name = waiting.pop()
            if name in self.functions and name not in names and not SILENT_CALLS.match(name):
                names.append(name)
                waiting += [instruction.callee for instruction in self.functions[name].instructions]
                waiting += self.given(name)
        return names

    def differing_arguments(self, name):
        """Return the parameters to which not all calls give the same, of a function and of all that it calls."""
        found = []
        for called in self.reachable(name):
            sites = [
                each for other in self.reached for each in self.functions[other].instructions if each.callee == called
            ]
            for place, argument in enumerate(self.functions[called].arguments):
                given = {site.operands[place].identity for site in sites} - {argument}
                if len(given) + (called in self.roots) > 1:
                    found.append(argument)
        return found

    def sweep(self):
        """Carry taint once through every instruction; return whether anything is new."""
        before = sum(self.marks.values()) + sum(self.returned.values())
        for name in self.reached:
            for instruction in self.functions[name].instructions:
                self.flow(name, instruction)
            for condition, decided, made in self.branches[name]:
                if self.mark_of(condition) & DATA:
                    # Whether a function raises is told by what it returns, and a caller may catch it.
                    self.returned[name] |= DATA
                    for instruction in decided:
                        self.mark_from(instruction, (condition,), kept=DATA)
                    for call in made:
                        for argument in self.differing.get(call.callee, ()):
                            self.mark_value(argument, DATA, condition.identity)
        return sum(self.marks.values()) + sum(self.returned.values()) != before

    def flow(self, name, instruction):
        """Mark the result of one instruction."""
        opcode, operands = instruction.opcode, instruction.operands
        if opcode in ("load", "atomicrmw", "cmpxchg") or LOADING_CALLS.match(instruction.callee):
            self.mark(instruction, DATA)
        elif is_multiplication(instruction):
            self.mark_from(instruction, operands)
            self.mark(instruction, self.marks.get(instruction.identity, 0) or PRODUCT)
        elif opcode == "icmp" or COMPARING_CALLS.match(instruction.callee):
            self.mark_from(instruction, operands, kept=DATA)
        elif opcode == "getelementptr":
            self.mark_from(instruction, operands, kept=DATA | ADDRESS)
            self.mark_from(instruction, operands, kept=PRODUCT, becomes=ADDRESS)
        elif instruction.callee.startswith("NRT_"):
            self.mark_from(instruction, operands, kept=DATA)
        elif opcode == "ptrtoint":
            self.mark_from(instruction, operands)
            self.mark_from(instruction, operands, kept=ADDRESS, becomes=PRODUCT)
        elif opcode == "select":
            self.mark_from(instruction, operands[1:])
            self.mark_from(instruction, operands[:1], kept=DATA)
        elif opcode in PASSING or opcode in MULTIPLIERS or PASSING_CALLS.match(instruction.callee):
            self.mark_from(instruction, operands)
        elif opcode == "ret":
            self.returned[name] |= self.mark_of(*operands)
        elif instruction.callee in self.returned:
            for argument, operand in zip(self.functions[instruction.callee].arguments, operands):
                self.mark_value(argument, self.mark_of(operand), operand.identity)
            self.mark(instruction, self.returned[instruction.callee])

    def mark(self, instruction, mark):
        self.mark_value(instruction.identity, mark, None)
        self.origins.setdefault(instruction.identity, instruction)

    def mark_from(self, instruction, operands, kept=DATA | PRODUCT | ADDRESS, becomes=None):
        for operand in operands:
            held = self.mark_of(operand) & kept
            if held and becomes:
                self.mark_value(instruction.identity, becomes, operand.identity, held)
            else:
                self.mark_value(instruction.identity, held, operand.identity)
        self.origins.setdefault(instruction.identity, instruction)

    def mark_value(self, identity, mark, source, was=None):
        """Add marks to a value, remembering from which value each came first, and as what, where it was another there."""
        new = mark & ~self.marks.get(identity, 0)
        self.marks[identity] = self.marks.get(identity, 0) | mark
        for kind in (DATA, PRODUCT, ADDRESS):
            if new & kind:
                self.sources[identity, kind] = source, was or kind

    def mark_of(self, *operands):
        """Return what the operands hold, taken together."""
        held = 0
        for operand in operands:
            held |= self.marks.get(operand.identity, 0)
        return held

    def judge(self, instruction):
        """Return the way in which one instruction breaks the rule, or None."""
        operands, opcode, callee = instruction.operands, instruction.opcode, instruction.callee
        amounts = shifted_by(instruction, self.users.get(instruction.identity, ()))
        stored, compared = stored_by(instruction), compared_by(instruction)
        found = None
        if instruction in self.entered_twice:
            found = "unknown: a loop that is entered in two places", (), DATA
        elif FLOAT.search(instruction.text) and not SILENT_CALLS.match(callee):
            found = "floating point", operands, DATA
        elif is_multiplication(instruction) and self.mark_of(*operands) & DATA:
            found = f"a value loaded from memory is {'divided' if opcode in DIVIDERS else 'multiplied'}", operands, DATA
        elif opcode == "getelementptr" and self.mark_of(*operands[1:]) & DATA and not has_shift_scale(instruction):
            found = "a value loaded from memory is multiplied into an address", operands[1:], DATA
        elif opcode == "alloca" and self.mark_of(*operands) & DATA:
            found = "a value loaded from memory says how much memory is reserved", operands, DATA
        elif self.mark_of(*amounts) & DATA:
            found = "a value loaded from memory says how far to shift", amounts, DATA
        elif self.mark_of(*stored) & PRODUCT:
            found = "a product is stored", stored, PRODUCT
        elif self.mark_of(*stored) & ADDRESS:
            found = "an address that a product went into is stored", stored, ADDRESS
        elif opcode == "ret" and self.mark_of(*operands) & PRODUCT:
            found = "a product is returned", operands, PRODUCT
        elif self.mark_of(*compared) & (DATA | PRODUCT) == DATA | PRODUCT:
            found = "a product is compared with a value loaded from memory", compared, PRODUCT
        elif not is_known(instruction, self.returned):
            called = callee or "a call through a pointer" if opcode in ("call", "invoke") else opcode
            found = f"unknown: {called}", operands, DATA
        return None if found is None else self.violation(instruction, *found)

    def violation(self, instruction, reason, operands, kind):
        """Describe a violation with the path by which the value came."""
        guilty = next((operand.identity for operand in operands if self.marks.get(operand.identity, 0) & kind), None)
        path = [(instruction.line, instruction.text)]
        while guilty is not None:
            origin = self.origins.get(guilty)
            if origin is not None:
                path.insert(0, (origin.line, origin.text))
            guilty, kind = self.sources.get((guilty, kind), (None, kind))
        return Violation(self.line_of(instruction), instruction.text, reason, tuple(path))

    def line_of(self, instruction):
        """Return the source line of an instruction or, where LLVM dropped it, that of the access its result goes to."""
        waiting, seen = [instruction], set()
        for candidate in waiting:
            if candidate.line is not None and (candidate is instruction or candidate.opcode in ACCESSES):
                return candidate.line
            if candidate.identity not in seen:
                seen.add(candidate.identity)
                waiting += self.users.get(candidate.identity, ())
        return None


def users_of(instructions):
    """Return, by the identity of each value, the instructions that read it."""
    users = {}
    for instruction in instructions:
        for operand in instruction.operands:
            if not operand.is_constant:
                users.setdefault(operand.identity, []).append(instruction)
    return users
