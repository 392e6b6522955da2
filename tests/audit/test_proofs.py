"""Proofs are bound to the machine code that runs."""

import importlib
import io
import json
import sys

import numba
import numpy as np
import pytest

from refsim.audit.kernel_audit import audit_specialisation
from refsim.errors import MultiplicationError
from refsim.kernels.kernel import Kernel

SOURCE = """
def gather(values, out):
    for i in range(values.shape[0]):
        out[0] += values[i]


def scatter(values, out):
    for i in range(values.shape[0]):
        out[0] -= values[i]


def guilty(values, out):
    for i in range(values.shape[0]):
        out[0] += values[i] * 555
"""


@pytest.fixture
def module(tmp_path, monkeypatch):
    """A module of kernels with a cache of its own; each call imports it as a new process would."""
    (tmp_path / "kernels_of_a_test.py").write_text(SOURCE)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(numba.config, "CACHE_DIR", "")

    def read():
        monkeypatch.delitem(sys.modules, "kernels_of_a_test", raising=False)
        return importlib.import_module("kernels_of_a_test")

    return read


def call(function):
    """Run a kernel once; return its value and its one report."""
    kernel, out = Kernel(function), np.zeros(1, np.int64)
    kernel(np.arange(5, dtype=np.int64), out)
    (report,) = kernel.reports
    return int(out[0]), report


class Terminal(io.StringIO):
    """What is written to a person."""

    def isatty(self):
        return True


def test_a_person_is_told_what_takes_so_long(module, monkeypatch):
    """By the name of the kernel, in a line that is gone afterwards; a program is told nothing."""
    for stream, told in ((io.StringIO(), ""), (Terminal(), "preparing the kernel gather ...")):
        monkeypatch.setattr(sys, "stderr", stream)
        call(module().gather)
        assert told in stream.getvalue() and bool(told) == bool(stream.getvalue())
        assert stream.getvalue().rpartition("\r")[2].strip() == ""


def proofs(tmp_path, name):
    return sorted((tmp_path / "__pycache__").glob(f"{name}.*.proof.json"))


def test_a_proof_is_stored_and_found_again(module, tmp_path, monkeypatch):
    """The second process compiles and audits nothing, and holds the same report."""
    value, first = call(module().gather)
    assert (10, 1) == (value, len(proofs(tmp_path, "gather")))
    monkeypatch.setattr("refsim.audit.proofs.audit_specialisation", lambda *_: pytest.fail("audited again"))
    assert (10, first) == call(module().gather)


def test_where_no_folder_can_be_written_to_each_process_proves_for_itself(module, tmp_path, monkeypatch):
    """A package that is only for reading, in a home that is too: the kernel runs with its proof, and nothing is kept."""
    monkeypatch.setattr("refsim.audit.proofs.ProvedCacheImpl._locator_classes", [])
    value, report = call(module().gather)
    assert (10, True, []) == (value, report.passed, proofs(tmp_path, "gather"))
    with pytest.raises(MultiplicationError, match="guilty"):
        call(module().guilty)


@pytest.mark.parametrize(
    "tamper",
    [
        lambda path: path.unlink(),
        lambda path: path.write_text(path.read_text().replace('"llvm_version": "', '"llvm_version": "9')),
        lambda path: path.write_text(path.read_text().replace('"passed"', '"failed"')[:-20]),
        lambda path: path.write_text("{}"),
        lambda path: path.write_text(json.dumps({**json.loads(path.read_text()), "seal": "0" * 64})),
    ],
    ids=["missing", "edited", "cut", "empty", "resealed wrongly"],
)
def test_code_without_its_proof_is_proved_afresh(module, tmp_path, monkeypatch, tamper):
    """Missing, edited or unreadable: the cached code does not run, the kernel is audited again."""
    call(module().gather)
    (path,) = proofs(tmp_path, "gather")
    before = path.read_text()
    tamper(path)
    assert not path.exists() or before != path.read_text()
    audited = []
    audit = importlib.import_module("refsim.audit.proofs").audit_specialisation
    monkeypatch.setattr(
        "refsim.audit.proofs.audit_specialisation", lambda *arguments: audited.append(1) or audit(*arguments)
    )
    value, report = call(module().gather)
    assert (10, [1], True) == (value, audited, report.passed)


def test_a_proof_by_older_rules_is_stale(module, tmp_path, monkeypatch):
    """When the audit becomes stricter, cached code is judged again."""
    call(module().gather)
    monkeypatch.setattr("refsim.audit.proofs.RULES_VERSION", 1)
    audited = []
    audit = importlib.import_module("refsim.audit.proofs").audit_specialisation
    monkeypatch.setattr("refsim.audit.proofs.audit_specialisation", lambda *some: audited.append(1) or audit(*some))
    assert (10, [1]) == (call(module().gather)[0], audited)


HELPER = """
from enum import IntEnum
import numpy as np
from numba import njit
from numba.extending import overload, register_jitable
STEP = -1
CAP = 0
ROW = np.array([0, 5])
class Kind(IntEnum):
    NONE = 0
def once(x):
    return x
@overload(once)
def compiled_once(x):
    return lambda x: x + 0
@register_jitable
def grown(x):
    return once(x + 1) + STEP
@njit
def compiled(x):
    return x + 9 - 9
@register_jitable
def kept(x):
    return x | 0
"""

BORROWING = """
import helper_of_a_test as helper
from helper_of_a_test import ROW, Kind, compiled, grown
def made(within):
    def borrowing(values, out):
        out[0] = 1 + values[0] + EXPRESSION
    return borrowing
borrowing = made(helper.kept)
"""

CHANGES = {
    "a function": ("grown(0)", "x + 1", "x + 2"),
    "a number that it names": ("grown(0)", "STEP = -1", "STEP = 0"),
    "what is compiled in its place": ("grown(0)", "x + 0", "x + 1"),
    "a number of a module": ("helper.CAP", "CAP = 0", "CAP = 1"),
    "a function of a module": ("helper.kept(0)", "x | 0", "x | 1"),
    "a function of a closure": ("within(0)", "x | 0", "x | 1"),
    "a compiled function": ("compiled(0)", "x + 9 - 9", "x + 9 - 8"),
    "an array": ("ROW[0]", "[0, 5]", "[1, 5]"),
    "a member": ("Kind.NONE", "NONE = 0", "NONE = 1"),
}


@pytest.mark.parametrize("expression, old, new", CHANGES.values(), ids=CHANGES)
def test_what_a_kernel_takes_from_another_file_is_part_of_it(module, tmp_path, monkeypatch, expression, old, new):
    """Its own file is as it was: machine code with the older version of the other does not run, that of the same does."""
    (tmp_path / "kernels_of_a_test.py").write_text(BORROWING.replace("EXPRESSION", expression))
    audit, audited, found = importlib.import_module("refsim.audit.proofs").audit_specialisation, [], []
    monkeypatch.setattr("refsim.audit.proofs.audit_specialisation", lambda *some: audited.append(1) or audit(*some))
    for text in (HELPER, HELPER, HELPER.replace(old, new)):
        (tmp_path / "helper_of_a_test.py").write_text(text)
        for compiled in tmp_path.glob("__pycache__/helper*.pyc"):
            compiled.unlink()
        importlib.invalidate_caches()
        sys.modules.pop("helper_of_a_test", None)
        found.append(call(module().borrowing)[0])
    assert ([1, 1, 2], 2) == (found, len(audited))


def test_whether_arrays_are_apart_is_part_of_it(module):
    """One function as both kinds of kernel: code that counts on arrays being apart runs for that kind alone."""
    found = []
    for apart in (True, False, True, False):
        values = np.arange(1, 9)
        Kernel(module().gather, apart)(values, values[5:])
        found.append(values.tolist())
    assert found[1] == found[3] != found[0] == found[2]


def test_swapped_cache_files_do_not_run(module, tmp_path):
    """The machine code of one kernel under the name of another has a proof, but not of that name."""
    call(module().gather)
    call(module().scatter)
    cache = tmp_path / "__pycache__"
    (one,), (other,) = cache.glob("*gather*.nbc"), cache.glob("*scatter*.nbc")
    content = one.read_bytes()
    one.write_bytes(other.read_bytes())
    other.write_bytes(content)
    assert 10 == call(module().gather)[0]
    assert -10 == call(module().scatter)[0]


def test_swapped_specialisations_do_not_run(module, tmp_path):
    """As two processes may leave them: each has a proof of that kernel, but not of those types."""
    arguments = [(np.arange(5, dtype=dtype), np.zeros(1, np.int64)) for dtype in (np.int64, np.int8)]
    for some in arguments:
        Kernel(module().gather)(*some)
    one, other = (tmp_path / "__pycache__").glob("*gather*.nbc")
    content = one.read_bytes()
    one.write_bytes(other.read_bytes())
    other.write_bytes(content)
    for some in arguments:
        Kernel(module().gather)(*some)
    assert [20, 20] == [int(out[0]) for _, out in arguments]


DAMAGES = {
    "cut": lambda content: content[: len(content) // 2],
    "empty": lambda content: b"",
    "zeros": lambda content: bytes(len(content)),
    "another pickle": lambda content: b"I1\n." * 9,
}


@pytest.mark.parametrize("kind", ["nbc", "nbi", "proof.json"])
@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_a_damaged_cache_is_mended(module, tmp_path, monkeypatch, kind, damage):
    """The kernel is compiled and proved afresh, and the next process finds it whole."""
    report = call(module().gather)[1]
    (path,) = (tmp_path / "__pycache__").glob(f"*gather*.{kind}")
    path.write_bytes(damage(path.read_bytes()))
    audited = []
    monkeypatch.setattr(
        "refsim.audit.proofs.audit_specialisation", lambda *some: audited.append(1) or audit_specialisation(*some)
    )
    assert [(10, report)] * 2 == [call(module().gather) for _ in range(2)] and [1] == audited


def test_a_failure_after_the_proof_was_read_is_no_proof(module, monkeypatch):
    """What is compiled in place of code that could not be loaded is audited."""
    call(module().gather)

    def fail(*_):
        raise ValueError("damaged")

    monkeypatch.setattr("numba.core.caching.CompileResultCacheImpl.rebuild", fail)
    audited = []
    monkeypatch.setattr(
        "refsim.audit.proofs.audit_specialisation", lambda *some: audited.append(1) or audit_specialisation(*some)
    )
    assert (10, [1]) == (call(module().gather)[0], audited)


def test_where_the_cache_is_full_each_process_proves_for_itself(module, tmp_path, monkeypatch):
    """Neither code nor proof can be written: the kernel runs all the same."""

    def fail(*_):
        raise OSError("no space left")

    monkeypatch.setattr("os.replace", fail)
    value, report = call(module().gather)
    assert (10, True, []) == (value, report.passed, proofs(tmp_path, "gather"))


def test_others_may_read_a_proof_where_they_may_read_the_code(module, tmp_path):
    """Else a cache that is shared would be compiled afresh by each."""
    call(module().gather)
    cache = tmp_path / "__pycache__"
    (code,), (proof,) = cache.glob("*gather*.nbc"), proofs(tmp_path, "gather")
    assert code.stat().st_mode == proof.stat().st_mode


def test_reports_do_not_depend_on_the_order_of_compilation(module, tmp_path):
    """Of two kernels, in an empty cache each: other bytes, as numba counts them, and the same reports."""
    found, held = [], []
    for order in (("gather", "scatter"), ("scatter", "gather")):
        found.append({name: call(getattr(module(), name))[1] for name in order})
        held.append({path.name for name in order for path in proofs(tmp_path, name)})
        for path in (tmp_path / "__pycache__").iterdir():
            path.unlink()
    assert found[0] == found[1] and not held[0] & held[1]


def test_code_of_another_compiler_is_proved_afresh(module, tmp_path, monkeypatch):
    """Kernels are told how to be compiled by a file of their own; the cache asks only for theirs."""
    call(module().gather)
    (tmp_path / "another.py").write_text("")
    monkeypatch.setattr("refsim.audit.compilers.__file__", str(tmp_path / "another.py"))
    audited = []
    monkeypatch.setattr(
        "refsim.audit.proofs.audit_specialisation", lambda *some: audited.append(1) or audit_specialisation(*some)
    )
    assert (10, [1]) == (call(module().gather)[0], audited)


def test_a_guilty_kernel_never_runs(module):
    """It raises before the first result, naming the line, every time."""
    for _ in range(2):
        out = np.zeros(1, np.int64)
        with pytest.raises(
            MultiplicationError, match="kernels_of_a_test.guilty at line 14: a value loaded from memory is mult"
        ):
            Kernel(module().guilty)(np.arange(5, dtype=np.int64), out)
        assert 0 == out[0]


def test_a_source_exchanged_after_its_proof_is_noticed(module):
    """Monkey-patching the Python function of a kernel raises at the next call."""
    loaded = module()
    kernel, out = Kernel(loaded.gather), np.zeros(1, np.int64)
    kernel(np.arange(5, dtype=np.int64), out)
    loaded.gather.__code__ = loaded.guilty.__code__
    with pytest.raises(MultiplicationError, match="gather: its source was exchanged after its proof"):
        kernel(np.arange(5, dtype=np.int64), out)


def test_each_specialisation_has_its_own_proof(module):
    """Other types, other machine code, another proof."""
    kernel = Kernel(module().gather)
    for dtype in (np.int8, np.int32, np.uint8):
        kernel(np.ones(3, dtype), np.zeros(1, np.int64))
    assert (
        3
        == len({report.code_hash for report in kernel.reports})
        == len({report.signature for report in kernel.reports})
    )
