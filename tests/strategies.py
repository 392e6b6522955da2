"""Random arrays, parameters and networks."""

from dataclasses import replace

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from refsim.architectures.meta_spikeformer import ATTENTIONS, MetaSpikeformerConfig
from refsim.architectures.parameters import Parameters
from refsim.architectures.published import build
from refsim.architectures.spike_driven_transformer import SpikeDrivenTransformerConfig
from refsim.architectures.spikformer import SpikformerConfig
from refsim.architectures.spiking_transformer import SpikingTransformerConfig, spiking_transformer

seeds = st.integers(0, 2**32 - 1)
sizes = st.integers(1, 6)


FEW_TIMESTEPS = st.sampled_from([1, 3, 4, 8])
"""Of kernels that are compiled for each number of timesteps."""


def integers(shape, low, high, dtype=np.int8):
    """Arrays of integers in [low, high]."""
    return arrays(dtype, shape, elements=st.integers(low, high))


class SeededParameters(Parameters):
    """Any parameter an architecture asks for, drawn from a seed."""

    def __init__(self, seed):
        super().__init__({})
        self.random = np.random.default_rng(seed)

    def array(self, name, dtypes, shape):
        dtype = np.int8 if name.endswith(".weights") else np.int32

        if name.endswith(".weights"):
            return self.random.integers(-127, 128, shape).astype(dtype)
        if name.endswith(".thresholds"):
            high = {"neuron0": 40_000, "output": 6, "map": 3, "gate": 2}.get(name.split(".")[-2], 120)
            return self.random.integers(1, high, shape).astype(dtype)
        return self.random.integers(-100, 101, shape).astype(dtype)

    def integer(self, name):
        return 4 if name.endswith((".k.shift", ".q.shift", ".v.shift")) else int(self.random.integers(0, 3))


SMALL = {"image_size": (16, 16), "embedding": 16, "depth": 2, "heads": 2, "classes": 4}
LINEAGE = {
    "spikformer": SpikformerConfig(**SMALL),
    "spikformer-membranes": SpikformerConfig(**SMALL, pooled="membranes", association="key-value", centred=True),
    "spike-driven": SpikeDrivenTransformerConfig(**SMALL, centred=True, pooled_stages=(0, 3)),
    **{
        f"meta-{attention}": MetaSpikeformerConfig(
            image_size=(24, 32), widths=(4, 4, 8, 12), depths=(1, 1), heads=2, classes=4, attention=attention
        )
        for attention in ATTENTIONS
    },
    "meta-scores": MetaSpikeformerConfig(
        image_size=(16, 16), widths=(4, 6, 8, 12), depths=(2, 1), heads=2, classes=4, centred=True, association="scores"
    ),
}
"""Small configurations of Spikformer and its successors, by a name for tests."""


def seeded_lineage(name, seed=0, **fields):
    """A small network of the lineage with random integers."""
    return build(replace(LINEAGE[name], **fields), SeededParameters(seed), f"seeded-{name}")


def seeded_network(preset="a2os2a", seed=0, **fields):
    """A small Spiking Transformer with random integers."""
    sizes = {"image_size": (8, 8), "embedding": 16, "depth": 1, "heads": 2, "classes": 4, **fields}
    config = SpikingTransformerConfig.preset(preset, **sizes)
    return spiking_transformer(config, SeededParameters(seed), name=f"seeded-{preset}")
