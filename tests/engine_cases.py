"""Networks and fragments for the tests that hold the engines against each other."""

import numpy as np
from strategies import LINEAGE, seeded_lineage, seeded_network

from refsim.architectures.spiking_transformer import PRESETS
from refsim.simulator import run

NETWORKS = {
    **{name: (seeded_lineage, {"name": name}) for name in LINEAGE},
    **{preset: (seeded_network, {"preset": preset, "image_size": (16, 16)}) for preset in PRESETS},
    "floor": (seeded_network, {"preset": "binary", "rounding": "floor"}),
    "subtract": (seeded_lineage, {"name": "spikformer", "reset": "subtract"}),
    "slow leak": (seeded_lineage, {"name": "spike-driven", "leak_shift": 3, "halve_input": False}),
    "spike frames": (seeded_lineage, {"name": "spikformer", "input": "binary"}),
}
"""A function and its arguments for a small network of every architecture, and of every choice of the neurons."""


def network_of(name, **fields):
    build, arguments = NETWORKS[name]
    return build(**{**arguments, **fields})


def input_of(network, seed):
    """A random input that the network takes."""
    random, signal = np.random.default_rng(seed), network.input.signal
    shape = network.input.shape if network.input.is_static else (network.timesteps, *network.input.shape)
    return random.integers(signal.interval[0], signal.interval[1] + 1, shape).astype(signal.dtype)


def assert_equal(one, other):
    """Logits, label, traces, spike counts and the census of every operator."""
    assert (one.label, one.logits.tolist(), one.census) == (other.label, other.logits.tolist(), other.census)
    assert one.census_by_site == other.census_by_site
    for kind in ("trace", "spike_counts"):
        mine, theirs = getattr(one, kind), getattr(other, kind)
        assert list(mine) == list(theirs)
        for site, values in mine.items():
            np.testing.assert_array_equal(values, theirs[site], err_msg=site)
            assert values.dtype == theirs[site].dtype


def both_engines(network, image, **options):
    return [run(network, image, engine=engine, **options) for engine in ("reference", "fast")]
