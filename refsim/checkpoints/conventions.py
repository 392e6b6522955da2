"""What a checkpoint does not say: how it was trained, and how its integers are wanted."""

import math
from dataclasses import dataclass

from refsim.errors import CheckpointError, ConfigurationError
from refsim.network import FRAME_KINDS

MEANS = {
    "imagenet": ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)),
    "cifar10": ((0.4914, 0.4822, 0.4465), (0.2470, 0.2435, 0.2616)),
    "cifar100": ((0.5071, 0.4867, 0.4408), (0.2675, 0.2565, 0.2761)),
    "none": ((0.0,), (1.0,)),
}
"""Mean and standard deviation of each channel that the usual training scripts bring pixels of 0 to 1 to."""

WIDTHS = (4, 8, 16)

IMAGE_TIMESTEPS, FRAME_TIMESTEPS, FRAME_SIZE = 4, 16, (128, 128)
"""Timesteps of the published code on images, and on the events of cameras of that size."""


@dataclass(frozen=True, kw_only=True)
class Conventions:
    """How a checkpoint was trained, and how it is to be imported.

    Attributes
    ----------
    bits : {4, 8, 16}
        Width of the weights.
    timesteps : int, optional
        By default 4, of spike frames 16.
    frames : {"binary", "ternary", "graded"}, optional
        What kind of spike frames it was trained on, where it was not images.
    heads : int, optional
        Where neither the checkpoint nor a published size says it, it must be given.
    image_size : tuple of int, optional
        (Y, X); by default that of the data set that the classes suggest, of spike frames 128 x 128.
    pooled_stages : tuple of int, optional
        Stages of the stem that halve the image; by default as for the image's size.
    normalisation : str, optional
        A key of `MEANS`; by default that of the data set that the classes suggest.
    mean, std : tuple of float, optional
        Both, in place of a named normalisation: pixels were trained on as (p / white - mean) / std.
    white : float
        The pixel that training sees as 1.
    threshold, attention_threshold : float
        Of all neurons, and of those on the products of attention.
    attention_scale : float, optional
        Factor of Q K^T V, by default that of the published code; of architectures that have none it must not be given.
    epsilon : float
        Of every BatchNorm.
    leak_shift, halve_input, reset, rounding
        Of every neuron, as in the configurations.

    Raises
    ------
    CheckpointError
        If a field is out of range, or excludes another.
    """

    bits: int = 8
    timesteps: int | None = None
    frames: str | None = None
    heads: int | None = None
    image_size: tuple | None = None
    pooled_stages: tuple | None = None
    normalisation: str | None = None
    mean: tuple | None = None
    std: tuple | None = None
    white: float = 255.0
    threshold: float = 1.0
    attention_threshold: float = 0.5
    attention_scale: float | None = None
    epsilon: float = 1e-5
    leak_shift: int = 1
    halve_input: bool = True
    reset: str = "zero"
    rounding: str = "exact"

    def __post_init__(self):
        if self.bits not in WIDTHS:
            raise CheckpointError(f"bits: expected one of {', '.join(map(str, WIDTHS))}, got {self.bits}")
        if self.normalisation is not None and self.normalisation not in MEANS:
            raise CheckpointError(f"normalisation: expected one of {', '.join(MEANS)}, got {self.normalisation!r}")
        positive = ["white", "threshold", "attention_threshold", "epsilon"]
        if self.attention_scale is not None:
            positive.append("attention_scale")
        for name in positive:
            if not 0 < getattr(self, name) < math.inf:
                raise CheckpointError(f"{name}: expected a number above 0, got {getattr(self, name)}")
        if self.std is not None and not (self.std and all(0 < value < math.inf for value in self.std)):
            raise CheckpointError(f"std: expected numbers above 0, got {self.std}")
        if self.mean is not None and not (self.mean and all(map(math.isfinite, self.mean))):
            raise CheckpointError(f"mean: expected finite numbers, got {self.mean}")
        if self.heads is not None and self.heads < 1:
            raise CheckpointError(f"heads: expected an integer of at least 1, got {self.heads}")
        if self.timesteps is None:
            object.__setattr__(self, "timesteps", FRAME_TIMESTEPS if self.frames else IMAGE_TIMESTEPS)
        self.require_one_normalisation()
        self.require_frames()

    def require_one_normalisation(self):
        """Refuse a mean without a deviation, one without a mean, and both beside a normalisation by name."""
        for name, other in (("mean", "std"), ("std", "mean")):
            if getattr(self, name) is not None and getattr(self, other) is None:
                raise CheckpointError(f"{name}: is given without {other}: give both, or a normalisation by name")
        if self.mean is not None and self.normalisation is not None:
            raise CheckpointError(
                f"normalisation: {self.normalisation!r} has a mean and std of its own, and others are given: leave one out"
            )

    def require_frames(self):
        """Refuse an unknown kind of spike frames, and what would change them: spikes are not normalised."""
        if self.frames is None:
            return
        if self.frames not in FRAME_KINDS:
            raise CheckpointError(f"frames: expected one of {', '.join(FRAME_KINDS)}, got {self.frames!r}")
        for name in ("normalisation", "mean", "white"):
            if getattr(self, name) != getattr(type(self), name):
                raise CheckpointError(f"{name}: is of pixels, and spike frames have none: leave it out")

    @property
    def neurons(self):
        """The fields of a configuration that describe its neurons."""
        names = ("leak_shift", "halve_input", "reset", "rounding")
        return {name: getattr(self, name) for name in names}

    def pixel_statistics(self, classes, channels):
        """Return mean and standard deviation of each channel, as two tuples of float; spikes are as they are.

        Raises
        ------
        ConfigurationError
            If nothing suggests them, or they are of another number of channels.
        """
        statistics = self.mean, self.std
        if self.frames:
            statistics = MEANS["none"]
        elif self.mean is None:
            statistics = MEANS[self.normalisation or suggested_normalisation(classes, channels)]
        mean, std = (channels_of(values, channels) for values in statistics)
        for name, values in (("mean", mean), ("std", std)):
            if len(values) != channels:
                raise ConfigurationError(f"{name}: expected {channels} numbers, one a channel, got {values}")
        return mean, std


def channels_of(values, channels):
    """Return one number for each channel; a single one stands for all."""
    return tuple(values) * channels if len(values) == 1 else tuple(values)


def suggested_normalisation(classes, channels):
    """Return the normalisation that the number of classes suggests."""
    suggested = {1000: "imagenet", 10: "cifar10", 100: "cifar100"}.get(classes) if channels == 3 else None
    if suggested is None:
        raise ConfigurationError(
            f"images of {channels} channels in {classes} classes: how were the pixels normalised? give --mean and "
            "--std, or --normalisation none"
        )
    return suggested


def suggested_image_size(classes, frames=None):
    """Return the size of image that the number of classes suggests, or that of the usual spike frames."""
    if frames:
        return FRAME_SIZE
    sizes = {1000: (224, 224), 10: (32, 32), 100: (32, 32)}
    if classes not in sizes:
        raise ConfigurationError(f"{classes} classes: of what size are the images? give --image-size ROWS COLUMNS")
    return sizes[classes]
