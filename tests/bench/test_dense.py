"""The dense network in float32 is the same network: every spike at every site and timestep."""

from dataclasses import replace

import numpy as np
import pytest
from strategies import LINEAGE, SMALL

from refsim import run
from refsim.architectures.published import build
from refsim.architectures.spiking_transformer import PRESETS, SpikingTransformerConfig
from refsim.bench.benchmark import dense_remark
from refsim.bench.calibrate import calibrate
from refsim.bench.dense import EXACT, DenseNetwork, exact_sites
from refsim.bench.seeded import SeededParameters, seeded_image
from refsim.errors import BenchmarkError, NetworkError
from refsim.network import Assembly, Input
from refsim.ops import Argmax, Linear, Tokens, TokenSum

torch = pytest.importorskip("torch")

CONFIGS = {
    **LINEAGE,
    **{preset: SpikingTransformerConfig.preset(preset, channels=3, **SMALL) for preset in PRESETS},
    "floor": replace(LINEAGE["spikformer"], rounding="floor"),
    "floor, whole input": replace(LINEAGE["spike-driven"], rounding="floor", halve_input=False),
    "subtract": SpikingTransformerConfig.preset("a2os2a", channels=3, reset="subtract", halve_input=False, **SMALL),
    "slow leak": replace(LINEAGE["spikformer"], leak_shift=2, reset="subtract"),
}


class ShiftedParameters(SeededParameters):
    """Residuals of different steps, so that shifts matter."""

    def integer(self, name):
        return int(self.random.integers(0, 3))


def calibrated(name, seed=2):
    network = build(CONFIGS[name], ShiftedParameters(seed), name)
    image = seeded_image(network.input.shape, seed)
    return calibrate(network, image, 0.2).network, image


@pytest.mark.parametrize("channels_last", [True, False])
@pytest.mark.parametrize("name", CONFIGS)
def test_every_spike_and_logit_is_equal(name, channels_last):
    """In both layouts of memory; the layers do fire."""
    network, image = calibrated(name)
    neurons = [node.name for node in network.nodes if node.operator.is_neuron]
    dense, found = DenseNetwork(network, channels_last), {}
    logits = dense.run(image, lambda site, values: found.update({site: values.clone()}))
    result = run(network, image, record=neurons)
    for site in neurons:
        values = found[site].permute(0, 2, 3, 1) if site in dense.images else found[site]
        np.testing.assert_array_equal(result.trace[site], values.numpy(), site)
    assert result.logits.tolist() == logits.tolist()
    assert sum(counts.sum() for counts in result.spike_counts.values()) > 0


def test_counts_are_those_of_the_simulator():
    """At every timestep, and the logits with them."""
    network, image = calibrated("a2os2a")
    logits, counts = DenseNetwork(network).spike_counts(image)
    result = run(network, image)
    assert {site: values.tolist() for site, values in result.spike_counts.items()} == {
        site: values.tolist() for site, values in counts.items()
    }
    assert result.logits.tolist() == logits.tolist()
    assert "label equal, spike counts equal, logits equal" == dense_remark(DenseNetwork(network), image, result)


def test_another_network_is_noticed():
    """A threshold that is one percent off changes a spike count, where float32 is exact: an error."""
    network, image = calibrated("spikformer")
    dense = DenseNetwork(network)
    dense.tensors["stem.neuron0"]["thresholds"] *= 1.01
    with pytest.raises(BenchmarkError, match="the spike counts of stem.neuron0 are not refsim's"):
        dense_remark(dense, image, run(network, image))


def test_beyond_float32_nothing_is_claimed():
    """A neuron whose register can pass 2**24 is told apart from a fault."""
    network, image = calibrated("spikformer")
    place = next(place for place, node in enumerate(network.nodes) if node.name == "stem.neuron0")
    assert exact_sites(network) > place
    network.signals["stem.neuron0.membrane"].high[:] = EXACT + 1
    assert place == exact_sites(network)
    dense = DenseNetwork(network)
    dense.tensors["stem.neuron0"]["thresholds"] *= 1.01
    assert "first differ at stem.neuron0, whose worst case float32 cannot hold" in dense_remark(
        dense, image, run(network, image)
    )


def test_an_operator_without_a_dense_form_is_refused():
    """By its site."""
    assembly = Assembly(Input("binary", (1, 1, 2)), 1)
    assembly.add("tokens", Tokens(), "input")
    assembly.add("sum", TokenSum(), "tokens")
    assembly.add("linear", Linear(np.ones((2, 2), np.int8), np.zeros(2, np.int32)), "sum")
    assembly.add("label", Argmax(), "linear")
    with pytest.raises(NetworkError, match="label: Argmax has no dense form"):
        DenseNetwork(assembly.finish("argmax", 1, {}))
