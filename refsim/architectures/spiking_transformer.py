"""The Spiking Transformer with A2OS2A attention, and the rows of its ablation.

U0 = u + BN(Conv(SN(u))) from the patch splitting stem; in each block U' = U + Attention(SN(U)) and
U = U' + MLP(SN(U')); the head counts the spikes SN(U). SN is a spiking neuron; BatchNorm is folded beforehand.

By all that is known of it, the published paper wires its neurons as the preset ``a2os2a-qkv`` does; the default,
``a2os2a``, is the wiring that this project was asked for.

References
----------
Guo et al., "Spiking Transformer: Introducing Accurate Addition-Only Spiking Self-Attention for Transformer", CVPR 2025.
Yao et al., "Spike-driven Transformer", NeurIPS 2023 (the membrane shortcut).
Zhou et al., "Spikformer: When Spiking Neural Network Meets Transformer", ICLR 2023 (the stem).
"""

from dataclasses import dataclass

from refsim.architectures.builder import PatchBuilder
from refsim.architectures.configuration import PatchConfiguration
from refsim.errors import ConfigurationError
from refsim.network import INPUT_SITE
from refsim.ops import Context, Scores

PRESETS = {
    "a2os2a": {"q": "ternary", "k": "ternary", "scores": "relu", "v": "binary"},
    "a2os2a-qkv": {"q": "binary", "k": "relu", "scores": "identity", "v": "ternary"},
    "binary": {"q": "binary", "k": "binary", "scores": "identity", "v": "binary"},
    "ternary-qk": {"q": "ternary", "k": "ternary", "scores": "identity", "v": "binary"},
    "relu-attention": {"q": "binary", "k": "binary", "scores": "relu", "v": "binary"},
}
"""Kinds of the neurons on q, k, scores and v: the two A2OS2A wirings, then the rows of the ablation."""

SPIKING = ("binary", "ternary")

SIZES = {
    "8-512": {"embedding": 512, "depth": 8, "heads": 8, "image_size": (224, 224), "classes": 1000},
    "10-512": {"embedding": 512, "depth": 10, "heads": 8, "image_size": (224, 224), "classes": 1000},
    "2-256": {"embedding": 256, "depth": 2, "heads": 8, "image_size": (32, 32), "classes": 10},
    "2-384": {"embedding": 384, "depth": 2, "heads": 8, "image_size": (32, 32), "classes": 10},
    "2-512": {"embedding": 512, "depth": 2, "heads": 8, "image_size": (32, 32), "classes": 10},
}
"""The published sizes, depth and width: for ImageNet, then for CIFAR-10."""


@dataclass(frozen=True, kw_only=True)
class SpikingTransformerConfig(PatchConfiguration):
    """What distinguishes one Spiking Transformer from another.

    Attributes
    ----------
    q, k, v : {"binary", "ternary", "relu"}
    scores : {"relu", "identity", "binary", "ternary"}
        Neuron on Q K^T; with ``"identity"`` the scores themselves are the attention map.
    relu_cap : int
        Of every ReLU neuron.

    Raises
    ------
    ConfigurationError
        Where the fields contradict each other, or where a product would have two graded operands.
    """

    channels: int = 1
    classes: int = 10
    embedding: int = 64
    depth: int = 2
    heads: int = 4
    q: str = "ternary"
    k: str = "ternary"
    scores: str = "relu"
    v: str = "binary"
    relu_cap: int = 127

    RANGES = {**PatchConfiguration.RANGES, "relu_cap": (1, 127)}

    def __post_init__(self):
        super().__post_init__()
        for letter in "qkv":
            self.require_choice(letter, (*SPIKING, "relu"))
        self.require_choice("scores", (*SPIKING, "relu", "identity"))
        for left, right in (("q", "k"), ("scores", "v")):
            self.require_additions_only(left, right)

    def require_additions_only(self, left, right):
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
    build = SpikingTransformerBuilder(config, parameters)
    stream = build.membrane_stem(INPUT_SITE)
    for block in range(config.depth):
        stream = build.attention(f"block{block}.attention", stream)
        stream = build.mlp(f"block{block}.mlp", stream)
    denominator = build.summed_head("head", build.neuron("head.input", stream))
    return build.finish(name, denominator, provenance)


class SpikingTransformerBuilder(PatchBuilder):
    """Adds the attention of a Spiking Transformer to a network."""

    def attention(self, site, stream):
        """Queries, keys and values of spikes; their products; the projection back onto the stream."""
        config, spikes = self.config, self.neuron(f"{site}.input", stream)
        q, k, v = (self.projected(f"{site}.{letter}", spikes, getattr(config, letter)) for letter in "qkv")
        gate = "q" if config.q in SPIKING else "k"
        attention_map = self.network.add(f"{site}.scores", Scores(config.heads, gate), q, k)
        if config.scores != "identity":
            attention_map = self.neuron(f"{site}.map", attention_map, config.scores)
        gate = "v" if config.v in SPIKING else "map"
        context = self.network.add(f"{site}.context", Context(gate), attention_map, v)
        output = self.neuron(f"{site}.output", context)
        branch = self.linear(f"{site}.projection", output, config.embedding)
        return self.residual(f"{site}.residual", stream, branch)

    def projected(self, site, spikes, kind):
        return self.neuron(site, self.linear(f"{site}_linear", spikes, self.config.embedding), kind)
