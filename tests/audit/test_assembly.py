"""The second opinion on machine code, for two processors."""

import llvmlite.binding as llvm
import pytest

from refsim.audit.assembly import read_assembly

X86 = """
kernel:
	.cfi_startproc
	movq	%rdi, %rax
	imulq	%rsi, %rax
	vpaddd	(%rdx), %zmm0, %zmm0
	vmovups	%zmm0, (%rdx)
	vpxor	%xmm1, %xmm1, %xmm1
	{line}
	retq
.Lfunc_end0:
	.size	kernel, .Lfunc_end0-kernel
	.cfi_endproc
other:
	vpmulld	%zmm0, %zmm1, %zmm2
	retq
"""

ARM = """
kernel:
	.cfi_startproc
	mul	x8, x1, x2
	add	v0.4s, v0.4s, v1.4s
	fmov	d0, x8
	{line}
	ret
.Lfunc_end0:
	.size	kernel, .Lfunc_end0-kernel
	.cfi_endproc
"""

FORBIDDEN_X86 = [
    "{vex}\tvpdpbusd\t%ymm0, %ymm1, %ymm2",
    "{evex}\tvpmulld\t%ymm0, %ymm1, %ymm2",
    "fimull\t(%rax)",
] + [
    f"{name}\t%xmm0, %xmm1"
    for name in (
        "vpmulld vpmullq pmuludq vpmaddwd vpdpbusd vpmadd52luq vpmacsww vpmadcswd vdpbf16ps vdpphps vgf2p8mulb "
        "pclmulqdq tdpbssd tcmmimfp16ps tmmultf32ps vfmadd231ps vfnmsub213sd vfcmulcsh vfmaddcph mulsd vmulps "
        "vaddps subss vaddsubps vaddpbf16 vaddnepbf16 vaddbf16 divss sqrtpd minss vmaxph vminmaxps ucomiss "
        "vcomxsd vcomisbf16 cmpltps cvtsi2sd vcvtdq2ps roundsd vrndscaleps vreducess vrangeps vscalefps vgetexpps "
        "vgetmantsd vfixupimmps vrcp14ps rsqrtss vdppd haddps vhsubpd fadds fsubp fmulp fdivrp fsqrt fabs fildl "
        "fistpl fisttpll fldl fstpt pfadd"
    ).split()
]
FORBIDDEN_ARM = [
    f"{name}\tv0.4s, v1.4s, v2.4s"
    for name in (
        "mul mla mls smlal2 umlal smlsl umlsl2 smull umull pmul pmull2 sqdmulh sqrdmulh sqdmull sqdmlal sqdmlsl2 "
        "sqrdmlah sqrdmlsh sdot udot usdot sudot smmla ummla usmmla fadd fsub fmul fdiv fsqrt fabs fmadd fnmadd "
        "fmsub fnmsub fmla fmls fcvtzs fcmp fccmp fcmgt facge fcadd fabd fneg fmaxnm fminp frintn frecpe frsqrts "
        "bfdot bfmmla bfmlalb bfcvt scvtf ucvtf"
    ).split()
]
SCALAR = [
    (X86, f"{name}\t%rax, %rcx")
    for name in "mulb mulw mull mulq imulq mulxl mulxq divb divw divl divq idivb idivq imulzul lock\timull".split(" ")
] + [
    (ARM, f"{name}\tx0, x1, x2")
    for name in "mul madd msub mneg smull umull smaddl umaddl smsubl umsubl smnegl umnegl smulh umulh sdiv udiv".split()
]


@pytest.mark.parametrize(
    ("template", "line"), [(X86, line) for line in FORBIDDEN_X86] + [(ARM, line) for line in FORBIDDEN_ARM]
)
def test_vector_products_and_floats_are_found(template, line):
    """Each is named as it stands; what another function does is not held against this one."""
    census = read_assembly(template.format(line=line), ["kernel"])
    assert (line,) == census.forbidden and 1 == census.scalar_multiplies


@pytest.mark.parametrize(("template", "line"), SCALAR)
def test_scalar_products_are_counted(template, line):
    """They may serve addresses, within what the IR accounts for."""
    census = read_assembly(template.format(line=line), ["kernel"])
    assert () == census.forbidden and 2 == census.scalar_multiplies


INNOCENT = [
    "nop",
    "vpsadbw\t%ymm2, %ymm3, %ymm3",
    "rep;stosq\t%al, %es:(%rdi)",
    "lock\txaddq\t%rax, (%rbx)",
    "vpminsd\t%zmm0, %zmm1, %zmm2",
    "data16\tdata16\tcs\tnopw\t(%rax,%rax)",
    "tileloadd\t(%rax), %tmm0",
    "bfxil\tx0, x1, #3, #4",
    "vgf2p8affineqb\t$0, %ymm1, %ymm2, %ymm3",
]


@pytest.mark.parametrize("line", INNOCENT)
def test_moves_and_additions_are_innocent(line):
    """A move of packed floats is a move, and a sum of differences a sum."""
    census = read_assembly(X86.format(line=line), ["kernel"])
    assert (7, 1, (), ()) == (census.instructions, census.scalar_multiplies, census.forbidden, census.spreading)


def machine_for(triple, cpu):
    """Return LLVM's machine of a processor."""
    llvm.initialize_all_targets()
    llvm.initialize_all_asmprinters()
    return llvm.Target.from_triple(triple).create_target_machine(cpu=cpu)


SPREAD = """
declare void @llvm.memset.p0.i64(ptr, i8, i64, i1)
declare i64 @llvm.ctpop.i64(i64)
define i64 @kernel(ptr %a, ptr %b, i64 %i) {{
  %row = mul i64 %i, {width}
  %p = getelementptr i64, ptr %b, i64 %row
  %x = load i64, ptr %p
  {operation}
  ret i64 %x
}}
"""
BYTE = "%byte = trunc i64 %x to i8\n  call void @llvm.memset.p0.i64(ptr %a, i8 %byte, i64 {}, i1 false)"
ONES = "%ones = call i64 @llvm.ctpop.i64(i64 %x)\n  store i64 %ones, ptr %a"


@pytest.mark.parametrize(
    ("operation", "factor"),
    [(BYTE.format(4), 16843009), (BYTE.format(8), 72340172838076673), (ONES, 72340172838076673)],
)
def test_a_byte_is_not_spread_by_a_product(operation, factor):
    """LLVM fills words, and counts ones where there is no instruction for it, with factors of which no IR tells."""
    machine = machine_for("x86_64-unknown-linux-gnu", "x86-64")
    module = llvm.parse_assembly(SPREAD.format(width=3, operation=operation))
    census = read_assembly(machine.emit_assembly(module), ["kernel"])
    assert ["imul"] == [text[:4] for text in census.spreading]
    assert () == read_assembly(X86.format(line=f"movabsq\t${factor}, %rax"), ["kernel"]).spreading


def test_a_factor_is_known_wherever_it_is_kept():
    """Saved, and moved to another register, it is the same; a register that is given another number has lost it."""
    start = "movabsq\t$72340172838076673, %rcx\n\tmovq\t%rcx, 8(%rsp)\n\tmovq\t%rcx, %r8\n\t"
    for end, count in (("imulq\t%r8, %rdx", 1), ("imulq\t%rcx, %rdx", 1), ("movl\t$3, %ecx\n\timulq\t%rcx, %rdx", 0)):
        assert count == len(read_assembly(X86.format(line=start + end), ["kernel"]).spreading)


PRODUCTS = """
define void @kernel(ptr %a, ptr %b) {{
  %x = load <4 x i32>, ptr %a
  %y = load <4 x i32>, ptr %b
  %z = {operation} <4 x i32> %x, %y
  store <4 x i32> %z, ptr %a
  ret void
}}
"""


@pytest.mark.parametrize("triple", ["x86_64-unknown-linux-gnu", "aarch64-unknown-linux-gnu"])
@pytest.mark.parametrize("operation", ["add", "mul"])
def test_what_llvm_writes_for_both_processors_is_understood(triple, operation):
    """A vector sum passes and a vector product does not, in LLVM's own assembly."""
    machine = machine_for(triple, "generic" if "aarch64" in triple else "x86-64-v3")
    module = llvm.parse_assembly(PRODUCTS.format(operation=operation))
    module.triple = triple
    census = read_assembly(machine.emit_assembly(module), ["kernel"])
    assert bool(census.forbidden) == (operation == "mul")
    assert census.instructions >= 3
