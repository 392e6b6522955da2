"""The C template gives every bit of every case, refuses what must be refused, and survives any text."""

import json
import random
import subprocess
from dataclasses import replace

import c_template
import numpy as np
import pytest
from template_cases import boundary_cases, reject_cases, valid_cases, width_cases
from template_oracles import oracle_answers

from refsim.golden.case import Rejected
from refsim.golden.faces.text import case_text
from refsim.golden.reference import answer
from refsim.ops import OPERATORS

pytestmark = pytest.mark.skipif(c_template.COMPILER is None, reason="there is no gcc to build the C template with")


@pytest.fixture(scope="module")
def executable(tmp_path_factory):
    return c_template.build(tmp_path_factory.mktemp("build"), *c_template.FLAGS)


def ask(executable, cases, folder):
    return c_template.ask(executable, len(cases), c_template.write_cases(cases, folder / "cases"), folder / "out")


def assert_same(case, got, expected):
    assert set(got) == set(expected), case.id
    for site, values in expected.items():
        assert got[site].dtype == values.dtype, f"{case.id}: {site}"
        assert got[site].shape == values.shape, f"{case.id}: {site}"
        assert np.array_equal(got[site], values), f"{case.id}: {site}"


def test_capabilities_name_every_operator(executable):
    """One line of JSON."""
    process = subprocess.run([executable, "--capabilities"], capture_output=True, text=True, check=True)
    assert process.stdout.count("\n") == 1
    assert {
        "protocol": "refsim-exec/1",
        "operators": sorted(OPERATORS),
        "requires": ["samples", "digest", "reject"],
        "batch": True,
    } == {name: sorted(value) if name == "operators" else value for name, value in json.loads(process.stdout).items()}


def test_every_site_is_the_reference(executable, tmp_path):
    """Every operator with its options, layers, models, samples and digests, in one batch."""
    cases = valid_cases()
    for case, (status, got) in zip(cases, ask(executable, cases, tmp_path), strict=True):
        assert status == "answered", case.id
        assert_same(case, got, answer(case, threads=1))


def test_operators_are_the_oracles(executable, tmp_path):
    """Single operators against ordinary arithmetic with multiplication, written apart from refsim."""
    cases = [case for case in valid_cases() if oracle_answers(case)]
    assert {case.nodes[0]["operator"] for case in cases} == set(OPERATORS)
    for case, (_, got) in zip(cases, ask(executable, cases, tmp_path), strict=True):
        for site, values in oracle_answers(case).items():
            assert np.array_equal(got[site], values), f"{case.id}: {site}"


def test_what_must_be_refused_is(executable, tmp_path):
    """Each case for its one reason; the reference refuses it too."""
    cases = reject_cases()
    for case, (status, got) in zip(cases, ask(executable, cases, tmp_path), strict=True):
        with pytest.raises(Rejected):
            answer(case, threads=1)
        assert (status, got) == ("rejected", {}), case.id


def test_registers_just_wide_enough_are_taken(executable, tmp_path):
    """One bit more than what is refused."""
    cases = [wide for wide, _ in boundary_cases()]
    for case, (status, got) in zip(cases, ask(executable, cases, tmp_path), strict=True):
        assert status == "answered", case.id
        assert_same(case, got, answer(case, threads=1))


def test_any_width_gets_the_verdict_of_the_reference(executable, tmp_path):
    """Refused or answered, over widths drawn at random."""
    # marked as to be refused, so that the text face does not ask for the sites of a case that has none
    marked = [replace(case, reject_reason="perhaps") for case in width_cases()]
    seen = set()
    for case, (status, got) in zip(marked, ask(executable, marked, tmp_path), strict=True):
        seen.add(status)
        try:
            assert_same(case, got, answer(case, threads=1))
        except Rejected:
            assert status == "rejected", case.id
    assert seen == {"answered", "rejected"}


def test_the_result_line_is_not_looked_at(executable, tmp_path):
    """A case that is called valid and is not is refused, and the other way round it is answered."""
    texts = [case_text(reject_cases()[0]), case_text(valid_cases()[0])]
    swapped = [texts[0].replace("result reject", "result valid"), texts[1].replace("result valid", "result reject")]
    assert texts != swapped
    folder = c_template.write_texts(swapped, tmp_path / "cases")
    statuses = [status for status, _ in c_template.ask(executable, 2, folder, tmp_path / "out")]
    assert statuses == ["rejected", "answered"]


def test_run_ends_with_the_exit_code_of_the_protocol(executable, tmp_path):
    """0, 65 and 75, with one line of reason; a missing case is a failure."""
    valid, rejected = valid_cases()[0], reject_cases()[0]
    foreign = case_text(valid).replace("refsim-numerics/1.0", "refsim-numerics/7.0")
    folder = c_template.write_texts([case_text(valid), case_text(rejected), foreign], tmp_path / "cases")
    for place, code in (("0", 0), ("1", 65), ("2", 75), ("none", 70)):
        process = subprocess.run(
            [executable, "run", "--case", folder / place, "--out", tmp_path / f"out{place}"],
            capture_output=True,
            text=True,
        )
        assert (process.returncode, process.stdout) == (code, "")
        assert process.stderr.count("\n") == (code != 0)
    assert (tmp_path / "out0" / "lif.membrane.npy").exists()


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("tensor input input0 <i4 3 6 5 3", "tensor input input0 <i4 3 6 5 2000000000"),
        ("tensor input input0 <i4 3 6 5 3", "tensor input input0 <i4 3 2000000000 2000000000 2000000000"),
        ("tensor input input0 <i4 3 6 5 3", "tensor input input0 <i4 3 -6 5 3"),
        ("tensor input input0 <i4 3 6 5 3", "tensor input input0 <i4 99 6 5 3"),
        ("tensor input input0 <i4 3 6 5 3", "tensor input input0 <f4 3 6 5 3"),
        ("tensor input input0", "tensor input ../escaped"),
        ("-8 8 14", "-8 8 14.5"),
        ("-8 8 14", "-8 8 99999999999999999999"),
        ("-8 8 14", "-8 8 2147483648"),
        ("-8 8 14", "-8 8"),
        ("timesteps 6", "timesteps 1000000"),
        ("node lif", "node ../lif"),
        ("node lif", "node " + "x" * 500),
        ("end\n", ""),
        ("end\n", "end\nmore\n"),
        ("refsim-case/1", "refsim-case/2"),
        ("samples 1", "samples 2"),
        ("setting lif reset", "setting none reset"),
        ("range input0 -16 16", "range input0 16 -16"),
    ],
)
def test_malformed_text_is_refused(executable, tmp_path, old, new):
    """With a reason, never with undefined behaviour, an escape from the folder, or memory without end."""
    text = case_text(valid_cases()[0])
    assert old in text
    folder = c_template.write_texts([text.replace(old, new, 1)], tmp_path / "cases")
    ((status, sites),) = c_template.ask(executable, 1, folder, tmp_path / "out")
    assert status in ("rejected", "unsupported")
    assert sites == {}


def test_damaged_texts_never_crash(executable, tmp_path):
    """Words dropped, doubled, swapped and replaced by extremes: every text gets a status, and the batch goes on."""
    randomness = random.Random(1)
    extremes = ["0", "-1", "9223372036854775807", "-9223372036854775808", "64", "LIF", "Scores", "input0", "63", "1024"]
    texts = []
    for case in [each for each in valid_cases() if not each.id.startswith(("model", "lif.ternary"))]:
        for _ in range(5):
            lines = case_text(case).split("\n")
            line = randomness.randrange(len(lines))
            words = lines[line].split(" ")
            words[randomness.randrange(len(words))] = randomness.choice([*extremes, "", words[0] + " " + words[-1]])
            lines[line] = " ".join(words)
            texts.append("\n".join(lines))
    folder = c_template.write_texts(texts, tmp_path / "cases")
    statuses = {status for status, _ in c_template.ask(executable, len(texts), folder, tmp_path / "out")}
    assert {"answered", "rejected"} <= statuses <= {"answered", "rejected", "unsupported"}


def test_a_digest_line_names_its_sites(executable, tmp_path):
    """Another order of sites is another digest; none is refused."""
    case = next(each for each in valid_cases() if each.id == "digest.samples")
    text = case_text(case)
    assert "site output digest |u1 1 32\nover neuron\nover total\nend\n" in text
    others = [
        text.replace("over neuron\nover total", "over total\nover neuron"),
        text.replace("over neuron\nover total\n", ""),
    ]
    folder = c_template.write_texts([text, *others], tmp_path / "cases")
    (_, first), (_, second), (status, _) = c_template.ask(executable, 3, folder, tmp_path / "out")
    assert not np.array_equal(first["digest"], second["digest"])
    assert status == "rejected"
