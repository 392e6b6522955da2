"""What a branch decides, on small graphs of control whose answer one can see."""

import pytest

from refsim.audit.control import Control, is_silent
from refsim.audit.ir import read_functions

DIAMOND = """
define i64 @f(i1 %c, i1 %d) {
  br i1 %c, label %left, label %right
left:
  br label %met
right:
  br label %met
met:
  %taken = phi i64 [ 1, %left ], [ 2, %right ]
  br i1 %d, label %end, label %other
other:
  br label %end
end:
  %later = phi i64 [ %taken, %met ], [ 3, %other ]
  ret i64 %later
}
"""
FOUND = """
define i64 @f(ptr %a, i64 %n) {
  br label %loop
loop:
  %i = phi i64 [ 0, %0 ], [ %next, %on ]
  %p = getelementptr i64, ptr %a, i64 %i
  %x = load i64, ptr %p
  %c = icmp sgt i64 %x, 0
  br i1 %c, label %end, label %on
on:
  %next = add i64 %i, 1
  %d = icmp eq i64 %next, %n
  br i1 %d, label %end, label %loop
end:
  %place = phi i64 [ %i, %loop ], [ %n, %on ]
  ret i64 %place
}
"""
RETURN = """
define i32 @f(i1 %c, i64 %n) {
  br label %loop
loop:
  %i = phi i64 [ 0, %0 ], [ %next, %on ]
  br i1 %c, label %fault, label %on
on:
  %next = add i64 %i, 1
  %d = icmp eq i64 %next, %n
  br i1 %d, label %end, label %loop
fault:
  ret i32 1
end:
  ret i32 0
}
"""
SWITCH = """
define i64 @f(i64 %c) {
  switch i64 %c, label %other [ i64 1, label %one
                                i64 2, label %met ]
one:
  br label %met
other:
  br label %met
met:
  %taken = phi i64 [ 5, %0 ], [ 6, %one ], [ 7, %other ]
  ret i64 %taken
}
"""
GUARD = """
define i64 @f(i1 %c, i64 %n) {
  br label %loop
loop:
  %i = phi i64 [ 0, %0 ], [ %next, %on ]
  br i1 %c, label %act, label %on
act:
  call void @g(i64 %i)
  br label %on
on:
  %next = add i64 %i, 1
  %d = icmp eq i64 %next, %n
  br i1 %d, label %end, label %loop
end:
  ret i64 0
}
declare void @g(i64)
"""


RAISES = """
define i32 @f(ptr %a, i64 %n, i64 %m) {
  br label %rows
rows:
  %i = phi i64 [ 0, %0 ], [ %after, %row ]
  %p = getelementptr i64, ptr %a, i64 %i
  %x = load i64, ptr %p
  %c = icmp sgt i64 %x, 0
  br i1 %c, label %columns, label %row
columns:
  %j = phi i64 [ 0, %rows ], [ %next, %on ]
  %wrong = icmp ugt i64 %j, %m
  br i1 %wrong, label %fault, label %on
on:
  %next = add i64 %j, 1
  %d = icmp eq i64 %next, %n
  br i1 %d, label %row, label %columns
row:
  %after = add i64 %i, 1
  %e = icmp eq i64 %after, %n
  br i1 %e, label %end, label %rows
fault:
  ret i32 1
end:
  ret i32 0
}
"""


MERGED = RAISES.replace("label %fault", "label %common").replace(
    """fault:
  ret i32 1
end:
  ret i32 0
""",
    """end:
  br label %common
common:
  %status = phi i32 [ 1, %columns ], [ 0, %end ]
  ret i32 %status
""",
)


ROUND = """
define i64 @f(i1 %c, i1 %d, i1 %e) {
  br label %top
top:
  %t = phi i64 [ 0, %0 ], [ 1, %met ], [ 2, %other ]
  br i1 %c, label %one, label %other
one:
  br i1 %d, label %further, label %met
further:
  br label %met
met:
  %w = phi i64 [ 1, %one ], [ 2, %further ]
  br i1 %e, label %end, label %top
other:
  br i1 %e, label %end, label %top
end:
  %v = phi i64 [ 3, %met ], [ 4, %other ]
  ret i64 %t
}
"""


@pytest.mark.parametrize(
    ("ir", "decided"),
    [
        (DIAMOND, [{"%taken"}, {"%later"}]),
        (FOUND, [{"%place", "%i"}, {"%place", "%i"}]),
        (RETURN, [set()]),
        (SWITCH, [{"%taken"}]),
        (GUARD, [set(), set()]),
        (RAISES, [set(), set(), set()]),
        (MERGED, [set(), set(), set()]),
        (ROUND, [{"%t", "%v"}, {"%w"}, {"%v", "%t"}, {"%v", "%t"}]),
    ],
    ids=[
        "two ways meet",
        "a loop that is left early",
        "a return",
        "many ways",
        "a loop that goes on",
        "a loop that may end in a fault",
        "a fault that returns with all",
        "ways round a loop",
    ],
)
def test_a_branch_decides_what_differs_by_it(ir, decided):
    """The phi where its ways meet and no later one; what a loop holds when it is left; nothing where one way ends."""
    control = Control(read_functions(ir)["f"].blocks, True)
    found = [{each.text.split(" = ")[0] for each in instructions} for _, instructions, _ in control.branches]
    assert decided == found


TWO_ENTRIES = """
define i64 @f(i1 %c, i1 %d, i1 %e) {
  br i1 %c, label %one, label %other
one:
  br i1 %d, label %other, label %end
other:
  br label %one
end:
  br label %again
again:
  br i1 %e, label %again, label %last
last:
  ret i64 0
}
"""


def test_a_loop_with_two_entries_is_found():
    """By the ends of its own blocks: what comes before and behind it is in no such loop, another loop is none."""
    control = Control(read_functions(TWO_ENTRIES)["f"].blocks, True)
    assert ["br i1 %d, label %other, label %end", "br label %one"] == [each.text for each in control.entered_twice]


LASTING = """
declare void @g()
declare void @NRT_incref(ptr)
define i32 @f(ptr %excinfo, ptr %a, i64 %n) personality ptr null {
  %x = load i64, ptr %a
  store ptr %a, ptr %excinfo, align 8
  store ptr %excinfo, ptr %a, align 8
  call void @NRT_incref(ptr %a)
  call void @g()
  invoke void @g() to label %on unwind label %off
off:
  %pad = landingpad {ptr, i32} cleanup
  unreachable
on:
  %m = mul i64 %n, %n
  %d = sdiv i64 %n, 2
  %e = udiv i64 %n, 2
  %r = srem i64 %n, 2
  %s = urem i64 %n, 2
  %t = atomicrmw add ptr %a, i64 1 monotonic
  %c = cmpxchg ptr %a, i64 1, i64 2 monotonic monotonic
  %y = add i64 %n, 1
  ret i32 1
}
"""


def test_what_outlives_an_exception():
    """Stores elsewhere than to the exception, calls, whatever might be a product, and what writes to memory as it reads."""
    instructions = read_functions(LASTING)["f"].instructions
    silent = [each.text.split(" = ")[0].split(",")[0] for each in instructions if is_silent(each)]
    assert ["%x", "store ptr %a", "call void @NRT_incref(ptr %a)", "%pad", "unreachable", "%y", "ret i32 1"] == silent


CALLS = """
declare void @before()
declare void @between()
declare void @further()
declare void @behind()
define void @f(i1 %c) {
  call void @before()
  br i1 %c, label %left, label %met
left:
  call void @between()
  br label %on
on:
  call void @further()
  br label %met
met:
  call void @behind()
  ret void
}
"""


def test_which_calls_a_branch_may_skip():
    """Those on its ways, up to where they meet."""
    ((_, _, calls),) = Control(read_functions(CALLS)["f"].blocks, True).branches
    assert {"between", "further"} == {each.callee for each in calls}
