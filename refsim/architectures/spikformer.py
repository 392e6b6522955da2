"""Spikformer: spiking self-attention without softmax, and a residual that adds spikes.

x = SPS(I) + SN(BN(Conv(SPS(I)))); in each block x = x + SSA(x) and x = x + MLP(x), where both branches end in a spiking
neuron SN, so that x is a tensor of integers that grows by two in each block; SSA(x) = SN(BN(W SN'(Q K^T V s))) with the
scale s folded into the threshold of SN'. The head takes the mean of these integers, no neuron before it. BatchNorm is
folded beforehand.

References
----------
Zhou et al., "Spikformer: When Spiking Neural Network Meets Transformer", ICLR 2023.
"""

from dataclasses import dataclass

from refsim.architectures.builder import PatchBuilder
from refsim.architectures.configuration import PatchConfiguration
from refsim.network import INPUT_SITE
from refsim.ops import Tokens

IMAGENET = {"image_size": (224, 224), "classes": 1000}
CIFAR = {"image_size": (32, 32), "classes": 10}
DVS = {"image_size": (128, 128), "channels": 2, "classes": 10, "input": "graded", "timesteps": 16}

SIZES = {
    "8-384": {"embedding": 384, "depth": 8, "heads": 12, **IMAGENET},
    "6-512": {"embedding": 512, "depth": 6, "heads": 8, **IMAGENET},
    "8-512": {"embedding": 512, "depth": 8, "heads": 8, **IMAGENET},
    "10-512": {"embedding": 512, "depth": 10, "heads": 8, **IMAGENET},
    "8-768": {"embedding": 768, "depth": 8, "heads": 12, **IMAGENET},
    "4-256": {"embedding": 256, "depth": 4, "heads": 8, **CIFAR},
    "2-384": {"embedding": 384, "depth": 2, "heads": 12, **CIFAR},
    "4-384": {"embedding": 384, "depth": 4, "heads": 12, **CIFAR},
    "2-256-dvs": {"embedding": 256, "depth": 2, "heads": 16, **DVS},
}
"""The published sizes, depth and width: for ImageNet, for CIFAR-10, and for the events of CIFAR10-DVS."""


@dataclass(frozen=True, kw_only=True)
class SpikformerConfig(PatchConfiguration):
    """What distinguishes one Spikformer from another.

    Attributes
    ----------
    pooled : {"spikes", "membranes"}
        Whether the stem pools after its neurons, as the authors do, or before them, as spikingjelly does.
    association : {"scores", "key-value"}
        (Q K^T) V or Q (K^T V): the same integers, other sites on the way.
    """

    pooled: str = "spikes"
    association: str = "scores"

    def __post_init__(self):
        super().__post_init__()
        self.require_choice("pooled", ("spikes", "membranes"))
        self.require_choice("association", ("scores", "key-value"))


def spikformer(config, parameters, name="spikformer", provenance=None):
    """Build the network of a configuration; arguments and errors as for `spiking_transformer`."""
    build = SpikformerBuilder(config, parameters)
    tokens = build.stem(INPUT_SITE)
    for block in range(config.depth):
        tokens = build.attention(f"block{block}.attention", tokens)
        tokens = build.mlp(f"block{block}.mlp", tokens)
    denominator = build.summed_head("head", tokens)
    return build.finish(name, denominator, provenance)


class SpikformerBuilder(PatchBuilder):
    """Adds the parts of a Spikformer to a network, each in the order of the paper's figure."""

    def stem(self, image):
        """Spiking patch splitting, plus the spikes of the position branch: integers 0 to 2."""
        spikes = image
        for stage, channels in enumerate(self.config.stem_channels):
            spikes = self.stage(stage, spikes, channels)
        position = self.convolution("stem.position", spikes, self.config.embedding)
        position = self.neuron("stem.position_neuron", position)
        return self.network.add("stem.tokens", Tokens(), self.spike_add("stem.residual", spikes, position))

    def stage(self, stage, spikes, channels):
        """A convolution and its neuron, pooled after it or before it."""
        currents = self.convolution(f"stem.conv{stage}", spikes, channels)
        if stage not in self.config.pooled_stages:
            return self.neuron(f"stem.neuron{stage}", currents)
        if self.config.pooled == "membranes":
            return self.neuron(f"stem.neuron{stage}", self.pool(f"stem.pool{stage}", currents))
        return self.pool(f"stem.pool{stage}", self.neuron(f"stem.neuron{stage}", currents))

    def attention(self, site, tokens):
        """Spiking self-attention, its spikes added to the tokens."""
        q, k, v = (self.spiking_linear(f"{site}.{letter}", tokens, self.config.embedding) for letter in "qkv")
        output = self.neuron(f"{site}.output", self.context(site, q, k, v))
        spikes = self.spiking_linear(f"{site}.projection", output, self.config.embedding)
        return self.spike_add(f"{site}.residual", tokens, spikes)

    def mlp(self, site, tokens):
        """Two linear maps, each before a neuron, their spikes added to the tokens."""
        hidden = self.spiking_linear(f"{site}.hidden", tokens, self.hidden)
        spikes = self.spiking_linear(f"{site}.output", hidden, self.config.embedding)
        return self.spike_add(f"{site}.residual", tokens, spikes)

    def spiking_linear(self, site, values, outputs):
        """A linear map and the neuron on it."""
        return self.neuron(site, self.linear(f"{site}_linear", values, outputs))
