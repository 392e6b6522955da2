"""The template in Verilog: right on every case that its benches take, and its bugs are named."""

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


def cases_of(op):
    """The quick cases of an operator that a bench takes."""
    cases = [case for case in quick_cases().values() if case.op == op and not case.draws and not case.reject_reason]
    return [case for case in cases if case.profile.get("rounding", "exact") == "exact"]


BENCHES = {
    "lif_bench": cases_of("lif"),
    "linear_bench": cases_of("linear"),
    "relu_bench": cases_of("relu"),
    "attention_bench": [quick_cases()[f"l3.attention.{preset}"] for preset in ("a2os2a", "relu-attention")],
}
FEWEST = {"lif_bench": 42, "linear_bench": 39, "relu_bench": 14, "attention_bench": 2}


@pytest.fixture(scope="module")
def vectors(tmp_path_factory):
    """The hex face of every case."""
    folder = tmp_path_factory.mktemp("vectors")
    for cases in BENCHES.values():
        for case in cases:
            export(case, folder / case.id, ["hex"])
    return folder


def simulate(bench, vectors, folder, cases, changed=()):
    """Run a bench over cases as the README says, with texts of modules in place of its own; return the verdicts."""
    sources = folder / "verilog"
    shutil.copytree(TEMPLATE, sources)
    for module, text in dict(changed).items():
        (sources / module).write_text(text)
    for case in cases:
        face, dump = vectors / case.id / "hex", folder / "dump" / case.id
        dump.mkdir(parents=True)
        folders = [f'-DREFSIM_HEX_FOLDER="{face}/"', f'-DREFSIM_DUMP_FOLDER="{dump}/"']
        command = ["iverilog", "-Wall", "-Wno-timescale", "-DREFSIM_LOAD", *folders, f"-I{face}", "-s", bench]
        made = subprocess.run(
            [*command, "-o", folder / "bench", *sorted(sources.glob("*.v"))], check=True, capture_output=True
        )
        assert not made.stderr, made.stderr
        ran = subprocess.run(["vvp", "-n", folder / "bench"], check=True, capture_output=True)
        assert not ran.stderr, ran.stderr
    return list(verify(TraceDoor(folder / "dump"), cases))


@pytest.mark.parametrize("bench", BENCHES)
def test_every_site_is_right(bench, vectors, tmp_path):
    """Exhaustive, directed, random and trained cases: neurons, membranes, sums, scores, the map, the context."""
    verdicts = simulate(bench, vectors, tmp_path, BENCHES[bench])
    assert len(verdicts) >= FEWEST[bench] and ALL_PASS == exit_code(verdicts)
    assert all(not verdict.comparison.unobserved for verdict in verdicts)


BUGS = {
    "N41": ("lif_bench", "lif.v", "charge - level : charge + level", "charge - level : charge - level"),
    "N20": ("lif_bench", "lif.v", "membrane + (current <<< shift)", "(current <<< shift)"),
    "N30": ("lif_bench", "lif.v", "fires_below ? 2'sb11", "fires_below ? 2'sb01"),
    "N44": ("relu_bench", "relu.v", "current >>> SHIFT", "(current + (SHIFT ? 1 << SHIFT >> 1 : 0)) >>> SHIFT"),
    "W01": ("linear_bench", "gather.v", "2'sb11:  sum <= sum - term;", "2'sb11:  sum <= sum;"),
    "B01": (
        "linear_bench",
        "linear.v",
        "wire [SUM_BITS-1:0] own_bias = bias[d*SUM_BITS+:SUM_BITS];",
        "wire [SUM_BITS-1:0] own_bias = 0;",
    ),
    "T05": (
        "attention_bench",
        "attention.v",
        "q[query*CHANNELS+channel]),\n      .start({SCORE_BITS{1'b0}}),\n      .term(k[place*CHANNELS+channel])",
        "q[place*CHANNELS+channel]),\n      .start({SCORE_BITS{1'b0}}),\n      .term(k[query*CHANNELS+channel])",
    ),
}


@pytest.mark.parametrize("bug", BUGS)
def test_a_bug_in_verilog_is_named(bug, vectors, tmp_path):
    """One changed expression: its operator is where it differs, and the known bug is named."""
    bench, module, old, new = BUGS[bug]
    source = (TEMPLATE / module).read_text()
    assert 1 == source.count(old)
    cases = [case for case in BENCHES[bench] if case.level in ("L1", "L3")]
    verdicts = simulate(bench, vectors, tmp_path, cases, {module: source.replace(old, new)})
    operator = {"attention_bench": "block0.attention.scores", "linear_bench": "linear"}.get(bench, "neuron")
    assert chosen_failure(verdicts).comparison.first.site.startswith(operator)
    assert bug in named_bugs(diagnose(verdicts))


def named_bugs(diagnosis):
    """The bugs that explain everything, or a fault of one operator."""
    return {*diagnosis.bugs, *(bug for fault in diagnosis.faults for bug in fault.candidates)}


def test_an_undefined_value_is_named_where_it_stands(vectors, tmp_path):
    """A membrane that no reset clears is unknown from the first timestep on."""
    source = (TEMPLATE / "lif.v").read_text()
    assert 1 == source.count("membrane <= 0;\n    end else")
    case = quick_cases()["l1.lif.leak"]
    changed = {"lif.v": source.replace("membrane <= 0;\n    end else", "end else")}
    (verdict,) = simulate("lif_bench", vectors, tmp_path, [case], changed)
    assert verdict.status == "fail" and verdict.reason.startswith(
        "neuron.hex: timestep 0, token 0, channel 0: X is undefined"
    )


@pytest.mark.parametrize("module", ["lif", "relu", "gather", "linear", "attention"])
def test_a_module_is_linted_without_a_warning(module):
    """By Verilator, with all of its warnings, as the top of its own design."""
    if shutil.which("verilator") is None:
        pytest.skip("verilator is not installed: it does not judge the template")
    command = ["verilator", "--lint-only", "-Wall", "--top-module", module, "-y", TEMPLATE, TEMPLATE / f"{module}.v"]
    made = subprocess.run(command, capture_output=True, text=True)
    assert (made.returncode, made.stderr) == (0, "")
