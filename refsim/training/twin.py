"""The PyTorch twin of the Spiking Transformer: the same graph and site names, differentiable."""

import math
from dataclasses import asdict, dataclass

from torch import nn
from torch.nn import functional

from refsim.checkpoints.quantiser import PIXEL_SHIFT
from refsim.errors import ConfigurationError
from refsim.training.layers import Affine
from refsim.training.neurons import LIF, ReLUNeuron

RELU_STEP_SHIFT = 4
"""A graded spike g of the ReLU neuron on K stands for g / 2**4."""


@dataclass(frozen=True)
class Thresholds:
    """Firing thresholds on the scale of the real-valued network; each a power of two.

    Attributes
    ----------
    neuron : float
        Of every neuron that follows a normalised layer or the residual stream.
    attention : float
        Of the LIF neurons on the unscaled products Q K^T and (attention map) V.
    """

    neuron: float = 0.5
    attention: float = 1.0

    def __post_init__(self):
        for name, threshold in asdict(self).items():
            if threshold <= 0 or math.frexp(threshold)[0] != 0.5:
                raise ConfigurationError(f"{name}: expected a power of two, got {threshold}")


class Twin(nn.Module):
    """The Spiking Transformer on real numbers.

    Parameters
    ----------
    config : SpikingTransformerConfig
    thresholds : Thresholds
    """

    def __init__(self, config, thresholds):
        super().__init__()
        self.config, self.thresholds = config, thresholds
        self.stem = Stem(config, thresholds)
        for block in range(config.depth):
            setattr(self, f"block{block}", Block(config, thresholds))
        self.head = Head(config, thresholds)
        for name, module in self.named_modules():
            module.site = name

    def forward(self, images, trace=None):
        """Return the logits, summed over tokens and timesteps.

        Parameters
        ----------
        images : Tensor of float, shape (B, C, Y, X)
            Pixels 0..255, or spike frames of shape (T, B, C, Y, X).
        trace : dict or None
            Filled with every site's values, shape (T, B, ...), where given.

        Returns
        -------
        logit_sums : Tensor of float, shape (B, classes)
            Divide by `logit_denominator` for the mean.
        """
        record = (lambda site, values: None) if trace is None else trace.__setitem__
        stream = self.stem(images, record)
        for block in range(self.config.depth):
            stream = getattr(self, f"block{block}")(stream, record)
        return self.head(stream, record)

    @property
    def logit_denominator(self):
        """Timesteps times tokens: the number of spike vectors that the logits sum over."""
        rows, columns = self.config.grid
        return self.config.timesteps * rows * columns

    def fold(self):
        """End the first phase: fold every BatchNorm and train on rounded weights from here."""
        for module in self.modules():
            if isinstance(module, Affine):
                module.fold()
        for module in self.modules():
            if isinstance(module, Attention):
                module.limit_step_shifts()
        return self


class Stem(nn.Module):
    """Four-stage spiking patch splitting with a relative position branch."""

    def __init__(self, config, thresholds):
        super().__init__()
        self.timesteps, self.pooled = config.timesteps, config.pooled_stages
        previous = config.channels
        for stage, channels in enumerate(config.stem_channels):
            setattr(
                self,
                f"conv{stage}",
                Affine(
                    previous,
                    channels,
                    3,
                    steps="per_layer" if stage == 3 else "per_channel",
                    input_shift=PIXEL_SHIFT if stage == 0 and config.input == "image" else 0,
                ),
            )
            setattr(self, f"neuron{stage}", lif("binary", config, thresholds.neuron))
            previous = channels
        self.position = Affine(previous, previous, 3, steps="per_layer")

    def forward(self, images, record):
        """Return the membrane tokens (T, B, N, D) that enter the first block."""
        frames = images * 2.0**-PIXEL_SHIFT if images.dim() == 4 else images
        for stage in range(4):
            frames = over_time(getattr(self, f"conv{stage}"), frames)
            if frames.dim() == 4:
                frames = frames.expand(self.timesteps, *frames.shape)
            record(f"stem.conv{stage}", frames)
            if stage < 3:
                frames = self.fire(stage, frames, record)
            if stage in self.pooled:
                frames = over_time(lambda x: functional.max_pool2d(x, 3, 2, 1), frames)
                record(f"stem.pool{stage}", frames)
        position = over_time(self.position, self.fire(3, frames, record))
        record("stem.position", position)
        record("stem.residual", frames + position)
        stream = (frames + position).flatten(3).transpose(2, 3).contiguous()
        record("stem.tokens", stream)
        return stream

    def fire(self, stage, currents, record):
        return fire(self, f"neuron{stage}", currents, record)


class Attention(nn.Module):
    """Multi-head attention by additions: Q K^T and (map) V of spikes, no softmax, no scaling."""

    def __init__(self, config, thresholds):
        super().__init__()
        self.heads = config.heads
        self.input = lif("binary", config, thresholds.neuron)
        for name in "qkv":
            kind = getattr(config, name)
            steps = "per_layer" if kind == "relu" else "per_channel"
            setattr(self, f"{name}_linear", Affine(config.embedding, config.embedding, steps=steps))
            setattr(self, name, spiking(kind, config, thresholds.neuron, RELU_STEP_SHIFT))
        self.map = None if config.scores == "identity" else spiking(config.scores, config, thresholds.attention, 0)
        self.output = lif("binary", config, thresholds.attention)
        self.projection = Affine(config.embedding, config.embedding, steps="per_layer")

    def forward(self, stream, record):
        spikes = fire(self, "input", stream, record)
        q, k, v = (self.spikes_of(name, spikes, record) for name in "qkv")
        scores = self.split(q) @ self.split(k).transpose(-1, -2)
        record(f"{self.site}.scores", scores)
        attention_map = scores if self.map is None else fire(self, "map", scores, record)
        context = (attention_map @ self.split(v)).transpose(2, 3).flatten(3)
        record(f"{self.site}.context", context)
        branch = self.projection(fire(self, "output", context, record))
        record(f"{self.site}.projection", branch)
        record(f"{self.site}.residual", stream + branch)
        return stream + branch

    def spikes_of(self, name, spikes, record):
        currents = getattr(self, f"{name}_linear")(spikes)
        record(f"{self.site}.{name}_linear", currents)
        return fire(self, name, currents, record)

    def limit_step_shifts(self):
        """Keep the steps of graded spikes no finer than the sums that they are taken from."""
        for name in "qkv":
            neuron, linear = getattr(self, name), getattr(self, f"{name}_linear")
            if isinstance(neuron, ReLUNeuron):
                neuron.step_shift.clamp_(max=int(linear.shift.min()))

    def split(self, tokens):
        """Split (T, B, N, D) into heads: (T, B, H, N, E)."""
        return tokens.unflatten(-1, (self.heads, -1)).transpose(2, 3)


class MLP(nn.Module):
    """Two linear layers, each after a neuron, on the membrane shortcut."""

    def __init__(self, config, thresholds):
        super().__init__()
        hidden = config.embedding * config.mlp_ratio
        self.input = lif("binary", config, thresholds.neuron)
        self.fc1 = Affine(config.embedding, hidden)
        self.hidden = lif("binary", config, thresholds.neuron)
        self.fc2 = Affine(hidden, config.embedding, steps="per_layer")

    def forward(self, stream, record):
        hidden = self.fc1(fire(self, "input", stream, record))
        record(f"{self.site}.fc1", hidden)
        branch = self.fc2(fire(self, "hidden", hidden, record))
        record(f"{self.site}.fc2", branch)
        record(f"{self.site}.residual", stream + branch)
        return stream + branch


class Block(nn.Module):
    """Attention, then the MLP."""

    def __init__(self, config, thresholds):
        super().__init__()
        self.attention = Attention(config, thresholds)
        self.mlp = MLP(config, thresholds)

    def forward(self, stream, record):
        return self.mlp(self.attention(stream, record), record)


class Head(nn.Module):
    """Sum of spikes over tokens, a linear layer, and the sum over time."""

    def __init__(self, config, thresholds):
        super().__init__()
        self.input = lif("binary", config, thresholds.neuron)
        self.linear = Affine(config.embedding, config.classes, steps="per_layer", normalise=False)

    def forward(self, stream, record):
        spikes = fire(self, "input", stream, record)
        counts = spikes.sum(2)
        record("head.count", counts)
        weight, bias = self.linear.rounded() if self.linear.folded else (self.linear.weight, self.linear.bias)
        logits = functional.linear(counts, weight, bias * spikes.shape[2])
        record("head.linear", logits)
        record("head.logits", logits.cumsum(0))
        return logits.sum(0)


def lif(kind, config, threshold):
    """Make a LIF layer with the constants of `config`."""
    return LIF(kind, threshold, config.leak_shift, config.halve_input, config.reset)


def spiking(kind, config, threshold, step_shift):
    """Make the neuron of the given kind."""
    return ReLUNeuron(config.relu_cap, step_shift) if kind == "relu" else lif(kind, config, threshold)


def fire(module, name, currents, record):
    """Run the neuron `name` of `module`, recording its spikes and, where it has one, its membrane."""
    neuron, site = getattr(module, name), f"{module.site}.{name}"
    if isinstance(neuron, ReLUNeuron):
        spikes = neuron(currents)
    else:
        spikes, membranes = neuron(currents)
        record(f"{site}.membrane", membranes)
    record(site, spikes)
    return spikes


def over_time(function, frames):
    """Apply a function of (M, C, Y, X) to frames (T, B, C, Y, X), or to one image batch (B, C, Y, X)."""
    if frames.dim() == 4:
        return function(frames)
    results = function(frames.flatten(0, 1))
    return results.unflatten(0, frames.shape[:2])
