"""What LLVM's instructions do: which multiply, shift, store, compare and call, and which are known at all."""

import re

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
COMPARING_CALLS = re.compile(r"llvm\.([su]cmp|get\.active\.lane\.mask)\b")
LOWEST_BIT = re.compile(r"= (trunc .* to (i1|<\d+ x i1>)|and i\d+ %\S+, 1|and <.*> %\S+, splat \(i\d+ 1\))(,|$)")
FUNNEL_SHIFTS = re.compile(r"llvm\.fsh[lr]\b")
SILENT_CALLS = re.compile(
    r"llvm\.(lifetime\.(start|end)|assume|dbg\.\w+|experimental\.noalias\.scope\.decl|prefetch)\b"
    r"|NRT_(incref|decref|Free|Allocate|Reallocate|MemInfo_(alloc(_dtor)?(_safe)?(_aligned)?|data_fast|new_varsize(_dtor)?"
    r"|varsize_(alloc|realloc|free)))$"
)
ELEMENT_BITS = re.compile(r"getelementptr (?:inbounds |nuw |nusw )*(.+?), (?:ptr|<)")
POWER_OF_TWO_ELEMENT = re.compile(r"(i8|i16|i32|i64|i128|ptr)$")


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


def compared_by(instruction):
    """Return the operands that an instruction compares, or asks what to do."""
    if instruction.opcode in ("br", "switch", "select"):
        return instruction.operands[:1]
    is_comparison = instruction.opcode == "icmp" or COMPARING_CALLS.match(instruction.callee)
    return instruction.operands if is_comparison else ()


def shifted_by(instruction, readers):
    """Return the operand that says how far an instruction shifts, if it shifts, given what reads the result.

    A constant that is shifted right by data for its lowest bit is a table of bits, as LLVM makes one of comparisons with
    several constants.
    """
    opcode, operands = instruction.opcode, instruction.operands
    if opcode == "lshr" and operands[0].constant is not None and all(LOWEST_BIT.search(each.text) for each in readers):
        return ()
    if opcode in ("shl", "ashr", "lshr"):
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


def is_power_of_two(value):
    return value > 0 and value & (value - 1) == 0


def has_shift_scale(instruction):
    """Tell whether an address scales its index by a power of two, so that the machine shifts instead of multiplying."""
    element = ELEMENT_BITS.match(instruction.text.partition(" = ")[2])
    return bool(element and POWER_OF_TWO_ELEMENT.match(element.group(1)))


def is_known(instruction, defined):
    """Tell whether the effect of an instruction is understood, given the functions whose bodies are looked into."""
    opcode, callee = instruction.opcode, instruction.callee
    if opcode in ("call", "invoke"):
        patterns = PASSING_CALLS, COMPARING_CALLS, MULTIPLYING_CALLS, LOADING_CALLS, STORING_CALLS, SILENT_CALLS
        return callee in defined or any(pattern.match(callee) for pattern in patterns)
    known = {"load", "store", "ret", "icmp", "select", "getelementptr", "atomicrmw", "cmpxchg"}
    return opcode in known | PASSING | MULTIPLIERS | CONTROL
