"""What the PyTorch renderings of all published architectures share: the neuron, and time beside the batch."""

import torch
from torch import nn


class Lif(nn.Module):
    """The LIF neuron with tau 2, decayed input and reset to zero, on all timesteps at once."""

    def __init__(self, threshold=1.0):
        super().__init__()
        self.threshold = threshold

    def forward(self, currents):
        membrane = torch.zeros_like(currents[0])
        spikes = []
        for current in currents:
            charged = (membrane + current) / 2
            fired = charged >= self.threshold
            membrane = charged.masked_fill(fired, 0.0)
            spikes.append(fired.to(currents.dtype))
        return torch.stack(spikes)


def at_each_timestep(module, values):
    """Apply a module without state to (T, B, ...) as to one batch."""
    return module(values.flatten(0, 1)).unflatten(0, values.shape[:2])
