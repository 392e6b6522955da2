"""Convolution and linear layers that train with BatchNorm first and with folded, quantised integers afterwards."""

import torch
from torch import nn
from torch.nn import functional

from refsim.checkpoints.quantisation import step_shift, weight_limit
from refsim.training.neurons import RoundToStep

WEIGHT_BITS = 8


class Affine(nn.Module):
    """A weighted sum per output channel: a 3x3 convolution or a linear map.

    The layer lives in two phases. In the first, float weights are followed by BatchNorm. `fold` ends it: the BatchNorm
    goes into weights and bias, and from then on both are rounded to dyadic steps in every forward pass, with a
    straight-through gradient, so that training sees the integers that will run.

    Parameters
    ----------
    inputs, outputs : int
        Channels.
    kernel_size : int or None
        Side of the convolution kernel, or None for a linear map over the last axis.
    steps : {"per_channel", "per_layer"}
        Whether each output channel has a step of its own (where a LIF neuron follows) or all share one.
    input_shift : int
        The input is a multiple of ``2**-input_shift``; the bias has the step of the products.
    normalise : bool
        Whether the first phase has a BatchNorm.
    """

    def __init__(self, inputs, outputs, kernel_size=None, steps="per_channel", input_shift=0, normalise=True):
        super().__init__()
        window = () if kernel_size is None else (kernel_size, kernel_size)
        self.weight = nn.Parameter(torch.empty(outputs, inputs, *window))
        nn.init.kaiming_uniform_(self.weight, a=5**0.5)
        self.bias = nn.Parameter(torch.zeros(outputs))
        self.norm = nn.BatchNorm1d(outputs) if normalise else None
        self.per_channel = steps == "per_channel"
        self.input_shift = input_shift
        self.register_buffer("shift", torch.zeros(outputs if self.per_channel else 1, dtype=torch.int64))
        self.folded = False

    def forward(self, values):
        """Return the weighted sums: (M, C, Y, X) for a convolution, (..., C) for a linear map."""
        weight, bias = self.rounded() if self.folded else (self.weight, self.bias)
        if self.weight.dim() == 4:
            sums = functional.conv2d(values, weight, bias, padding=self.weight.shape[-1] // 2)
            return self.normalised(sums.flatten(2)).view_as(sums)
        sums = functional.linear(values, weight, bias)
        return self.normalised(sums.flatten(0, -2)).view_as(sums)

    def normalised(self, sums):
        return sums if self.norm is None else self.norm(sums)

    def rounded(self):
        """Return weight and bias on their dyadic steps, the values that the integer network uses."""
        per_output = self.shift.view(-1, *[1] * (self.weight.dim() - 1))
        limit = weight_limit(WEIGHT_BITS)
        weight = RoundToStep.apply(self.weight, per_output, -limit, limit, False)
        bias = RoundToStep.apply(self.bias, self.shift + self.input_shift, -(2**31), 2**31 - 1, False)
        return weight, bias

    @torch.no_grad()
    def fold(self):
        """Fold the BatchNorm into weight and bias and choose the quantisation steps."""
        if self.norm is not None:
            gain = self.norm.weight / (self.norm.running_var + self.norm.eps).sqrt()
            self.bias.copy_((self.bias - self.norm.running_mean) * gain + self.norm.bias)
            self.weight.mul_(gain.view(-1, *[1] * (self.weight.dim() - 1)))
            self.norm = None
        self.shift.copy_(torch.from_numpy(step_shift(self.weight.numpy(), self.per_channel)))
        self.folded = True
