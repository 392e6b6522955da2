"""What each instruction of LLVM does with data and products, one at a time, on IR written by hand."""

import re

import pytest

from refsim.audit.ir import read_functions
from refsim.audit.taint import Taint

MULTIPLIED, DIVIDED = "a value loaded from memory is multiplied", "a value loaded from memory is divided"
ADDRESSED = "a value loaded from memory is multiplied into an address"
SHIFTED = "a value loaded from memory says how far to shift"
STORED, RETURNED = "a product is stored", "a product is returned"
COMPARED = "a product is compared with a value loaded from memory"
FLOAT = "floating point"

PROGRAM = """
{declared}
define i64 @f(ptr %a, ptr %o, i64 %y, i64 %z, <4 x i64> %v, <4 x i1> %l, <4 x ptr> %s, double %d) personality ptr null {{
  %x = load i64, ptr %a
  %w = load <4 x i64>, ptr %a
  %m = mul i64 %y, %z
  %n = mul <4 x i64> %v, %v
  %t = trunc i64 %m to i8
  {body}
}}
"""
CALL = re.compile(r"(?:call|invoke) ([^@]+) (@[\w.]+)\(([^()]*)\)")


def reasons(*lines):
    """Judge lines of code: %x and %w are data, %m, %n and %t products, the rest neither."""
    body = "\n  ".join(lines)
    body += "" if "ret " in body else "\n  ret i64 0"
    calls = {name: (result, arguments.split(", ")) for result, name, arguments in CALL.findall(body)}
    declared = "\n".join(
        f"declare {result} {name}({', '.join(each.rpartition(' ')[0] for each in arguments)})"
        for name, (result, arguments) in calls.items()
    )
    taint = Taint(read_functions(PROGRAM.format(declared=declared, body=body)), "f")
    return {violation.reason for violation in taint.violations}


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("%r = mul i64 %y, %x", MULTIPLIED),
        ("%r = mul i64 %x, 3", MULTIPLIED),
        ("%r = mul i64 %x, 0", MULTIPLIED),
        ("%r = mul <4 x i64> %w, splat (i64 3)", MULTIPLIED),
        ("%r = mul <4 x i64> %w, <i64 1, i64 2, i64 4, i64 8>", MULTIPLIED),
        ("%r = sdiv i64 %y, %x", DIVIDED),
        ("%r = udiv i64 %x, 8", DIVIDED),
        ("%r = srem i64 %x, %y", DIVIDED),
        ("%r = urem i64 %x, 8", DIVIDED),
        ("%r = call {i64, i1} @llvm.smul.with.overflow.i64(i64 %x, i64 %y)", MULTIPLIED),
        ("%r = call {i64, i1} @llvm.umul.with.overflow.i64(i64 %y, i64 %x)", MULTIPLIED),
        ("%r = call i64 @llvm.smul.fix.i64(i64 %x, i64 %y, i32 2)", MULTIPLIED),
        ("%r = call i64 @llvm.umul.fix.i64(i64 %x, i64 %y, i32 2)", MULTIPLIED),
        ("%r = call i64 @llvm.vector.reduce.mul.v4i64(<4 x i64> %w)", MULTIPLIED),
        (
            "%r = bitcast <4 x i64> %w to <16 x i16>\n"
            "  %q = call <8 x i32> @llvm.x86.avx2.pmadd.wd(<16 x i16> %r, <16 x i16> zeroinitializer)",
            MULTIPLIED,
        ),
        (
            "%r = bitcast <4 x i64> %w to <16 x i16>\n"
            "  %q = call <16 x i16> @llvm.x86.avx2.pmul.hr.sw(<16 x i16> %r, <16 x i16> zeroinitializer)",
            MULTIPLIED,
        ),
        ("%r = getelementptr [3 x i64], ptr %a, i64 %x", ADDRESSED),
        ("%r = getelementptr inbounds nuw {i32, i64, i64}, ptr %a, i64 %x", ADDRESSED),
        ("%r = getelementptr [3 x i32], <4 x ptr> %s, <4 x i64> %w", ADDRESSED),
        ("%r = shl i64 1, %x", SHIFTED),
        ("%r = ashr i64 %y, %x", SHIFTED),
        ("%r = lshr i64 %y, %x", SHIFTED),
        ("%r = call i64 @llvm.fshl.i64(i64 %y, i64 %z, i64 %x)", SHIFTED),
        ("%r = call i64 @llvm.fshr.i64(i64 %y, i64 %z, i64 %x)", SHIFTED),
        ("%r = lshr i64 5, %x\n  store i64 %r, ptr %o", SHIFTED),
        ("%r = lshr i64 5, %x\n  %q = trunc i64 %r to i1\n  store i64 %r, ptr %o", SHIFTED),
        ("%r = lshr i64 5, %x\n  %q = trunc i64 %r to i2", SHIFTED),
        ("%r = lshr i64 5, %x\n  %q = and i64 %r, 3", SHIFTED),
        ("%r = lshr i64 5, %x\n  %q = and i64 %r, 10", SHIFTED),
        ("%r = lshr <4 x i64> splat (i64 5), %w\n  %q = and <4 x i64> %r, splat (i64 3)", SHIFTED),
        ("store i64 %m, ptr %o", STORED),
        ("%q = inttoptr i64 %m to ptr\n  store ptr %q, ptr %o", STORED),
        ("call void @llvm.masked.store.v4i64.p0(<4 x i64> %n, ptr %o, i32 8, <4 x i1> %l)", STORED),
        ("call void @llvm.masked.scatter.v4i64.v4p0(<4 x i64> %n, <4 x ptr> %s, i32 8, <4 x i1> %l)", STORED),
        ("call void @llvm.masked.compressstore.v4i64(<4 x i64> %n, ptr %o, <4 x i1> %l)", STORED),
        ("call void @llvm.memset.p0.i64(ptr %o, i8 %t, i64 %y, i1 false)", STORED),
        ("%r = atomicrmw add ptr %o, i64 %m monotonic", STORED),
        ("%r = cmpxchg ptr %o, i64 %y, i64 %m monotonic monotonic", STORED),
        ("%r = cmpxchg ptr %o, i64 %m, i64 %y monotonic monotonic", STORED),
        ("ret i64 %m", RETURNED),
        ("%r = icmp eq i64 %x, %m", COMPARED),
        ("%r = icmp eq i64 %m, %x", COMPARED),
        ("%p = inttoptr i64 %m to ptr\n  %q = inttoptr i64 %x to ptr\n  %r = icmp ult ptr %p, %q", COMPARED),
        ("%r = call i64 @llvm.scmp.i64.i64(i64 %x, i64 %m)", COMPARED),
        ("%r = call i64 @llvm.ucmp.i64.i64(i64 %m, i64 %x)", COMPARED),
        ("%r = call <4 x i1> @llvm.get.active.lane.mask.v4i1.i64(i64 %x, i64 %m)", COMPARED),
        ("%q = sub i64 %x, %m\n  %r = trunc i64 %q to i1\n  br i1 %r, label %e, label %e\ne:\n  ret i64 0", COMPARED),
        ("%q = sub i64 %x, %m\n  switch i64 %q, label %e [i64 5, label %e]\ne:\n  ret i64 0", COMPARED),
        ("%r = load half, ptr %a", FLOAT),
        ("%r = load bfloat, ptr %a", FLOAT),
        ("%r = load float, ptr %a", FLOAT),
        ("%r = load fp128, ptr %a", FLOAT),
        ("%r = load x86_fp80, ptr %a", FLOAT),
        ("%r = freeze double %d", FLOAT),
        ("%r = call i64 @g(i64 %x)", "unknown: g"),
        ("%r = call i64 @NRT_Free_of(i64 %x)", "unknown: NRT_Free_of"),
        (
            "invoke void @NRT_incref(ptr %a) to label %e unwind label %u\ne:\n  ret i64 0\nu:\n"
            "  %p = landingpad {ptr, i32} cleanup\n  unreachable",
            "unknown: landingpad",
        ),
        ("%r = va_arg ptr %a, i64", "unknown: va_arg"),
    ],
)
def test_what_breaks_a_rule(line, reason):
    """Each by itself, for one reason."""
    assert {reason} == reasons(line)


@pytest.mark.parametrize(
    "line",
    [
        "%r = mul i64 %x, 8",
        "%r = mul i64 -8, %x",
        "%r = mul <4 x i64> %w, splat (i64 2)",
        "%r = shl i64 %x, 3",
        "%r = shl i64 %m, %y",
        "%r = call i64 @llvm.fshl.i64(i64 %x, i64 %x, i64 3)",
        "%r = lshr i64 5, %x\n  %q = trunc i64 %r to i1",
        "%r = lshr i64 5, %x\n  %q = and i64 %r, 1",
        "%r = lshr <4 x i64> splat (i64 5), %w\n  %q = trunc <4 x i64> %r to <4 x i1>",
        "%r = lshr <4 x i64> splat (i64 5), %w\n  %q = and <4 x i64> %r, splat (i64 1)",
        "store i64 %x, ptr %o",
        "%q = getelementptr i64, ptr %o, i64 %m\n  store i64 %x, ptr %q",
        "call void @llvm.memcpy.p0.p0.i64(ptr %o, ptr %a, i64 %m, i1 false)",
        "call void @llvm.memmove.p0.p0.i64(ptr %o, ptr %a, i64 %m, i1 false)",
        "call void @llvm.memset.p0.i64(ptr %o, i8 0, i64 %m, i1 false)",
        "ret i64 %x",
        "%r = icmp ult i64 %m, %y",
        "%p = getelementptr i8, ptr %o, i64 %m\n  %q = getelementptr i8, ptr %a, i64 %x\n  %r = icmp ult ptr %p, %q",
        "%r = getelementptr inbounds nuw i64, ptr %a, i64 %x",
        "%r = getelementptr i16, <4 x ptr> %s, <4 x i64> %w",
        "%r = getelementptr [3 x i64], ptr %a, i64 %y",
        "%half = add i64 %x, 1",
        "%p = call ptr @NRT_MemInfo_alloc_safe_aligned(i64 %m, i32 32)",
        "call void @NRT_incref(ptr %a)",
        "call void @NRT_decref(ptr %a)",
        "call void @llvm.assume(i1 true)",
        "fence seq_cst",
    ],
)
def test_what_breaks_none(line):
    """Shifts by what is no data, tables of bits, copies, addresses, and numba's bookkeeping."""
    assert set() == reasons(line)


@pytest.mark.parametrize(
    "line",
    [
        "%r = load i64, ptr %o",
        "%r = atomicrmw add ptr %o, i64 %y monotonic",
        "%c = cmpxchg ptr %o, i64 %y, i64 %z monotonic monotonic\n  %r = extractvalue {i64, i1} %c, 0",
        "%g = call <4 x i64> @llvm.masked.load.v4i64.p0(ptr %a, i32 8, <4 x i1> %l, <4 x i64> %v)",
        "%g = call <4 x i64> @llvm.masked.gather.v4i64.v4p0(<4 x ptr> %s, i32 8, <4 x i1> %l, <4 x i64> %v)",
        "%g = call <4 x i64> @llvm.masked.expandload.v4i64(ptr %a, <4 x i1> %l, <4 x i64> %v)",
        "%r = add i64 %y, %x",
        "%r = sub i64 %y, %x",
        "%r = and i64 %x, %y",
        "%r = or i64 %x, %y",
        "%r = xor i64 %x, %y",
        "%r = shl i64 %x, 1",
        "%r = lshr i64 %x, 1",
        "%r = ashr i64 %x, 1",
        "%q = trunc i64 %x to i32\n  %r = zext i32 %q to i64",
        "%q = trunc i64 %x to i32\n  %r = sext i32 %q to i64",
        "%r = freeze i64 %x",
        "%q = inttoptr i64 %x to ptr\n  %r = ptrtoint ptr %q to i64",
        "%q = inttoptr i64 %x to ptr\n  %p = addrspacecast ptr %q to ptr addrspace(1)\n"
        "  %r = ptrtoint ptr addrspace(1) %p to i64",
        "%r = extractelement <4 x i64> %w, i64 1",
        "%r = extractelement <4 x i64> %v, i64 %x",
        "%g = insertelement <4 x i64> %v, i64 %x, i64 1",
        "%g = shufflevector <4 x i64> %v, <4 x i64> %w, <4 x i32> <i32 0, i32 1, i32 4, i32 5>",
        "%q = insertvalue {i64, i64} poison, i64 %x, 0\n  %r = extractvalue {i64, i64} %q, 0",
        "%c = icmp sgt i64 %x, 0\n  %r = zext i1 %c to i64",
        "%c = icmp sgt i64 %x, 0\n  %r = select i1 %c, i64 %y, i64 %z",
        "%r = select i1 true, i64 %y, i64 %x",
        "%p = getelementptr i64, ptr %a, i64 %x\n  %r = ptrtoint ptr %p to i64",
        "%r = mul i64 %x, 4",
        "%r = call i64 @llvm.smax.i64(i64 %x, i64 %y)",
        "%r = call i64 @llvm.umin.i64(i64 %y, i64 %x)",
        "%r = call i64 @llvm.abs.i64(i64 %x, i1 false)",
        "%r = call i64 @llvm.ctpop.i64(i64 %x)",
        "%r = call i64 @llvm.cttz.i64(i64 %x, i1 false)",
        "%r = call i64 @llvm.ctlz.i64(i64 %x, i1 false)",
        "%r = call i64 @llvm.bswap.i64(i64 %x)",
        "%r = call i64 @llvm.bitreverse.i64(i64 %x)",
        "%r = call i64 @llvm.fshr.i64(i64 %y, i64 %x, i64 3)",
        "%r = call i64 @llvm.uadd.sat.i64(i64 %x, i64 %y)",
        "%q = call {i64, i1} @llvm.ssub.with.overflow.i64(i64 %x, i64 %y)\n  %r = extractvalue {i64, i1} %q, 0",
        "%r = call i64 @llvm.vector.reduce.add.v4i64(<4 x i64> %w)",
        "%r = call i64 @llvm.vector.reduce.umax.v4i64(<4 x i64> %w)",
        "%g = call <4 x i64> @llvm.vector.reverse.v4i64(<4 x i64> %w)",
        "%r = call i64 @llvm.scmp.i64.i64(i64 %x, i64 %y)",
    ],
)
def test_through_what_data_pass(line):
    """The result of each is data, so that its product is refused."""
    used = "%p0 = mul i64 %r, %y" if "%r = " in line else "%p0 = mul <4 x i64> %g, %v"
    assert {MULTIPLIED} == reasons(line, used)
