"""Which known bug each case notices, and where: the kill matrix."""

import csv
import io
from dataclasses import dataclass

from refsim.golden.comparison import compare
from refsim.golden.mutants import MUTANTS

OUTPUTS, TRACE, UNSEEN = "o", "t", "."
"""How a case notices a bug: in what it must be given, only in its trace, or not at all."""


@dataclass(frozen=True)
class Kill:
    """How one case notices one bug.

    Attributes
    ----------
    mark : {"o", "t", "."}
    site : str or None
        Where the bug is first seen, in order of computation.
    """

    mark: str
    site: str | None = None


def kill(case, mutant):
    """Run a bug on a case and compare."""
    if not mutant.concerns(case):
        return Kill(UNSEEN)
    comparison = compare(case, mutant.answer(case))
    if comparison.equal:
        return Kill(UNSEEN)
    differing = {difference.site for difference in comparison.differences}
    in_outputs = case.draws is not None or differing & set(case.outputs)
    return Kill(OUTPUTS if in_outputs else TRACE, comparison.first.site)


def kills_of(case):
    """Return how a case notices each bug that it notices, as `Kill` by id."""
    found = {identity: kill(case, mutant) for identity, mutant in MUTANTS.items()}
    return {identity: each for identity, each in found.items() if each.mark != UNSEEN}


def kills_csv(rows):
    """Return the matrix as CSV: a row for each bug, a column for each case.

    Parameters
    ----------
    rows : dict of dict of Kill
        By case, then by bug.
    """
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(["mutant", *rows])
    for identity in MUTANTS:
        writer.writerow([identity, *(found[identity].mark if identity in found else UNSEEN for found in rows.values())])
    return stream.getvalue()


def read_kills(text):
    """Return the matrix of a CSV: marks by bug, then by case."""
    header, *rows = csv.reader(io.StringIO(text))
    return {row[0]: dict(zip(header[1:], row[1:])) for row in rows}


def weak_mutants(marks, directed):
    """Return the bugs that the suite does not notice well enough, with the reason.

    Parameters
    ----------
    marks : dict of dict of str
        By bug, then by case.
    directed : set of str
        Ids of cases that a hand can check.

    Returns
    -------
    reasons : dict of str by bug
    """
    reasons = {}
    for identity in MUTANTS:
        killers = {case for case, mark in marks.get(identity, {}).items() if mark != UNSEEN}
        if not killers:
            reasons[identity] = "no case notices it"
        elif len(killers) < 2:
            reasons[identity] = f"only {next(iter(killers))} notices it"
        elif not killers & directed:
            reasons[identity] = "no directed case notices it"
    return reasons
