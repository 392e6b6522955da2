"""Random straight-line programs: the audit of the machine code and the direct interpretation agree on guilt."""

import itertools

import numba
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from refsim.audit.counting import CountingArray, Tally
from refsim.audit.kernel_audit import taint_of
from refsim.errors import MultiplicationError

CELLS = 64
SIGNATURE = "(int64[::1], int64, int64, int64[::1])"

odd_constants = st.integers(1, 2**20).map(lambda half: 2 * half + 1)


@st.composite
def programs(draw):
    """Write the source of a program.

    Every value is mixed with a fresh cell of memory by exclusive or, so that LLVM cannot turn sums of one value into a
    product, and is stored, so that none is dead. Products of the two scalars serve addresses: they are innocent.
    """
    fresh = (f"a[{cell}]" for cell in itertools.count())
    lines, count = [f"t0 = {next(fresh)}"], 1
    for _ in range(draw(st.integers(1, 6))):
        left, right = (f"t{draw(st.integers(0, count - 1))}" for _ in range(2))
        amount = draw(st.integers(1, 9))
        deeds = [
            f"({left} + {next(fresh)})",
            f"({left} - {next(fresh)})",
            f"({left} & {right})",
            f"({left} << {amount})",
            f"({left} >> {amount})",
            f"({left} if {right} > {next(fresh)} else {right})",
            f"max({left}, {right})",
            "a[(p * q) & 7]",
        ]
        lines.append(f"t{count} = {draw(st.sampled_from(deeds))} ^ {next(fresh)}")
        count += 1
    if draw(st.booleans()):
        factor = draw(odd_constants.map(str) | st.just(next(fresh)))
        place = draw(st.integers(1, len(lines)))
        lines.insert(place, f"guilty = (t{draw(st.integers(0, place - 1))} ^ {next(fresh)}) * {factor}")
        lines.append(f"out[{count}] = guilty ^ {next(fresh)}")
    lines += [f"out[{number}] = t{number}" for number in range(count)]
    return "def program(a, p, q, out):\n" + "".join(f"    {line}\n" for line in lines)


def multiplies(function):
    """Interpret a program on integers that cannot multiply."""
    tally = Tally()
    memory = CountingArray(np.arange(11, 11 + CELLS), tally)
    try:
        function(memory, 3, 5, CountingArray(np.zeros(CELLS), tally))
    except MultiplicationError:
        return True
    return False


@pytest.mark.parametrize("hundred", range(3))
def test_audit_and_interpretation_agree(hundred):
    """No program that multiplies memory is acquitted, none that does not is condemned, and both kinds occurred.

    In hundreds, which run side by side.
    """
    verdicts = []

    def agree(source):
        names = {}
        exec(source, names)
        dispatcher = numba.njit(SIGNATURE, no_cpython_wrapper=True, no_cfunc_wrapper=True)(names["program"])
        guilty = bool(taint_of(dispatcher, dispatcher.signatures[0]).violations)
        verdicts.append(guilty)
        assert multiplies(names["program"]) == guilty, source

    agree.__name__ = f"agree_{hundred}"  # hypothesis seeds by the name where it draws the same again in every run
    settings(max_examples=100)(given(programs())(agree))()
    assert len(verdicts) >= 100 and 20 <= sum(verdicts) <= len(verdicts) - 20
