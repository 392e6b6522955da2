"""How numba compiles kernels."""

import re

import llvmlite.binding as llvm
import numba
import numpy as np
import pytest

from refsim.audit.compilers import WHOLE_REGISTERS, ArraysApart, WholeRegisters
from refsim.audit.kernel_audit import audit_specialisation
from refsim.errors import RefsimError
from refsim.kernels.kernel import Kernel


def add_rows(rows, total):
    """Add rows of a fixed length."""
    for row in range(rows.shape[0]):
        for column in range(256):
            total[column] += rows[row, column]


def compiled(pipeline):
    """Compile it, and see that it adds."""
    rows, total = np.arange(512, dtype=np.int16).reshape(2, 256), np.zeros(256, np.int16)
    dispatcher = numba.njit(pipeline_class=pipeline)(add_rows)
    dispatcher(rows, total)
    assert np.array_equal(total, rows.sum(axis=0))
    return dispatcher


@pytest.mark.parametrize("pipeline", [WholeRegisters, ArraysApart])
def test_vectors_may_fill_registers(pipeline):
    """LLVM is told so of the kernel; where the processor has such registers they are in the machine code."""
    dispatcher = compiled(pipeline)
    (code,), (assembly,) = dispatcher.inspect_llvm().values(), dispatcher.inspect_asm().values()
    assert WHOLE_REGISTERS in code
    assert ("zmm" in assembly) == bool(llvm.get_host_cpu_features().get("avx512bw"))


def add_row(row, total):
    """Add a row of any length."""
    for column in range(row.shape[0]):
        total[column] += row[column]


def vectors_at_once(pipeline):
    """Count the vectors that the loop of a compiled function takes in one turn."""
    dispatcher = numba.njit(pipeline_class=pipeline)(add_row)
    dispatcher(np.zeros(1024, np.int16), np.zeros(1024, np.int16))
    (code,) = dispatcher.inspect_llvm().values()
    turn = re.search(r"^vector\.body.*?^$", code, re.MULTILINE | re.DOTALL).group()
    return len(re.findall(r"= add <\d+ x i16>", turn))


def test_arrays_apart_are_taken_vector_by_vector():
    """LLVM would take several at once."""
    assert (1, True) == (vectors_at_once(ArraysApart), vectors_at_once(WholeRegisters) > 1)


@pytest.mark.parametrize(
    ("setting", "value", "variable"),
    [
        ("DISABLE_JIT", 1, "NUMBA_DISABLE_JIT=1"),
        ("OPT", 0, "NUMBA_OPT=0"),
        ("ENABLE_PROFILING", 1, "NUMBA_ENABLE_PROFILING=1"),
        ("DEBUGINFO_DEFAULT", 1, "NUMBA_DEBUGINFO=1"),
    ],
)
def test_a_setting_under_which_nothing_can_be_proved_is_named(monkeypatch, setting, value, variable):
    """Kernels do not run under it, and are not said to multiply."""
    monkeypatch.setattr(numba.config, setting, value)
    with pytest.raises(RefsimError, match=f"{variable}: kernels cannot be proved with it: unset NUMBA_"):
        Kernel(add_rows)(np.zeros((1, 256), np.int16), np.zeros(256, np.int16))


@pytest.mark.parametrize("apart", [False, True])
def test_kernels_are_compiled_so(apart, monkeypatch, tmp_path):
    """What is audited, and runs, has the attribute; nothing is taken from a cache."""
    seen = []

    def audited(dispatcher, signature):
        seen.append(dispatcher.inspect_llvm(signature))
        return audit_specialisation(dispatcher, signature)

    monkeypatch.setattr("refsim.audit.proofs.audit_specialisation", audited)
    monkeypatch.setattr("numba.core.config.CACHE_DIR", str(tmp_path))
    Kernel(add_rows, apart)(np.zeros((2, 256), np.int16), np.zeros(256, np.int16))
    (code,) = seen
    assert WHOLE_REGISTERS in code


def test_functions_of_others_are_compiled_as_ever():
    """The attribute is nowhere else."""
    (code,) = compiled(numba.core.compiler.Compiler).inspect_llvm().values()
    assert WHOLE_REGISTERS not in code
