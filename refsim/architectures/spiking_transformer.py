"""The Spiking Transformer with A2OS2A attention, and the rows of its ablation.

U0 = u + BN(Conv(SN(u))) from the patch splitting stem; in each block U' = U + Attention(SN(U)) and
U = U' + MLP(SN(U')); the head counts the spikes SN(U). SN is a spiking neuron; BatchNorm is folded beforehand.

References
----------
Guo et al., "Spiking Transformer: Introducing Accurate Addition-Only Spiking Self-Attention for Transformer", CVPR 2025.
Yao et al., "Spike-driven Transformer", NeurIPS 2023 (the membrane shortcut).
Zhou et al., "Spikformer: When Spiking Neural Network Meets Transformer", ICLR 2023 (the stem).
"""

from dataclasses import dataclass, fields

from refsim.errors import ConfigurationError
from refsim.network import INPUT_KINDS, Assembly, Input
from refsim.numerics import is_integer
from refsim.ops import LIF, Context, Convolution, Linear, MaxPool, ReLU, Residual, Scores, TimeSum, Tokens, TokenSum

PRESETS = {
    "a2os2a": {"q": "ternary", "k": "ternary", "scores": "relu", "v": "binary"},
    "a2os2a-qkv": {"q": "binary", "k": "relu", "scores": "identity", "v": "ternary"},
    "binary": {"q": "binary", "k": "binary", "scores": "identity", "v": "binary"},
    "ternary-qk": {"q": "ternary", "k": "ternary", "scores": "identity", "v": "binary"},
    "relu-attention": {"q": "binary", "k": "binary", "scores": "relu", "v": "binary"},
}
"""Kinds of the neurons on q, k, scores and v: the two A2OS2A wirings, then the rows of the ablation."""

SPIKING = ("binary", "ternary")
STEM_STAGES = 4


@dataclass(frozen=True)
class SpikingTransformerConfig:
    """What distinguishes one Spiking Transformer from another.

    Attributes
    ----------
    image_size : tuple of int
        (Y, X).
    channels, classes : int
    input : {"image", "binary", "ternary", "graded"}
        A uint8 image, or spike frames.
    embedding : int
        D, the width of a token; the four stages of the stem have D/8, D/4, D/2 and D channels.
    depth, heads, timesteps, mlp_ratio : int
    pooled_stages : tuple of int, optional
        Stages of the stem that halve the image; by default all four from 128 pixels, the last two from 16, the last
        one below.
    q, k, v : {"binary", "ternary", "relu"}
    scores : {"relu", "identity", "binary", "ternary"}
        Neuron on Q K^T; with ``"identity"`` the scores themselves are the attention map.
    leak_shift, halve_input, reset, rounding
        Of every LIF neuron.
    relu_cap : int
        Of every ReLU neuron.

    Raises
    ------
    ConfigurationError
        Where the fields contradict each other, or where a product would have two graded operands.
    """

    image_size: tuple
    channels: int = 1
    classes: int = 10
    input: str = "image"
    embedding: int = 64
    depth: int = 2
    heads: int = 4
    timesteps: int = 4
    mlp_ratio: int = 4
    pooled_stages: tuple | None = None
    q: str = "ternary"
    k: str = "ternary"
    scores: str = "relu"
    v: str = "binary"
    leak_shift: int = 1
    halve_input: bool = True
    reset: str = "zero"
    rounding: str = "exact"
    relu_cap: int = 127

    def __post_init__(self):
        if len(self.image_size) != 2:
            raise ConfigurationError(f"image_size: expected (rows, columns), got {self.image_size}")
        sizes = {"image rows": self.image_size[0], "image columns": self.image_size[1]}
        names = ("channels", "classes", "embedding", "depth", "heads", "timesteps", "mlp_ratio")
        sizes.update({name: getattr(self, name) for name in names})
        for name, value in sizes.items():
            if not is_integer(value) or value < 1:
                raise ConfigurationError(f"{name}: expected an integer of at least 1, got {value!r}")
        if self.pooled_stages is None:
            object.__setattr__(self, "pooled_stages", default_pooled_stages(min(self.image_size)))
        if self.embedding % 8 or self.embedding % self.heads:
            raise ConfigurationError(f"embedding: {self.embedding} must be a multiple of 8 and of {self.heads} heads")
        if not set(self.pooled_stages) <= set(range(STEM_STAGES)):
            raise ConfigurationError(f"pooled_stages: expected stages 0 to 3, got {self.pooled_stages}")
        self.require_choices()
        self.require_additions_only()

    def require_choices(self):
        choices = {
            "input": tuple(INPUT_KINDS),
            "q": (*SPIKING, "relu"),
            "k": (*SPIKING, "relu"),
            "v": (*SPIKING, "relu"),
            "scores": (*SPIKING, "relu", "identity"),
        }
        for name, known in choices.items():
            if getattr(self, name) not in known:
                raise ConfigurationError(f"{name}: expected one of {', '.join(known)}; got {getattr(self, name)!r}")

    def require_additions_only(self):
        for left, right in (("q", "k"), ("scores", "v")):
            kinds = getattr(self, left), getattr(self, right)
            if not set(kinds) & set(SPIKING):
                raise ConfigurationError(
                    f"{left}={kinds[0]} with {right}={kinds[1]}: two graded operands would have to be multiplied; "
                    f"make {left} or {right} binary or ternary"
                )

    @classmethod
    def preset(cls, name, **fields):
        """Make a configuration from the name of a preset and the remaining fields."""
        if name not in PRESETS:
            raise ConfigurationError(f"unknown preset {name!r}; the presets are {', '.join(PRESETS)}")
        return cls(**PRESETS[name], **fields)

    @classmethod
    def from_settings(cls, settings):
        """Make a configuration from a dictionary, as read from JSON."""
        known = {field.name for field in fields(cls)}
        unknown = sorted(set(settings) - known)
        if unknown:
            raise ConfigurationError(f"unknown field {unknown[0]!r}; the fields are {', '.join(sorted(known))}")
        tuples = {name: tuple(value) for name, value in settings.items() if isinstance(value, list)}
        return cls(**{**settings, **tuples})

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


def default_pooled_stages(side):
    """Return the stages that pool for an image of the given shorter side."""
    if side >= 128:
        return (0, 1, 2, 3)
    return (2, 3) if side >= 16 else (3,)


def spiking_transformer(config, parameters, name="spiking-transformer", provenance=None):
    """Build the network of a configuration.

    Parameters
    ----------
    config : SpikingTransformerConfig
    parameters : Parameters
        Weights, biases, thresholds and shifts by site.
    name : str
    provenance : dict, optional

    Returns
    -------
    network : Network

    Raises
    ------
    ConfigurationError, NetworkError
        Where a parameter is missing, unknown or of the wrong form, or a register could overflow.
    """
    build = Builder(config, parameters)
    stream = build.stem("input")
    for block in range(config.depth):
        stream = build.attention(f"block{block}.attention", stream)
        stream = build.mlp(f"block{block}.mlp", stream)
    denominator = build.head("head", stream)
    parameters.require_all_taken()
    return build.network.finish(name, denominator, provenance or {})


class Builder:
    """Adds the parts of a Spiking Transformer to a network, each in the order of the paper's figure."""

    def __init__(self, config, parameters):
        self.config, self.parameters = config, parameters
        self.network = Assembly(Input(config.input, (*config.image_size, config.channels)), config.timesteps)

    def stem(self, image):
        """Four stages of patch splitting, then the relative position branch: membranes of tokens."""
        values = image
        for stage, channels in enumerate(self.config.stem_channels):
            values = self.convolution(f"stem.conv{stage}", values, channels)
            if stage < STEM_STAGES - 1:
                values = self.neuron(f"stem.neuron{stage}", values)
            if stage in self.config.pooled_stages:
                values = self.network.add(f"stem.pool{stage}", MaxPool(), values)
        spikes = self.neuron("stem.neuron3", values)
        position = self.convolution("stem.position", spikes, self.config.embedding)
        return self.network.add("stem.tokens", Tokens(), self.residual("stem.residual", values, position))

    def attention(self, site, stream):
        """Queries, keys and values of spikes; their products; the projection back onto the stream."""
        spikes = self.neuron(f"{site}.input", stream)
        q, k, v = (self.projected(f"{site}.{letter}", spikes, getattr(self.config, letter)) for letter in "qkv")
        gate = "q" if self.config.q in SPIKING else "k"
        attention_map = self.network.add(f"{site}.scores", Scores(self.config.heads, gate), q, k)
        if self.config.scores != "identity":
            attention_map = self.neuron(f"{site}.map", attention_map, self.config.scores)
        gate = "v" if self.config.v in SPIKING else "map"
        context = self.network.add(f"{site}.context", Context(gate), attention_map, v)
        output = self.neuron(f"{site}.output", context)
        branch = self.linear(f"{site}.projection", output, self.config.embedding)
        return self.residual(f"{site}.residual", stream, branch)

    def mlp(self, site, stream):
        """Two linear maps, each after a neuron."""
        hidden = self.linear(
            f"{site}.fc1", self.neuron(f"{site}.input", stream), self.config.embedding * self.config.mlp_ratio
        )
        branch = self.linear(f"{site}.fc2", self.neuron(f"{site}.hidden", hidden), self.config.embedding)
        return self.residual(f"{site}.residual", stream, branch)

    def head(self, site, stream):
        """Spikes counted over tokens, a linear map of the counts, logits summed over time."""
        counts = self.network.add(f"{site}.count", TokenSum(), self.neuron(f"{site}.input", stream))
        logits = self.linear(f"{site}.linear", counts, self.config.classes)
        self.network.add(f"{site}.logits", TimeSum(), logits)
        return (self.config.timesteps * self.config.tokens) << self.parameters.integer(f"{site}.linear.step_shift")

    def projected(self, site, spikes, kind):
        return self.neuron(site, self.linear(f"{site}_linear", spikes, self.config.embedding), kind)

    def convolution(self, site, values, outputs):
        signal = self.network.signals[values]
        weights = self.parameters.array(f"{site}.weights", "int8", (3, 3, signal.channels, outputs))
        planes = 0 if signal.is_spiking else signal.plane_count
        return self.network.add(site, Convolution(weights, self.bias(site, outputs), planes=planes), values)

    def linear(self, site, values, outputs):
        signal = self.network.signals[values]
        weights = self.parameters.array(f"{site}.weights", "int8", (signal.channels, outputs))
        planes = 0 if signal.is_spiking else signal.plane_count
        return self.network.add(site, Linear(weights, self.bias(site, outputs), planes=planes), values)

    def bias(self, site, outputs):
        return self.parameters.array(f"{site}.bias", "int32", (outputs,))

    def neuron(self, site, currents, kind="binary"):
        if kind == "relu":
            return self.network.add(
                site, ReLU(self.parameters.integer(f"{site}.shift"), self.config.relu_cap), currents
            )
        channels = self.network.signals[currents].channels
        config = self.config
        thresholds = self.parameters.array(f"{site}.thresholds", "int32", (channels,))
        operator = LIF(thresholds, kind, config.leak_shift, config.halve_input, config.reset, config.rounding)
        return self.network.add(site, operator, currents)

    def residual(self, site, stream, branch):
        shifts = (self.parameters.integer(f"{site}.{name}_shift") for name in ("stream", "branch"))
        return self.network.add(site, Residual(*shifts), stream, branch)
