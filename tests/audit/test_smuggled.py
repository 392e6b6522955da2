"""Products that stand where an audit of one function, of its values alone, does not look: each is refused.

The table is 0, 1, 2, ..., so that the address of what is read from it is what is read.
"""

import ctypes

import llvmlite.binding as llvm
import numba
import numpy as np
import pytest
from llvmlite import ir
from numba.core import cgutils
from numba.extending import intrinsic

from refsim.audit.ir import read_functions
from refsim.audit.kernel_audit import audit_kernel
from refsim.audit.taint import Taint

INT = "int64[::1]"
DATA = "a value loaded from memory is multiplied"
TABLE = np.arange(64)
MULTIPLY = ctypes.CFUNCTYPE(ctypes.c_int64, ctypes.c_int64, ctypes.c_int64)(lambda x, y: x * y)
ADDRESS = ctypes.cast(MULTIPLY, ctypes.c_void_p).value


def reasons(function):
    """Return the reasons for which a compiled function is refused."""
    return {violation.reason for violation in audit_kernel(function).violations}


def test_in_the_body_of_a_generator():
    """It is a function of its own, which the one with the name of the generator never calls."""

    @numba.njit(f"({INT},)")
    def scaled(a):
        for i in range(a.shape[0]):
            yield a[i] * 555

    assert [555, 1110] == list(scaled(np.array([1, 2])))
    assert {DATA} == reasons(scaled)
    (violation,) = audit_kernel(scaled).violations
    assert violation.line == scaled.py_func.__code__.co_firstlineno + 3


def test_on_the_way_to_an_exception():
    """What was written before it was raised is there for anyone who catches it."""

    @numba.njit(f"void({INT}, {INT}, {INT}, int64)")
    def found(a, out, table, width):
        for n in range(a.shape[0]):
            if a[n] != 0:
                out[0] = table[(n ^ 5) * width]
                raise StopIteration

    for place in range(4):
        a, out = np.zeros(4, np.int64), np.zeros(1, np.int64)
        a[place] = 1
        with pytest.raises(StopIteration):
            found(a, out, TABLE, 7)
        assert out[0] == (place ^ 5) * 7
    assert DATA in reasons(found)


def test_in_a_loop_that_only_an_exception_ends():
    """There is no other end at which to see what was decided in it."""

    @numba.njit(f"void({INT}, {INT}, {INT}, {INT})")
    def forever(a, out, table, log):
        n, u, v = 0, 0, 0
        while True:
            if a[0] > n:
                log[0] = n
                log[1] = u
                u += 1
            else:
                log[2] = n
            if a[1] > n:
                log[3] = n
                log[4] = v
                v += 1
            else:
                log[5] = n
            out[0] = table[u * v]
            n += 1
            if n >= a[2]:
                raise StopIteration

    out = np.zeros(1, np.int64)
    with pytest.raises(StopIteration):
        forever(np.array([3, 5, 8]), out, TABLE, np.zeros(6, np.int64))
    assert out[0] == 15 and DATA in reasons(forever)


def test_behind_an_exception_and_a_return_alike():
    """Where LLVM lets both ends share a product, what was read before them picks its factor."""

    @numba.njit(f"void({INT}, {INT}, int64, int64, int64, int64)")
    def shared(a, out, width, y, z, bound):
        if a[0] > 0:
            out[0] = y * width > bound
            raise StopIteration
        else:
            out[0] = z * width > bound

    assert DATA in reasons(shared)


def test_through_a_comparison_of_addresses():
    """Where data say which element is meant, comparing its address with others reads the data."""

    @numba.njit(f"({INT}, {INT}, {INT}, {INT}, {INT}, {INT})")
    def product(a, fourth, second, first, table, out):
        p, q, u, v = a[a[0] :].ctypes.data, a[a[1] :].ctypes.data, 0, 0
        if p >= first.ctypes.data:
            u += 1
        if p >= second.ctypes.data:
            u += 1
        if p >= fourth.ctypes.data:
            u += 1
        if q >= first.ctypes.data:
            v += 1
        if q >= second.ctypes.data:
            v += 1
        if q >= fourth.ctypes.data:
            v += 1
        out[0] = table[u * v]

    for x in range(4):
        for y in range(4):
            a, out = np.array([x, y, 0, 0, 0, 0, 0, 0]), np.zeros(1, np.int64)
            product(a, a[3:], a[2:], a[1:], TABLE, out)
            assert out[0] == x * y
    assert DATA in reasons(product)


@numba.njit(f"int64({INT}, int64, int64, int64, {INT})")
def by_recursion(a, k, y, z, table):
    if k == 0:
        return table[y * z]
    if k > 7:
        if a[0] & (k >> 3) != 0:
            return by_recursion(a, k >> 1, y + (k >> 3), z, table)
        return by_recursion(a, k >> 1, y, z, table)
    if a[1] & k != 0:
        return by_recursion(a, k >> 1, y, z + k, table)
    return by_recursion(a, k >> 1, y, z, table)


def test_by_which_call_was_made():
    """Two calls with different arguments are two ways that meet in the function called."""
    for x in range(8):
        for y in range(8):
            assert x * y == by_recursion(np.array([x, y]), 32, 0, 0, TABLE)
    assert any(reason.startswith(DATA) for reason in reasons(by_recursion))


FURTHER_UP = """
define i64 @chosen(ptr %a, i64 %y, i64 %z) {
  %x = load i64, ptr %a
  %c = icmp eq i64 %x, 0
  br i1 %c, label %left, label %right
left:
  %first = call i64 @first(i64 %y, i64 %z)
  br label %met
right:
  %second = call i64 @second(i64 %y, i64 %z)
  br label %met
met:
  ret i64 0
}
define i64 @first(i64 %y, i64 %z) {
  %u = xor i64 %y, 1
  %r = call i64 @last(i64 %u, i64 %z)
  ret i64 %r
}
define i64 @second(i64 %y, i64 %z) {
  %u = xor i64 %y, 6
  %r = call i64 @last(i64 %u, i64 %z)
  ret i64 %r
}
define i64 @last(i64 %y, i64 %z) {
  %p = mul i64 %y, %z
  %q = inttoptr i64 %p to ptr
  %r = load i64, ptr %q
  ret i64 %r
}
"""


def test_by_which_call_was_made_further_up():
    """The branch stands in one function, the calls that differ in two others; calls that are alike decide nothing."""
    assert {DATA} == {violation.reason for violation in Taint(read_functions(FURTHER_UP), "chosen").violations}
    same = FURTHER_UP.replace("@last(i64 %u, i64 %z)", "@last(i64 7, i64 9)")
    assert not Taint(read_functions(same), "chosen").violations


def test_where_a_byte_fills_a_word():
    """LLVM fills four bytes with a product, for which a product of an address that became an addition leaves room.

    That the same factor stands in another product excuses nothing.
    """

    @numba.njit("(uint8[::1], int64, uint8[::1], int64, uint8[::1])")
    def fill(a, i, out, n, table):
        value = a[i * 3]
        table[0] = table[n * 16843009]
        for place in range(100):
            out[place] = value

    code = fill.inspect_asm(fill.signatures[0])
    spread = "the machine code multiplies to spread a byte over a word, or to count ones"
    assert ("imull\t$16843009" in code) == (spread in reasons(fill))
    assert "imull\t$16843009" in code or "vpbroadcastb" in code or "dup" in code


@pytest.mark.parametrize("name", ["NRT_Free_product", "NRT_MemInfo_new_product", "NRT_MemInfo_call_dtor"])
def test_in_a_function_with_the_name_of_another(name):
    """A name that begins as one of numba's own is none of them, and one that calls what lies in memory is not known."""
    if name.endswith("_product"):
        llvm.add_symbol(name, ADDRESS)
    product = numba.types.ExternalFunction(name, numba.int64(numba.int64, numba.int64))

    @numba.njit(f"({INT}, {INT})")
    def named(a, out):
        out[0] = product(a[0], a[1])

    if name.endswith("_product"):
        out = np.zeros(1, np.int64)
        named(np.array([6, 7]), out)
        assert 42 == out[0]
    assert {f"unknown: {name}"} == reasons(named)


@intrinsic
def call_register(_, x, y):
    """Call through a register that has the name of a function."""

    def code(context, builder, signature, arguments):
        function = ir.FunctionType(ir.IntType(64), [ir.IntType(64)] * 2)
        slot = cgutils.alloca_once_value(builder, context.get_constant(numba.int64, ADDRESS))
        place = builder.add(builder.load(slot), arguments[0])
        return builder.call(builder.inttoptr(place, function.as_pointer(), name="llvm.abs.p"), arguments)

    return numba.int64(numba.int64, numba.int64), code


def test_in_a_function_that_a_register_names():
    """What is called through a pointer is not known, whatever the register is called."""

    @numba.njit(f"({INT}, {INT})")
    def through(a, out):
        out[0] = call_register(a[0], a[1])

    assert {"unknown: a call through a pointer"} == reasons(through)
