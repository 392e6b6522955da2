"""The authors' Spikformer for event cameras in float64 PyTorch, in eval mode, nothing fused.

Written from a description of cifar10dvs/ in the official repository (ZK-Zhou/spikformer), not from refsim. It sees spike
frames, one a timestep, pools in all four stages, scales attention by a quarter, and has Conv1d throughout its blocks.
Neuron layers are named as in `authors_torch`; all of a block have spikes of shape (T, B, D or 4 D, N).
"""

import numpy as np
import torch
from authors_torch import ATTENTION_THRESHOLD, SpikePatchSplitting, join_heads, split_heads
from neurons_torch import Lif, at_each_timestep
from torch import nn

SCALE = 0.25


class TokenLayer(nn.Module):
    """Conv1d of window 1, BatchNorm and neurons, on (T, B, D, N)."""

    def add(self, name, inputs, outputs, bias):
        self.add_module(f"{name}_conv", nn.Conv1d(inputs, outputs, 1, bias=bias))
        self.add_module(f"{name}_bn", nn.BatchNorm1d(outputs))
        self.add_module(f"{name}_lif", Lif())

    def after(self, name, tokens):
        conv, norm, neuron = (getattr(self, f"{name}_{part}") for part in ("conv", "bn", "lif"))
        return neuron(at_each_timestep(lambda values: norm(conv(values)), tokens))


class TokenAttention(TokenLayer):
    """Spiking self-attention, as (Q K^T) V."""

    def __init__(self, embedding, heads):
        super().__init__()
        self.heads = heads
        for name in ("q", "k", "v", "proj"):
            self.add(name, embedding, embedding, bias=name == "proj")
        self.attn_lif = Lif(ATTENTION_THRESHOLD)

    def forward(self, tokens):
        q, k, v = (split_heads(self.after(name, tokens).transpose(2, 3), self.heads) for name in "qkv")
        product = (q @ k.transpose(-1, -2)) @ v * SCALE
        return self.after("proj", self.attn_lif(join_heads(product).transpose(2, 3)))


class TokenMlp(TokenLayer):
    """Two layers with biases."""

    def __init__(self, embedding):
        super().__init__()
        self.add("fc1", embedding, 4 * embedding, bias=True)
        self.add("fc2", 4 * embedding, embedding, bias=True)

    def forward(self, tokens):
        return self.after("fc2", self.after("fc1", tokens))


class TokenBlock(nn.Module):
    """Attention and MLP, the spikes of each added to what it read."""

    def __init__(self, embedding, heads):
        super().__init__()
        self.norm1, self.norm2 = nn.LayerNorm(embedding), nn.LayerNorm(embedding)
        self.attn, self.mlp = TokenAttention(embedding, heads), TokenMlp(embedding)

    def forward(self, counts):
        counts = counts + self.attn(counts)
        return counts + self.mlp(counts)


class EventSpikformer(nn.Module):
    """The whole network on spike frames (B, T, C, Y, X), as the authors' data loader gives them; logits (B, K)."""

    def __init__(self, channels, embedding, depth, heads, classes, tokens):
        super().__init__()
        self.pos_embed = nn.Parameter(torch.zeros(1, tokens, embedding))
        self.patch_embed = SpikePatchSplitting(channels, embedding, "1111")
        self.block = nn.ModuleList([TokenBlock(embedding, heads) for _ in range(depth)])
        self.norm = nn.LayerNorm(embedding)
        self.head = nn.Linear(embedding, classes)
        self.double().eval()

    def forward(self, frames):
        counts = self.patch_embed(frames.transpose(0, 1)).flatten(3)
        for block in self.block:
            counts = block(counts)
        return self.head(counts.mean(3).mean(0))


def build(tensors, heads):
    """Build the model that a dict of ndarrays describes and load it, every key matched."""
    channels = tensors["patch_embed.proj_conv.weight"].shape[1]
    classes, embedding = tensors["head.weight"].shape
    depth = len({key.split(".")[1] for key in tensors if key.startswith("block.")})
    model = EventSpikformer(channels, embedding, depth, heads, classes, tensors["pos_embed"].shape[1])
    model.load_state_dict({key: torch.from_numpy(np.array(value)) for key, value in tensors.items()}, strict=True)
    return model
