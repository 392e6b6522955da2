"""The second opinion: the machine code itself, read as assembly, on x86-64 and arm64."""

import re
from dataclasses import dataclass

SCALAR_MULTIPLY = re.compile(
    r"^(i?mul[bwlq]?|mulx[lq]?"  # x86-64
    r"|mul|madd|msub|mneg|[su]m(ull|addl|subl|negl|ulh))$"  # arm64, on general registers
)
DIVIDE = re.compile(r"^(i?div[bwlq]?|[su]div)$")
VECTOR_MULTIPLY = re.compile(
    r"^v?(pmul|pmadd|pdp|dpb|mpsadbw|psadbw|gf2p8mul|pclmul)\w*$"  # x86-64
    r"|^([su]?q?r?d?ml[as]l?h?2?|[su]mull2?|[su]q?dmul\w*|sqr?dmulh|[su]dot|usdot|smmla|ummla|pmull?2?)$"  # arm64
)
FLOAT = re.compile(
    r"^v?(add|sub|mul|div|sqrt|min|max|fn?m(add|sub)\w*|u?comi|cmp\w*|cvt\w*|round|rcp\w*|rsqrt\w*|dp|hadd|hsub)[sp][sdh]$"
    r"|^v?cvt\w+$|^f(add|sub|mul|div|sqrt|abs|ild|istt?p?|ld\w*|st\w*)\w*$"  # x86-64 and its x87
    r"|^(f(add|sub|mul|div|madd|msub|nmadd|nmsub|ml[as]|cvt\w*|cmp\w*|sqrt|abs|neg|max|min|rint\w)\w*|[su]cvtf)$"  # arm64
)
VECTOR_REGISTER = re.compile(r"\b[vzq]\d+\b|%[xyz]mm")
INSTRUCTION = re.compile(r"^\s+([a-z][\w.]*)\s*([^#/]*)")


@dataclass(frozen=True)
class AssemblyCensus:
    """What stands in the machine code of one function.

    Attributes
    ----------
    instructions : int
    scalar_multiplies : int
        On general registers, divisions included.
    forbidden : tuple of str
        Vector multiplications and floating-point instructions, as they stand.
    """

    instructions: int
    scalar_multiplies: int
    forbidden: tuple


def read_assembly(assembly, names):
    """Count what the functions of the given names do.

    Parameters
    ----------
    assembly : str
        AT&T syntax on x86-64, as LLVM prints it.
    names : iterable of str
        Labels of the functions.

    Returns
    -------
    census : AssemblyCensus
    """
    instructions, multiplies, forbidden = 0, 0, []
    for line in function_lines(assembly, set(names)):
        match = INSTRUCTION.match(line)
        if not match:
            continue
        mnemonic, operands = match.groups()
        instructions += 1
        vector = bool(VECTOR_REGISTER.search(operands))
        if VECTOR_MULTIPLY.match(mnemonic) or FLOAT.match(mnemonic) or (vector and mnemonic in ("mul", "mla", "mls")):
            forbidden.append(line.strip())
        elif SCALAR_MULTIPLY.match(mnemonic) or DIVIDE.match(mnemonic):
            multiplies += 1
    return AssemblyCensus(instructions, multiplies, tuple(forbidden))


def function_lines(assembly, names):
    """Yield the lines between the label of each named function and its end."""
    inside = False
    for line in assembly.splitlines():
        label = line[:-1].strip('"') if line.endswith(":") and not line.startswith((".", " ", "\t")) else None
        if label is not None:
            inside = label in names
        elif line.lstrip().startswith((".size", ".cfi_endproc")):
            inside = False
        elif inside:
            yield line
