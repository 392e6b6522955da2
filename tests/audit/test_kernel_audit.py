"""The audit of compiled kernels: the guilty are refused with their line, the innocent pass."""

import importlib
import inspect
import json
import os
import pkgutil
import subprocess
import sys
from pathlib import Path

import gallery
import guilty
import numba
import pytest
from innocent import innocent_sum

from refsim import kernels
from refsim.audit.kernel_audit import audit_kernel
from refsim.errors import MultiplicationError
from refsim.kernels.kernel import Kernel

SOURCE = inspect.getsource(guilty).splitlines()
GUILTY_LINES = {number for number, line in enumerate(SOURCE, 1) if line.endswith("# guilty")}


@pytest.mark.parametrize("name", gallery.GUILTY)
def test_the_guilty_are_refused_at_their_line(name):
    """Every violation has a reason and a path, and one of them names a line marked in the source."""
    report = audit_kernel(gallery.compiled(name))
    assert not report.passed
    function = gallery.FUNCTIONS[name]
    first = function.__code__.co_firstlineno
    lines = {line for *_, line in function.__code__.co_lines() if line is not None}
    own = {line for line in GUILTY_LINES if first <= line <= max(lines)} or GUILTY_LINES
    assert own & {violation.line for violation in report.violations}, [
        (violation.line, violation.reason, violation.instruction) for violation in report.violations
    ]


@pytest.mark.parametrize("name", gallery.INNOCENT)
def test_the_innocent_pass(name):
    """No violation, and the address arithmetic is counted."""
    report = audit_kernel(gallery.compiled(name))
    assert report.passed, [(violation.reason, violation.instruction) for violation in report.violations]


def test_a_report_says_what_was_audited():
    """Name, types, hash of the machine code, and no more multiplications in it than the IR accounts for."""
    audit = audit_kernel(gallery.compiled("innocent_rows"))
    (report,) = audit.specialisations
    assert "innocent.innocent_rows" == report.name and "Array(int64, 2, 'A'" in report.signature
    assert 64 == len(report.code_hash) and report.instructions > 10
    assert report.scalar_multiplies <= report.address_multiplications == audit.address_multiplications > 0


def test_a_path_leads_from_load_to_multiplier():
    """First step a load, last the guilty multiplication, each with its line."""
    violation = audit_kernel(gallery.compiled("guilty_plain")).violations[0]
    assert "load" in violation.path[0][1] and "mul" in violation.path[-1][1]
    assert violation.instruction == violation.path[-1][1]
    assert violation.path[0][0] is not None


def test_what_is_not_compiled_is_refused():
    """There is no machine code to judge."""
    with pytest.raises(MultiplicationError, match="innocent_sum: not compiled yet: call it, or give it a signature"):
        audit_kernel(numba.njit(innocent_sum))


@pytest.mark.parametrize(("other", "name"), [(innocent_sum, "innocent_sum"), (3, "3")])
def test_what_is_no_numba_function_is_refused(other, name):
    """Plain Python, or no function at all: one line says what to do."""
    with pytest.raises(MultiplicationError, match=f"^{name}: not a numba function: decorate it with numba.njit$"):
        audit_kernel(other)


SETTINGS = {
    "generic": {"NUMBA_CPU_NAME": "generic"},
    "scalar": {"NUMBA_LOOP_VECTORIZE": "0", "NUMBA_SLP_VECTORIZE": "0"},
}
VERDICTS = """
import json, sys
sys.path.insert(0, sys.argv[1])
import gallery
from refsim.audit.kernel_audit import audit_kernel
print(json.dumps({name: audit_kernel(gallery.compiled(name)).passed for name in gallery.FUNCTIONS}))
"""


@pytest.mark.heavy
@pytest.mark.parametrize("setting", SETTINGS)
def test_the_verdicts_do_not_depend_on_the_processor(setting):
    """Without AVX-512, and without vectorisation, the gallery is judged alike."""
    outcome = subprocess.run(
        [sys.executable, "-c", VERDICTS, str(Path(__file__).parent)],
        env={**os.environ, **SETTINGS[setting]},
        capture_output=True,
        check=True,
    )
    verdicts = json.loads(outcome.stdout)
    expected = {name: name in gallery.INNOCENT for name in gallery.FUNCTIONS}
    assert all(verdicts[name] == expected[name] for name in set(expected) - gallery.ONLY_VECTORISED), verdicts


KERNELS = """
import json, sys
import numpy as np
sys.path.insert(0, sys.argv[1])
from strategies import seeded_lineage, seeded_network
from refsim.architectures.spiking_transformer import PRESETS
from refsim.certificate import certified_run
from refsim.cli.models import blank
from refsim.golden.recipes import attention
from refsim.golden.reference import answer
from refsim.kernels.argmax import argmax
from refsim.kernels.ceiling import add_rows
from refsim.kernels.fast.barrier import meet
from refsim.kernels.witness import witnessed
from refsim.simulator import ENGINES, run
networks = [seeded_network(preset) for preset in PRESETS]
networks += [seeded_network(rounding="floor"), seeded_network(pooled_stages=(0,)), seeded_network(leak_shift=12)]
networks += [seeded_lineage(name) for name in ("spikformer-membranes", "spike-driven", "meta-scores")]
recorded = seeded_lineage("spikformer")
reports = []
for engine in ENGINES:
    for network in networks:
        reports += certified_run(network, blank(network), engine=engine)[1].reports
with witnessed() as witnesses:
    for recipe in attention.recipes():
        answer(recipe.case)
    argmax(np.zeros((1, 3), np.int64), np.zeros((1, 1), np.int32))
    meet(0, 1, 1, np.zeros(8, np.int64))
    run(recorded, blank(recorded), record="*context")
    add_rows(np.zeros((8, 32), np.int8), 1, np.zeros(32, np.int32))
reports += witnesses.values()
print(json.dumps({f"{report.name} {report.signature}": report.passed for report in reports}))
"""


@pytest.mark.parametrize(
    "setting", ["default", *(pytest.param(setting, marks=pytest.mark.heavy) for setting in SETTINGS)]
)
def test_every_kernel_passes_on_any_processor(setting, tmp_path):
    """Also without AVX-512 and without vectorisation, compiled afresh, in 32 and 64 bits: every kernel is proved."""
    afresh = {**SETTINGS[setting], "NUMBA_CACHE_DIR": str(tmp_path)} if setting in SETTINGS else {}
    environment = {**os.environ, **afresh}
    command = [sys.executable, "-c", KERNELS, str(Path(__file__).parents[1])]
    verdicts = json.loads(subprocess.run(command, env=environment, capture_output=True, check=True).stdout)
    modules = [
        importlib.import_module(name) for _, name, _ in pkgutil.walk_packages(kernels.__path__, "refsim.kernels.")
    ]
    every = {
        f"{value.__module__}.{value.__name__}"
        for module in modules
        for value in vars(module).values()
        if is_kernel(value)
    }
    assert every == {name.split()[0] for name in verdicts} and all(verdicts.values())
    assert any("int64, 2" in name for name in verdicts)


def is_kernel(value):
    return isinstance(value, Kernel)


def test_a_reason_says_in_which_other_function_it_is():
    """Of numba's own: a copy of a whole array brings the text of its exception along."""

    @numba.njit("void(int32[::1], int32[::1])")
    def copied(values, out):
        out[:] = values

    reasons = [violation.reason for violation in audit_kernel(copied).violations]
    assert reasons[0].startswith("floating point, in numba.np.arrayobj.") and "_ZN" not in "".join(reasons)

    @numba.njit("void(int32[::1], int32[::1])")
    def multiplied(values, out):
        for place in range(values.size):
            out[place] = values[place] * values[place]

    assert all(", in " not in violation.reason for violation in audit_kernel(multiplied).violations)
