"""The door for an executable: whatever it does is the verdict of its case, and the next case is asked."""

import os
import re
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from door_cases import digest_case, linear_case, neuron_case, two_sample_case

from refsim import npy
from refsim.errors import GoldenError
from refsim.golden.comparison import compare
from refsim.golden.doors.executable import ExecutableDoor

HOSTILE = Path(__file__).parents[1] / "hostile_executable.py"
PATIENCE = 30
"""Seconds for what ends by itself; what hangs is given one."""
MODES = pytest.mark.parametrize("mode", ["run", "batch"])


@pytest.fixture
def outside(tmp_path, monkeypatch):
    with untouched(tmp_path, monkeypatch) as folder:
        yield folder


@contextmanager
def untouched(place, monkeypatch):
    """Give a folder beside the temporary one; at the end it is as it was, the temporary one is empty, nothing runs."""
    folder, temporary = place / "outside", place / "temporary"
    folder.mkdir()
    temporary.mkdir()
    (folder / "secret.npy").write_bytes(npy.encode(np.array([[[0, 0]], [[1, 1]], [[0, 1]]], np.int8)))
    (folder / "secret.npy").chmod(0o440)
    (folder / "processes").touch()
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))
    before = tree(folder)
    yield folder
    assert tree(folder) == before
    assert list(temporary.iterdir()) == []
    assert not [line for line in (folder / "processes").read_text().splitlines() if lives(int(line.split()[1]))]


def tree(folder):
    """Every name, mode and content, but for the notes of the hostile executable."""
    return {
        path.name: (path.stat().st_mode, path.read_bytes() if path.name != "processes" else b"")
        for path in folder.iterdir()
    }


def lives(process):
    """Tell whether a process exists and is no zombie."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def door(outside, mode="run", seconds=PATIENCE):
    return ExecutableDoor([sys.executable, "-S", "-E", str(HOSTILE), str(outside), mode], seconds)


def ask(outside, mode, case, seconds=PATIENCE):
    """Ask for one case between two others that must go on, and return its answer."""
    first, last = neuron_case("first.right"), neuron_case("last.right")
    pairs = list(door(outside, mode, seconds).answers([first, case, last]))
    assert [asked for asked, _ in pairs] == [first, case, last]
    for asked, answer in (pairs[0], pairs[2]):
        assert (answer.status, answer.reason) == ("answered", "")
        assert compare(asked, answer.sites).equal
    return pairs[1][1]


@MODES
def test_a_right_answer_is_right(outside, mode):
    """With the time that it took, and without the sites that were not written."""
    answer = ask(outside, mode, neuron_case("l1.right"))
    assert answer.status == "answered" and list(answer.sites) == ["neuron"] and 0 < answer.seconds < PATIENCE


@MODES
@pytest.mark.parametrize(
    ("behaviour", "reason"),
    [
        ("hang", r"no (end|answer) within 1 s; killed$"),
        ("stopped", r"no (end|answer) within 1 s; killed$"),
        ("hanging_child", r"no (end|answer) within 1 s; killed$"),
        ("chatter", r"no end within 1 s; killed$|printed more than 65536 bytes instead of a line of JSON$"),
        ("complain", r"no (end|answer) within 1 s; killed: (garbage )+.*\.\.\.$"),
    ],
)
def test_what_does_not_end_is_killed(outside, mode, behaviour, reason):
    """Soon after its time is over, with its children, however much it prints."""
    answer = ask(outside, mode, neuron_case(f"l1.{behaviour}"), seconds=1)
    assert answer.status == "failed" and re.match(reason, answer.reason), answer.reason
    assert answer.seconds < 5


@MODES
@pytest.mark.parametrize("behaviour", ["child", "daemon"])
def test_children_do_not_outlive_their_case(outside, mode, behaviour):
    """Nor are they waited for; that they are gone is checked at the end."""
    answer = ask(outside, mode, neuron_case(f"l1.{behaviour}"))
    assert answer.status == "answered" and answer.seconds < PATIENCE
    # The note may come after the answer, and then the child may already have been killed.
    time.sleep(0.1)


FAULTS = {
    "segfault": r"killed by SIGSEGV( before it answered)?: about to \\x1b\[31mcrash\\x1b\[0m$",
    "leave": r"exit code 3( before it answered)?: x+\.\.\.$",
    "ten_gigabytes": r"exit code 1( before it answered)?: OSError: \[Errno 27\] File too large$",
    "ten_gigabytes_by_default": r"killed by SIGXFSZ( before it answered)?$|wrote \d+ bytes, more than \d+; killed",
    "sparse": r"exit code 1( before it answered)?: OSError: \[Errno 27\] File too large$",
    "several_files": r"wrote \d+ bytes, more than 16777336; killed$",
    "many_files": r"OUT: more than 20 files$",
    "link": r"neuron.npy: expected a regular file, got a link$",
    "dangling_link": r"neuron.npy: expected a regular file, got a link$",
    "pipe": r"neuron.npy: expected a regular file, got a named pipe$",
    "local_socket": r"neuron.npy: expected a regular file, got a socket$",
    "folder": r"wrote the folder neuron.npy where only files SITE.npy belong$",
    "closed_folder": r"wrote the folder a where only files SITE.npy belong$",
    "deep_folder": r"wrote the folder deep where only files SITE.npy belong$",
    "link_to_folder": r"OUT: expected a folder, got a link$|OUT: No such file or directory$",
    "no_folder": r"OUT: No such file or directory$",
    "unknown": r"wrote an unknown file, \\x1b\[31mneurons.npy \(a regular file\); the case has no such site$",
    "dots": r"wrote an unknown file, ..npy \(a regular file\)",
    "unknown_link": r"wrote an unknown file, core \(a link\); the case has no such site$",
    "empty": r"neuron.npy: no readable .npy of integers: EOF",
    "text": r"neuron.npy: no readable .npy of integers: ",
    "pickle": r"neuron.npy: no readable .npy of integers: holds pickled objects, which are never read$",
    "absurd": r"neuron.npy: no readable .npy of integers: 0 bytes do not fill int8",
    "negative": r"neuron.npy: no readable .npy of integers: 6 bytes do not fill int8 \(-3, 1, -2\)$",
    "nested": r"neuron.npy: no readable .npy of integers: ",
    "floats": r"neuron.npy: no readable .npy of integers: expected integers .*, got float32 \(3, 1, 2\)$",
    "short": r"neuron.npy: no readable .npy of integers: 5 bytes do not fill int8 \(3, 1, 2\)$",
    "zero-by-huge": r"neuron.npy: no readable .npy of integers: ",
    "large": r"neuron.npy: has 1048\d+ bytes, more than 65728; not read$",
}
"""The reason for each way of giving no answer."""


@pytest.fixture(scope="module", params=["run", "batch"])
def answers_to_faults(request, tmp_path_factory):
    """All of them in one run, with a case that must go right before and after each."""
    with pytest.MonkeyPatch.context() as patch, untouched(tmp_path_factory.mktemp("faults"), patch) as outside:
        cases = [neuron_case("0.right")]
        for behaviour in FAULTS:
            cases += [neuron_case(f"1.{behaviour}"), neuron_case(f"2.right#{behaviour}")]
        pairs = list(door(outside, request.param).answers(cases))
    assert [case.id for case, _ in pairs] == [case.id for case in cases]
    return {case.id: (case, answer) for case, answer in pairs}


@pytest.mark.parametrize("behaviour", FAULTS)
def test_what_is_no_answer_fails_with_its_reason(answers_to_faults, behaviour):
    """And the case after it is answered."""
    _, answer = answers_to_faults[f"1.{behaviour}"]
    assert answer.status == "failed" and re.match(FAULTS[behaviour], answer.reason), answer.reason
    assert answer.sites == {} and answer.reason.isprintable() and len(answer.reason) <= 200
    case, following = answers_to_faults[f"2.right#{behaviour}"]
    assert following.status == "answered" and compare(case, following.sites).equal


@pytest.mark.skipif(os.geteuid() != 0, reason="only root makes devices")
def test_a_device_is_never_opened(outside):
    """/dev/zero by another name would be read for ever."""
    answer = ask(outside, "run", neuron_case("l1.device"))
    assert (answer.status, answer.reason) == ("failed", "neuron.npy: expected a regular file, got a device")


@MODES
@pytest.mark.parametrize(("behaviour", "dtype", "shape"), [("wide", "int64", (3, 1, 2)), ("flat", "int8", (6,))])
def test_another_type_or_shape_is_passed_on(outside, mode, behaviour, dtype, shape):
    """It is for the comparison to report."""
    answer = ask(outside, mode, neuron_case(f"l1.{behaviour}"))
    assert answer.status == "answered"
    assert answer.sites["neuron"].dtype == dtype and answer.sites["neuron"].shape == shape


@MODES
@pytest.mark.parametrize("behaviour", ["talk_then_answer", "eats_input", "spoiled_question"])
def test_what_is_odd_but_right_is_answered(outside, mode, behaviour):
    """More output than a pipe holds, reading an empty input, and spoiling one's own copy of the question."""
    case = neuron_case(f"l1.{behaviour}")
    answer = ask(outside, mode, case)
    assert answer.status == "answered" and compare(case, answer.sites).equal


@MODES
def test_a_file_beside_the_folder_is_no_answer(outside, mode):
    """It is removed with the rest, and the site is missing."""
    case = neuron_case("l1.above")
    answer = ask(outside, mode, case)
    assert answer.status == "answered" and answer.sites == {}
    assert compare(case, answer.sites).first.problem == "missing"


@pytest.mark.parametrize(
    ("mode", "behaviour", "status", "reason"),
    [
        ("run", "unsupported", "unsupported", "no ternary spikes"),
        ("batch", "unsupported", "unsupported", "as told"),
        ("run", "rejected", "rejected", "rejected, without a reason"),
        ("batch", "rejected", "rejected", "as told"),
    ],
)
def test_unsupported_and_rejected_are_told_apart(outside, mode, behaviour, status, reason):
    """By exit codes 75 and 65, or by the word."""
    answer = ask(outside, mode, neuron_case(f"l1.{behaviour}"))
    assert (answer.status, answer.reason) == (status, reason)


@pytest.mark.parametrize(
    ("behaviour", "reason"),
    [
        ("garbage", "expected JSON, got 'hello'"),
        ("no-status", "expected a line with a status, got {}"),
        ("wrong-status", "expected a line with a status, got {'status': 'perfect'}"),
        ("wrong-reason", "expected a line with a status, got {'status': 'answered', 'reason': 3}"),
        ("list", r"expected a line with a status, got \[1\]"),
        ("bomb", r"expected JSON, got '\[+\.\.\.': maximum recursion depth"),
        ("two", "printed more than one line in answer to one case"),
        ("endless-number", "expected JSON, got '9+...': Exceeds the limit"),
        ("dies", "exit code 0 before it answered"),
    ],
)
def test_what_is_no_verdict_fails(outside, behaviour, reason):
    """Another process goes on with the next case."""
    answer = ask(outside, "batch", neuron_case(f"l1.{behaviour}"))
    assert answer.status == "failed" and re.match(reason, answer.reason), answer.reason


def test_one_process_answers_a_batch(outside):
    """It is the same one until it fails, and then another one."""
    cases = [neuron_case(f"{number}.{name}") for number, name in enumerate(["counts", "counts", "dies", "counts"])]
    first, second, died, fourth = [answer.reason for _, answer in door(outside, "batch").answers(cases)]
    assert first == second != fourth and died == "exit code 0 before it answered"


def test_a_late_line_is_not_taken_for_the_next_verdict(outside):
    """What comes unasked between two cases costs the process its place, not the next case its verdict."""
    statuses = []
    for _, answer in door(outside, "batch").answers([neuron_case("l1.late"), neuron_case("l1.unsupported")]):
        statuses.append(answer.status)
        time.sleep(0.5)
    assert statuses == ["answered", "unsupported"]


def test_the_question_holds_no_answer(outside, tmp_path):
    """Text face, inputs and parameters, and nothing else, in a folder of its own."""
    script = tmp_path / "copier"
    copies = tmp_path / "copies"
    script.write_text(
        "#!/bin/sh\n"
        'if [ "$1" = --capabilities ]; then\n'
        """  echo '{"protocol": "refsim-exec/1", "operators": ["LIF"], "requires": [], "batch": false}'\n"""
        "else\n"
        f'  [ -z "$(ls -A "$5")" ] && cp -r "$3" "{copies}"\n'
        "fi\n"
    )
    script.chmod(0o755)
    case = neuron_case()
    ((_, answer),) = ExecutableDoor(script).answers([case])
    assert (answer.status, answer.sites) == ("answered", {})
    files = sorted(str(path.relative_to(copies)) for path in copies.rglob("*") if path.is_file())
    assert files == ["case.txt", "in/currents.npy", "param/neuron.thresholds.npy"]
    assert npy.decode((copies / "in/currents.npy").read_bytes()).tolist() == case.inputs["currents"].tolist()
    text = (copies / "case.txt").read_text()
    assert "site output neuron |i1 3 3 1 2\nsite trace neuron.membrane <i4 3 3 1 2\nend\n" in text


@pytest.mark.parametrize(
    ("case", "reason"),
    [
        (linear_case(), "the operator Linear is not declared"),
        (two_sample_case(), "the case requires samples, which is not declared"),
    ],
)
def test_what_is_not_declared_is_not_asked(outside, case, reason):
    """The case is skipped with its reason."""
    answer = ask(outside, "run", case)
    assert (answer.status, answer.reason) == ("unsupported", reason)


@MODES
def test_a_digest_has_one_site(outside, mode):
    """A file of another site is unknown there."""
    answer = ask(outside, mode, digest_case("l6.right"))
    assert answer.status == "failed" and answer.reason.startswith("wrote an unknown file, neuron.npy")


@MODES
def test_a_case_to_be_refused_has_no_sites_to_read(outside, mode):
    """Whether it was refused is all that counts."""
    fields = {"reject_reason": "thresholds", "requires": ("reject",), "expected": {}}
    assert ask(outside, mode, neuron_case("l1.rejected", **fields)).status == "rejected"
    answer = ask(outside, mode, neuron_case("l1.right", **fields))
    assert (answer.status, answer.sites) == ("answered", {})


def test_a_name_that_leaves_the_folder_is_an_error_of_the_suite(outside):
    """A case with an input of such a name is never written."""
    case = neuron_case()
    case.inputs["../../currents"] = case.inputs["currents"]
    with pytest.raises(GoldenError, match="../../currents: no name for a file"):
        list(door(outside).answers([case]))


def test_batches_are_not_forced_on_one_that_cannot(outside):
    """But one that can may be asked one by one."""
    cannot = ExecutableDoor([sys.executable, str(HOSTILE), str(outside), "run"], batch=True)
    with pytest.raises(GoldenError, match="cannot answer in batches"):
        list(cannot.answers([neuron_case()]))
    one_by_one = ExecutableDoor([sys.executable, str(HOSTILE), str(outside), "batch"], PATIENCE, batch=False)
    ((_, answer),) = one_by_one.answers([neuron_case("l1.unsupported")])
    assert answer.reason == "no ternary spikes"


def test_leaving_in_the_middle_ends_the_process(outside):
    """A caller that stops after the first case leaves nothing running."""
    answers = door(outside, "batch").answers([neuron_case("l1.child"), neuron_case("l1.right")])
    next(answers)
    answers.close()
    time.sleep(0.1)
