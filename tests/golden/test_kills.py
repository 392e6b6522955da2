"""The suite notices every known bug, and says which one."""

import numpy as np
import pytest
from frozen import quick_cases, suite, valid_cases

from refsim.golden.comparison import compare
from refsim.golden.diagnosis import LOOKED_AT, diagnose
from refsim.golden.doors.door import ANSWERED, Answer
from refsim.golden.freeze import KILLS
from refsim.golden.kills import UNSEEN, Kill, kills_csv, kills_of, read_kills, weak_mutants
from refsim.golden.mutants import EQUIVALENT, MUTANTS
from refsim.golden.report import diagnosis_lines, report_json
from refsim.golden.verify import PASS, judge
from refsim.shipped import golden_folder

PARTS = 6
"""Of the bugs, for as many processes as there may be."""


def matrix():
    return read_kills((golden_folder() / KILLS).read_text())


def directed():
    return {case.id for case in quick_cases().values() if case.level == "L1"}


def test_every_bug_is_noticed_twice_and_by_a_case_for_a_hand():
    """100 % of the bugs, each by two cases at least, of which one at least is directed."""
    assert len(MUTANTS) >= 220
    assert set(MUTANTS) == set(matrix())
    assert {} == weak_mutants(matrix(), directed())


def test_a_weak_suite_is_noticed():
    """Take the cases away that notice a bug, and the gate names it."""
    marks = {bug: dict(row) for bug, row in matrix().items()}
    killers = [case for case, mark in marks["N01"].items() if mark != UNSEEN]
    for case in killers[1:]:
        marks["N01"][case] = UNSEEN
    assert {"N01": f"only {killers[0]} notices it"} == weak_mutants(marks, directed())
    marks["N01"][killers[0]] = UNSEEN
    assert {"N01": "no case notices it"} == weak_mutants(marks, directed())


@pytest.mark.parametrize("stride", range(8))
def test_the_frozen_matrix_is_that_of_the_code(stride):
    """Every eighth case again: the marks, and what its manifest says."""
    marks, wanted = matrix(), valid_cases()[stride::24]
    for case in wanted:
        found = kills_of(case)
        for bug in MUTANTS:
            assert marks[bug][case.id] == found.get(bug, Kill(UNSEEN)).mark, (bug, case.id)


def test_the_matrix_reads_back():
    """Rows are bugs, columns cases."""
    text = kills_csv({"one": {"N01": Kill("o", "neuron")}, "two": {}})
    assert ("o", UNSEEN) == (read_kills(text)["N01"]["one"], read_kills(text)["N01"]["two"])


@pytest.mark.parametrize("identity", EQUIVALENT)
def test_equivalent_changes_are_never_seen(identity):
    """On no case of the suite does a change with a proof show; the proof is written out."""
    assert "Proof:" in EQUIVALENT[identity].__doc__
    for case in valid_cases():
        assert compare(case, EQUIVALENT[identity].answer(case)).equal, case.id


def judged(answers, cases):
    return [judge(case, Answer(ANSWERED, answer)) for answer, case in zip(answers, cases)]


def verdicts_on(implementation, cases):
    return judged([implementation(case) for case in cases], cases)


def outputs(answer, case):
    """Return what of an answer must be given."""
    wanted = ["digest"] if case.draws else case.outputs
    return {site: values for site, values in answer.items() if site in wanted}


def test_two_independent_faults_are_told_apart():
    """A neuron that fires only above the threshold, and heads that are interleaved: each is found at its operator."""

    def twice_wrong(case):
        strict = MUTANTS["N01"].answer(case)
        mixed = MUTANTS["T02"].answer(case, given=strict)
        products = [node["name"] for node in case.nodes if node["operator"] in ("Scores", "Context")]
        return {
            **MUTANTS["N01"].answer(case, given={name: mixed[name] for name in products}),
            **{n: mixed[n] for n in products},
        }

    cases = [case for case in valid_cases() if case.id.startswith(("l3.attention", "l1.lif", "l1.scores"))]
    diagnosis = diagnose(verdicts_on(twice_wrong, cases))
    found = {fault.operator: fault.candidates for fault in diagnosis.faults}
    assert () == diagnosis.bugs
    assert "N01" in found["LIF"] and set(found["LIF"]) <= {"N01", "N02", "N49"}
    assert ("T02",) == found["Scores"]


def test_a_fault_is_of_the_node_whose_site_it_is():
    """Where the name of one node begins with that of another, as that of a bias of taps with its convolution's."""
    case = quick_cases()["l3.stem.meta-spikeformer"]
    wrong = next(node for node in case.fragment.nodes if node.name.rpartition(".")[0] in case.sites)
    answer = {**case.expected, wrong.name: case.expected[wrong.name] + 1}
    (fault, *others) = diagnose(judged([answer], [case])).faults
    assert (wrong.operator.kind(), ((case.id, wrong.name),)) == (fault.operator, fault.places)
    assert all(name != wrong.name.rpartition(".")[0] for other in others for _, name in other.places)


@pytest.mark.heavy
def test_a_second_bug_is_named_beyond_the_places_where_every_bug_is_tried():
    """Both have their names: the threshold of channel 0 in the first cases, the sign lost in the ones that follow."""
    lif = [case for case in valid_cases() if case.op == "lif" and not case.draws]
    first = [case for case in lif if matrix()["N03"][case.id] != UNSEEN][: LOOKED_AT + 2]
    later = [case for case in lif if matrix()["N30"][case.id] != UNSEEN and case not in first]
    answers = [MUTANTS[bug].answer(case) for bug, cases in (("N03", first), ("N30", later)) for case in cases]
    named, signs = diagnose(judged(answers, first + later)).faults
    assert ("N03" in named.candidates, "N30" in signs.candidates) == (True, True)
    assert {case.id for case in first} == {case for case, _ in named.places}
    assert {case.id for case in later} == {case for case, _ in signs.places}


def test_right_answers_need_no_diagnosis():
    """Nothing is diagnosed where nothing failed."""
    cases = valid_cases()[:5]
    diagnosis = diagnose(verdicts_on(lambda case: case.expected, cases))
    assert ((), ()) == (diagnosis.bugs, diagnosis.faults)


def test_an_unknown_bug_is_not_given_a_name():
    """Every third value off by five is no bug of the catalogue; it is one fault, at however many places it shows."""

    def odd(case):
        return {
            site: values + (np.arange(values.size).reshape(values.shape) % 3 == 0).astype(values.dtype) * 5
            for site, values in case.expected.items()
        }

    cases = [case for case in valid_cases() if case.op == "linear"]
    verdicts = verdicts_on(odd, cases)
    diagnosis = diagnose(verdicts)
    assert () == diagnosis.bugs and all(() == fault.candidates for fault in diagnosis.faults)
    (fault,) = diagnosis.faults
    wrong = {case.id for case in cases if not case.draws}
    assert len(wrong) > LOOKED_AT and wrong == {case for case, _ in fault.places}
    (line,) = diagnosis_lines(diagnosis)[1:]
    assert f"Linear is wrong for its own inputs at {len(fault.places)} places" in line
    assert line.endswith("no known bug reproduces it")
    (told,) = report_json(suite(), "odd", verdicts, diagnosis)["diagnosis"]["faults"]
    assert (len(fault.places), {}) == (len(told["places"]), told["candidates"])


@pytest.mark.heavy
@pytest.mark.parametrize("part", range(PARTS))
def test_every_bug_is_named_when_it_comes_from_outside(part):
    """Each bug as an implementation: named for 95 % at least, alone or with what no case can tell from it for 90 %.

    Without any trace, only what must be given, still for 95 %, where the outputs show it at all.
    """
    cases, mutants, marks = valid_cases(), dict(list(MUTANTS.items())[part::PARTS]), matrix()
    named = alone = seen = named_by_outputs = 0
    for identity, mutant in mutants.items():
        # Diagnosis runs the bug on every case by itself, those too that the matrix says nothing shows in.
        answers = [case.expected if marks[identity][case.id] == UNSEEN else mutant.answer(case) for case in cases]
        bugs = diagnose(judged(answers, cases)).bugs
        named += identity in bugs
        alone += (identity,) == bugs
        verdicts = judged([outputs(*pair) for pair in zip(answers, cases)], cases)
        if any(verdict.status != PASS for verdict in verdicts):
            seen += 1
            named_by_outputs += identity in diagnose(verdicts).bugs
    print(f"of {len(mutants)}: named {named}, alone {alone}; seen in outputs {seen}, named by them {named_by_outputs}")
    assert named * 100 >= 95 * len(mutants) and alone * 100 >= 90 * len(mutants)
    assert seen * 100 >= 95 * len(mutants) and named_by_outputs * 100 >= 95 * seen
