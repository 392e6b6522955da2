"""Spike-driven Transformer: a residual of membranes, and attention that is a mask and a column sum.

U0 = u + BN(Conv(SN(u))) from the patch splitting stem; in each block, with S = SN(U), U' = U + BN(W SDSA(Q, K, V)) and
U = U' + MLP(SN(U')), where SDSA(Q, K, V) = Q * SN'(sum over tokens of K * V), all spikes; the head takes the mean of
the membranes, then a neuron. SN is a spiking neuron; BatchNorm is folded beforehand.

References
----------
Yao et al., "Spike-driven Transformer", NeurIPS 2023.
"""

from dataclasses import dataclass

from refsim.architectures.builder import PatchBuilder
from refsim.architectures.configuration import PatchConfiguration
from refsim.network import INPUT_SITE

IMAGENET = {"image_size": (224, 224), "classes": 1000, "heads": 8}
CIFAR = {"image_size": (32, 32), "classes": 10, "heads": 8}

SIZES = {
    "8-384": {"embedding": 384, "depth": 8, **IMAGENET},
    "6-512": {"embedding": 512, "depth": 6, **IMAGENET},
    "8-512": {"embedding": 512, "depth": 8, **IMAGENET},
    "10-512": {"embedding": 512, "depth": 10, **IMAGENET},
    "8-768": {"embedding": 768, "depth": 8, **IMAGENET},
    "2-256": {"embedding": 256, "depth": 2, **CIFAR},
    "2-512": {"embedding": 512, "depth": 2, **CIFAR},
}
"""The published sizes, depth and width: for ImageNet, then for CIFAR-10."""


@dataclass(frozen=True, kw_only=True)
class SpikeDrivenTransformerConfig(PatchConfiguration):
    """What distinguishes one Spike-driven Transformer from another; its heads only label channels."""


def spike_driven_transformer(config, parameters, name="spike-driven-transformer", provenance=None):
    """Build the network of a configuration; arguments and errors as for `spiking_transformer`."""
    build = SpikeDrivenTransformerBuilder(config, parameters)
    stream = build.membrane_stem(INPUT_SITE)
    for block in range(config.depth):
        stream = build.attention(f"block{block}.attention", stream)
        stream = build.mlp(f"block{block}.mlp", stream)
    denominator = build.neuron_head("head", stream)
    return build.finish(name, denominator, provenance)


class SpikeDrivenTransformerBuilder(PatchBuilder):
    """Adds the attention of a Spike-driven Transformer to a network."""

    def attention(self, site, stream):
        """Spike-driven self-attention and its projection onto the membrane stream."""
        spikes = self.neuron(f"{site}.input", stream)
        q, k, v = (
            self.neuron(f"{site}.{letter}", self.linear(f"{site}.{letter}_linear", spikes, self.config.embedding))
            for letter in "qkv"
        )
        branch = self.linear(f"{site}.projection", self.masked(site, q, k, v), self.config.embedding)
        return self.residual(f"{site}.residual", stream, branch)
