"""What a person and what a program reads of a verification."""

import re
from collections import Counter
from functools import cache

from refsim.golden.classes import classify
from refsim.golden.difference_map import map_text
from refsim.golden.faces.widths import tensor_width
from refsim.golden.freeze import KILLS
from refsim.golden.junit import VerdictRow
from refsim.golden.kills import UNSEEN, read_kills
from refsim.golden.mutants import describe
from refsim.golden.opening import open_sum, three_ways
from refsim.golden.sites import node_of, place_words
from refsim.golden.verify import ERROR, FAIL, PASS, SKIP
from refsim.numerics import NUMERICS_VERSION
from refsim.shipped import golden_folder

SHOWN_FIRST = ("L1", "L2", "L0", "L3", "L4", "L5", "L6")
"""Levels in the order in which a failing case explains itself best."""

MOST_LINES = 39
OPENED_LINES = 12
FIRST_OPENED = 6
COMPARED = 8
"""Cases in which a way of being wrong must hold, where there are so many, before it is told."""
LISTED = 4
NARROW = ("wrapped at ", "saturated at ")
"""How phrases about a register that is too narrow begin."""


def chosen_failure(verdicts):
    """Return the failing verdict that explains itself best.

    That is one with values that differ, of one operator, of the level easiest to follow, which few bugs can cause.
    """
    failing = [verdict for verdict in verdicts if verdict.status in (FAIL, ERROR)]
    noticed = bugs_noticed()

    def place(verdict):
        case = verdict.case
        several = has_values(verdict) and len(case.nodes) > 1
        return not has_values(verdict), several, SHOWN_FIRST.index(case.level), noticed.get(case.id, 0), case.id

    return min(failing, key=place, default=None)


def has_values(verdict):
    """Tell whether an answer is of the right form, and wrong in its values."""
    return verdict.comparison is not None and verdict.comparison.first.problem == "values"


@cache
def bugs_noticed():
    """Return how many of the known bugs each case notices."""
    marks = read_kills(golden_folder().joinpath(KILLS).read_text())
    return Counter(case for row in marks.values() for case, mark in row.items() if mark != UNSEEN)


def report_text(suite, implementation, verdicts, diagnosis):
    """Return the outcome of a verification for a person, as fewer than 40 lines.

    Parameters
    ----------
    suite : Suite
    implementation : str
        What was verified.
    verdicts : list of Verdict
    diagnosis : Diagnosis
    """
    lines = [
        f"{implementation} against {NUMERICS_VERSION}, suite {suite.root_hash[:16]}",
        tally_line(verdicts),
        *skip_lines(verdicts),
    ]
    shown = chosen_failure(verdicts)
    if shown is None:
        return [*lines, observation_line(verdicts)]
    lines += ["", *verdict_lines(shown, common_phrases(verdicts, shown)), *diagnosis_lines(diagnosis)]
    others = [verdict for verdict in verdicts if verdict.status in (FAIL, ERROR) and verdict is not shown]
    room = MOST_LINES - len(lines) - 2
    if others and room > 0:
        listed = others[: min(LISTED, room)]
        lines += ["", *(f"also {verdict.case.id}: {verdict.reason}"[:160] for verdict in listed)]
        if len(others) > len(listed):
            lines[-1] += f" (and {len(others) - len(listed)} more: --json)"
    return lines[:MOST_LINES]


def tally_line(verdicts):
    """Return how many cases passed, failed, and were skipped."""
    counts = {status: sum(verdict.status == status for verdict in verdicts) for status in (PASS, FAIL, SKIP, ERROR)}
    return ", ".join(f"{count} {status}" for status, count in counts.items() if count or status in (PASS, FAIL))


def skip_lines(verdicts):
    """Return why cases were skipped, one line a reason."""
    reasons = {}
    for verdict in verdicts:
        if verdict.status == SKIP:
            reasons.setdefault(verdict.reason, []).append(verdict.case.id)
    lines = [f"  skipped {len(cases)}: {reason}"[:160] for reason, cases in sorted(reasons.items())]
    return lines if len(lines) <= LISTED else [*lines[:LISTED], f"  and {len(lines) - LISTED} more reasons (--json)"]


def observation_line(verdicts):
    """Return how much of the expected values was looked at."""
    compared = [verdict.comparison for verdict in verdicts if verdict.comparison is not None]
    whole = sum(not comparison.unobserved for comparison in compared)
    refused = sum(verdict.status == PASS and verdict.comparison is None for verdict in verdicts)
    line = f"every site observed in {whole} of {len(compared)} cases that were compared"
    return line + f"; {refused} refused, as they must be" * bool(refused)


def verdict_lines(verdict, phrases=None):
    """Return why a case failed: in one line, or how its first divergence came to be."""
    opened = [f"  {verdict.reason}"] if verdict.comparison is None else divergence_lines(verdict.comparison, phrases)
    return [f"{verdict.case.id}: {verdict.case.title}", *opened]


def common_phrases(verdicts, shown):
    """Return in what way the operator of the shown case is wrong in all cases that differ there first.

    What holds by coincidence in a small case does not hold in the next.
    """
    if not has_values(shown) or shown.case.draws:
        return []
    operator = operator_of(shown)
    alike = [each for each in verdicts if each.status == FAIL and has_values(each) and not each.case.draws]
    alike = sorted((each for each in alike if operator_of(each) == operator), key=lambda each: len(each.case.nodes))
    phrases = phrases_of(shown.comparison)
    for verdict in alike[:COMPARED]:
        found = set(map(without_width, phrases_of(verdict.comparison)))
        phrases = [phrase for phrase in phrases if without_width(phrase) in found]
    return phrases


def without_width(phrase):
    """Return a phrase without the width of a register, of which a single case may leave several open."""
    return re.sub(r"(?<=at )[0-9]+( to [0-9]+)?(?= bits)", "", phrase)


def operator_of(verdict):
    """Return the operator at which an answer differs first."""
    return node_of(verdict.case, verdict.comparison.first.site).operator.kind()


def phrases_of(comparison):
    """Return in what way the first differing site is wrong."""
    site = comparison.first.site
    return classify(comparison.case, site, comparison.case.expected[site], comparison.got[site])


def divergence_lines(comparison, phrases=None):
    """Return the first divergence of a case: where, what, in what way, how it came to be, and the map.

    Parameters
    ----------
    comparison : Comparison
    phrases : list of str, optional
        In what way, in all failing cases; by default what holds in this case. Where there are none, a register of this case
        that wraps or saturates is still told, with these words: another case may show it only by what follows from it.
    """
    case, first = comparison.case, comparison.first
    if first.problem != "values":
        return [f"  {first.message}"]
    expected, got = case.expected[first.site][first.first], comparison.got[first.site][first.first]
    bits, _ = tensor_width(case, "output" if first.site in case.outputs else "trace", first.site)
    lines = [
        f"  first difference at {address(case, first)}",
        f"  expected {three_ways(expected, bits)}; got {three_ways(got, bits)}",
        f"  {order_line(comparison)}",
    ]
    if outputs_are_right(comparison):
        lines.append("  every output is right; only values inside differ")
    lines += way_lines(comparison, phrases)
    opened = [f"  {line}" for line in open_sum(case, comparison.got, first)]
    if len(opened) > OPENED_LINES:
        left_out = len(opened) - OPENED_LINES + 1
        middle = f"    ... ({left_out} more lines: --json)"
        opened = [*opened[:FIRST_OPENED], middle, *opened[FIRST_OPENED + left_out :]]
    return [*lines, *opened, *map_part(comparison)]


def way_lines(comparison, phrases):
    """Return in what way the first differing site is wrong, as at most one line."""
    where = ""
    if phrases is None:
        phrases = phrases_of(comparison)
    elif not phrases:
        where = ", in this case"
        phrases = [phrase for phrase in phrases_of(comparison) if phrase.startswith(NARROW)]
    return [f"  in what way{where}: {'; '.join(phrases[:LISTED])}"] if phrases else []


def outputs_are_right(comparison):
    """Tell whether only values inside differ; a digest has none."""
    wrong = {difference.site for difference in comparison.differences}
    return not comparison.case.draws and wrong.isdisjoint(comparison.case.outputs)


def map_part(comparison):
    """Return the map, where there is more than one place to show."""
    rows = map_text(comparison)
    return [f"  {row}" for row in rows[: LISTED * 2]] if len(comparison.case.expected) > 2 else []


def address(case, difference):
    """Return the place of a difference in words: ``block1.attention.scores, timestep 2, head 3, query 5, key 0``."""
    return f"{difference.site}, {place_words(case, difference.site, difference.first)}"


def order_line(comparison):
    """Return what is known of the sites before the first difference."""
    seen, unseen = len(comparison.equal_before), comparison.unobserved_before
    text = f"before it {seen} site{'s' * (seen != 1)} proved equal"
    if not unseen:
        return f"{text}, none unobserved"
    return f"{text}, {len(unseen)} never observed ({', '.join(unseen[:LISTED])}{', ...' * (len(unseen) > LISTED)})"


def diagnosis_lines(diagnosis):
    """Return the known bugs that reproduce the answers."""
    lines = [""]
    if diagnosis.bugs:
        named = [f"{bug}: {describe(bug)}" for bug in diagnosis.bugs[:LISTED]]
        heads = ["this is the known bug "] + ["or the known bug      "] * (len(named) - 1)
        lines += [head + name for head, name in zip(heads, named)]
        each = "it reproduces" if len(named) == 1 else "each reproduces"
        answers = "the answer of the one case" if diagnosis.cases == 1 else f"every answer of {diagnosis.cases} cases"
        return [*lines, f"  {each} {answers} bit for bit, right and wrong values alike"]
    wrong = Counter(fault.operator for fault in diagnosis.faults for _ in fault.places)
    for fault in diagnosis.faults[:LISTED]:
        others = wrong[fault.operator] - len(fault.places)
        lines.append(fault_line(fault, others))
    return lines if len(lines) > 1 else []


def fault_line(fault, others):
    """Return one line about a fault, given at how many other places its operator is wrong."""
    more = ", ..." * (len(fault.places) > 1)
    where = f"{fault.operator} is wrong for its own inputs at {count(fault.places)} ({fault.places[0][0]}{more})"
    if not fault.candidates:
        return f"{where}: no known bug reproduces it"
    names = "; ".join(f"{bug}: {describe(bug)}" for bug in fault.candidates[:2])
    elsewhere = f", not at {others} other{'s' * (others != 1)}," * bool(others)
    return f"{where}: there{elsewhere} as the known bug {names}"


def junit_rows(verdicts):
    """Return the verdicts as rows of JUnit XML, with the divergence of each case that fails."""
    return [
        VerdictRow(
            verdict.case.id,
            verdict.case.level,
            verdict.seconds,
            verdict.status,
            verdict.reason,
            "\n".join(divergence_lines(verdict.comparison)) if verdict.status == FAIL and verdict.comparison else "",
        )
        for verdict in verdicts
    ]


def count(places):
    return f"{len(places)} place{'s' * (len(places) != 1)}"


def report_json(suite, implementation, verdicts, diagnosis):
    """Return the outcome of a verification for a program."""
    shown = chosen_failure(verdicts)
    return {
        "implementation": implementation,
        "numerics": NUMERICS_VERSION,
        "suite": suite.root_hash,
        "counts": {
            status: sum(verdict.status == status for verdict in verdicts) for status in (PASS, FAIL, SKIP, ERROR)
        },
        "cases": [verdict_json(verdict) for verdict in verdicts],
        "first_divergence": None
        if shown is None or shown.comparison is None
        else divergence_json(shown.comparison, common_phrases(verdicts, shown)),
        "diagnosis": {
            "cases": diagnosis.cases,
            "bugs": {bug: describe(bug) for bug in diagnosis.bugs},
            "faults": [
                {
                    "operator": fault.operator,
                    "places": [list(place) for place in fault.places],
                    "candidates": {bug: describe(bug) for bug in fault.candidates},
                }
                for fault in diagnosis.faults
            ],
        },
    }


def verdict_json(verdict):
    """Return one verdict for a program."""
    comparison = verdict.comparison
    return {
        "id": verdict.case.id,
        "level": verdict.case.level,
        "op": verdict.case.op,
        "status": verdict.status,
        "reason": verdict.reason,
        "seconds": verdict.seconds,
        "observed": verdict.observed,
        "unobserved": comparison.unobserved if comparison else [],
        "differences": [
            {"site": each.site, "problem": each.problem, "first": each.first, "count": each.count}
            for each in (comparison.differences if comparison else ())
        ],
    }


def divergence_json(comparison, phrases):
    """Return the first divergence of a case for a program.

    Parameters
    ----------
    comparison : Comparison
    phrases : list of str
        In what way, in all failing cases: ``"common_classes"``, beside ``"classes"``, which hold in this case.
    """
    case, first = comparison.case, comparison.first
    content = {"case": case.id, "site": first.site, "problem": first.problem, "message": first.message}
    if first.problem != "values":
        return content
    return {
        **content,
        "address": address(case, first),
        "index": list(first.first),
        "expected": int(case.expected[first.site][first.first]),
        "got": int(comparison.got[first.site][first.first]),
        "equal_before": comparison.equal_before,
        "unobserved_before": comparison.unobserved_before,
        "outputs_are_right": outputs_are_right(comparison),
        "classes": phrases_of(comparison),
        "common_classes": phrases,
        "opened": open_sum(case, comparison.got, first),
        "map": map_text(comparison),
    }
