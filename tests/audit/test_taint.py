"""The taint on IR written by hand: what Python can hardly be made to compile to, and an intrinsic can."""

import pytest

from refsim.audit.flow import is_touched
from refsim.audit.ir import read_functions
from refsim.audit.taint import Taint

DATA = "a value loaded from memory is multiplied"

AT_THE_END = """
declare ptr @NRT_MemInfo_alloc_dtor(i64, ptr)
define void @ender(ptr %p) {
  %x = load i64, ptr %p
  %m = mul i64 %x, %x
  store i64 %m, ptr %p
  ret void
}
define i32 @f(ptr %a) {
  %i = call ptr @NRT_MemInfo_alloc_dtor(i64 24, ptr @ender)
  ret i32 0
}
"""
MASKED = """
declare <4 x i1> @llvm.get.active.lane.mask.v4i1.i64(i64, i64)
define i32 @f(ptr %a, <4 x i64> %y, <4 x i64> %z, <4 x i64> %w) {
  %x = load i64, ptr %a
  %m = call <4 x i1> @llvm.get.active.lane.mask.v4i1.i64(i64 0, i64 %x)
  %u = select <4 x i1> %m, <4 x i64> %y, <4 x i64> %z
  %p = mul <4 x i64> %u, %w
  ret i32 0
}
"""
RESERVED = """
define i32 @f(ptr %a) {
  %x = load i64, ptr %a
  %p = alloca [41 x i8], i64 %x
  ret i32 0
}
"""
ALLOCATED = """
declare ptr @NRT_Allocate(i64)
define i32 @f(ptr %a) {
  %x = load i64, ptr %a
  %p = call ptr @NRT_Allocate(i64 %x)
  %i = ptrtoint ptr %p to i64
  %m = mul i64 %i, %i
  ret i32 0
}
"""
HISTOGRAM = """
declare void @llvm.experimental.vector.histogram.add.v4p0.i64(<4 x ptr>, i64, <4 x i1>)
define i32 @f(<4 x ptr> %p, i64 %y, i64 %z) {
  %m = mul i64 %y, %z
  call void @llvm.experimental.vector.histogram.add.v4p0.i64(<4 x ptr> %p, i64 %m, <4 x i1> splat (i1 true))
  ret i32 0
}
"""
RECURSIVE = """
define i32 @f(ptr %excinfo, ptr %a, i64 %k) {
  %c = icmp eq i64 %k, 0
  br i1 %c, label %outer, label %inner
inner:
  %x = load i64, ptr %a
  %d = icmp eq i64 %x, 0
  br i1 %d, label %good, label %bad
bad:
  store ptr null, ptr %excinfo, align 8
  ret i32 1
good:
  ret i32 0
outer:
  %s = call i32 @f(ptr %excinfo, ptr %a, i64 1)
  %r = call i32 @f(ptr %excinfo, ptr %a, i64 2)
  %p = mul i32 %s, %r
  ret i32 0
}
"""

SIZED_END = """
declare ptr @NRT_MemInfo_alloc_dtor(i64, ptr)
@table = external global [100 x i64]
define void @ender(ptr %p, i64 %size, ptr %info) {
  %m = mul i64 %size, %size
  %q = getelementptr i64, ptr @table, i64 %m
  %v = load i64, ptr %q
  store i64 %v, ptr %p
  ret void
}
define i32 @f(ptr %a) {
  %x = load i64, ptr %a
  %i = call ptr @NRT_MemInfo_alloc_dtor(i64 %x, ptr @ender)
  ret i32 0
}
"""
ADDRESS_STORED = """
define i32 @f(ptr %a, i64 %y, i64 %z, ptr %o) {
  %m = mul i64 %y, %z
  %p = getelementptr i64, ptr %a, i64 %m
  store ptr %p, ptr %o
  ret i32 0
}
"""
LOWEST_BIT = """
define i32 @f(ptr %a, i64 %y, i64 %z, ptr %o) {
  %x = load i64, ptr %a
  %m = mul i64 %y, %z
  %d = sub i64 %x, %m
  %b = trunc i64 %d to i1
  %s = select i1 %b, i64 1, i64 2
  store i64 %s, ptr %o
  ret i32 0
}
"""
TWO_ENTRIES = """
define i32 @f(ptr %a, i64 %side, i64 %w, ptr %o) {
entry:
  %x = load i64, ptr %a
  %c = icmp sgt i64 %side, 0
  br i1 %c, label %one, label %other
one:
  %n = phi i64 [ 0, %entry ], [ %k, %other ]
  %j = add i64 %n, 1
  %d = icmp slt i64 %j, %x
  br i1 %d, label %other, label %end
other:
  %k = phi i64 [ %side, %entry ], [ %j, %one ]
  br label %one
end:
  %m = mul i64 %j, %w
  %p = getelementptr i64, ptr %a, i64 %m
  %v = load i64, ptr %p
  store i64 %v, ptr %o
  ret i32 0
}
"""

ARGUMENT = """
define i64 @g(i64 %u, i64 %v, ptr %o) {
  %m = mul i64 %u, 3
  store i64 %v, ptr %o
  ret i64 0
}
define i64 @f(ptr %a, i64 %y, ptr %o) {
  %x = load i64, ptr %a
  %r = call i64 @g(i64 %x, i64 %y, ptr %o)
  ret i64 %r
}
"""
PRODUCT_ARGUMENT = """
define i64 @g(i64 %u, i64 %v, ptr %o) {
  store i64 %v, ptr %o
  ret i64 0
}
define i64 @f(i64 %y, ptr %o) {
  %m = mul i64 %y, %y
  %r = call i64 @g(i64 %y, i64 %m, ptr %o)
  ret i64 %r
}
"""


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        (AT_THE_END, DATA),
        (MASKED, DATA),
        (RESERVED, "a value loaded from memory says how much memory is reserved"),
        (ALLOCATED, DATA),
        (HISTOGRAM, "unknown: llvm.experimental.vector.histogram.add.v4p0.i64"),
        (RECURSIVE, DATA),
        (SIZED_END, DATA),
        (ADDRESS_STORED, "an address that a product went into is stored"),
        (LOWEST_BIT, "a product is compared with a value loaded from memory"),
        (TWO_ENTRIES, "unknown: a loop that is entered in two places"),
        (ARGUMENT, DATA),
        (PRODUCT_ARGUMENT, "a product is stored"),
    ],
    ids=[
        "destructor",
        "mask of lanes",
        "room on the stack",
        "room on the heap",
        "histogram",
        "root called from inside",
        "size told to a destructor",
        "address by way of memory",
        "lowest bit of a difference",
        "loop with two entries",
        "data for an argument",
        "product for an argument",
    ],
)
def test_in_what_an_instruction_leaves_unsaid(code, reason):
    """A function given by its address, a count of lanes, an address that depends on a size, a write within a vector.

    The flow of data shows where.
    """
    taint = Taint(read_functions(code), "f")
    assert {reason} == {violation.reason for violation in taint.violations}
    instructions = [each for name in taint.reached for each in taint.functions[name].instructions]
    assert all(is_touched(taint, each) for each in instructions if taint.judge(each) is not None)


ROUND = """
define i32 @f(ptr %a, i64 %y, i64 %n, ptr %o) {
  %m = mul i64 %y, %y
  %g = getelementptr i8, ptr %a, i64 %m
  br label %loop
loop:
  %p = phi ptr [ %g, %0 ], [ %q, %loop ]
  %x = ptrtoint ptr %p to i64
  %q = inttoptr i64 %x to ptr
  store i64 %x, ptr %o
  %c = icmp eq i64 %n, 0
  br i1 %c, label %end, label %loop
end:
  ret i32 0
}
"""


def test_a_path_begins_where_the_product_was_made():
    """Though it was an address on the way, and goes round in a loop; each step is there once."""
    (violation,) = Taint(read_functions(ROUND), "f").violations
    assert "a product is stored" == violation.reason
    assert ["%m", "%g", "%p", "%x", "store i64 %x"] == [
        text.split(" = ")[0].split(",")[0] for _, text in violation.path
    ]
