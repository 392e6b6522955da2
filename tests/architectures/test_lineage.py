"""Spikformer, Spike-driven Transformer and Meta-SpikeFormer: along both routes, at their sizes, and their faults."""

from dataclasses import replace

import numpy as np
import pytest
from strategies import LINEAGE, seeded_lineage

from refsim.architectures.meta_spikeformer import MetaSpikeformerConfig
from refsim.architectures.spike_driven_transformer import SpikeDrivenTransformerConfig
from refsim.architectures.spikformer import SpikformerConfig
from refsim.errors import ConfigurationError
from refsim.model_file import load, save
from refsim.simulator import interpret, run


def image_for(network, seed=0):
    return np.random.default_rng(seed).integers(0, 256, network.input.shape, np.uint8)


@pytest.mark.parametrize("name", LINEAGE)
def test_both_routes_agree_at_every_site(name):
    """Machine code and Python source on integers that cannot multiply: all values, and the census of every operator."""
    network = seeded_lineage(name, timesteps=3)
    image = image_for(network)
    compiled, interpreted = run(network, image, record="*"), interpret(network, image, record="*")
    assert interpreted.census_by_site == compiled.census_by_site
    for site, values in interpreted.trace.items():
        np.testing.assert_array_equal(values, compiled.trace[site], err_msg=site)
    assert sum(counts.any() for counts in compiled.spike_counts.values()) > len(compiled.spike_counts) // 2


@pytest.mark.parametrize("name", LINEAGE)
def test_every_value_lies_within_its_proof(name):
    """Five random images: no site leaves its interval, and no other number of threads gives other bits."""
    network = seeded_lineage(name)
    for seed in range(5):
        result = run(network, image_for(network, seed), record="*", threads=1)
        for site, values in result.trace.items():
            low, high = network.signals[site].interval
            assert low <= values.min() and values.max() <= high, site
    again = run(network, image_for(network, 4), record="*", threads=3)
    assert all(np.array_equal(values, again.trace[site]) for site, values in result.trace.items())


@pytest.mark.parametrize("name", LINEAGE)
def test_a_model_file_holds_the_network(name, tmp_path):
    """Written, read, and the same answer; the file says that it needs numerics 1.1."""
    network = seeded_lineage(name)
    save(network, tmp_path / "model.npz")
    again = load(tmp_path / "model.npz")
    image = image_for(network)
    assert "refsim-numerics/1.1" == again.numerics
    assert run(network, image).logits.tolist() == run(again, image).logits.tolist()


def test_the_residual_of_spikformer_grows_by_two_a_block():
    """0 to 2 from the stem, 0 to 2 l + 2 into block l, 0 to 2 l + 3 into its MLP, 0 to 2 L + 2 into the head."""
    network = seeded_lineage("spikformer", depth=3)
    assert [(0, 2), (0, 4), (0, 6), (0, 8)] == [
        network.signals[site].interval
        for site in ("stem.tokens", *(f"block{block}.mlp.residual" for block in range(3)))
    ]
    assert [2, 3, 3] == [network[f"block{block}.mlp.hidden_linear"].operator.planes for block in range(3)]


@pytest.mark.parametrize("name", ["spikformer", "meta-sdsa-3"])
def test_both_associations_give_the_same_network(name):
    """(Q K^T) V and Q (K^T V): every site that both have is equal."""
    one, other = (seeded_lineage(name, association=association) for association in ("scores", "key-value"))
    image = image_for(one)
    traces = [run(network, image, record="*").trace for network in (one, other)]
    shared = set(traces[0]) & set(traces[1])
    assert {"scores"} == {site.rpartition(".")[2] for site in set(traces[0]) - shared}
    assert {"key_value"} == {site.rpartition(".")[2] for site in set(traces[1]) - shared}
    for site in shared:
        np.testing.assert_array_equal(traces[0][site], traces[1][site], err_msg=site)


def test_the_gate_of_spike_driven_attention_keeps_no_membrane():
    """It is an OR over tokens of K AND V, in a whole network."""
    seeded = seeded_lineage("spike-driven", seed=3)
    gate = seeded["block0.attention.gate"]
    other = replace(gate, operator=replace(gate.operator, thresholds=np.ones_like(gate.operator.thresholds)))
    network = replace(seeded, nodes=tuple(other if node is gate else node for node in seeded.nodes))
    trace = run(network, image_for(network), record="block0.attention.*").trace
    both = trace["block0.attention.k"] & trace["block0.attention.v"]
    assert both.any()
    np.testing.assert_array_equal(both.any(axis=1, keepdims=True), trace["block0.attention.gate"])
    assert not trace["block0.attention.gate.membrane"].any()


def test_the_last_pool_of_the_membrane_stem_sees_negative_values():
    """Signed integers are compared there."""
    network = seeded_lineage("spike-driven")
    pooled = run(network, image_for(network), record="stem.pool3").trace["stem.pool3"]
    assert (pooled < 0).any() and (pooled > 0).any()


@pytest.mark.parametrize(
    ("config", "message"),
    [
        (
            lambda: SpikformerConfig(image_size=(8, 8), embedding=16, depth=1, heads=3),
            "must be a multiple of 8 and of 3",
        ),
        (
            lambda: SpikformerConfig(image_size=(8, 8), embedding=16, depth=1, heads=2, pooled="both"),
            "pooled: expected one of spikes, membranes; got 'both'",
        ),
        (
            lambda: SpikeDrivenTransformerConfig(image_size=(8, 8), embedding=16, depth=0, heads=2),
            "depth: expected an integer of at least 1, got 0",
        ),
        (lambda: MetaSpikeformerConfig(image_size=(8, 8), widths=(4, 4, 4)), "widths: expected four integers, got"),
        (lambda: MetaSpikeformerConfig(image_size=(8, 8), widths=3), "widths: expected four integers, got 3"),
        (lambda: MetaSpikeformerConfig(image_size=(8, 8), widths=(5, 4, 8, 8)), "the first width even"),
        (lambda: MetaSpikeformerConfig(image_size=(8, 8), widths=(4, 4, 4, 8)), "4 must be a multiple of 8 heads"),
        (
            lambda: MetaSpikeformerConfig(image_size=(8, 8), widths=(4, 4, 8, 8), attention="sdsa-5"),
            "attention: expected one of sdsa-1, sdsa-2",
        ),
    ],
)
def test_faults_are_named(config, message):
    """What is wrong in a configuration."""
    with pytest.raises(ConfigurationError, match=message):
        config()
