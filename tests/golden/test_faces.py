"""The faces of a case: C and text say what the arrays say, and nothing that cannot be exported is written."""

import hashlib
import io
import math
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
from frozen import quick_cases

from refsim.errors import GoldenError
from refsim.golden.faces.content import content_hash
from refsim.golden.faces.export import export
from refsim.golden.faces.tensors import case_constants, node_constants, tensor_constants, tensors
from refsim.golden.faces.widths import tensor_width


def test_the_content_hash_is_that_of_a_line_and_the_bytes():
    """By hand, whatever the order in memory; type, shape and values all count."""
    array = np.array([[1, -1], [2, 3]], np.int32)
    line_and_bytes = b"<i4 2 2\n\x01\0\0\0\xff\xff\xff\xff\x02\0\0\0\x03\0\0\0"
    assert content_hash(array) == hashlib.sha256(line_and_bytes).hexdigest()
    assert content_hash(np.array(7, np.uint8)) == hashlib.sha256(b"|u1\n\x07").hexdigest()
    assert content_hash(array) == content_hash(np.asfortranarray(array)) == content_hash(array.astype(">i4"))
    others = [array, array.reshape(4), array.reshape(1, 4), array.astype(np.int64), array.T]
    assert len({content_hash(other) for other in others}) == len(others)
    with pytest.raises(GoldenError, match="expected integers .* got float32"):
        content_hash(np.zeros(2, np.float32))


def test_every_tensor_has_the_width_of_the_rule():
    """Ranges for inputs, types for parameters, worst cases for spikes, declared widths for registers."""
    case = attention_case()
    roles = {"input": "input", **dict.fromkeys(case.params, "param")}
    assert {name: tensor_width(case, roles.get(name, "trace"), name) for name in WIDTHS} == WIDTHS
    assert tensor_width(neuron_case(), "input", "currents") == (5, True)
    assert tensor_width(digest_case(), "input", "currents") == (5, True)
    assert tensor_width(digest_case(), "output", "digest") == (8, False)
    assert tensor_width(reject_case(), "input", "currents") == (32, True)
    silent = replace(case, ranges={"input": (0, 0)}, inputs={"input": case.inputs["input"] & 0})
    assert tensor_width(silent, "input", "input") == (1, False)


@pytest.mark.parametrize(
    ("case", "role", "name", "message"),
    [
        (neuron_case(), "input", "neuron", "l1.lif.met: has no input 'neuron'; it has currents"),
        (neuron_case(), "spike", "neuron", "expected a role of input, param, output, trace; got 'spike'"),
        (reject_case(), "output", "neuron", "neuron: the case must be refused and has no sites"),
    ],
)
def test_what_is_no_tensor_has_no_width(case, role, name, message):
    """Each said with the case and the name."""
    with pytest.raises(GoldenError, match=message):
        tensor_width(case, role, name)


def test_c_by_hand(tmp_path):
    """The neuron's header, from the first constant of the membrane to the end."""
    (path,) = export(neuron_case(), tmp_path, ["c"])
    values = b"\0\0\0\0\x06\0\0\0\xf2\xff\xff\xff"
    text = path.read_text()
    assert text.endswith(f"""
#define REFSIM_NEURON_MEMBRANE_NAME "neuron.membrane"
#define REFSIM_NEURON_MEMBRANE_ROLE "trace"
#define REFSIM_NEURON_MEMBRANE_BITS 32
#define REFSIM_NEURON_MEMBRANE_SIGNED 1
#define REFSIM_NEURON_MEMBRANE_WORDS 3
#define REFSIM_NEURON_MEMBRANE_RANK 2
#define REFSIM_NEURON_MEMBRANE_SIZE_0 3
#define REFSIM_NEURON_MEMBRANE_SIZE_1 1
#define REFSIM_NEURON_MEMBRANE_AXES "timestep channel"
#define REFSIM_NEURON_MEMBRANE_SHA256 "{hash_by_hand("<i4", (3, 1), values)}"
static const int32_t refsim_neuron_membrane[REFSIM_NEURON_MEMBRANE_WORDS] REFSIM_UNUSED = {{
    0, 6, -14
}};

#endif /* REFSIM_CASE_L1_LIF_MET_H */
""")
    assert '#define REFSIM_CASE_ID "l1.lif.met"\n#define REFSIM_NUMERICS "refsim-numerics/1.0"\n' in text


def test_text_by_hand(tmp_path):
    """The neuron's tensors and answers, to the end."""
    (path,) = export(neuron_case(), tmp_path, ["text"])
    assert path.read_bytes().endswith(
        b"tensor input currents <i4 2 3 1\n8\n3\n-5\ntensor param neuron.thresholds <i4 1 1\n4\n"
        b"site output neuron |i1 2 3 1\n1\n0\n0\nsite trace neuron.membrane <i4 2 3 1\n0\n6\n-14\nend\n"
    )


def text_hashes(text):
    """Read the text face word by word, knowing nothing but its description."""
    lines, hashes = iter(text.splitlines()), {}
    for line in lines:
        word, *rest = line.split()
        if word in ("tensor", "site"):
            _, name, dtype, rank, *sizes = rest
            assert len(sizes) == int(rank)
            count, values = math.prod(map(int, sizes)), []
            while len(values) < count:
                values += [int(value) for value in next(lines).split()]
            itemsize = int(dtype[-1])
            content = b"".join(value.to_bytes(itemsize, "little", signed=dtype[1] == "i") for value in values)
            hashes[name] = hash_by_hand(dtype, sizes, content)
    return hashes


@pytest.mark.parametrize("case", [attention_case(), neuron_case()], ids=lambda case: case.id)
def test_the_text_face_holds_the_arrays(case, tmp_path):
    """Read back by a parser of its own, it has the content hashes of the .npy files."""
    (path,) = export(case, tmp_path, ["text"])
    assert text_hashes(path.read_text()) == npy_hashes(case)


def compiled(folder, source):
    """Compile a C program as strictly as compilers can be asked to."""
    if shutil.which("gcc") is None:
        pytest.skip("gcc is not installed")
    flags = ["-std=c99", "-Wall", "-Wextra", "-pedantic", "-Werror", "-Wunused-const-variable=2", "-Wconversion"]
    program = folder / "program"
    command = ["gcc", *flags, "-x", "c", "-", "-o", program, "-I", folder / "c"]
    made = subprocess.run(command, input=source, capture_output=True, text=True)
    assert not made.returncode, made.stderr
    return subprocess.run([program], capture_output=True, check=True).stdout


def test_the_c_face_holds_the_arrays(tmp_path):
    """A C program gives sizes, stated hash and bytes of every array; they are those of the .npy files."""
    case = attention_case()
    export(case, tmp_path, ["c"])
    lines = ["#include <stdio.h>", '#include "case.h"', "int main(void) {", "puts(REFSIM_CASE_ID);"]
    for name, array in arrays_of(case).items():
        array_name, stem = (f"{prefix}_{name.replace('.', '_')}" for prefix in ("refsim", "REFSIM"))
        sizes = [f"{stem.upper()}_SIZE_{axis}" for axis in range(array.ndim)]
        lines.append(f'printf("%s %s %d", {stem.upper()}_NAME, {stem.upper()}_SHA256, {stem.upper()}_RANK);')
        lines += [f'printf(" %d", {size});' for size in sizes]
        lines.append(f'printf(" %d\\n", (int)sizeof {array_name});')
        lines.append(f"fwrite({array_name}, 1, sizeof {array_name}, stdout);")
    stream = io.BytesIO(compiled(tmp_path, "\n".join([*lines, "return 0;", "}", ""])))
    assert stream.readline() == b"l3.attention.faces-1\n"
    hashes = npy_hashes(case)
    for name, array in arrays_of(case).items():
        found, stated, rank, *sizes, length = stream.readline().decode().split()
        assert (found, int(rank), stated) == (name, array.ndim, hashes[name])
        assert hash_by_hand(array.dtype.str, sizes, stream.read(int(length))) == hashes[name]
    assert stream.read() == b""


@pytest.mark.parametrize("answers", [True, False])
@pytest.mark.parametrize("case", [attention_case(), digest_case(), reject_case()], ids=lambda case: case.id)
def test_every_header_compiles_unused(case, answers, tmp_path):
    """Without one warning, with and without answers."""
    export(case, tmp_path, ["c"], answers)
    assert compiled(tmp_path, '#include "case.h"\n#include "case.h"\nint main(void) { return 0; }\n') == b""


def test_pixels_are_unsigned_and_nothing_else(tmp_path):
    """As the header states it."""
    (path,) = export(attention_case(), tmp_path, ["c"])
    signs = dict(line.split()[1:] for line in path.read_text().splitlines() if "_SIGNED " in line)
    assert [name for name, sign in signs.items() if sign == "0"] == ["REFSIM_INPUT_SIGNED"]
    assert len(signs) == len(WIDTHS) and set(signs.values()) == {"0", "1"}


def test_a_digest_says_how_to_draw(tmp_path):
    """Seed, chunks and range as constants; no array of the inputs; the digest as an array."""
    export(digest_case(), tmp_path)
    header, include = ((tmp_path / name).read_text() for name in ("c/case.h", "hex/case.vh"))
    for line in (
        "#define REFSIM_SEED UINT64_C(18446744073709551615)",
        "#define REFSIM_CHUNKS 10",
        "#define REFSIM_CURRENTS_LOW (-10)",
        "#define REFSIM_CURRENTS_HIGH 10",
        "#define REFSIM_CURRENTS_WORDS 3",
        "static const uint8_t refsim_digest[REFSIM_DIGEST_WORDS] REFSIM_UNUSED = {",
    ):
        assert f"{line}\n" in header
    assert "localparam [63:0] REFSIM_SEED = 64'hffffffffffffffff;\n" in include
    assert "localparam REFSIM_CURRENTS_LOW = -10;\n" in include
    assert "refsim_currents" not in header + include
    assert (tmp_path / "hex/digest.hex").read_text() == "".join(f"{byte:02x}\n" for byte in range(32))
    assert not (tmp_path / "hex/currents.hex").exists()


def test_a_case_to_refuse_is_given_as_it_is(tmp_path):
    """Its inputs at the width of their type, and no site."""
    export(reject_case(), tmp_path)
    assert (tmp_path / "hex/currents.hex").read_text() == "7fffffff\n00000003\nfffffffb\n"
    header = (tmp_path / "c/case.h").read_text()
    assert '#define REFSIM_RESULT "reject"\n' in header and "NEURON_MEMBRANE" not in header


def test_answers_can_be_withheld(tmp_path):
    """The forms of the sites stay, their values, hashes and files go."""
    paths = export(neuron_case(expected={}), tmp_path, answers=False)
    names = ["case.h", "case.txt", "case.vh", "currents.hex", "neuron.thresholds.hex"]
    assert sorted(path.name for path in paths) == names
    header, include = ((tmp_path / name).read_text() for name in ("c/case.h", "hex/case.vh"))
    assert "#define REFSIM_NEURON_BITS 2\n" in header and "localparam REFSIM_NEURON_BITS = 2;\n" in include
    for hidden in ("refsim_neuron[", "refsim_neuron ", "NEURON_SHA256", "NEURON_FILE"):
        assert hidden not in header + include


def test_a_tensor_without_values_has_no_array(tmp_path):
    """C and Verilog have no empty arrays: constants alone, and an empty file."""
    case = replace(reject_case(), inputs={"currents": np.zeros((3, 0), np.int32)})
    export(case, tmp_path)
    assert (tmp_path / "hex/currents.hex").read_bytes() == b""
    header, include = ((tmp_path / name).read_text() for name in ("c/case.h", "hex/case.vh"))
    assert "#define REFSIM_CURRENTS_WORDS 0\n" in header
    assert "refsim_currents" not in header + include and "refsim_neuron_thresholds" in header


def test_paths_are_those_written(tmp_path):
    """Every face in its folder, which is made; the list says all that is there."""
    paths = export(neuron_case(), tmp_path / "deep" / "er")
    assert sorted(paths) == sorted(path for path in tmp_path.rglob("*") if path.is_file())
    assert {path.relative_to(tmp_path / "deep/er").parts[0] for path in paths} == {"hex", "c", "text"}


def test_no_file_is_overwritten(tmp_path):
    """What stands beside the faces is left alone; a face that has files already is refused, with nothing written."""
    (tmp_path / "manifest.json").write_text("{}")
    (tmp_path / "hex").mkdir()
    export(neuron_case(), tmp_path, ["hex"])
    with pytest.raises(GoldenError, match=r"hex: not empty; remove it, or export to another folder"):
        export(neuron_case(), tmp_path, ["c", "hex"])
    assert not (tmp_path / "c").exists() and (tmp_path / "manifest.json").read_text() == "{}"


@pytest.mark.parametrize(
    ("case", "faces", "message"),
    [
        (neuron_case(), ["hex", "pdf"], "faces: expected some of hex, c, text; got hex, pdf"),
        (neuron_case(), [], "faces: expected some of hex, c, text; got none"),
        (neuron_case(expected={}), ["hex"], "l1.lif.met: neuron: the case holds no answer"),
        (
            neuron_case(expected={"neuron": np.zeros((3, 1), np.int32)}),
            ["c"],
            r"neuron: expected answers of int8 \(3, 1\), got int32 \(3, 1\)",
        ),
        (neuron_case(ranges={"currents": (-3, 3)}), ["hex"], "l1.lif.met: currents: expected values from -4 to 3"),
        (neuron_case(id='a";`x'), ["hex"], "expected letters, digits and any of"),
        (neuron_case(id="a\n"), ["c"], "expected letters, digits and any of"),
        (neuron_case(op="*/ x"), ["c"], "expected letters, digits and any of"),
    ],
)
def test_what_cannot_be_exported_is_refused(case, faces, message, tmp_path):
    """Said in one line; nothing is written."""
    with pytest.raises(GoldenError, match=message):
        export(case, tmp_path / "case", faces)
    assert not (tmp_path / "case").exists()


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (("a.b", "a_b"), "a.b and a_b both become REFSIM_A_B; rename one"),
        (("q", "Q"), "q and Q both become REFSIM_Q; rename one"),
        (("../q", "k"), "'../q': expected letters, digits and underscores"),
        (("q\n", "k"), "expected letters, digits and underscores"),
        (("q-1", "k"), "'q-1': expected letters"),
    ],
)
def test_names_that_are_no_identifiers_are_refused(names, message, tmp_path):
    """Nor two that C or Verilog could not tell apart."""
    inputs = {name: np.zeros((3, 1), np.int32) for name in names}
    case = replace(reject_case(), inputs=inputs)
    with pytest.raises(GoldenError, match=message):
        export(case, tmp_path)


def test_a_folder_that_cannot_be_made_is_said(tmp_path):
    """A file in its place."""
    (tmp_path / "case").write_text("")
    with pytest.raises(GoldenError, match="case.*: cannot be written: Not a directory"):
        export(neuron_case(), tmp_path / "case")


def test_no_constant_stands_twice():
    """Over all frozen cases: case, nodes and tensors together."""
    for case in quick_cases().values():
        listed = tensors(case)
        names = [*case_constants(case)]
        names += [name for node in case.nodes for name in node_constants(node)]
        names += [name for tensor in listed for name in tensor_constants(case, tensor)]
        assert len(set(names)) == len(names), case.id
