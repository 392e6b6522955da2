"""Networks of any published size with weights from a seed, and images that look like photographs to a network.

Time depends on sizes and on how often neurons fire, not on what was learned. The weights of every output add up to
zero, as a BatchNorm centres trained ones, so that any firing rate up to 0.4 can be had by thresholds alone.
"""

import numpy as np

from refsim.architectures.parameters import Parameters
from refsim.architectures.published import build, published

LARGEST_BIAS = 8


class SeededParameters(Parameters):
    """Every parameter that an architecture asks for, drawn from a seed.

    Weights are int8 and sum to zero over the inputs of each output; biases are small; every threshold is 1 until it is
    calibrated; every shift is 0.

    Parameters
    ----------
    seed : int
    """

    def __init__(self, seed):
        super().__init__({})
        self.random = np.random.default_rng(seed)

    def array(self, name, dtypes, shape):
        """Return weights, a bias or thresholds of a shape."""
        if name.endswith(".weights"):
            return balanced_weights(self.random, shape)
        if name.endswith(".thresholds"):
            return np.ones(shape, np.int32)
        return self.random.integers(-LARGEST_BIAS, LARGEST_BIAS + 1, shape).astype(np.int32)

    def integer(self, name):
        """Return a shift."""
        return 0


def balanced_weights(random, shape):
    """Draw weights in -127..127 of which every one has its negative among those of the same output.

    Parameters
    ----------
    random : numpy.random.Generator
    shape : tuple of int
        Outputs last.

    Returns
    -------
    weights : ndarray of int8
    """
    outputs, inputs = shape[-1], int(np.prod(shape[:-1]))
    half = random.integers(-127, 128, (inputs // 2, outputs), np.int8)
    unpaired = np.zeros((inputs % 2, outputs), np.int8)
    return random.permuted(np.concatenate([half, -half, unpaired]), axis=0).reshape(shape)


def seeded_network(name, seed=0, **fields):
    """Build a published network with seeded weights, not yet calibrated.

    Parameters
    ----------
    name : str
        As in ``spikformer-8-768``.
    seed : int
    **fields
        Of the configuration, exchanged.

    Returns
    -------
    network : Network

    Raises
    ------
    ConfigurationError
        If there is no such size, or no network of the exchanged fields.
    """
    return build(published(name, **fields), SeededParameters(seed), name, {"seed": seed})


def seeded_image(shape, seed=0):
    """Draw a smooth random field, amplitude one over frequency, as photographs have it.

    Parameters
    ----------
    shape : tuple of int
        (Y, X, C); the channels share most of their light.
    seed : int

    Returns
    -------
    image : ndarray of uint8, shape (Y, X, C)
        From 0 to 255, both met.
    """
    random, (rows, columns, channels) = np.random.default_rng(seed), shape
    frequency = np.hypot(np.fft.fftfreq(rows)[:, None], np.fft.rfftfreq(columns)[None, :])
    amplitude = 1 / np.maximum(frequency, 1 / max(rows, columns))
    noise = random.normal(size=(1 + channels, *frequency.shape)) + 1j * random.normal(
        size=(1 + channels, *frequency.shape)
    )
    light, *colours = np.fft.irfft2(amplitude * noise, (rows, columns))
    field = np.stack([light + colour / 2 for colour in colours], axis=-1)
    low, high = field.min(), field.max()
    return np.rint(255 * (field - low) / (high - low if high > low else 1)).astype(np.uint8)
