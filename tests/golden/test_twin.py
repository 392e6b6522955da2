"""The mutable twin without a mutation is the reference, by another way."""

import numpy as np
import pytest
from frozen import valid_cases
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import seeded_network, seeds

from refsim.architectures.spiking_transformer import PRESETS
from refsim.golden.case import case_of
from refsim.golden.mutants import MUTANTS
from refsim.golden.reference import answer
from refsim.golden.twin import Twin, method_name
from refsim.network import Node
from refsim.ops import LIF, OPERATORS, Argmax, Linear


def network_case(network, image):
    nodes = [*network.nodes, Node("label", Argmax(), (network.nodes[-1].name,))]
    case = case_of(
        nodes,
        {"input": image},
        {"input": (0, 255)},
        id="network",
        title="",
        level="L5",
        op="model",
        timesteps=network.timesteps,
        static_inputs=frozenset({"input"}),
    )
    return case


@settings(max_examples=20)
@given(
    st.sampled_from(list(PRESETS)), seeds, st.sampled_from(["zero", "subtract"]), st.sampled_from(["exact", "floor"])
)
def test_twin_and_kernels_agree_at_every_site(preset, seed, reset, rounding):
    """Whole networks of random integers: every spike, membrane, sum, logit and label."""
    network = seeded_network(preset, seed, reset=reset, rounding=rounding, timesteps=3)
    case = network_case(network, np.random.default_rng(seed).integers(0, 256, (8, 8, 1), np.uint8))
    for site, values in answer(case).items():
        np.testing.assert_array_equal(Twin.answer(case)[site], values, err_msg=site)


def test_every_operator_has_its_method():
    """No operator of the package is unknown to the twin."""
    for kind in OPERATORS:
        assert callable(getattr(Twin, method_name(kind))), kind


def test_a_given_site_is_what_its_readers_see():
    """With the values of an implementation in its place, a node answers for itself alone."""
    neuron = Node("neuron", LIF(np.array([4], np.int32)), ("currents",))
    linear = Node("linear", Linear(np.array([[5]], np.int8), np.array([1], np.int32)), ("neuron",))
    case = case_of(
        [neuron, linear],
        {"currents": np.array([[[0]], [[0]]], np.int32)},
        {"currents": (-9, 9)},
        id="two",
        title="",
        level="L3",
        op="layer",
        timesteps=2,
    )
    given_spikes = np.array([[[1]], [[0]]], np.int8)
    sites = Twin.answer(case, given={"neuron": given_spikes})
    assert [0, 0] == sites["neuron"].ravel().tolist()
    assert [6, 1] == sites["linear"].ravel().tolist()


@pytest.mark.parametrize("identity", MUTANTS)
def test_a_mutant_says_what_it_is(identity):
    """Each has an id of a letter and two digits, one line that ends in a full stop, and what it does of its own."""
    mutant = MUTANTS[identity]
    assert identity == mutant.__name__ and len(identity) == 3 and identity[1:].isdigit()
    assert mutant.__doc__.splitlines()[0].endswith(".")
    assert any(not name.startswith("__") and name != "operators" for name in vars(mutant))


def test_a_mutation_stays_out_of_the_golden_path():
    """What the kernels answer does not change after every mutant has run."""
    network = seeded_network("a2os2a", timesteps=2)
    case = network_case(network, np.zeros((8, 8, 1), np.uint8))
    before = answer(case)
    for mutant in MUTANTS.values():
        mutant.answer(case)
    after = answer(case)
    assert all(np.array_equal(before[site], after[site]) for site in before)


@pytest.mark.parametrize("bug", list(MUTANTS)[::40])
def test_a_node_alone_answers_as_among_the_others(bug):
    """What others give it is given: then only its own sites are computed, and they are the same, with any bug."""
    for case in [case for case in valid_cases() if not case.draws][::9]:
        given = {site: case.expected[site] for site in case.sites}
        among = MUTANTS[bug].answer(case, given=given)
        for node in case.fragment.nodes:
            alone = MUTANTS[bug].answer(case, given=given, only={node.name})
            assert set(alone) == {node.name, node.register_site} - {None}, case.id
            for site, values in alone.items():
                np.testing.assert_array_equal(among[site], values, err_msg=f"{case.id} {site}")


def test_what_is_not_given_is_computed():
    """A node that is not asked for is computed where another reads it and its values are missing."""
    case = next(case for case in valid_cases() if len(case.nodes) > 2 and not case.draws)
    last = case.fragment.nodes[-1].name
    alone = Twin.answer(case, only={last})
    assert set(alone) == set(Twin.answer(case))
    np.testing.assert_array_equal(Twin.answer(case)[last], alone[last])
