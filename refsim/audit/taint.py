"""The proof that a compiled function does not multiply data: a forward taint over LLVM's optimised IR.

A value loaded from memory is data, and so is what data decide: which of two values is selected, which way was taken to
where paths meet, how often a loop ran. Data must never reach a multiplier or a divider, an address that scales its index
by other than a power of two included, nor say how far something is shifted. The product of two values that are not data
serves addresses and loop bounds; it must never be stored, returned, or compared with data, nor may an address that it
went into become a number and be so. There is no floating point at all, and only known functions are called. Taint flows
through every instruction; what is not known is a violation.
"""

import re
from dataclasses import dataclass

from refsim.audit.control import Control

DATA, PRODUCT, ADDRESS = 1, 2, 4
"""What a value holds: something loaded; a product of what is not; an address into which a product went."""

MULTIPLIERS = {"mul", "sdiv", "udiv", "srem", "urem"}
DIVIDERS = {"sdiv", "udiv", "srem", "urem"}
FLOAT = re.compile(r"(?<![%@.\"\w])(half|bfloat|float|double|fp128|x86_fp80)\b")
"""A type, not the register ``%half`` of somebody's argument of that name."""

PASSING = {
    "add", "sub", "and", "or", "xor", "shl", "lshr", "ashr", "trunc", "zext", "sext", "bitcast", "ptrtoint", "inttoptr",
    "phi", "freeze", "extractelement", "insertelement", "shufflevector", "extractvalue", "insertvalue", "addrspacecast",
}  # fmt: skip
"""Instructions whose result holds what their operands hold."""

ACCESSES = {"load", "store", "ret", "call"}

CONTROL = {"br", "switch", "unreachable", "fence", "alloca", "indirectbr"}

PASSING_CALLS = re.compile(
    r"llvm\.(smax|smin|umax|umin|abs|ctpop|ctlz|cttz|bswap|bitreverse|fshl|fshr|[su](add|sub)\.(sat|with\.overflow)"
    r"|vector\.reduce\.(add|and|or|xor|smax|smin|umax|umin)|stepvector"
    r"|(experimental\.)?vector\.(insert|extract|splice|reverse|interleave2|deinterleave2))\b"
)
MULTIPLYING_CALLS = re.compile(
    r"llvm\.([su]mul\.(with\.overflow|fix)|vector\.reduce\.mul|x86\.[\w.]*(pmadd|pmul|dp\w*))"
)
LOADING_CALLS = re.compile(r"llvm\.masked\.(load|gather|expandload)\b")
STORING_CALLS = re.compile(r"llvm\.(masked\.(store|scatter|compressstore)|memset|memcpy|memmove)\b")
OF_ADDRESSES = re.compile(r"= icmp (?:samesign )?\w+ ptr ")
COMPARING_CALLS = re.compile(r"llvm\.([su]cmp|get\.active\.lane\.mask)\b")
FUNNEL_SHIFTS = re.compile(r"llvm\.fsh[lr]\b")
SILENT_CALLS = re.compile(
    r"llvm\.(lifetime\.(start|end)|assume|dbg\.\w+|experimental\.noalias\.scope\.decl|prefetch)\b"
    r"|NRT_(incref|decref|Free|Allocate|Reallocate|MemInfo_(alloc(_dtor)?(_safe)?(_aligned)?|data_fast|new_varsize(_dtor)?"
    r"|varsize_(alloc|realloc|free)))$"
)
ELEMENT_BITS = re.compile(r"getelementptr (?:inbounds |nuw |nusw )*(.+?), (?:ptr|<)")
POWER_OF_TWO_ELEMENT = re.compile(r"(i8|i16|i32|i64|i128|ptr)$")


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
        self.roots = {root, *others, *self.given(*self.reached)}
        called = {each.callee for name in self.reached for each in functions[name].instructions}
        alone = {root} - called - self.given(*self.reached)
        self.branches = {name: Control(functions[name].blocks, name in alone).branches for name in self.reached}
        self.differing = {name: self.differing_arguments(name) for name in self.reached}
        self.returned = dict.fromkeys(self.reached, 0)
        while self.sweep():
            pass
        instructions = [instruction for name in self.reached for instruction in functions[name].instructions]
        self.users = users_of(instructions)
        self.violations = [found for instruction in instructions for found in self.judge(instruction)]
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
            self.mark_value(instruction.identity, becomes if held and becomes else held, operand.identity)
        self.origins.setdefault(instruction.identity, instruction)

    def mark_value(self, identity, mark, source):
        """Add marks to a value, remembering where each came from first."""
        new = mark & ~self.marks.get(identity, 0)
        self.marks[identity] = self.marks.get(identity, 0) | mark
        for kind in (DATA, PRODUCT, ADDRESS):
            if new & kind:
                self.sources[identity, kind] = source

    def mark_of(self, *operands):
        """Return what the operands hold, taken together."""
        held = 0
        for operand in operands:
            held |= self.marks.get(operand.identity, 0)
        return held

    def judge(self, instruction):
        """Yield the ways in which one instruction breaks the rule."""
        operands, opcode, callee = instruction.operands, instruction.opcode, instruction.callee
        if FLOAT.search(instruction.text.split("!dbg")[0].split(", !")[0]) and not SILENT_CALLS.match(callee):
            yield self.violation(instruction, "floating point", operands, DATA)
        elif is_multiplication(instruction) and self.mark_of(*operands) & DATA:
            deed = "divided" if opcode in DIVIDERS else "multiplied"
            yield self.violation(instruction, f"a value loaded from memory is {deed}", operands, DATA)
        elif opcode == "getelementptr" and self.mark_of(*operands[1:]) & DATA and not has_shift_scale(instruction):
            yield self.violation(
                instruction, "a value loaded from memory is multiplied into an address", operands[1:], DATA
            )
        elif opcode == "alloca" and self.mark_of(*operands) & DATA:
            yield self.violation(
                instruction, "a value loaded from memory says how much memory is reserved", operands, DATA
            )
        elif self.mark_of(*shifted_by(instruction)) & DATA:
            yield self.violation(
                instruction, "a value loaded from memory says how far to shift", shifted_by(instruction), DATA
            )
        elif self.mark_of(*stored_by(instruction)) & PRODUCT:
            yield self.violation(instruction, "a product is stored", stored_by(instruction), PRODUCT)
        elif opcode == "ret" and self.mark_of(*operands) & PRODUCT:
            yield self.violation(instruction, "a product is returned", operands, PRODUCT)
        elif compares_values(instruction) and self.mark_of(*operands) & (DATA | PRODUCT) == DATA | PRODUCT:
            yield self.violation(
                instruction, "a product is compared with a value loaded from memory", operands, PRODUCT
            )
        elif not self.is_known(instruction):
            called = callee or "a call through a pointer" if opcode in ("call", "invoke") else opcode
            yield self.violation(instruction, f"unknown: {called}", operands, DATA)

    def is_known(self, instruction):
        """Tell whether the effect of an instruction is understood."""
        opcode, callee = instruction.opcode, instruction.callee
        if opcode in ("call", "invoke"):
            patterns = (
                PASSING_CALLS, COMPARING_CALLS, MULTIPLYING_CALLS, LOADING_CALLS, STORING_CALLS, SILENT_CALLS,
            )  # fmt: skip
            return callee in self.returned or any(pattern.match(callee) for pattern in patterns)
        known = {"load", "store", "ret", "icmp", "select", "getelementptr", "atomicrmw", "cmpxchg"}
        return opcode in known | PASSING | MULTIPLIERS | CONTROL

    def violation(self, instruction, reason, operands, kind):
        """Describe a violation with the path by which the value came."""
        guilty = next((operand.identity for operand in operands if self.marks.get(operand.identity, 0) & kind), None)
        path, seen = [(instruction.line, instruction.text)], set()
        while guilty is not None and guilty not in seen:
            seen.add(guilty)
            origin = self.origins.get(guilty)
            if origin is not None:
                path.insert(0, (origin.line, origin.text))
            guilty = self.sources.get((guilty, kind))
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


def is_multiplication(instruction):
    """Tell whether an instruction multiplies or divides.

    A product with a constant power of two is a shift, one with its negative a shift and a subtraction from zero.
    """
    if MULTIPLYING_CALLS.match(instruction.callee):
        return True
    if instruction.opcode not in MULTIPLIERS:
        return False
    constants = [operand.constant for operand in instruction.operands if operand.constant is not None]
    return instruction.opcode in DIVIDERS or not any(is_power_of_two(abs(constant)) for constant in constants)


def compares_values(instruction):
    """Tell whether an instruction compares values, and not addresses.

    LLVM asks before a vector loop whether two arrays overlap, and a product may say where they end.
    """
    is_comparison = instruction.opcode == "icmp" or COMPARING_CALLS.match(instruction.callee)
    return bool(is_comparison) and not OF_ADDRESSES.search(instruction.text)


def shifted_by(instruction):
    """Return the operand that says how far an instruction shifts, if it shifts.

    A constant that is shifted right by data is a table of bits, as LLVM makes one of comparisons with several constants.
    """
    operands = instruction.operands
    if instruction.opcode in ("shl", "ashr") or (instruction.opcode == "lshr" and operands[0].constant is None):
        return operands[1:2]
    return operands[2:3] if FUNNEL_SHIFTS.match(instruction.callee) else ()


def stored_by(instruction):
    """Return the operands that an instruction leaves in memory; what is copied from memory to memory is none."""
    opcode, callee, operands = instruction.opcode, instruction.callee, instruction.operands
    if opcode in ("atomicrmw", "cmpxchg"):
        return operands[1:]
    if callee.startswith("llvm.memset"):
        return operands[1:2]
    if opcode == "store" or callee.startswith("llvm.masked.") and STORING_CALLS.match(callee):
        return operands[:1]
    return ()


def users_of(instructions):
    """Return, by the identity of each value, the instructions that read it."""
    users = {}
    for instruction in instructions:
        for operand in instruction.operands:
            if not operand.is_constant:
                users.setdefault(operand.identity, []).append(instruction)
    return users


def is_power_of_two(value):
    return value > 0 and value & (value - 1) == 0


def has_shift_scale(instruction):
    """Tell whether an address scales its index by a power of two, so that the machine shifts instead of multiplying."""
    element = ELEMENT_BITS.match(instruction.text.partition(" = ")[2])
    return bool(element and POWER_OF_TWO_ELEMENT.match(element.group(1)))
