"""Make the frozen files of the suite from its recipes, and hold every answer against independent ones on the way."""

import json
from dataclasses import replace

import numpy as np

from refsim.errors import GoldenError
from refsim.golden.case import Rejected
from refsim.golden.case_page import case_page
from refsim.golden.comparison import compare
from refsim.golden.coverage import counters, silent_sites
from refsim.golden.kills import kills_of
from refsim.golden.manifest import MANIFEST, case_files
from refsim.golden.reference import answer
from refsim.golden.splitmix import NAME as RNG
from refsim.golden.suite import suite_files
from refsim.golden.twin import Twin
from refsim.shipped import golden_folder

COMMAND = "refsim golden build"
KEPT = ("schema", "networks")
"""Folders of the suite that are sources, not made."""


def built(recipe, threads=None):
    """Answer the case of a recipe, and check the answer.

    Parameters
    ----------
    recipe : Recipe
    threads : int, optional

    Returns
    -------
    case : Case
        With its expected values.
    checks : list of str
        What agreed independently: ``"twin"``, ``"hand"``, or ``"refusal"``.

    Raises
    ------
    GoldenError
        If kernels, twin and hand differ anywhere, if a case that must be refused is answered, or if a site that the
        case claims to test is silent.
    """
    case = recipe.case
    if case.reject_reason is not None:
        require_refusal(case)
        return case, ["refusal"]
    case = replace(case, expected=answer(case, threads))
    checks = ["twin"]
    difference = compare(case, Twin.answer(case)).first
    if difference:
        raise GoldenError(f"{case.id}: kernels and twin differ: {difference.message}")
    for site, values in recipe.hand.items():
        if np.array(values).tolist() != case.expected[site].tolist():
            raise GoldenError(f"{case.id}: {site}: a hand gets {values}, the kernels {case.expected[site].tolist()}")
    require_noise(recipe, case)
    return case, checks + ["hand"] * bool(recipe.hand)


def require_refusal(case):
    try:
        answer(case)
    except Rejected:
        return
    raise GoldenError(f"{case.id}: was answered, though it must be refused: {case.reject_reason}")


def require_noise(recipe, case):
    """Refuse a vacuous case: one whose network is silent at a site that it claims to test."""
    if case.draws:
        return
    neurons = [node["name"] for node in case.nodes if node["operator"] in ("LIF", "ReLU")]
    silent = silent_sites(case, neurons if recipe.claims is None else recipe.claims)
    if silent:
        raise GoldenError(f"{case.id}: claims to test {silent[0]}, which is silent throughout: the case is vacuous")


def build(recipes, threads=None):
    """Make the files of a suite.

    Parameters
    ----------
    recipes : iterable of (Recipe, str)
        With the module that describes each.
    threads : int, optional

    Returns
    -------
    files : dict of bytes by path
        Everything but the ledger.
    kills : dict of dict of Kill
        By case of the quick selection, then by bug.

    Raises
    ------
    GoldenError
        If kernels, twin and hand do not agree on a case.
    """
    cases, kills = [], {}
    for recipe, module in recipes:
        case, checks = built(recipe, threads)
        found = kills_of(case) if recipe.selection == "quick" and case.reject_reason is None else {}
        if recipe.selection == "quick":
            kills[case.id] = found
        provenance = {
            "generator": module,
            "command": COMMAND,
            "rng": RNG,
            "independent_checks": checks,
            "regenerates_byte_for_byte": True,
        }
        if recipe.seed is not None:
            provenance["seed"] = recipe.seed
        if recipe.source:
            provenance["source"] = recipe.source
        files = case_files(case, {"kills": sorted(found), "counters": counters(case)}, provenance)
        if case.level == "L1":
            files["CASE.md"] = case_page(case, sorted(found)).encode("ascii")
        cases.append((entry_of(case, recipe.selection, files), files))
    identities = [entry["id"] for entry, _ in cases]
    if len(set(identities)) < len(identities):
        raise GoldenError("two cases have one id")
    return suite_files(cases, kept_files()), dict(sorted(kills.items()))


def entry_of(case, selection, files):
    """Return what the index says of a case."""
    return {
        "id": case.id,
        "numerics": case.numerics,
        "level": case.level,
        "op": case.op,
        "path": f"cases/{case.level}/{case.op}/{case.id}",
        "selection": selection,
        "content_sha256": json.loads(files[MANIFEST])["content_sha256"],
    }


def kept_files():
    """Return the sources that lie in the suite's folder."""
    folder = golden_folder() / "suite"
    paths = [path for name in KEPT for path in sorted(folder.joinpath(name).iterdir())]
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in paths}
