"""The mask of spike-driven self-attention."""

from dataclasses import dataclass

import numpy as np

from refsim.audit.census import Census
from refsim.errors import NetworkError
from refsim.kernels.mask import mask_spikes
from refsim.numerics import Signal
from refsim.ops.operator import Operator


@dataclass(frozen=True, eq=False)
class Mask(Operator):
    """Spikes of tokens where a binary mask is 1, else silence (rule N16).

    The mask has the tokens' own shape (N, C), or is one row (1, C) for all of them.
    """

    input_count = 2
    since_minor = 1

    def output(self, site, inputs, timesteps):
        spikes, mask = inputs
        if len(spikes.shape) != 2 or not spikes.is_spiking:
            raise NetworkError(
                f"{site}: expected spikes of shape (N, C), got values in {spikes.interval}, {spikes.shape}"
            )
        if mask.shape not in (spikes.shape, (1, spikes.channels)):
            raise NetworkError(f"{site}: a mask of shape {mask.shape} does not fit spikes of shape {spikes.shape}")
        if mask.interval[0] < 0 or mask.interval[1] > 1:
            raise NetworkError(f"{site}: the mask ranges over {mask.interval}; it must be 0 or 1")
        low, high = np.minimum(spikes.low, 0), np.maximum(spikes.high, 0)
        return Signal(np.dtype(np.int8), spikes.shape, low, high)

    def step(self, timestep, inputs, state, output, rows):
        spikes, mask = inputs
        mask_spikes(spikes[rows], mask if len(mask) == 1 else mask[rows], output[rows])

    def census(self, inputs, output):
        return Census(compares=output.size, selects=output.size)
