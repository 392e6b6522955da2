"""What the configurations of all spiking transformers share."""

import math
from dataclasses import MISSING, dataclass, fields

from refsim.errors import ConfigurationError
from refsim.network import INPUT_KINDS, MOST_INPUT, MOST_TIMESTEPS
from refsim.numerics import INTERVAL_BITS, is_integer
from refsim.ops.lif import MOST_LEAK

STEM_STAGES = 4

ANY_SIZE = (1, math.inf)


@dataclass(frozen=True, kw_only=True)
class Configuration:
    """Input, output, time and neurons.

    Attributes
    ----------
    image_size : tuple of int
        (Y, X).
    channels, classes : int
    input : {"image", "binary", "ternary", "graded"}
        A uint8 image, or spike frames.
    centred : bool
        Whether a mean is subtracted from the pixels: then the first convolution is followed by a bias for each tap
        (rule N18).
    timesteps, mlp_ratio : int
    leak_shift, halve_input, reset, rounding
        Of every LIF neuron.

    Raises
    ------
    ConfigurationError
        Where a field is of another type or out of range, or no register could hold the membranes.
    """

    image_size: tuple
    channels: int = 3
    classes: int = 1000
    input: str = "image"
    centred: bool = False
    timesteps: int = 4
    mlp_ratio: int = 4
    leak_shift: int = 1
    halve_input: bool = True
    reset: str = "zero"
    rounding: str = "exact"

    RANGES = {
        "channels": (1, MOST_INPUT),
        "classes": ANY_SIZE,
        "timesteps": (1, MOST_TIMESTEPS),
        "mlp_ratio": ANY_SIZE,
        "leak_shift": (0, MOST_LEAK),
    }
    """Least and largest value of every field that is one integer."""

    def __post_init__(self):
        self.require_integers("image_size", "(rows, columns)", 2)
        for side, size in zip(("rows", "columns"), self.image_size):
            require_in_range(f"image {side}", size, 1, MOST_INPUT)
        for name, (least, largest) in self.RANGES.items():
            require_in_range(name, getattr(self, name), least, largest)
        for name in ("centred", "halve_input"):
            if not isinstance(getattr(self, name), bool):
                raise ConfigurationError(f"{name}: expected true or false, got {getattr(self, name)!r}")
        self.require_choice("input", tuple(INPUT_KINDS))
        self.require_choice("reset", ("zero", "subtract"))
        self.require_choice("rounding", ("exact", "floor"))
        self.require_membranes()

    def require_membranes(self):
        """Refuse neurons that no weights would fit: they are wrong in themselves, or their membranes grow too wide."""
        if self.rounding == "floor":
            if self.halve_input and self.leak_shift < 1:
                raise ConfigurationError("leak_shift: expected at least 1 with halve_input and rounding floor, got 0")
            return
        growth = self.leak_shift * (self.timesteps - 1) + 1
        if (self.timesteps << growth).bit_length() > INTERVAL_BITS:
            raise ConfigurationError(
                f"timesteps: {self.timesteps} with leak_shift {self.leak_shift} and rounding exact need membranes of more "
                f"than {INTERVAL_BITS} bits: take fewer, or rounding floor where it can be chosen"
            )

    def require_integers(self, name, expected, count=None):
        """Check that a field is a tuple of integers, of so many if that is given."""
        values = getattr(self, name)
        if not isinstance(values, tuple) or not all(map(is_integer, values)) or count not in (None, len(values)):
            raise ConfigurationError(f"{name}: expected {expected}, got {values!r}")

    def require_choice(self, name, known):
        if getattr(self, name) not in known:
            raise ConfigurationError(f"{name}: expected one of {', '.join(known)}; got {getattr(self, name)!r}")

    def require_heads(self, width, step=1):
        """Check that a width divides into the heads, and by a further step."""
        if width % step or width % self.heads:
            also = f" of {step} and" if step > 1 else ""
            raise ConfigurationError(f"embedding: {width} must be a multiple{also} of {self.heads} heads")

    @classmethod
    def from_settings(cls, settings):
        """Make a configuration from a dictionary, as read from JSON."""
        known = {field.name for field in fields(cls)}
        unknown = sorted(set(settings) - known)
        if unknown:
            raise ConfigurationError(f"unknown field {unknown[0]!r}; the fields are {', '.join(sorted(known))}")
        missing = [f.name for f in fields(cls) if f.default is MISSING and f.name not in settings]
        if missing:
            raise ConfigurationError(f"{missing[0]}: missing")
        tuples = {name: tuple(value) for name, value in settings.items() if isinstance(value, list)}
        return cls(**{**settings, **tuples})


@dataclass(frozen=True, kw_only=True)
class PatchConfiguration(Configuration):
    """A stem of four convolutions that split the image into patches, then blocks of one width.

    Attributes
    ----------
    embedding : int
        D, the width of a token; the four stages of the stem have D/8, D/4, D/2 and D channels.
    depth, heads : int
    pooled_stages : tuple of int, optional
        Stages of the stem that halve the image; by default all four from 128 pixels, the last two from 16, the last
        one below.
    """

    embedding: int
    depth: int
    heads: int
    pooled_stages: tuple | None = None

    RANGES = {**Configuration.RANGES, "embedding": ANY_SIZE, "depth": ANY_SIZE, "heads": ANY_SIZE}

    def __post_init__(self):
        super().__post_init__()
        if self.pooled_stages is None:
            object.__setattr__(self, "pooled_stages", default_pooled_stages(min(self.image_size)))
        self.require_heads(self.embedding, 8)
        expected = f"stages 0 to {STEM_STAGES - 1}, each at most once"
        self.require_integers("pooled_stages", expected)
        if len(set(self.pooled_stages) & set(range(STEM_STAGES))) < len(self.pooled_stages):
            raise ConfigurationError(f"pooled_stages: expected {expected}, got {self.pooled_stages}")

    @property
    def stem_channels(self):
        """Output channels of the four stages."""
        return tuple(self.embedding >> shift for shift in (3, 2, 1, 0))

    @property
    def grid(self):
        """Rows and columns of tokens: each pooled stage halves the image, rounding up."""
        rows, columns = self.image_size
        for _ in self.pooled_stages:
            rows, columns = (rows + 1) // 2, (columns + 1) // 2
        return rows, columns

    @property
    def tokens(self):
        rows, columns = self.grid
        return rows * columns

    @property
    def trained_parameters(self):
        """Numbers that the trained model learns, as papers count them: weights, biases, two for each BatchNorm channel.

        The stem's convolutions and those of q, k and v have no bias; in the CIFAR code of Spikformer q, k and v do.
        """
        width, hidden = self.embedding, self.embedding * self.mlp_ratio
        channels = (self.channels, *self.stem_channels)
        stem = sum(9 * before * after + 2 * after for before, after in zip(channels, channels[1:]))
        position = 9 * width * width + 2 * width
        attention = 4 * width * width + width + 8 * width
        mlp = 2 * width * hidden + 3 * hidden + 3 * width
        return stem + position + self.depth * (attention + mlp) + (width + 1) * self.classes


def require_in_range(name, value, least, largest):
    """Check that a value is an integer in [least, largest]."""
    if not is_integer(value) or value < least:
        raise ConfigurationError(f"{name}: expected an integer of at least {least}, got {value!r}")
    if value > largest:
        raise ConfigurationError(f"{name}: expected an integer of at most {largest}, got {value}")


def default_pooled_stages(side):
    """Return the stages that pool for an image of the given shorter side."""
    if side >= 128:
        return (0, 1, 2, 3)
    return (2, 3) if side >= 16 else (3,)
