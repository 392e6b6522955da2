"""The suite is what its recipes make, byte for byte, and a wrong recipe does not build."""

from dataclasses import replace
from itertools import islice

import numpy as np
import pytest
from frozen import suite

from refsim.errors import GoldenError
from refsim.golden.build import build, built, entry_of
from refsim.golden.freeze import differing_files, extended_ledger, freeze, index_of
from refsim.golden.kills import kills_csv
from refsim.golden.recipes import all_recipes, neurons
from refsim.golden.recipes.recipe import Recipe, graph_case, operator_case
from refsim.golden.suite import LEDGER_HEADER
from refsim.network import Node
from refsim.numerics import NUMERICS_VERSION
from refsim.ops import LIF, TokenSum
from refsim.shipped import golden_folder


def first_neurons(count):
    return [(recipe, "refsim.golden.recipes.neurons") for recipe in islice(neurons.recipes(), count)]


def test_every_seventh_case_is_rebuilt_byte_for_byte():
    """Manifest, arrays and page of the frozen case; `refsim golden build --check` does it for all."""
    chosen = [pair for pair in all_recipes() if pair[0].selection == "quick"][::7]
    files, _ = build(chosen)
    paths = [path for path in files if path.startswith("cases/")]
    assert len(chosen) >= 25 and len(paths) > 100
    for path in paths:
        assert (suite().folder / path).read_bytes() == files[path], path


def test_the_bits_do_not_depend_on_threads():
    """One thread and two."""
    chosen = [pair for pair in all_recipes() if pair[0].case.id == "l5.model.a2os2a-digit-0"]
    assert build(chosen, threads=1) == build(chosen, threads=2)


def test_every_recipe_is_frozen():
    """No case without files, no files without a recipe."""
    assert {recipe.case.id for recipe, _ in all_recipes()} == {entry["id"] for entry in suite().index["cases"]}


def test_a_wrong_hand_does_not_build():
    """The answer of the hand is held against the kernels."""
    recipe, _ = first_neurons(1)[0]
    with pytest.raises(GoldenError, match="l1.lif.threshold-met: neuron: a hand gets .* the kernels"):
        built(replace(recipe, hand={"neuron": [[[1, 1]]]}))


def test_a_vacuous_case_does_not_build():
    """A network that is silent at a site which the case claims to test."""
    node = Node("neuron", LIF(np.array([100], np.int32)), ("currents",))
    case = graph_case("l2.lif.silent", "Silent", "lif", [node], {"currents": ("sums", [[[1]], [[2]]])}, level="L2")
    with pytest.raises(GoldenError, match="claims to test neuron, which is silent throughout: the case is vacuous"):
        built(Recipe(case))


def test_a_case_that_must_be_refused_but_is_answered_does_not_build():
    """A reject case that is in order after all."""
    recipe, _ = first_neurons(1)[0]
    with pytest.raises(GoldenError, match="was answered, though it must be refused: no reason"):
        built(replace(recipe, case=replace(recipe.case, reject_reason="no reason")))


def test_two_cases_with_one_id_do_not_build():
    """An id is for ever, and one."""
    with pytest.raises(GoldenError, match="two cases have one id"):
        build(first_neurons(1) * 2)


def test_a_changed_value_needs_a_new_version():
    """The ledger holds every case at every version of the numerics; nothing is written against it."""
    entry = {"id": "one", "numerics": NUMERICS_VERSION, "content_sha256": "a" * 64}
    ledger = extended_ledger(None, [entry])
    assert (
        f"{LEDGER_HEADER}\none,{NUMERICS_VERSION},{'a' * 64}\n".encode() == ledger == extended_ledger(ledger, [entry])
    )
    with pytest.raises(GoldenError, match="one was frozen with other values at .* is a new version of the numerics"):
        extended_ledger(ledger, [{**entry, "content_sha256": "b" * 64}])


def test_freezing_writes_what_changed_and_removes_what_is_stale(tmp_path):
    """And the second time there is nothing to do."""
    files, kills = build(first_neurons(3))
    matrix = kills_csv(kills)
    assert set(freeze(tmp_path, files, matrix)) == {*(f"suite/{path}" for path in files), "KILLS.csv"}
    assert [] == freeze(tmp_path, files, matrix) == differing_files(tmp_path, files, matrix)
    fewer, kills = build(first_neurons(2))
    gone = next(path for path in files if path not in fewer)
    changed = freeze(tmp_path, fewer, kills_csv(kills))
    assert f"suite/{gone}" in changed and not (tmp_path / "suite" / gone).exists()
    assert 2 == len(index_of(fewer)["cases"])


def test_the_quick_suite_is_small():
    """At most 11 MB in git, before compression."""
    folder = golden_folder() / "suite"
    assert sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) < 11_000_000


def test_a_case_states_the_lowest_version_that_answers_it():
    """Spikes over tokens are counted since 1.0, integers since 1.1; the index says so of each case."""
    counted, summed = (
        operator_case("one", "One", "token_sum", TokenSum(), [(kind, [[[1], [1]]])]) for kind in ("binary", "sums")
    )
    assert ["refsim-numerics/1.0", "refsim-numerics/1.1"] == [
        entry_of(case, "quick", {"manifest.json": b'{"content_sha256": ""}'})["numerics"] for case in (counted, summed)
    ]
