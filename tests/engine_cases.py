"""Networks and fragments for the tests that hold the engines against each other."""

import numpy as np
from strategies import LINEAGE, seeded_lineage, seeded_network

from refsim.architectures.spiking_transformer import PRESETS

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
