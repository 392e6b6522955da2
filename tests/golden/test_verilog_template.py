"""The neuron in Verilog: right on every case that its bench takes, and its bugs are named."""

import shutil
import subprocess

import pytest
from frozen import quick_cases

from refsim.golden.diagnosis import diagnose
from refsim.golden.doors.trace import TraceDoor
from refsim.golden.faces.export import export
from refsim.golden.report import chosen_failure
from refsim.golden.verify import ALL_PASS, exit_code, verify
from refsim.shipped import golden_folder

TEMPLATE = golden_folder() / "templates" / "verilog"
pytestmark = pytest.mark.skipif(
    shutil.which("iverilog") is None, reason="there is no iverilog to run the Verilog template"
)

CASES = [
    case
    for case in quick_cases().values()
    if case.op == "lif" and case.samples == 1 and not case.draws and not case.reject_reason
    if case.profile["rounding"] == "exact"
]


@pytest.fixture(scope="module")
def vectors(tmp_path_factory):
    """The hex face of every case."""
    folder = tmp_path_factory.mktemp("vectors")
    for case in CASES:
        export(case, folder / case.id, ["hex"])
    return folder


def simulate(neuron, vectors, folder, cases=CASES):
    """Run a neuron over cases as the README says; return the verdicts on its dump."""
    (folder / "lif.v").write_text(neuron)
    for case in cases:
        face = vectors / case.id / "hex"
        defines = ["-DREFSIM_LOAD", f'-DREFSIM_HEX_FOLDER="{face}/"']
        sources = [folder / "lif.v", TEMPLATE / "lif_bench.v"]
        subprocess.run(["iverilog", "-Wall", *defines, f"-I{face}", "-o", folder / "bench", *sources], check=True)
        dump = folder / "dump" / case.id
        dump.mkdir(parents=True)
        with (dump / "log.jsonl").open("wb") as log:
            subprocess.run(["vvp", "-n", folder / "bench"], check=True, stdout=log)
    return list(verify(TraceDoor(folder / "dump"), cases))


def test_every_exact_neuron_is_right(vectors, tmp_path):
    """Exhaustive, directed and random cases: every spike and every membrane."""
    verdicts = simulate((TEMPLATE / "lif.v").read_text(), vectors, tmp_path)
    assert len(CASES) >= 40 and ALL_PASS == exit_code(verdicts)
    assert all(not verdict.comparison.unobserved for verdict in verdicts)


BUGS = {
    "N41": ("charge - level : charge + level", "charge - level : charge - level"),
    "N20": ("membrane + (current <<< shift)", "(current <<< shift)"),
}


@pytest.mark.parametrize("bug", BUGS)
def test_a_bug_in_verilog_is_named(bug, vectors, tmp_path):
    """One changed expression: the neuron is where it differs, and the known bug is named."""
    old, new = BUGS[bug]
    source = (TEMPLATE / "lif.v").read_text()
    assert 1 == source.count(old)
    directed = [case for case in CASES if case.level == "L1"]
    verdicts = simulate(source.replace(old, new), vectors, tmp_path, directed)
    assert chosen_failure(verdicts).comparison.first.site.startswith("neuron")
    assert bug in diagnose(verdicts).bugs
