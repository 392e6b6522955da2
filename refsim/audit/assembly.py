"""The second opinion: the machine code itself, read as assembly, on x86-64 and arm64."""

import re
from dataclasses import dataclass

SCALAR_MULTIPLY = re.compile(
    r"^(i?mul(zu)?[bwlq]?|mulx[lq]?"  # x86-64
    r"|madd|msub|mneg|[su]m(ull|addl|subl|negl|ulh))$"  # arm64, on general registers, beside mul
)
DIVIDE = re.compile(r"^(i?div[bwlq]?|[su]div)$")
# Sums of absolute differences (psadbw) are none: LLVM adds up bytes with them where it counts ones without AVX-512.
VECTOR_MULTIPLY = re.compile(r"^v?(pmul|pmadd|pmacs|pmadcs|pdp|dpb|dpph|gf2p8mul|pclmul)\w*$|^tc?(dp|mm)\w+$")  # x86-64
ARM_VECTOR_MULTIPLY = re.compile(r"^(mul|ml[as]|[su]ml[as]l2?|[su]mull2?|sqr?dm[ul]\w*|(us?|su?)dot|(us?|s)mmla)$")
FLOAT = re.compile(
    r"^v?(add|sub|addsub|div|sqrt|min|max|minmax|f?n?c?m(add|sub|ul)\w*|u?com[ix]s?|cmp\w*|round|rndscale|reduce|range"
    r"|scalef|getexp|getmant|fixupimm|rcp\w*|rsqrt\w*|dp|hadd|hsub)(n?e?pbf16|bf16|[sp][sdh])$"
    r"|^v?cvt\w+$|^fi?(add|sub|mul|div|sqrt|abs|ld|st)\w*$|^pf\w+$"  # x86-64, its x87 and 3DNow!
    # arm64, beside those of the line before
    r"|^(f(n?m(add|sub)|ml[as]|cvt|c?cm|ac|cadd|abd|neg|max|min|rint|recp|rsqrt)\w*|bf(dot|mmla|mlal|cvt)\w*|[su]cvtf)$"
)
FACTORS = {16843009, 72340172838076673}
"""With them a byte is spread over a word of 32 or 64 bits, or ones are counted; the IR says nothing of it."""
NUMBER = re.compile(r"[$#](\d+)\b")
REGISTER = re.compile(r"%(\w+)|\b([wx]\d+)\b")
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
    spreading : tuple of str
        Multiplications by a factor that spreads a byte over a word.
    """

    instructions: int
    scalar_multiplies: int
    forbidden: tuple
    spreading: tuple


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
    instructions, multiplies, forbidden, spreading, held = 0, 0, [], [], set()
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
            if FACTORS & numbers_of(operands) or held & registers_of(operands):
                spreading.append(line.strip())
        elif mnemonic.startswith("mov"):
            held = holding_factors(operands, held)
    return AssemblyCensus(instructions, multiplies, tuple(forbidden), tuple(spreading))


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


def holding_factors(operands, held):
    """Return the registers that may hold a factor after a move, given those before; to save one does not empty it."""
    registers, numbers = registers_of(operands), numbers_of(operands)
    if numbers:
        return held | registers if FACTORS & numbers else held - registers
    return held | registers if held & registers and "(" not in operands else held


def numbers_of(operands):
    return {int(number) for number in NUMBER.findall(operands)}


def registers_of(operands):
    """Return the registers among operands; all widths of one have one name."""
    names = (x86 or arm for x86, arm in REGISTER.findall(operands))
    return {name[name[0] in "erwx" :].removesuffix("d") for name in names}
