"""The authors' Spikformer and Spike-driven Transformer in float64 PyTorch, in eval mode, nothing fused.

Written from a description of the official repositories (ZK-Zhou/spikformer, for ImageNet and for CIFAR, and
BICLab/Spike-Driven-Transformer), not from refsim. Module names are such that the official state_dict loads with
``strict=True``, what is in it and never called included: the LayerNorms ``norm1`` and ``norm2`` of Spikformer,
``talking_heads`` of the Spike-driven Transformer. The neuron layers and the shape of their spikes:

| Spikformer | spikes |
|---|---|
| patch_embed.proj_lif, .proj_lif1 to .proj_lif3, before the max pool of a stage | (T, B, C, Y, X) |
| patch_embed.rpe_lif | (T, B, D, Y, X) |
| block.i.attn.q_lif, .k_lif, .v_lif, .attn_lif, .proj_lif | (T, B, D, N); for CIFAR (T, B, N, D) |
| block.i.mlp.fc1_lif, .fc2_lif | (T, B, 4 D or D, Y, X); for CIFAR (T, B, N, 4 D or D) |

| Spike-driven Transformer | spikes |
|---|---|
| patch_embed.proj_lif, .proj_lif1, .proj_lif2, before the max pool of a stage | (T, B, C, Y, X) |
| patch_embed.proj_lif3, after the max pool of membranes | (T, B, D, Y, X) |
| block.i.attn.shortcut_lif, .q_lif, .k_lif, .v_lif | (T, B, D, Y, X) |
| block.i.attn.talking_heads_lif, on the sums over tokens of K * V | (T, B, D, 1) |
| block.i.mlp.fc1_lif, .fc2_lif | (T, B, D or 4 D, Y, X) |
| head_lif | (T, B, D) |

Token n is row ``n // columns``, column ``n % columns``; head h owns channels h E to h E + E - 1.
"""

import numpy as np
import torch
from neurons_torch import Lif, at_each_timestep
from recording import run_recorded
from torch import nn

SCALE, ATTENTION_THRESHOLD = 0.125, 0.5

STAGES = ("", "1", "2", "3")
"""What the names of the stem's four stages end in."""


class PatchSplitting(nn.Module):
    """Four convolutions 3x3 and one for the position.

    Parameters
    ----------
    channels, embedding : int
    pooling : str
        The authors' ``pooling_stat``: a 1 for each stage that pools.
    """

    def __init__(self, channels, embedding, pooling):
        super().__init__()
        self.pooling, inputs = pooling, channels
        for stage, outputs in zip(STAGES, (embedding // 8, embedding // 4, embedding // 2, embedding)):
            self.add_module(f"proj_conv{stage}", nn.Conv2d(inputs, outputs, 3, padding=1, bias=False))
            self.add_module(f"proj_bn{stage}", nn.BatchNorm2d(outputs))
            self.add_module(f"proj_lif{stage}", Lif())
            inputs = outputs
        self.maxpool = nn.MaxPool2d(3, stride=2, padding=1)
        self.rpe_conv = nn.Conv2d(embedding, embedding, 3, padding=1, bias=False)
        self.rpe_bn = nn.BatchNorm2d(embedding)

    def normalised(self, stage, values):
        """The convolution and BatchNorm of a stage."""
        conv, norm = getattr(self, f"proj_conv{stage}"), getattr(self, f"proj_bn{stage}")
        return at_each_timestep(lambda images: norm(conv(images)), values)

    def pooled(self, stage, values):
        return at_each_timestep(self.maxpool, values) if self.pooling[STAGES.index(stage)] == "1" else values

    def position(self, spikes):
        return at_each_timestep(lambda images: self.rpe_bn(self.rpe_conv(images)), spikes)


class SpikePatchSplitting(PatchSplitting):
    """Spikformer's stem: spikes are pooled, and those of the position added to them."""

    def __init__(self, channels, embedding, pooling):
        super().__init__(channels, embedding, pooling)
        self.rpe_lif = Lif()

    def forward(self, values):
        for stage in STAGES:
            fired = getattr(self, f"proj_lif{stage}")(self.normalised(stage, values))
            values = self.pooled(stage, fired)
        return self.rpe_lif(self.position(values)) + values


class MembranePatchSplitting(PatchSplitting):
    """The Spike-driven Transformer's stem: the last stage pools membranes, to which the position is added."""

    def forward(self, values):
        for stage in STAGES[:3]:
            fired = getattr(self, f"proj_lif{stage}")(self.normalised(stage, values))
            values = self.pooled(stage, fired)
        features = self.pooled("3", self.normalised("3", values))
        return self.position(self.proj_lif3(features)) + features


def split_heads(tokens, heads):
    """(T, B, N, D) to (T, B, H, N, E)."""
    return tokens.unflatten(-1, (heads, -1)).transpose(2, 3)


def join_heads(tokens):
    """(T, B, H, N, E) to (T, B, N, D)."""
    return tokens.transpose(2, 3).flatten(-2)


class ConvolutionAttention(nn.Module):
    """Spikformer's attention for ImageNet: Conv1d on (T, B, D, N), and Q (K^T V)."""

    def __init__(self, embedding, heads):
        super().__init__()
        self.heads = heads
        for name in ("q", "k", "v", "proj"):
            self.add_module(f"{name}_conv", nn.Conv1d(embedding, embedding, 1, bias=name == "proj"))
            self.add_module(f"{name}_bn", nn.BatchNorm1d(embedding))
            self.add_module(f"{name}_lif", Lif())
        self.attn_lif = Lif(ATTENTION_THRESHOLD)

    def fired(self, name, values):
        conv, norm, neuron = (getattr(self, f"{name}_{part}") for part in ("conv", "bn", "lif"))
        return neuron(at_each_timestep(lambda tokens: norm(conv(tokens)), values))

    def forward(self, images):
        values = images.flatten(3)
        q, k, v = (split_heads(self.fired(name, values).transpose(2, 3), self.heads) for name in "qkv")
        product = q @ (k.transpose(-1, -2) @ v) * SCALE
        spikes = self.attn_lif(join_heads(product).transpose(2, 3))
        return self.fired("proj", spikes).unflatten(3, images.shape[3:])


class ConvolutionMlp(nn.Module):
    """Spikformer's MLP for ImageNet: Conv2d of window 1 with biases."""

    def __init__(self, embedding, hidden):
        super().__init__()
        self.fc1_conv, self.fc2_conv = nn.Conv2d(embedding, hidden, 1), nn.Conv2d(hidden, embedding, 1)
        self.fc1_bn, self.fc2_bn = nn.BatchNorm2d(hidden), nn.BatchNorm2d(embedding)
        self.fc1_lif, self.fc2_lif = Lif(), Lif()

    def forward(self, images):
        hidden = self.fc1_lif(at_each_timestep(lambda values: self.fc1_bn(self.fc1_conv(values)), images))
        return self.fc2_lif(at_each_timestep(lambda values: self.fc2_bn(self.fc2_conv(values)), hidden))


class LinearLayer(nn.Module):
    """What the CIFAR model does throughout: Linear on the last axis, BatchNorm1d over it, brought to the middle."""

    def after(self, name, tokens):
        linear, norm, neuron = (getattr(self, f"{name}_{part}") for part in ("linear", "bn", "lif"))
        return neuron(at_each_timestep(lambda values: norm(linear(values).transpose(1, 2)).transpose(1, 2), tokens))

    def add(self, name, inputs, outputs):
        self.add_module(f"{name}_linear", nn.Linear(inputs, outputs))
        self.add_module(f"{name}_bn", nn.BatchNorm1d(outputs))
        self.add_module(f"{name}_lif", Lif())


class LinearAttention(LinearLayer):
    """Spikformer's attention for CIFAR: Linear with biases on (T, B, N, D), and (Q K^T) V."""

    def __init__(self, embedding, heads):
        super().__init__()
        self.heads = heads
        for name in ("q", "k", "v", "proj"):
            self.add(name, embedding, embedding)
        self.attn_lif = Lif(ATTENTION_THRESHOLD)

    def forward(self, tokens):
        q, k, v = (split_heads(self.after(name, tokens), self.heads) for name in "qkv")
        attention = q @ k.transpose(-1, -2) * SCALE
        return self.after("proj", self.attn_lif(join_heads(attention @ v)))


class LinearMlp(LinearLayer):
    """Spikformer's MLP for CIFAR."""

    def __init__(self, embedding, hidden):
        super().__init__()
        self.add("fc1", embedding, hidden)
        self.add("fc2", hidden, embedding)

    def forward(self, tokens):
        return self.after("fc2", self.after("fc1", tokens))


class SpikeBlock(nn.Module):
    """Attention and MLP of Spikformer, the spikes of each added to what it read."""

    def __init__(self, embedding, heads, attention, mlp):
        super().__init__()
        self.norm1, self.norm2 = nn.LayerNorm(embedding), nn.LayerNorm(embedding)
        self.attn = attention(embedding, heads)
        self.mlp = mlp(embedding, 4 * embedding)

    def forward(self, counts):
        counts = counts + self.attn(counts)
        return counts + self.mlp(counts)


class Spikformer(nn.Module):
    """The whole network on normalised images (B, C, Y, X), each shown at all timesteps; logits (B, K).

    ``linear`` says that it is the one for CIFAR.
    """

    def __init__(self, channels, embedding, depth, heads, classes, pooling, timesteps, linear):
        super().__init__()
        parts = (LinearAttention, LinearMlp) if linear else (ConvolutionAttention, ConvolutionMlp)
        self.timesteps, self.linear = timesteps, linear
        self.patch_embed = SpikePatchSplitting(channels, embedding, pooling)
        self.block = nn.ModuleList([SpikeBlock(embedding, heads, *parts) for _ in range(depth)])
        self.head = nn.Linear(embedding, classes)
        self.double().eval()

    def forward(self, images):
        counts = self.patch_embed(images.expand(self.timesteps, *images.shape))
        if self.linear:
            counts = counts.flatten(3).transpose(2, 3)
        for block in self.block:
            counts = block(counts)
        of_tokens = counts.mean(2) if self.linear else counts.flatten(3).mean(3)
        return self.head(of_tokens.mean(0))


class SpikeDrivenAttention(nn.Module):
    """Q masked by neurons that see the sums over tokens of K * V, on (T, B, D, Y, X)."""

    def __init__(self, embedding, heads):
        super().__init__()
        self.shortcut_lif = Lif()
        for name in ("q", "k", "v", "proj"):
            self.add_module(f"{name}_conv", nn.Conv2d(embedding, embedding, 1, bias=name == "proj"))
            self.add_module(f"{name}_bn", nn.BatchNorm2d(embedding))
        self.q_lif, self.k_lif, self.v_lif = Lif(), Lif(), Lif()
        self.talking_heads = nn.Conv1d(heads, heads, 1, bias=False)
        self.talking_heads_lif = Lif(ATTENTION_THRESHOLD)

    def normalised(self, name, values):
        conv, norm = getattr(self, f"{name}_conv"), getattr(self, f"{name}_bn")
        return at_each_timestep(lambda images: norm(conv(images)), values)

    def forward(self, stream):
        spikes = self.shortcut_lif(stream)
        q, k, v = (getattr(self, f"{name}_lif")(self.normalised(name, spikes)) for name in "qkv")
        gate = self.talking_heads_lif((k * v).flatten(3).sum(3, keepdim=True))
        return self.normalised("proj", q * gate.unsqueeze(-1))


class SpikeDrivenMlp(nn.Module):
    """Two biased convolutions of window 1, a neuron before each."""

    def __init__(self, embedding, hidden):
        super().__init__()
        self.fc1_conv, self.fc2_conv = nn.Conv2d(embedding, hidden, 1), nn.Conv2d(hidden, embedding, 1)
        self.fc1_bn, self.fc2_bn = nn.BatchNorm2d(hidden), nn.BatchNorm2d(embedding)
        self.fc1_lif, self.fc2_lif = Lif(), Lif()

    def forward(self, stream):
        hidden = at_each_timestep(lambda values: self.fc1_bn(self.fc1_conv(values)), self.fc1_lif(stream))
        return at_each_timestep(lambda values: self.fc2_bn(self.fc2_conv(values)), self.fc2_lif(hidden))


class MembraneBlock(nn.Module):
    """Attention and MLP of the Spike-driven Transformer, the membranes of each added to the stream."""

    def __init__(self, embedding, heads):
        super().__init__()
        self.attn = SpikeDrivenAttention(embedding, heads)
        self.mlp = SpikeDrivenMlp(embedding, 4 * embedding)

    def forward(self, stream):
        stream = stream + self.attn(stream)
        return stream + self.mlp(stream)


class SpikeDrivenTransformer(nn.Module):
    """The whole network on normalised images (B, C, Y, X), each shown at all timesteps; logits (B, K)."""

    def __init__(self, channels, embedding, depth, heads, classes, pooling, timesteps):
        super().__init__()
        self.timesteps = timesteps
        self.patch_embed = MembranePatchSplitting(channels, embedding, pooling)
        self.block = nn.ModuleList([MembraneBlock(embedding, heads) for _ in range(depth)])
        self.head_lif = Lif()
        self.head = nn.Linear(embedding, classes)
        self.double().eval()

    def forward(self, images):
        stream = self.patch_embed(images.expand(self.timesteps, *images.shape))
        for block in self.block:
            stream = block(stream)
        return self.head(self.head_lif(stream.flatten(3).mean(3))).mean(0)


def build(tensors, heads, pooling, timesteps):
    """Build the model that a dict of ndarrays describes and load it, every key matched.

    Parameters
    ----------
    tensors : dict of str to ndarray
        Official keys, as from ``synthetic.synthetic(official_keys.spikformer_cifar(...), seed)``.
    heads, timesteps : int
        Not in a checkpoint.
    pooling : str
        Not in it either; "0011" or the like.
    """
    channels = tensors["patch_embed.proj_conv.weight"].shape[1]
    classes, embedding = tensors["head.weight"].shape
    depth = len({key.split(".")[1] for key in tensors if key.startswith("block.")})
    sizes = (channels, embedding, depth, heads, classes, pooling, timesteps)
    if "block.0.norm1.weight" in tensors:
        model = Spikformer(*sizes, linear="block.0.attn.q_linear.weight" in tensors)
    else:
        model = SpikeDrivenTransformer(*sizes)
    model.load_state_dict({key: torch.from_numpy(np.array(value)) for key, value in tensors.items()}, strict=True)
    return model


def record(model, images):
    """Run on float images (B, C, Y, X), already normalised; see ``recording.Recording``. Logits are means over time."""
    neurons = [(name, module) for name, module in model.named_modules() if isinstance(module, Lif)]
    return run_recorded(model, images, neurons)
