"""How cost grows: one network along its firing rate, its image, its width and its time, all else as it is."""

from dataclasses import dataclass, replace

from refsim.architectures.configuration import PatchConfiguration
from refsim.bench.results import RATE

SIDES = (0.5, 0.75, 1.0)
WIDTHS = (0.5, 0.75, 1.0)
TIMESTEPS = (1, 2, 4, 8)
"""Shares of the image's side and of the width, and timesteps, that a growth takes."""


@dataclass(frozen=True)
class Point:
    """One network of a growth.

    Attributes
    ----------
    axis : str
    value : int or float
    config : Configuration
    rate : float
    """

    axis: str
    value: float
    config: object
    rate: float


def growth_points(config, rates, rate):
    """Return the networks that one is grown through.

    Parameters
    ----------
    config : Configuration
    rates : sequence of float
        That the firing rate takes.
    rate : float
        While anything else grows.

    Returns
    -------
    points : list of Point
        Each value of an axis once, in order.
    """
    points = [Point(RATE, value, config, value) for value in rates]
    sized = {grown.tokens: grown for grown in (with_side(config, share) for share in SIDES)}
    points += [Point("tokens", tokens, grown, rate) for tokens, grown in sorted(sized.items())]
    widened = {width_of(grown): grown for grown in (with_width(config, share) for share in WIDTHS)}
    points += [Point("width", width, grown, rate) for width, grown in sorted(widened.items())]
    return points + [Point("T", steps, replace(config, timesteps=steps), rate) for steps in TIMESTEPS]


def with_side(config, share):
    """Return a configuration with another image, its stem pooled as before."""
    # Sides are multiples of a patch, so that tokens grow with their square.
    patch = 1 << len(config.pooled_stages) if isinstance(config, PatchConfiguration) else 16
    sides = tuple(scaled(side, share, patch) for side in config.image_size)
    return replace(config, image_size=sides)


def with_width(config, share):
    """Return a configuration with other widths, each still divisible into its heads."""
    if isinstance(config, PatchConfiguration):
        step = config.heads * 8
        return replace(config, embedding=scaled(config.embedding, share, step))
    step = config.heads * 2
    return replace(config, widths=tuple(scaled(width, share, step) for width in config.widths))


def scaled(size, share, step):
    """Return a share of a size as a multiple of a step; the size itself for the whole.

    Examples
    --------
    >>> scaled(384, 0.75, 96), scaled(360, 0.5, 16), scaled(360, 1.0, 16)
    (288, 176, 360)
    """
    return size if share == 1 else max(step, round(size * share / step) * step)


def width_of(config):
    """Return the width of a token."""
    return config.embedding if isinstance(config, PatchConfiguration) else config.widths[-1]
