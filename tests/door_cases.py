"""Small cases for the tests of the doors, with answers worked out by hand."""

import numpy as np

from refsim.golden.case import Draws, case_of
from refsim.network import Node
from refsim.ops import LIF, Linear

CURRENTS = [[[1, 4]], [[2, 1]], [[2, 5]]]
"""Three timesteps, one token, two channels."""
SPIKES = [[[0, 0]], [[1, 1]], [[0, 1]]]
MEMBRANES = [[[1, 4]], [[0, 0]], [[2, 0]]]
"""Without leak, with reset to zero: channel 0 fires at 1 + 2 >= 3, channel 1 at 4 + 1 >= 5 and at 5 >= 5."""


def neuron_node(bits=32):
    thresholds = np.array([3, 5], np.int32)
    return Node("neuron", LIF(thresholds, leak_shift=0, halve_input=False, membrane_bits=bits), ("currents",))


def neuron_case(identity="l1.lif.by-hand", **fields):
    """One layer of neurons whose spikes and membranes are those above."""
    fields = {"expected": hand_answer(), "outputs": ("neuron",), "op": "lif", "level": "L1", **fields}
    return case_of(
        [neuron_node(fields.pop("bits", 32))],
        {"currents": np.array(CURRENTS, np.int32)},
        {"currents": (-10, 10)},
        id=identity,
        title="a charge that meets the threshold",
        timesteps=3,
        **fields,
    )


def hand_answer():
    return {"neuron": np.array(SPIKES, np.int8), "neuron.membrane": np.array(MEMBRANES, np.int32)}


def two_sample_case(identity="l1.lif.two-samples"):
    """The same neurons on two samples, the second one silent."""
    expected = {site: np.stack([array, np.zeros_like(array)]) for site, array in hand_answer().items()}
    currents = np.array(CURRENTS, np.int32)
    return case_of(
        [neuron_node()],
        {"currents": np.stack([currents, np.zeros_like(currents)])},
        {"currents": (-10, 10)},
        id=identity,
        title="registers are cleared between samples",
        level="L1",
        op="lif",
        timesteps=3,
        samples=2,
        requires=("samples",),
        outputs=("neuron",),
        expected=expected,
    )


def linear_case(identity="l1.linear.by-hand"):
    """Two spikes, one of them negative, through weights: 5 - 7, 1 + 2 and the bias."""
    linear = Linear(np.array([[5, 1], [7, -2]], np.int8), np.array([0, 100], np.int32))
    return case_of(
        [Node("sums", linear, ("spikes",))],
        {"spikes": np.array([[[1, -1]]], np.int8)},
        {"spikes": (-1, 1)},
        id=identity,
        title="a negative spike subtracts",
        level="L1",
        op="linear",
        timesteps=1,
        outputs=("sums",),
        expected={"sums": np.array([[[-2, 103]]], np.int32)},
    )


def digest_case(identity="l6.lif.digest", expected=None):
    """Two chunks of random currents."""
    return case_of(
        [neuron_node()],
        {},
        {"currents": (-10, 10)},
        id=identity,
        title="many currents",
        level="L6",
        op="lif",
        timesteps=3,
        requires=("digest",),
        outputs=("neuron",),
        expected=expected or {},
        draws=Draws(seed=7, chunks=2, inputs={"currents": (np.dtype("<i4"), (3, 1, 2), -10, 10)}),
    )


def hand_neurons(currents):
    """Return spikes and membranes of the neurons of `neuron_node` for one sample, in plain integers."""
    spikes, membranes = np.zeros(currents.shape, np.int8), np.zeros(currents.shape, np.int32)
    for channel, threshold in enumerate((3, 5)):
        membrane = 0
        for timestep, current in enumerate(currents[:, 0, channel].tolist()):
            membrane += current
            fired = membrane >= threshold
            membrane = 0 if fired else membrane
            spikes[timestep, 0, channel], membranes[timestep, 0, channel] = fired, membrane
    return {"neuron": spikes, "neuron.membrane": membranes}
