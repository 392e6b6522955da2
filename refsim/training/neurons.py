"""The three spiking neurons as differentiable PyTorch functions.

The forward pass is the neuron of golden/NUMERICS.md in floating point; the backward pass replaces the derivative of the
firing step by an arctangent surrogate and lets no gradient through the reset. With dyadic weights and float64 every
value is exact, so that spikes equal those of the integer simulator bit for bit.
"""

import math

import numpy as np
import torch
from torch import nn

MOST_FORMS = 64
"""Of a fused loop: for binary and ternary neurons, training and testing, float32 and float64, and strides. By default
PyTorch gives up at the ninth, with a warning, and goes on unfused."""


def lif_charges(currents, threshold, leak, gain, ternary, subtract):
    """Integrate, leak, fire and reset over all timesteps.

    Parameters
    ----------
    currents : Tensor of float, shape (T, ...)
    threshold, leak, gain : float
        The membrane is multiplied by `leak` each timestep, the current by `gain`.
    ternary, subtract : bool
        Whether negative charges fire too; whether a reset subtracts the threshold instead of clearing.

    Returns
    -------
    charges, spikes, membranes : Tensor of float, shape (T, ...)
        Before firing, the firing itself, and after the reset.
    """
    membrane = torch.zeros_like(currents[0])
    charges, spikes, membranes = [], [], []
    for current in currents.unbind():
        charge = membrane * leak + current * gain
        spike = fired(charge, threshold, ternary)
        membrane = charge - spike * threshold if subtract else torch.where(spike == 0, charge, 0.0)
        charges.append(charge)
        spikes.append(spike)
        membranes.append(membrane)
    return torch.stack(charges), torch.stack(spikes), torch.stack(membranes)


def lif_gradients(spike_gradients, charges, threshold, leak, gain, ternary, subtract):
    """Return the gradients with respect to the currents, shape (T, ...)."""
    carried = torch.zeros_like(charges[0])
    gradients = []
    for spike_gradient, charge in zip(reversed(spike_gradients.unbind()), reversed(charges.unbind())):
        distance = (charge.abs() if ternary else charge) / threshold - 1.0
        slope = 1.0 / (1.0 + (math.pi * distance).square()) / threshold
        kept = carried if subtract else torch.where(fired(charge, threshold, ternary) == 0, carried, 0.0)
        charge_gradient = spike_gradient * slope + kept
        gradients.append(charge_gradient * gain)
        carried = charge_gradient * leak
    return torch.stack(gradients[::-1])


def fired(charge, threshold, ternary):
    """Return the spikes that a charge gives: 0 or 1, or -1, 0 or 1."""
    spike = (charge >= threshold).to(charge.dtype)
    return spike - (charge <= -threshold).to(charge.dtype) if ternary else spike


class LeakyIntegrateAndFire(torch.autograd.Function):
    """All timesteps of a binary or ternary LIF layer, with back-propagation through time.

    `charges_of` and `gradients_of` are the two functions above, or their fused forms after `fuse_neurons`.
    """

    charges_of = staticmethod(lif_charges)
    gradients_of = staticmethod(lif_gradients)

    @staticmethod
    def forward(ctx, currents, *constants):
        charges, spikes, membranes = LeakyIntegrateAndFire.charges_of(by_timestep(currents), *constants)
        ctx.save_for_backward(charges)
        ctx.constants = constants
        ctx.mark_non_differentiable(membranes)
        return spikes.view(currents.shape), membranes.view(currents.shape)

    @staticmethod
    def backward(ctx, spike_gradients, _):
        (charges,) = ctx.saved_tensors
        gradients = LeakyIntegrateAndFire.gradients_of(by_timestep(spike_gradients), charges, *ctx.constants)
        return gradients.view(spike_gradients.shape), *[None] * len(ctx.constants)


def by_timestep(values):
    """Return the values as a matrix (T, neurons), so that one fused loop serves layers of every shape."""
    return values.reshape(len(values), -1)


def fuse_neurons():
    """Compile the neurons into fused loops, which makes training about twice as fast; needs a C++ compiler."""
    torch._dynamo.config.recompile_limit = MOST_FORMS
    LeakyIntegrateAndFire.charges_of = staticmethod(torch.compile(lif_charges, dynamic=True))
    LeakyIntegrateAndFire.gradients_of = staticmethod(torch.compile(lif_gradients, dynamic=True))


class LIF(nn.Module):
    """A layer of binary or ternary LIF neurons.

    Parameters
    ----------
    kind : {"binary", "ternary"}
    threshold : float
        Firing threshold; dyadic.
    leak_shift : int
        The membrane is multiplied by ``2**-leak_shift`` each timestep.
    halve_input : bool
        Whether the input current is halved (the convention of ``tau = 2`` with decayed input).
    reset : {"zero", "subtract"}
    """

    def __init__(self, kind, threshold, leak_shift, halve_input, reset):
        super().__init__()
        self.constants = (
            threshold,
            2.0**-leak_shift,
            0.5 if halve_input else 1.0,
            kind == "ternary",
            reset == "subtract",
        )

    def forward(self, currents):
        """Return spikes and membranes, both of the shape of `currents` (T, ...)."""
        return LeakyIntegrateAndFire.apply(currents, *self.constants)


class RoundToStep(torch.autograd.Function):
    """Round to a dyadic step, the gradient passing straight through inside the representable range."""

    @staticmethod
    def forward(ctx, values, shift, low, high, floor):
        scale = torch.from_numpy(np.asarray(np.ldexp(1.0, shift.numpy()))).to(values.dtype)
        scaled = values * scale
        ctx.save_for_backward((scaled >= low) & (scaled <= high))
        rounded = torch.floor(scaled) if floor else torch.round(scaled)
        return rounded.clamp(low, high) / scale

    @staticmethod
    def backward(ctx, gradients):
        (inside,) = ctx.saved_tensors
        return gradients * inside, None, None, None, None


class ReLUNeuron(nn.Module):
    """The stateless ReLU spiking neuron: non-negative integers up to `cap`, in steps of ``2**-step_shift``."""

    def __init__(self, cap, step_shift):
        super().__init__()
        self.cap = cap
        self.register_buffer("step_shift", torch.tensor(step_shift), persistent=True)

    def forward(self, currents):
        """Return the graded spikes as real values, of the shape of `currents`."""
        return RoundToStep.apply(currents, self.step_shift, 0, self.cap, True)
