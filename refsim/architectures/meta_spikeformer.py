"""Meta-SpikeFormer (Spike-driven Transformer V2): convolution blocks, then transformer blocks, on one membrane stream.

A convolution block is U' = U + PW(DW(SN(PW(SN(U))))) and U'' = U' + Conv(SN(Conv(SN(U')))); a transformer block, with
S = SN(U), is U' = U + RepConv(SDSA(Q, K, V)) with Q, K, V = SN(RepConv(S)), and U'' = U' + MLP(U'). Each RepConv, and the
depthwise with the pointwise convolution, is one dense convolution here, fused exactly at import; BatchNorm is folded
beforehand.

References
----------
Yao et al., "Spike-driven Transformer V2: Meta Spiking Neural Network Architecture Inspiring the Design of
Next-generation Neuromorphic Chips", ICLR 2024.
"""

from dataclasses import dataclass

from refsim.architectures.builder import Builder
from refsim.architectures.configuration import ANY_SIZE, Configuration
from refsim.errors import ConfigurationError
from refsim.network import INPUT_SITE
from refsim.ops import Grid, Tokens

IMAGENET = {"image_size": (224, 224), "classes": 1000}

SIZES = {
    "15M": {"widths": (64, 128, 256, 360), **IMAGENET},
    "31M": {"widths": (96, 192, 384, 480), **IMAGENET},
    "55M": {"widths": (128, 256, 512, 640), **IMAGENET},
}
"""The published sizes by their number of parameters."""

ATTENTIONS = ("sdsa-1", "sdsa-2", "sdsa-3", "sdsa-4")


@dataclass(frozen=True, kw_only=True)
class MetaSpikeformerConfig(Configuration):
    """What distinguishes one Meta-SpikeFormer from another.

    Attributes
    ----------
    widths : tuple of int
        Channels of the four stages; the first convolution has half of the first.
    depths : tuple of int
        Transformer blocks of stages 3 and 4.
    heads : int
    attention : {"sdsa-1", "sdsa-2", "sdsa-3", "sdsa-4"}
        Q masked by a neuron on the column sums of K * V; K masked by a neuron on those of Q, without V; Q K^T V with
        its scale in the threshold; the same with a learned scale. The released models have sdsa-3.
    association : {"scores", "key-value"}
        (Q K^T) V or Q (K^T V): the same integers, other sites on the way.
    """

    widths: tuple
    depths: tuple = (6, 2)
    heads: int = 8
    attention: str = "sdsa-3"
    association: str = "key-value"

    RANGES = {**Configuration.RANGES, "heads": ANY_SIZE}

    def __post_init__(self):
        super().__post_init__()
        self.require_integers("widths", "four integers", 4)
        self.require_integers("depths", "two integers", 2)
        if min(*self.widths, *self.depths) < 1 or self.widths[0] % 2:
            raise ConfigurationError(
                "widths and depths: expected integers of at least 1, the first width even, "
                f"got {self.widths}, {self.depths}"
            )
        for width in self.widths[2:]:
            self.require_heads(width)
        self.require_choice("attention", ATTENTIONS)
        self.require_choice("association", ("scores", "key-value"))

    @property
    def grid(self):
        """Rows and columns of tokens: four convolutions halve the image, rounding up."""
        return tuple((size + 15) // 16 for size in self.image_size)

    @property
    def tokens(self):
        rows, columns = self.grid
        return rows * columns

    @property
    def trained_parameters(self):
        """Numbers that the trained model learns, as papers count them: before any fusion, with one head."""
        first, second, third, fourth = self.widths
        stages = ((self.channels, first // 2, 7, 1), (first // 2, first, 3, 1), (first, second, 3, 2))
        total = sum(
            downsample_parameters(inputs, width, window) + blocks * convolution_block_parameters(width)
            for inputs, width, window, blocks in stages
        )
        for inputs, width, depth in ((second, third, self.depths[0]), (third, fourth, self.depths[1])):
            block = transformer_block_parameters(width, self.mlp_ratio)
            total += downsample_parameters(inputs, width, 3) + depth * block
        return total + (fourth + 1) * self.classes


def downsample_parameters(inputs, width, window):
    return inputs * width * window * window + 3 * width


def convolution_block_parameters(width):
    """Two pointwise and a depthwise convolution, two convolutions, a BatchNorm for all but the depthwise."""
    separable = 2 * width * width + 49 * 2 * width + 2 * width * width + 2 * (2 * width + width)
    return separable + 2 * 9 * width * 4 * width + 2 * (4 * width + width)


def transformer_block_parameters(width, mlp_ratio):
    """Four RepConvs of three convolutions and three BatchNorms, and an MLP with biases."""
    rep_conv = 2 * width * width + 9 * width + 3 * 2 * width
    hidden = mlp_ratio * width
    return 4 * rep_conv + 2 * width * hidden + 3 * hidden + 3 * width


def meta_spikeformer(config, parameters, name="meta-spikeformer", provenance=None):
    """Build the network of a configuration; arguments and errors as for `spiking_transformer`."""
    build = MetaSpikeformerBuilder(config, parameters)
    first, second, third, fourth = config.widths
    stream = build.convolution("stage1a.downsample", INPUT_SITE, first // 2, 7, 2)
    stream = build.convolution_block("stage1a.block0", stream)
    stream = build.downsample("stage1b.downsample", stream, first)
    stream = build.convolution_block("stage1b.block0", stream)
    stream = build.downsample("stage2.downsample", stream, second)
    for block in range(2):
        stream = build.convolution_block(f"stage2.block{block}", stream)
    stream = build.downsample("stage3.downsample", stream, third)
    for block in range(config.depths[0]):
        stream = build.transformer_block(f"stage3.block{block}", stream)
    stream = build.downsample("stage4.downsample", stream, fourth, stride=1)
    for block in range(config.depths[1]):
        stream = build.transformer_block(f"stage4.block{block}", stream)
    denominator = build.neuron_head("head", build.network.add("head.tokens", Tokens(), stream))
    return build.finish(name, denominator, provenance)


class MetaSpikeformerBuilder(Builder):
    """Adds the parts of a Meta-SpikeFormer to a network, each in the order of the paper's figure."""

    def downsample(self, site, stream, outputs, stride=2):
        """A neuron and a convolution that begins the stream of the next stage."""
        return self.convolution(site, self.neuron(f"{site}.input", stream), outputs, 3, stride)

    def convolution_block(self, site, stream):
        """The separable convolution, then the channel convolution, each added to the stream."""
        width = self.channels(stream)
        stream = self.branch(f"{site}.separable", stream, (1, 2 * width), (7, width))
        return self.branch(f"{site}.channel", stream, (3, 4 * width), (3, width))

    def transformer_block(self, site, stream):
        """Spike-driven self-attention, then the MLP, each added to the stream."""
        width = self.channels(stream)
        stream = self.attention(f"{site}.attention", stream)
        return self.branch(f"{site}.mlp", stream, (1, self.config.mlp_ratio * width), (1, width))

    def branch(self, site, stream, *convolutions):
        """Two convolutions of the given (window, outputs), each after a neuron, added to the stream."""
        values = stream
        for name, neuron, (window, outputs) in zip(("conv1", "conv2"), ("input", "hidden"), convolutions):
            values = self.convolution(f"{site}.{name}", self.neuron(f"{site}.{neuron}", values), outputs, window)
        return self.residual(f"{site}.residual", stream, values)

    def attention(self, site, stream):
        """Queries, keys and values of spikes; their attention; the projection back onto the stream."""
        rows, columns, width = self.network.shape(stream)
        spikes = self.neuron(f"{site}.input", stream)
        letters = "qk" if self.config.attention == "sdsa-2" else "qkv"
        tokens = [self.projected(f"{site}.{letter}", spikes) for letter in letters]
        output = self.network.add(f"{site}.grid", Grid(rows, columns), self.attended(site, *tokens))
        return self.residual(f"{site}.residual", stream, self.convolution(f"{site}.projection", output, width))

    def projected(self, site, spikes):
        """A convolution and its neuron, as tokens."""
        currents = self.convolution(f"{site}_conv", spikes, self.channels(spikes))
        return self.network.add(f"{site}_tokens", Tokens(), self.neuron(site, currents))

    def attended(self, site, q, k, v=None):
        """One of the kinds of spike-driven self-attention."""
        if self.config.attention == "sdsa-1":
            return self.masked(site, q, k, v)
        if self.config.attention == "sdsa-2":
            return self.gated(site, k, q)
        return self.neuron(f"{site}.output", self.context(site, q, k, v))
