"""The second opinion: the machine code itself, read as assembly, on x86-64 and arm64."""

import re
from dataclasses import dataclass

SCALAR_MULTIPLY = re.compile(
    r"^(i?mul(zu)?[bwlq]?|mulx[lq]?"  # x86-64
    r"|mul|madd|msub|mneg|[su]m(ull|addl|subl|negl|ulh))$"  # arm64, on general registers
)
DIVIDE = re.compile(r"^(i?div[bwlq]?|[su]div)$")
# Sums of absolute differences (psadbw) are none: LLVM adds up bytes with them where it counts ones without AVX-512.
VECTOR_MULTIPLY = re.compile(
    r"^v?(pmul|pmadd|pmacs|pmadcs|pdp|dpb|dpph|gf2p8mul|pclmul)\w*$|^tc?(dp|mmul|mm)\w+$"
)  # x86-64
ARM_VECTOR_MULTIPLY = re.compile(
    r"^(mul|ml[as]|[su]ml[as]l2?|[su]mull2?|pmull?2?|sqr?dmul\w*|sqdml[as]l2?|[su]dot|usdot|[su]mmla|usmmla)$"
)
FLOAT = re.compile(
    r"^v?(add|sub|addsub|mul|div|sqrt|min|max|minmax|f?n?c?m(add|sub|ul)\w*|u?com[ix]s?|cmp\w*|cvt\w*|round|rndscale|reduce|range"
    r"|scalef|getexp|getmant|fixupimm|rcp\w*|rsqrt\w*|dp|hadd|hsub)(n?e?pbf16|bf16|c?[sp][sdh])$"
    r"|^v?cvt\w+$|^fi?(add|sub|mul|div|sqrt|abs|ild|istt?p?|ld\w*|st\w*)\w*$|^pf\w+$"  # x86-64, its x87 and 3DNow!
    r"|^(f(n?m(add|sub)|ml[as]|cvt|cmp|neg|max|min|rint)\w*|[su]cvtf)$"  # arm64, beside those of the line before
)
VECTOR_REGISTER = re.compile(r"\b[vzq]\d+\b|%[xyz]mm")
PREFIX = r"(?:\{\w+\}|lock|rep(?:n?[ez])?|notrack|data16|cs|ds|es|fs|gs|ss|addr32|bnd|xacquire|xrelease)"
INSTRUCTION = re.compile(rf"^\s+(?:{PREFIX}[\s;]+)*([a-z][\w.]*)\s*([^#/]*)")
"""What stands before a mnemonic, and it; an encoding is asked for in braces."""


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
        vector = VECTOR_REGISTER.search(operands) and ARM_VECTOR_MULTIPLY.match(mnemonic)
        if VECTOR_MULTIPLY.match(mnemonic) or FLOAT.match(mnemonic) or vector:
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
