"""Recording every neuron layer of a PyTorch model while it runs.

Imported only where torch is installed. Spikes are kept as uint8, so that whole batches fit in memory.
"""

from dataclasses import dataclass, field

import numpy as np
import torch

EXACT_BITS = 53
"""Integers below 2**53 are exact in float64; sums of them are then exact in any order."""


@dataclass
class Recording:
    """What one run of a model showed, in the order of evaluation.

    Attributes
    ----------
    spikes : dict of str to ndarray of uint8, shape (T, B, ...)
        What each neuron layer gave, by the name of its module.
    currents : dict of str to (int, float)
        What each neuron layer received: the smallest k with ``current * 2**k`` an integer, and the largest magnitude.
    streams : dict of str to ndarray of float64, shape (T, B, ...)
        Real-valued outputs of the modules asked for.
    logits : ndarray of float64, shape (B, K)
    """

    spikes: dict = field(default_factory=dict)
    currents: dict = field(default_factory=dict)
    streams: dict = field(default_factory=dict)
    logits: np.ndarray = None

    def rates(self):
        """Give the mean number of spikes of each neuron layer per neuron and timestep."""
        return {name: float(spikes.mean()) for name, spikes in self.spikes.items()}


def fraction_bits(values):
    """Find the smallest k from 0 with all ``values * 2**k`` integers; every finite float64 has one."""
    values = torch.as_tensor(values, dtype=torch.float64)
    bits = 0
    while not torch.equal(values, values.round()):
        values, bits = values * 2, bits + 1
    return bits


def float64_is_exact(recording, timesteps):
    """Tell whether every current, and the membrane that it charges, needs less than 53 bits.

    A halved input makes a membrane of at most the largest current, with one fraction bit more each timestep.
    """
    return all(
        np.ceil(np.log2(max(largest, 1))) + bits + timesteps < EXACT_BITS
        for bits, largest in recording.currents.values()
    )


def attach(recording, neurons, streams=()):
    """Hook modules so that their next run is recorded; returns the handles to remove.

    Parameters
    ----------
    recording : Recording
    neurons, streams : iterable of (str, torch.nn.Module)
        Modules with their names. Each runs once, on all timesteps.
    """

    def neuron_hook(name):
        def hook(module, inputs, output):
            assert name not in recording.spikes, f"{name}: ran twice"
            recording.spikes[name] = output.numpy().astype(np.uint8)
            recording.currents[name] = fraction_bits(inputs[0]), float(inputs[0].abs().max())

        return hook

    def stream_hook(name):
        def hook(module, inputs, output):
            recording.streams[name] = output.numpy().copy()

        return hook

    handles = [module.register_forward_hook(neuron_hook(name)) for name, module in neurons]
    return handles + [module.register_forward_hook(stream_hook(name)) for name, module in streams]


def run_recorded(model, images, neurons, streams=()):
    """Run a model once without gradients and give its Recording, the model's output as its logits."""
    recording = Recording()
    handles = attach(recording, neurons, streams)
    try:
        with torch.no_grad():
            recording.logits = model(torch.as_tensor(images, dtype=torch.float64)).numpy()
    finally:
        for handle in handles:
            handle.remove()
    return recording
