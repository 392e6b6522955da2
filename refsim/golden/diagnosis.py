"""Which known bug is it? Every bug is run on the cases, and those whose output is the implementation's are named."""

import hashlib
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from refsim.golden.mutants import MUTANTS
from refsim.golden.twin import Twin
from refsim.golden.verify import FAIL, PASS

LOOKED_AT = 8
"""Places of an operator at which every bug is tried."""

FEWEST = 3
"""Places that a bug must explain, where there are so many: one or two small ones it may explain by chance."""


@dataclass(frozen=True)
class Fault:
    """An operator that answers wrongly to its own inputs.

    Attributes
    ----------
    operator : str
    places : tuple of (str, str)
        Case and site of each place where it was seen.
    candidates : tuple of str
        Ids of the bugs that reproduce it bit for bit at these places.
    """

    operator: str
    places: tuple
    candidates: tuple


@dataclass(frozen=True)
class Diagnosis:
    """What is wrong with an implementation.

    Attributes
    ----------
    bugs : tuple of str
        Ids of the bugs that reproduce every answer of the implementation bit for bit, wrong and right ones.
    faults : tuple of Fault
        Where no bug does: independent faults, each operator looked at for itself, on the inputs that the implementation
        gave it.
    cases : int
        How many were compared.
    """

    bugs: tuple
    faults: tuple
    cases: int


def diagnose(verdicts):
    """Find the known bugs that explain the verdicts on an implementation.

    Answers of which something is missing or malformed are left out.

    Parameters
    ----------
    verdicts : list of Verdict

    Returns
    -------
    diagnosis : Diagnosis
    """
    compared = [verdict for verdict in verdicts if verdict.comparison is not None]
    failing = [verdict for verdict in compared if verdict.status == FAIL and only_values_differ(verdict)]
    if not failing:
        return Diagnosis((), (), len(compared))
    passing = [verdict for verdict in compared if verdict.status == PASS]
    possible = list(MUTANTS)
    for verdict in (*failing, *passing):
        possible = [bug for bug in possible if reproduces(bug, verdict)]
        if not possible:
            break
    return Diagnosis(tuple(possible), () if possible else tuple(faults_of(failing)), len(compared))


def only_values_differ(verdict):
    """Tell whether an answer is of the right form throughout: what is missing or malformed is no sign of any bug."""
    return all(difference.problem == "values" for difference in verdict.comparison.differences)


def reproduces(bug, verdict):
    """Tell whether a bug answers a case as the implementation did, at every site that the implementation gave."""
    case, got = verdict.case, verdict.comparison.got
    if not MUTANTS[bug].concerns(case):
        return verdict.status == PASS
    hashes = answer_hashes(bug, case)
    return all(site in hashes and hashes[site] == array_hash(array) for site, array in got.items())


@lru_cache(maxsize=1 << 17)
def answer_hashes(bug, case):
    """Return a hash of what a bug answers at each site of a case."""
    return {site: array_hash(array) for site, array in MUTANTS[bug].answer(case).items()}


def array_hash(array):
    """Return a hash of type, shape and values."""
    form = f"{array.dtype.str} {array.shape}".encode()
    return hashlib.sha256(form + np.ascontiguousarray(array).tobytes()).digest()


def faults_of(failing):
    """Find the operators that are wrong for themselves, and the bugs that they have."""
    places = {}
    for verdict in sorted(failing, key=lambda verdict: len(verdict.case.nodes)):
        for node in faulty_nodes(verdict):
            places.setdefault(node.operator.kind(), []).append((verdict, node))
    return [fault for operator, found in places.items() for fault in faults_at(operator, found)]


def faults_at(operator, places):
    """Divide the places at which an operator is wrong among as few bugs as can be.

    Bugs are tried on the smallest cases; the others go to the first that fits. What fits to none is looked at again, as
    long as that finds a bug. What none explains is one fault without a name.
    """
    groups, unnamed, rest = [], [], places
    while rest:
        named, unexplained, rest = divided(rest[:LOOKED_AT], rest[LOOKED_AT:], min(len(places), FEWEST))
        groups, unnamed = groups + named, unnamed + unexplained
        if not named:
            unnamed, rest = unnamed + rest, []
    groups += [((), unnamed)] * bool(unnamed)
    return [
        Fault(operator, tuple((verdict.case.id, node.name) for verdict, node in found), bugs) for bugs, found in groups
    ]


def divided(tried, others, fewest):
    """Divide some places among bugs, of which each explains so many: named, unexplained, and others that fit to none.

    The bugs that explain the most places are taken first, then those that explain the most of the rest.
    """
    explained = {bug: frozenset(n for n, place in enumerate(tried) if explains(bug, *place)) for bug in MUTANTS}
    rest, groups = frozenset(range(len(tried))), []
    while rest:
        most = max(len(found & rest) for found in explained.values())
        if most < fewest:
            break
        best = next(found & rest for found in explained.values() if len(found & rest) == most)
        bugs = tuple(bug for bug, found in explained.items() if found & rest == best)
        groups.append((bugs, [tried[n] for n in sorted(best)]))
        rest -= best
    unfitting = []
    for place in others:
        fitting = [found for bugs, found in groups if any(explains(bug, *place) for bug in bugs)]
        (fitting[0] if fitting else unfitting).append(place)
    return groups, [tried[n] for n in sorted(rest)], unfitting


def faulty_nodes(verdict):
    """Return the nodes whose outputs are wrong for the inputs that the implementation itself gave them."""
    case, got = verdict.case, usable(verdict)
    if case.draws:
        return []
    right = Twin.answer(case, given=got)
    return [node for node in case.fragment.nodes if any(differs(right, got, site) for site in own_sites(node))]


def usable(verdict):
    """Return the sites of an answer that have the right type and shape."""
    sites = verdict.case.sites
    got = verdict.comparison.got
    return {site: got[site] for site in sites if site in got and sites[site] == (got[site].dtype, got[site].shape)}


def own_sites(node):
    """Return the sites of a node: its output, and its register if it has one."""
    return [node.name] if node.register_site is None else [node.name, node.register_site]


def differs(right, got, site):
    return site in got and not np.array_equal(right[site], got[site])


def explains(bug, verdict, node):
    """Tell whether a bug, on the implementation's own inputs, gives what the implementation gives at a node."""
    if not MUTANTS[bug].concerns(verdict.case):
        return False
    got = usable(verdict)
    answer = MUTANTS[bug].answer(verdict.case, given=got, only={node.name})
    return not any(differs(answer, got, site) for site in own_sites(node))
