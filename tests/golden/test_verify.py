"""Bring an implementation: verdicts, exit codes and reports of `refsim golden verify`."""

import json
import os
import re
import shutil
import xml.etree.ElementTree as ElementTree

import numpy as np
import pytest
from frozen import quick_cases, suite
from PIL import Image

from refsim import npy
from refsim.cli import main
from refsim.golden.mutants import MUTANTS
from refsim.shipped import golden_folder

IMPLEMENTATIONS = """
import numpy as np
from refsim.golden import Rejected, Unsupported
from refsim.golden.mutants import MUTANTS
from refsim.golden.reference import answer

def right(case):
    return answer(case)

def only_neurons(case):
    if case.op != "lif":
        raise Unsupported(f"no {case.op}")
    return answer(case)

def nothing(case):
    raise Unsupported("nothing yet")

def sign_lost(case):
    return answer(case) if case.reject_reason else MUTANTS["N30"].answer(case)

def unclean(case):
    sites = answer(case)
    if "neuron.membrane" in sites:
        sites["neuron.membrane"][-1] += 2
    return sites

def outputs_only(case):
    return {site: values for site, values in answer(case).items() if site in case.outputs}

def wider(case):
    return {site: values.astype(np.int64) for site, values in answer(case).items()}

def forgetful(case):
    sites = answer(case)
    sites.pop(case.outputs[0], None)
    return sites

def crashing(case):
    raise IndexError("row 7")

def listed(case):
    return {site: values.tolist() for site, values in answer(case).items()}

def loud(case):
    print("what a kernel prints")
    return answer(case)

def half_missing(case):
    return {site: values for site, values in answer(case).items() if site not in case.outputs}

def wrong_in_two_ways(case):
    sites = answer(case)
    membrane = sites["neuron.membrane"]
    wrong = (membrane + 8 & 15) - 8 if case.id == "l1.lif.leak" else membrane + 2
    return sites | {"neuron.membrane": wrong.astype(membrane.dtype)}

def lenient(case):
    try:
        return answer(case)
    except Rejected:
        return {}
"""


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "brought.py").write_text(IMPLEMENTATIONS)
    return tmp_path


def verify(capsys, *options):
    """Run the command; return exit code and output."""
    code = main(["golden", "verify", *options])
    return code, capsys.readouterr().out


def test_the_reference_passes_everything(folder, capsys):
    """Every quick case, every site, and nothing is skipped."""
    code, text = verify(capsys, "--python", "brought:right")
    assert 0 == code
    assert f"{len(quick_cases())} pass, 0 fail" in text and "skipped" not in text
    assert suite().root_hash[:16] in text


def test_a_known_bug_is_located_explained_and_named(folder, capsys):
    """In under 40 lines: where, expected and got, in what way, the sum, the name."""
    code, text = verify(capsys, "--python", "brought:sign_lost", "--cases", "l5.model.a2os2a-digit-0")
    assert 1 == code and len(text.splitlines()) < 40
    for line in (
        "first difference at block0.attention.q, timestep 0, token 0, channel 0",
        "expected -1 = 0x3 = 0b11; got 1 = 0x1 = 0b01",
        "before it 19 sites proved equal, none unobserved",
        "sign lost",
        "<- got spike 1",
        "the known bug N30: Sign lost in ternary",
    ):
        assert line in text, line


def test_what_is_not_observed_is_said(folder, capsys):
    """Outputs alone: right ones pass, and the report says that no case was seen whole."""
    code, text = verify(capsys, "--python", "brought:outputs_only", "--cases", "l3.*")
    assert 0 == code
    assert "every site observed in 0 of" in text


def test_json_holds_everything(folder, capsys):
    """Counts, verdicts, the first divergence with its opened sum, and the diagnosis."""
    code, text = verify(capsys, "--python", "brought:sign_lost", "--cases", "l1.lif.ternary*", "--json")
    report = json.loads(text)
    assert 1 == code and report["suite"] == suite().root_hash
    assert report["counts"]["fail"] == sum(case["status"] == "fail" for case in report["cases"]) > 0
    divergence = report["first_divergence"]
    assert (-1, 1) == (divergence["expected"], divergence["got"])
    assert divergence["site"] == "neuron" and divergence["opened"] and divergence["classes"]
    assert "N30" in report["diagnosis"]["bugs"]


@pytest.mark.parametrize(
    ("implementation", "patterns", "right"),
    [
        ("sign_lost", ["l1.lif.*"], False),
        ("unclean", ["l1.lif.leak-before-the-input", "l1.lif.leak-of-a-quarter"], True),
    ],
)
def test_json_and_text_say_the_same_of_the_first_divergence(folder, capsys, implementation, patterns, right):
    """Whether the outputs are right, and in what way in all failing cases, beside what holds in the one case alone."""
    command = ["--python", f"brought:{implementation}", *(f"--cases={pattern}" for pattern in patterns)]
    _, text = verify(capsys, *command)
    divergence = json.loads(verify(capsys, *command, "--json")[1])["first_divergence"]
    assert divergence["outputs_are_right"] == right == ("every output is right; only values inside differ" in text)
    common = divergence["common_classes"]
    assert common and set(common) < set(divergence["classes"])
    assert f"  in what way: {'; '.join(common)}\n" in text


def test_what_holds_in_the_shown_case_alone_is_said_with_these_words(folder, capsys):
    """Where nothing holds in all failing cases, a width that one case shows still helps."""
    command = ["--python", "brought:wrong_in_two_ways", "--cases", "l1.lif.leak"]
    assert re.search("  in what way: .*wrapped at 4 bits", verify(capsys, *command)[1])
    _, text = verify(capsys, *command, "--cases", "l1.lif.membrane-of-17-bits")
    assert re.search("l1.lif.leak: Twice half(?s:.*)  in what way, in this case: .*wrapped at 4 bits", text)


@pytest.mark.parametrize(
    ("implementation", "pattern", "code", "message"),
    [
        ("only_neurons", "l1.*", 0, "no argmax"),
        ("nothing", "l1.*", 2, "nothing yet"),
        ("wider", "l1.lif.leak", 1, "expected int8, got int64; nothing is cast"),
        ("forgetful", "l1.lif.leak", 1, "neuron: missing; the case asks for it"),
        ("crashing", "l1.*", 1, "IndexError: row 7"),
        ("lenient", "l1.reject.*", 1, "answered a case that must be refused"),
        ("wider", "l6.*", 1, "int64"),
    ],
)
def test_each_outcome_has_its_exit_code(folder, capsys, implementation, pattern, code, message):
    """0 with lawful skips, 1 for a mismatch or a crash, 2 where nothing is supported; the reason is printed."""
    found, text = verify(capsys, "--python", f"brought:{implementation}", "--cases", pattern)
    assert code == found and message in text
    assert len(text.splitlines()) < 40


def test_a_damaged_case_fails_alone(folder, capsys):
    """The others are verified; the run ends with 3."""
    copy = shutil.copytree(suite().folder, folder / "suite")
    entry = suite().entries("quick", "l1.lif.leak")[0]
    (copy / entry["path"] / "in" / "currents.npy").write_bytes(b"")
    code, text = verify(capsys, "--python", "brought:right", "--suite", str(copy), "--cases", "l1.lif.*", "--json")
    report = json.loads(text)
    assert 3 == code and 1 == report["counts"]["error"]
    assert report["counts"]["pass"] == len(suite().entries("quick", "l1.lif.*")) - 1
    code, text = verify(capsys, "--python", "brought:right", "--suite", str(copy), "--cases", "l1.lif.*")
    assert "in/currents.npy: damaged" in text


def test_junit_and_map_are_written(folder, capsys):
    """One test case a case; the map is a picture."""
    options = ["--junit", "verdicts.xml", "--map", "map.png"]
    code, _ = verify(capsys, "--python", "brought:sign_lost", "--cases", "l5.model.a2os2a-digit-0", *options)
    root = ElementTree.parse(folder / "verdicts.xml").getroot()
    (case,) = root.iter("testcase")
    assert 1 == code and "l5.model.a2os2a-digit-0" == case.get("name")
    assert "first difference at block0.attention.q" in case.find("failure").text
    with Image.open(folder / "map.png") as picture:
        assert picture.width > 300 and picture.height > 300


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs a device that is always full")
def test_a_file_that_cannot_be_written_leaves_the_verdict(folder, capsys):
    """The report is printed all the same, and the code says that something could not be done."""
    (folder / "full.xml").symlink_to("/dev/full")
    options = ["--cases", "l1.lif.leak", "--junit", "full.xml", "--json"]
    assert 3 == main(["golden", "verify", "--python", "brought:wider", *options])
    output = capsys.readouterr()
    assert "refsim: error: full.xml: cannot be written: No space left on device\n" == output.err
    assert 1 == json.loads(output.out)["counts"]["fail"]


@pytest.mark.parametrize(
    ("implementation", "code", "reason"),
    [("right", 0, "no case fails"), ("crashing", 1, "l1.lif.leak gave nothing to compare")],
)
def test_a_map_that_is_not_drawn_is_said(folder, capsys, implementation, code, reason):
    """In one line beside the report; a map that is there already is said to be older, and stays."""
    command = ["golden", "verify", "--python", f"brought:{implementation}", "--cases", "l1.lif.leak", "--map", "m.png"]
    assert code == main(command)
    assert f"refsim: --map m.png: not written, since {reason}\n" == capsys.readouterr().err
    (folder / "m.png").write_bytes(b"of another run")
    assert code == main(command)
    assert f"{reason}; what is there is older\n" in capsys.readouterr().err
    assert b"of another run" == (folder / "m.png").read_bytes()


def test_what_an_implementation_prints_is_not_in_the_report(folder, capsys):
    """Whether its module or its function prints it, the JSON can be read."""
    (folder / "loud_module.py").write_text("print('what a module prints')\nfrom brought import loud\n")
    assert 0 == main(["golden", "verify", "--python", "loud_module:loud", "--cases", "l1.lif.leak", "--json"])
    output = capsys.readouterr()
    assert 1 == json.loads(output.out)["counts"]["pass"]
    assert "what a module prints\nwhat a kernel prints\n" in output.err


def dumped(folder, identity, bug=None):
    """Write a dump of every site of a case, right or with a bug."""
    case = quick_cases()[identity]
    sites = case.expected if bug is None else MUTANTS[bug].answer(case)
    (folder / "dump" / identity).mkdir(parents=True)
    return case, sites, folder / "dump" / identity


def test_a_dump_of_arrays_is_compared(folder, capsys):
    """A trace with a bug: located, and named."""
    _, sites, target = dumped(folder, "l3.attention.a2os2a", "T10")
    for site, values in sites.items():
        (target / f"{site}.npy").write_bytes(npy.encode(values))
    code, text = verify(capsys, "--trace", "dump", "--cases", "l3.attention.a2os2a")
    assert 1 == code
    assert "first difference at block0.attention.scores" in text
    assert "this is the known bug T10: A causal mask" in text


@pytest.mark.parametrize("mode", ["ordered", "unordered", "events"])
def test_a_dump_of_lines_is_compared(folder, capsys, mode):
    """JSON lines of a log: in order, in any order, as address events."""
    case, sites, target = dumped(folder, "l3.head.a2os2a")
    lines = []
    for timestep in range(case.timesteps):
        for site, values in sites.items():
            if mode == "events":
                places = np.argwhere(values[timestep])
                lines += [
                    {"t": timestep, "site": site, "address": place.tolist(), "value": int(values[(timestep, *place)])}
                    for place in places
                ]
            else:
                lines.append({"t": timestep, "site": site, "values": values[timestep].ravel().tolist()})
    lines = lines if mode == "ordered" else lines[::-1]
    lines += [{"events": len(lines)}] * (mode == "events")
    (target / "log.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    code, text = verify(capsys, "--trace", "dump", "--mode", mode, "--cases", "l3.head.a2os2a")
    assert 0 == code, text


def test_a_case_without_a_dump_fails_and_the_run_goes_on(folder, capsys):
    """Missing is failed, not skipped."""
    _, sites, target = dumped(folder, "l3.head.a2os2a")
    for site, values in sites.items():
        (target / f"{site}.npy").write_bytes(npy.encode(values))
    code, text = verify(capsys, "--trace", "dump", "--cases", "l3.*", "--json")
    statuses = {case["id"]: case["status"] for case in json.loads(text)["cases"]}
    assert 1 == code and "pass" == statuses.pop("l3.head.a2os2a") and {"fail"} == set(statuses.values())


def test_the_example_of_the_guide_runs(folder, capsys):
    """The neuron written out in golden/README.md passes every neuron case that it supports, exhaustive ones included."""
    blocks = (golden_folder() / "README.md").read_text().split("```python\n")
    (folder / "mine.py").write_text(blocks[1].split("```")[0])
    code, text = verify(capsys, "--python", "mine:answer", "--json")
    counts = json.loads(text)["counts"]
    assert 0 == code and counts["pass"] >= 40 and counts["unsupported"] > 100


@pytest.mark.parametrize("implementation", ["half_missing", "listed"])
def test_what_is_missing_or_malformed_is_no_sign_of_a_bug(folder, capsys, implementation):
    """The fault is told, and no known bug is named for it."""
    code, text = verify(capsys, "--python", f"brought:{implementation}", "--cases", "l1.lif.leak")
    assert 1 == code and "neuron: " in text and "known bug" not in text


def test_several_patterns_are_joined(folder, capsys):
    """The union, each case once; a pattern that matches nothing is an error all the same."""
    patterns = ["--cases", "l1.lif.leak", "--cases", "l1.lif.le*", "--cases", "l1.argmax.tie"]
    code, text = verify(capsys, "--python", "brought:right", *patterns, "--json")
    identities = [case["id"] for case in json.loads(text)["cases"]]
    assert 0 == code and {"l1.lif.leak", "l1.argmax.tie", "l1.lif.leak-of-none"} <= set(identities)
    assert len(set(identities)) == len(identities)
    assert 3 == main(["golden", "verify", "--python", "brought:right", *patterns, "--cases", "l1.lif.leek"])
    assert "matches 'l1.lif.leek' (refsim golden list)" in capsys.readouterr().err


def test_a_partial_dump_is_compared_as_far_as_it_goes(folder, capsys):
    """With --partial cases without a folder are skipped, and counted."""
    _, sites, target = dumped(folder, "l1.lif.leak")
    for site, values in sites.items():
        (target / f"{site}.npy").write_bytes(npy.encode(values))
    code, text = verify(capsys, "--trace", "dump", "--cases", "l1.lif.*")
    assert 1 == code and "no folder" in text and "--partial" in text
    code, text = verify(capsys, "--trace", "dump", "--cases", "l1.lif.*", "--partial")
    assert 0 == code and "1 pass, 0 fail" in text and "not in the dump" in text
