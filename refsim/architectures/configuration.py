"""What the configurations of all spiking transformers share."""

from dataclasses import dataclass, fields

from refsim.errors import ConfigurationError
from refsim.network import INPUT_KINDS
from refsim.numerics import is_integer

STEM_STAGES = 4


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
        Where a field is out of range.
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

    SIZES = ("channels", "classes", "timesteps", "mlp_ratio")

    def __post_init__(self):
        if len(self.image_size) != 2:
            raise ConfigurationError(f"image_size: expected (rows, columns), got {self.image_size}")
        sizes = {"image rows": self.image_size[0], "image columns": self.image_size[1]}
        sizes.update({name: getattr(self, name) for name in self.SIZES})
        for name, value in sizes.items():
            if not is_integer(value) or value < 1:
                raise ConfigurationError(f"{name}: expected an integer of at least 1, got {value!r}")
        self.require_choice("input", tuple(INPUT_KINDS))

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

    SIZES = (*Configuration.SIZES, "embedding", "depth", "heads")

    def __post_init__(self):
        super().__post_init__()
        if self.pooled_stages is None:
            object.__setattr__(self, "pooled_stages", default_pooled_stages(min(self.image_size)))
        self.require_heads(self.embedding, 8)
        if not set(self.pooled_stages) <= set(range(STEM_STAGES)):
            raise ConfigurationError(f"pooled_stages: expected stages 0 to 3, got {self.pooled_stages}")

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


def default_pooled_stages(side):
    """Return the stages that pool for an image of the given shorter side."""
    if side >= 128:
        return (0, 1, 2, 3)
    return (2, 3) if side >= 16 else (3,)
