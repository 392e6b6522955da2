"""The hex face: words of the declared width, which simulators of Verilog load as they stand."""

import itertools
import math
import re
import shutil
import subprocess
from dataclasses import replace

import numpy as np
import pytest
from face_cases import (
    WIDTHS,
    arrays_of,
    attention_case,
    digest_case,
    hash_by_hand,
    neuron_case,
    npy_hashes,
    reject_case,
)
from hypothesis import given
from hypothesis import strategies as st

from refsim.errors import GoldenError
from refsim.golden.faces.export import export
from refsim.golden.faces.hex import hex_text, parse_hex
from refsim.model_file import describe_node
from refsim.network import Node
from refsim.ops import ReLU


@given(st.integers(1, 64), st.booleans(), st.data())
def test_hex_reads_back(bits, signed, data):
    """Words of every width, extremes among them: digits of value modulo 2**bits, one a line, and the way back."""
    low, high = (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1) if signed else (0, 2**bits - 1)
    values = data.draw(st.lists(st.integers(low, high) | st.sampled_from([low, high]), max_size=6))
    array = np.array(values, np.int64 if signed else np.uint64)
    text = hex_text(array, bits)
    lines = text.splitlines(keepends=True)
    assert all(len(line) == math.ceil(bits / 4) + 1 and line[-1] == "\n" and line == line.lower() for line in lines)
    assert [int(line, 16) for line in lines] == [value % 2**bits for value in values]
    back = parse_hex(text, bits, signed, array.dtype, array.shape)
    assert back.dtype == array.dtype and back.tolist() == values


@given(st.integers(1, 63), st.booleans(), st.booleans())
def test_a_value_that_does_not_fit_is_refused(bits, signed, above):
    """One beyond either end."""
    ends = (-(2 ** (bits - 1)) - 1, 2 ** (bits - 1)) if signed else (-1, 2**bits)
    value = ends[above]
    dtype = np.uint64 if not signed and above else np.int64
    if signed or above:
        with pytest.raises(GoldenError, match=rf"membrane: expected values .* \({bits} bits\), got "):
            hex_text(np.array([0, value], dtype), bits, "membrane")


@pytest.mark.parametrize(
    ("text", "bits", "message"),
    [
        ("1\n2", 4, "expected a newline at the end"),
        ("1\n2\n3\n", 4, r"expected 2 words for the shape \(2,\), got 3"),
        ("1\n\n", 4, "line 2: expected 1 digits of 4 bits, got ''"),
        ("01\n02\n", 4, "line 1: expected 1 digits"),
        ("1\nA\n", 4, "line 2: .* got 'A'"),
        ("0x1\n0x2\n", 12, "line 1: .* got '0x1'"),
        ("1\n4\n", 2, "line 2: expected 1 digits of 2 bits, got '4'"),
        ("1 \n2 \n", 8, "line 1"),
        ("100\n001\n", 12, "expected values of int8, got 1 to 256"),
        ("1\n2\n", 65, "expected a width of 1 to 64 bits, got 65"),
    ],
)
def test_hex_that_is_not_exactly_that_is_refused(text, bits, message):
    """Nothing is skipped, cut or cast."""
    with pytest.raises(GoldenError, match=f"neuron.hex: {message}"):
        parse_hex(text, bits, bits < 8, np.int8, (2,), "neuron.hex")


def test_hex_by_hand(tmp_path):
    """The neuron's files: currents of 5 bits, spikes of 2, membranes of 32, and what the include says of them."""
    export(neuron_case(), tmp_path, ["hex"])
    files = {path.name: path.read_bytes() for path in (tmp_path / "hex").iterdir()}
    assert files["currents.hex"] == b"08\n03\n1b\n"
    assert files["neuron.thresholds.hex"] == b"00000004\n"
    assert files["neuron.hex"] == b"1\n0\n0\n"
    assert files["neuron.membrane.hex"] == b"00000000\n00000006\nfffffff2\n"
    lines = files["case.vh"].decode("ascii").splitlines()
    for line in (
        'localparam REFSIM_CASE_ID = "l1.lif.met";',
        'localparam REFSIM_NUMERICS = "refsim-numerics/1.0";',
        'localparam REFSIM_NEURON_OPERATOR = "LIF";',
        'localparam REFSIM_NEURON_INPUT_0 = "currents";',
        "localparam REFSIM_NEURON_LEAK_SHIFT = 1;",
        "localparam REFSIM_NEURON_HALVE_INPUT = 1;",
        'localparam REFSIM_NEURON_RESET = "zero";',
        "localparam REFSIM_CURRENTS_BITS = 5;",
        "localparam REFSIM_CURRENTS_SIGNED = 1;",
        'localparam REFSIM_NEURON_MEMBRANE_ROLE = "trace";',
        "localparam REFSIM_NEURON_MEMBRANE_WORDS = 3;",
        "localparam REFSIM_NEURON_MEMBRANE_SIZE_0 = 3;",
        "localparam REFSIM_NEURON_MEMBRANE_SIZE_1 = 1;",
        'localparam REFSIM_NEURON_MEMBRANE_FILE = "neuron.membrane.hex";',
        f'localparam REFSIM_NEURON_SHA256 = "{hash_by_hand("|i1", (3, 1), bytes([1, 0, 0]))}";',
        "reg signed [1:0] refsim_neuron [0:2];",
        "  $readmemh({`REFSIM_HEX_FOLDER, REFSIM_NEURON_FILE}, refsim_neuron);",
    ):
        assert line in lines
    assert set(files) == {"currents.hex", "neuron.thresholds.hex", "neuron.hex", "neuron.membrane.hex", "case.vh"}


@pytest.mark.parametrize("case", [attention_case(), neuron_case()], ids=lambda case: case.id)
def test_the_hex_face_holds_the_arrays(case, tmp_path):
    """Each file, read back, has the content hash of the .npy file, and the include states it."""
    export(case, tmp_path, ["hex"])
    include, widths = (tmp_path / "hex/case.vh").read_text(), {**WIDTHS, "currents": (5, True)}
    widths |= {"neuron": (2, True), "neuron.thresholds": (32, True), "neuron.membrane": (32, True)}
    hashes = npy_hashes(case)
    for name, array in arrays_of(case).items():
        text = (tmp_path / "hex" / f"{name}.hex").read_text()
        back = parse_hex(text, *widths[name], array.dtype, array.shape)
        assert hash_by_hand(back.dtype.str, back.shape, back.tobytes()) == hashes[name]
        assert f'REFSIM_{name.replace(".", "_").upper()}_SHA256 = "{hashes[name]}";' in include


def test_verilog_loads_the_arrays(tmp_path):
    """Icarus Verilog includes the case, loads every memory, and prints the values of the arrays."""
    if shutil.which("iverilog") is None:
        pytest.skip("iverilog is not installed: the Verilog face is not simulated")
    case = attention_case()
    export(case, tmp_path, ["hex"])
    loops = [
        f"for (i = 0; i < REFSIM_{name.replace('.', '_').upper()}_WORDS; i = i + 1) "
        f'$display("%0d", refsim_{name.replace(".", "_")}[i]);'
        for name in arrays_of(case)
    ]
    bench = ["module bench;", '`include "case.vh"', "integer i;", "initial begin #1;", *loops, "end", "endmodule", ""]
    (tmp_path / "bench.v").write_text("\n".join(bench))
    folder = f'-DREFSIM_HEX_FOLDER="{tmp_path}/hex/"'
    command = ["iverilog", "-g2001", "-Wall", "-DREFSIM_LOAD", "-DREFSIM_LOAD_EXPECTED", folder, "-I", tmp_path / "hex"]
    made = subprocess.run([*command, "-o", tmp_path / "bench", tmp_path / "bench.v"], capture_output=True, text=True)
    assert (made.returncode, made.stderr) == (0, "")
    printed = subprocess.run(["vvp", "-n", tmp_path / "bench"], capture_output=True, text=True, check=True).stdout
    values = [value for array in arrays_of(case).values() for value in array.ravel().tolist()]
    assert list(map(int, printed.split())) == values


def test_expected_answers_are_loaded_apart_from_inputs(tmp_path):
    """Behind REFSIM_LOAD stand inputs and parameters, behind REFSIM_LOAD_EXPECTED the sites, and nothing else."""
    export(neuron_case(), tmp_path, ["hex"])
    include = (tmp_path / "hex/case.vh").read_text()
    sections = {block.split("\n")[0]: block.split("`endif")[0] for block in include.split("`ifdef ")[1:]}
    found = {switch: re.findall(r"^reg .*(refsim_\w+) \[0:", block, re.M) for switch, block in sections.items()}
    assert found == {
        "REFSIM_LOAD": ["refsim_currents", "refsim_neuron_thresholds"],
        "REFSIM_LOAD_EXPECTED": ["refsim_neuron", "refsim_neuron_membrane"],
    }
    assert 4 == include.count("$readmemh") == sum(block.count("$readmemh") for block in sections.values())


def without_parameters(case):
    """The case with a neuron that has none, so that a digest leaves no memory to load."""
    return replace(case, params={}, nodes=(describe_node(Node("neuron", ReLU(), ("currents",))),))


TOOLS = {
    "iverilog": ["-g2001", "-Wall", "-t", "null"],
    "verilator": ["--lint-only", "-Wall", "--default-language", "1364-2001"],
}


@pytest.mark.parametrize("tool", TOOLS)
@pytest.mark.parametrize("case", [attention_case(), digest_case(), reject_case()], ids=["valid", "digest", "reject"])
def test_every_include_is_taken_without_a_warning(tool, case, tmp_path):
    """As Verilog of 2001, with and without answers, with and without the memories."""
    if shutil.which(tool) is None:
        pytest.skip(f"{tool} is not installed: it does not judge the Verilog face")
    (tmp_path / "m.v").write_text('module m;\n`include "case.vh"\nendmodule\n')
    switches = ([], ["-DREFSIM_LOAD"], ["-DREFSIM_LOAD_EXPECTED"], ["-DREFSIM_LOAD", "-DREFSIM_LOAD_EXPECTED"])
    for answers, load in itertools.product((True, False), switches):
        folder = tmp_path / f"{answers}{''.join(load)}"
        export(without_parameters(case) if case.draws else case, folder, ["hex"], answers)
        command = [tool, *TOOLS[tool], *load, f"-I{folder}/hex", tmp_path / "m.v"]
        made = subprocess.run(command, capture_output=True, text=True)
        assert (made.returncode, made.stderr) == (0, ""), made.stdout
