"""Kernels that run one after the other without the interpreter."""

import threading
from functools import partial

import numpy as np
import pytest

from refsim.audit.assembly import read_assembly
from refsim.audit.guard import guarded
from refsim.audit.kernel_audit import audit_specialisation
from refsim.errors import MultiplicationError
from refsim.kernels.fast.barrier import meet
from refsim.kernels.kernel import Kernel, kernel, tuned_kernel
from refsim.kernels.row import Row
from refsim.kernels.witness import witnessed


@kernel
def push(value, first, last, tape):
    for place in range(first, last):
        tape[place] += value


@tuned_kernel
def of_all_kinds(flag, narrow, pair, nothing, cube, small, tape):
    tape[0] += 1 if flag else 2
    tape[1] += narrow
    tape[2] += pair[0][1, 0]
    tape[3] += pair[1][0]
    tape[4] += len(nothing)
    tape[5] += cube[1, 0, 1]
    tape[6] += cube.shape[0] - cube.shape[2]
    tape[7] += small.size


@kernel
def step_by(step, tape):
    for place in range(0, tape.size, step):
        tape[place] += 1


@kernel
def step_at(step, first, last, tape):
    for place in range(first, last):
        for other in range(place, tape.size, step):
            tape[other] += 1


@kernel
def wait_for(words):
    words[0] += 1
    return words[0] == words[1]


def test_a_row_runs_in_order_and_again():
    """Each kernel on its own range; a later call begins with the first."""
    tape = np.zeros(6, np.int64)
    bound = push.ranged(3, tape)
    row = Row([bound.over(0, 4), bound.over(2, 6), push.bound(-1, 0, 1, tape)])
    row()
    assert [2, 3, 6, 6, 3, 3] == tape.tolist()
    row()
    assert [4, 6, 12, 12, 6, 6] == tape.tolist()
    Row([])()


def test_a_row_sets_the_places_of_all_that_take_a_range():
    """Until it sets others; none at first. Some take several of each place, and some no range."""
    tapes = np.zeros((3, 12), np.int64)
    calls = [push.ranged(1, tapes[0]), push.ranged(1, tapes[1], of_each=3), push.bound(1, 0, 1, tapes[2])]
    row = Row([calls[0], calls[2].over(7, 9), calls[1]])
    row()
    assert [0, 0, 1] == tapes.sum(axis=1).tolist()
    for first, last in ((0, 3), (2, 4)):
        tapes.fill(0)
        row.limit(first, last)
        for _ in range(2):
            row()
        assert [[first, last], [first * 3, last * 3], [0, 1]] == [
            [int(tape.argmax()), int(len(tape) - tape[::-1].argmax())] for tape in tapes
        ]
        assert {0, 2} == set(tapes.ravel().tolist())
        other = np.zeros_like(tapes)
        Row([call.over(first, last) for call in (push.ranged(2, other[0]), push.ranged(2, other[1], of_each=3))])()
        assert np.array_equal(tapes[:2], other[:2])


def test_arguments_arrive_as_they_are():
    """Booleans, integers of few bits, tuples within tuples and none, arrays of any strides, guarded and empty ones."""
    tape, cube = np.zeros(8, np.int64), np.arange(24, dtype=np.int16).reshape(2, 3, 4)
    pair = np.arange(6, dtype=np.int8).reshape(2, 3).T, (-7, 5)
    arguments = True, np.int8(-4), pair, (), cube[::-1, :, 1:3], np.zeros((3, 0), np.int8)
    of_all_kinds(*arguments, tape)
    expected = tape.tolist()
    assert [1, -4, 1, -7, 0, 2, 0, 0] == expected
    tape.fill(0)
    Row([of_all_kinds.bound(*arguments[:4], guarded(arguments[4], "a site"), arguments[5], tape)])()
    assert expected == tape.tolist()


@pytest.mark.parametrize("value", [1.5, "one", None])
def test_what_is_no_integer_is_refused(value):
    """The machine code may exist; a row has only words."""

    @kernel
    def ignore(value, out):
        out[0] += 1

    with pytest.raises(TypeError, match="cannot be interpreted as an integer"):
        Row([ignore.bound(value, np.zeros(1, np.int64))])


@pytest.mark.parametrize("place", [0, 1, 2])
def test_a_kernel_that_returns_false_is_asked_again(place):
    """It alone, until it returns True; the row goes on from there."""
    tape, words = np.zeros(1, np.int64), np.array([0, 4])
    calls = [push.bound(1, 0, 1, tape)] * 2
    calls.insert(place, wait_for.bound(words))
    Row(calls)()
    assert ([2], [4, 4]) == (tape.tolist(), words.tolist())


def test_what_a_kernel_raises_is_raised():
    """What comes before it in the row has run, what comes after has not; the row can be called again."""
    before, after = np.zeros(1, np.int64), np.zeros(1, np.int64)
    row = Row([push.bound(1, 0, 1, before), step_by.bound(0, before), push.bound(1, 0, 1, after)])
    for count in (1, 2):
        with pytest.raises(ValueError, match="must not be zero"):
            row()
        assert ([count], [0]) == (before.tolist(), after.tolist())


def test_what_a_kernel_raises_at_the_places_of_a_row_is_raised():
    """At no places it raises nothing."""
    row = Row([step_at.ranged(0, np.zeros(3, np.int64))])
    row()
    row.limit(1, 2)
    with pytest.raises(ValueError, match="must not be zero"):
        row()


def test_others_have_the_interpreter_meanwhile(monkeypatch):
    """A row waits in machine code for what a thread of Python does, and need not ask again."""
    turns, asked = np.zeros(16, np.int64), []
    monkeypatch.setattr("refsim.kernels.row.offer_processor", partial(asked.append, "again"))

    def come():
        turns[8] = 1

    thread = threading.Timer(0.05, come)
    thread.start()
    Row([meet.bound(0, 1, 1 << 31, turns)])()
    thread.join()
    assert [] == asked


def test_a_row_shows_its_proofs_and_holds_its_sources():
    """As kernels do that are called alone."""

    def added(out):
        out[0] += 1

    own, out = Kernel(added), np.zeros(1, np.int64)
    row = Row([own.bound(out), push.bound(1, 0, 1, out)])
    with witnessed() as reports:
        row()
    assert {report.name.rpartition(".")[2] for report in reports.values()} == {"added", "push"}
    assert all(report.passed for report in reports.values())
    added.__code__ = (lambda out: None).__code__
    with pytest.raises(MultiplicationError, match="its source was exchanged after its proof"):
        row()
    assert [2] == out.tolist()


def test_what_takes_arguments_from_a_frame_does_no_arithmetic(monkeypatch, tmp_path):
    """Of the machine code beside a kernel's own, nothing multiplies."""
    seen = []

    def audited(dispatcher, signature):
        entry = dispatcher.overloads[signature].fndesc.llvm_cfunc_wrapper_name
        seen.append(read_assembly(dispatcher.inspect_asm(signature), [entry]))
        return audit_specialisation(dispatcher, signature)

    monkeypatch.setattr("refsim.audit.proofs.audit_specialisation", audited)
    monkeypatch.setattr("numba.core.config.CACHE_DIR", str(tmp_path))
    Kernel(step_by.python).bound(1, np.zeros(1, np.int64))
    (census,) = seen
    assert census.instructions > 5 and census.scalar_multiplies == 0 == len(census.forbidden)
