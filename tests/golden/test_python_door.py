"""The door for a Python function: whatever the function does is an answer, and the next case is asked."""

import hashlib
import sys

import numpy as np
import pytest
from door_cases import digest_case, hand_answer, hand_neurons, linear_case, neuron_case, two_sample_case

from refsim.errors import GoldenError
from refsim.golden import Rejected, Unsupported, reference
from refsim.golden.comparison import compare
from refsim.golden.doors.python import PythonDoor
from refsim.golden.splitmix import SplitMix64


def ask(function, case=None):
    """Ask for one case between two others that must go on; return its answer."""
    first, last = neuron_case("l1.lif.first"), neuron_case("l1.lif.last")
    door = PythonDoor(lambda case: function(case) if case.id not in (first.id, last.id) else hand_answer())
    pairs = list(door.answers([first, case or neuron_case(), last]))
    assert [pair[0].id for pair in pairs] == [first.id, (case or neuron_case()).id, last.id]
    assert pairs[0][1].status == pairs[2][1].status == "answered"
    return pairs[1][1]


def test_the_right_answers_of_the_reference_are_right():
    """On every kind of case the reference, asked through the door, gives what a hand gives."""
    cases = [neuron_case(), two_sample_case(), linear_case()]
    for case, answer in PythonDoor("refsim.golden.reference:answer").answers(cases):
        assert (answer.status, answer.reason) == ("answered", "")
        assert compare(case, answer.sites).equal
        assert set(answer.sites) == set(case.expected)
        assert answer.seconds > 0


def test_answers_are_never_shown():
    """The function sees the question only."""
    seen = []

    def curious(case):
        seen.append(case)
        return {}

    ask(curious)
    assert seen[0].expected == {} and seen[0].inputs["currents"].tolist() == neuron_case().inputs["currents"].tolist()


def test_a_function_that_writes_into_its_question_spoils_only_its_own():
    """Inputs, parameters and settings of the suite stay as they are."""

    def vandal(case):
        case.inputs["currents"][:] = 0
        case.params["neuron.thresholds"][:] = 1
        case.nodes[0]["settings"]["reset"] = "subtract"
        case.configuration["x"] = 1
        case.ranges.clear()
        return {}

    case = neuron_case()
    ask(vandal, case)
    assert case.inputs["currents"].any() and case.params["neuron.thresholds"].tolist() == [3, 5]
    assert case.nodes[0]["settings"]["reset"] == "zero" and not case.configuration and case.ranges


def test_a_buffer_that_is_used_again_is_copied():
    """An answer does not change when the function writes over it at the next case."""
    buffer = np.zeros((3, 1, 2), np.int8)

    def thrifty(case):
        buffer[:] += 1
        return {"neuron": buffer}

    answers = [answer for _, answer in PythonDoor(thrifty).answers([neuron_case("a"), neuron_case("b")])]
    assert [answer.sites["neuron"].max() for answer in answers] == [1, 2]


def test_nothing_is_cast():
    """Type, byte order and shape are those that the function gave, and what is no array stays what it is."""
    given = {"neuron": np.zeros((2, 2), ">i8"), "other": [1, 2], "bools": np.ones(1, bool)}
    sites = ask(lambda case: given).sites
    assert sites["neuron"].dtype == np.dtype(">i8") and sites["neuron"].shape == (2, 2)
    assert sites["other"] == [1, 2] and sites["bools"].dtype == bool


def test_a_mask_cannot_hide_a_difference():
    """A masked array compares equal where it is masked, so it is refused."""
    hidden = np.ma.masked_array(np.zeros((3, 1, 2), np.int8), mask=True)
    answer = ask(lambda case: {"neuron": hidden})
    assert (answer.status, answer.reason) == ("failed", "neuron: got a masked array; every value must be there")


class Unprintable(Exception):
    def __str__(self):
        raise RuntimeError("no")


def raising(error):
    def function(case):
        raise error

    return function


@pytest.mark.parametrize(
    ("error", "status", "reason"),
    [
        (Unsupported("no halving"), "unsupported", "no halving"),
        (Unsupported(), "unsupported", "unsupported, without a reason"),
        (Rejected("shape\nof weights"), "rejected", "shape of weights"),
        (ValueError("bad \x1b[31m"), "failed", r"ValueError: bad \x1b[31m (test_python_door.py:LINE)"),
        (SystemExit(3), "failed", "SystemExit: 3 (test_python_door.py:LINE)"),
        (RecursionError("deep"), "failed", "RecursionError: deep (test_python_door.py:LINE)"),
        (Unprintable(), "failed", "Unprintable: (its message cannot be printed) (test_python_door.py:LINE)"),
    ],
)
def test_what_a_function_raises_is_a_verdict(error, status, reason):
    """With the place of the innermost frame; nothing of it ends the run."""
    line = raising.__code__.co_firstlineno + 2
    answer = ask(raising(error))
    assert (answer.status, answer.reason) == (status, reason.replace("LINE", str(line)))


def test_a_long_message_keeps_its_place():
    """A message of a million characters is cut, the place after it is not."""
    answer = ask(raising(ValueError("x" * 1_000_000)))
    assert len(answer.reason) <= 200 and "test_python_door.py:" in answer.reason


@pytest.mark.parametrize(
    ("returned", "reason"),
    [
        (None, "expected a dict of integer arrays by site, got NoneType"),
        ([1], "expected a dict of integer arrays by site, got list"),
        ({1: np.zeros(1)}, "expected a dict of integer arrays by site, got one with keys that are no text"),
    ],
)
def test_what_is_no_answer_fails(returned, reason):
    """A function returns arrays by site."""
    answer = ask(lambda case: returned)
    assert (answer.status, answer.reason) == ("failed", reason)


def test_a_function_that_takes_no_case_fails():
    """Here there is no frame of the function to name."""
    door = PythonDoor(lambda: None)
    ((_, answer),) = door.answers([neuron_case()])
    assert answer.status == "failed" and answer.reason.endswith("takes 0 positional arguments but 1 was given")


def test_a_digest_is_over_the_bytes_of_every_chunk():
    """SHA-256 by hand: the spikes of both chunks, drawn one after the other."""
    stream, total = SplitMix64(7), hashlib.sha256()
    for _ in range(2):
        total.update(hand_neurons(stream.integers(-10, 10, (3, 1, 2), np.int32))["neuron"].tobytes())
    answer = ask(lambda case: hand_neurons(case.inputs["currents"]), digest_case())
    assert answer.status == "answered" and answer.sites["digest"].tobytes() == total.digest()
    assert reference.answer(digest_case())["digest"].tobytes() == total.digest()


@pytest.mark.parametrize(
    ("returned", "reason"),
    [
        ({}, "l6.lif.digest.0: neuron: missing; the case asks for it"),
        ({"neuron": [1]}, "l6.lif.digest.0: neuron: expected an array of int8 (3, 1, 2), got list"),
        ({"neuron": np.zeros((3, 1, 2))}, "l6.lif.digest.0: neuron: expected int8 (3, 1, 2), got float64 (3, 1, 2)"),
        ({"neuron": np.zeros((3, 2), np.int8)}, "l6.lif.digest.0: neuron: expected int8 (3, 1, 2), got int8 (3, 2)"),
    ],
)
def test_a_digest_over_bytes_of_another_form_fails(returned, reason):
    """It would be a wrong digest that says nothing."""
    answer = ask(lambda case: returned, digest_case())
    assert (answer.status, answer.reason) == ("failed", reason)


def test_a_chunk_may_be_refused():
    """What a function raises in a chunk is the verdict of the case."""
    assert ask(raising(Unsupported("no digests")), digest_case()).status == "unsupported"


@pytest.fixture
def here(tmp_path, monkeypatch):
    """A current directory with modules that are forgotten afterwards."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.setattr(sys, "modules", dict(sys.modules))
    return tmp_path


def test_a_function_is_found_in_the_current_directory(here):
    """By module, and by a path of attributes."""
    (here / "my_kernels.py").write_text(
        "class Model:\n    @staticmethod\n    def answer(case):\n        return {'neuron': case.inputs['currents']}\n"
    )
    door = PythonDoor("my_kernels:Model.answer")
    ((_, answer),) = door.answers([neuron_case()])
    assert door.name == "my_kernels:Model.answer" and answer.status == "answered"
    assert answer.sites["neuron"].tolist() == neuron_case().inputs["currents"].tolist()


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("nothing", "nothing: expected MODULE:FUNCTION"),
        (":answer", "expected MODULE:FUNCTION"),
        ("no_such_module:f", "no_such_module:f: no module no_such_module, neither in"),
        ("no_such_package.module:f", "no module no_such_package"),
        ("broken_module:f", r"cannot be imported: ZeroDivisionError: .* \(broken_module.py:1\)"),
        ("leaving_module:f", "cannot be imported: SystemExit: 1"),
        ("needy_module:f", "cannot be imported: ModuleNotFoundError: No module named 'no_such_dependency'"),
        ("math:no.such", "math has no no.such"),
        ("math:pi", "math:pi: expected a function, got float"),
        (3, "expected a function, got int"),
    ],
)
def test_what_cannot_be_asked_is_an_error(here, path, message):
    """Before any case is asked."""
    (here / "broken_module.py").write_text("1 / 0\n")
    (here / "leaving_module.py").write_text("raise SystemExit(1)\n")
    (here / "needy_module.py").write_text("import no_such_dependency\n")
    with pytest.raises(GoldenError, match=message):
        PythonDoor(path)
