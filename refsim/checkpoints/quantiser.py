"""Rounding layer by layer: every affine map gets its steps, every neuron thresholds on them, every stream one step."""

from dataclasses import dataclass

import numpy as np

from refsim.checkpoints.quantisation import (
    narrowest,
    rounded_bias,
    rounded_weights,
    scaled_threshold,
    step_shift,
)
from refsim.errors import CheckpointError

PIXEL_SHIFT = 8
"""Weights on pixels are those on p / 2**8."""


@dataclass(frozen=True)
class Rounding:
    """What rounding did to the weights of one site.

    Attributes
    ----------
    site : str
    finest_shift, coarsest_shift : int
        Weights are multiples of ``2**-shift``, by output channel.
    largest_error : float
        Largest difference between a weight and its rounded value.
    largest_weight : float
    """

    site: str
    finest_shift: int
    coarsest_shift: int
    largest_error: float
    largest_weight: float


class Quantiser:
    """Integers by site and field, rounded one affine map after the other.

    Parameters
    ----------
    path : str or Path
        Named in errors.
    bits : int
        Width of a weight: 4, 8 or 16.
    keep : bool
        Whether to keep the real values too, for a comparison.

    Attributes
    ----------
    values : dict
        For `Parameters`.
    roundings : list of Rounding
    reals : dict
        Real weights and biases (outputs first) by ``site.weights`` and ``site.bias``, real thresholds and biases of
        taps by theirs; empty unless kept.
    """

    def __init__(self, path, bits=8, keep=False):
        self.path, self.bits, self.keep = path, bits, keep
        self.values, self.roundings, self.reals = {}, [], {}

    def affine(self, site, affine, per_channel=True, shift=None, input_shift=0):
        """Round a linear map or convolution.

        Parameters
        ----------
        site : str
        affine : Affine
        per_channel : bool
            One step for each output channel, where a neuron follows; else one for all.
        shift : ndarray of int64, optional
            Steps that training chose.
        input_shift : int
            The input is a multiple of ``2**-input_shift``.

        Returns
        -------
        step : ndarray of int64, shape (outputs,) or (1,)
            Shift of the step of the sums.

        Raises
        ------
        CheckpointError
            If a weight or bias is not finite, or a bias needs more than 62 bits.
        """
        for field, values in (("weight", affine.weight), ("bias", affine.bias)):
            if not np.isfinite(values).all():
                raise CheckpointError(f"{self.path}: {site}: the {field} leaves the range of float64 once folded")
        if shift is None:
            shift = step_shift(affine.weight, per_channel, self.bits)
        integers = rounded_weights(self.path, site, affine.weight, shift, self.bits)
        self.values[f"{site}.weights"] = integers
        self.values[f"{site}.bias"] = rounded_bias(self.path, site, affine.bias, shift + input_shift)
        self.roundings.append(rounding(site, affine.weight, integers, shift))
        self.remember(f"{site}.weights", affine.weight)
        self.remember(f"{site}.bias", affine.bias)
        return shift + input_shift

    def centred(self, site, affine, white, mean, std, per_channel=True):
        """Round the first convolution, of pixels (p / white - mean) / std.

        What the mean gives to each tap is taken of the rounded weights, so that an image of the mean gives nothing but
        the bias.

        Returns
        -------
        step : ndarray of int64, shape (outputs,) or (1,)
        """
        channel = (1, -1, 1, 1)
        scale = 2.0**PIXEL_SHIFT / (white * np.reshape(std, channel))
        on_pixels = affine._replace(weight=affine.weight * scale)
        step = self.affine(site, on_pixels, per_channel, input_shift=PIXEL_SHIFT)
        if any(mean):
            black = white * np.asarray(mean, np.float64)
            taps = np.rint(-np.tensordot(self.values[f"{site}.weights"].astype(np.float64), black, axes=(2, 0)))
            self.values[f"{site}.centred.bias"] = narrowest(f"{self.path}: {site}.centred.bias", taps)
            real = np.tensordot(affine.weight / np.reshape(std, channel), mean, axes=(1, 0))
            self.remember(f"{site}.centred.bias", -real.transpose(1, 2, 0))
        return step

    def threshold(self, site, step, channels, threshold, count=1):
        """Put a real threshold on the step of the sums it is held against.

        Parameters
        ----------
        step : int or ndarray of int64, shape (channels,) or (1,)
        count : int
            The sums are of so many values of which the threshold is meant for the mean.
        """
        steps = np.broadcast_to(step, channels)
        self.values[f"{site}.thresholds"] = scaled_threshold(self.path, site, threshold * count, steps)
        self.remember(f"{site}.thresholds", np.full(channels, float(threshold * count)))

    def stream(self, first, steps):
        """Align the summands of a residual stream to its finest step.

        Parameters
        ----------
        first : int
            Shift of the step that the stream begins with.
        steps : dict of int by site
            Shifts of the steps of the branches, in order; the stream is brought to its final step at the first.

        Returns
        -------
        step : int
            Shift of the step of the stream from the first residual on.
        """
        finest = max(first, *steps.values())
        for site, step in steps.items():
            self.values[f"{site}.stream_shift"] = int(finest - first)
            self.values[f"{site}.branch_shift"] = int(finest - step)
            first = finest
        return int(finest)

    def head(self, site, affine, count=1, shift=None):
        """Round the classifier, whose inputs are sums of so many values of which the mean is meant."""
        step = self.affine(site, affine, per_channel=False, shift=shift)
        self.values[f"{site}.step_shift"] = int(step[0])
        bias = self.values[f"{site}.bias"].astype(np.float64) * count
        self.values[f"{site}.bias"] = narrowest(f"{self.path}: {site}.bias", bias)
        self.remember(f"{site}.bias", affine.bias * count)

    def remember(self, name, real):
        if self.keep:
            self.reals[name] = np.asarray(real)


def rounding(site, weight, integers, shift):
    """Return what rounding did to real weights (outputs, ...)."""
    axes = (1, 0) if integers.ndim == 2 else (3, 2, 0, 1)
    steps = np.ldexp(1.0, -shift).reshape(-1, *[1] * (weight.ndim - 1))
    error = np.abs(integers.transpose(axes) * steps - weight).max()
    return Rounding(site, int(shift.max()), int(shift.min()), float(error), float(np.abs(weight).max()))
