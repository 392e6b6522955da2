"""Meta-SpikeFormer (Spike-driven Transformer V2) in float64 PyTorch, in eval mode, nothing fused.

Written from the published architecture, not from refsim: RepConv keeps its ring of padding and separable convolutions
stay chains. Module names are such that the official state_dict loads with ``strict=True``. Everything between modules
is a membrane of shape (T, B, C, Y, X). The neuron layers, in the order of evaluation, and the shape of their spikes:

| name | input | spikes |
|---|---|---|
| ConvBlock1_1.0.Conv.lif1 | downsample1_1 | (T, B, C1/2, Y/2, X/2) |
| ConvBlock1_1.0.Conv.lif2 | pwconv1, bn1 | (T, B, C1, Y/2, X/2) |
| ConvBlock1_1.0.lif1 | stream after the separable convolution | (T, B, C1/2, Y/2, X/2) |
| ConvBlock1_1.0.lif2 | conv1, bn1 | (T, B, 2 C1, Y/2, X/2) |
| downsample1_2.encode_lif | stream | (T, B, C1/2, Y/2, X/2) |
| ConvBlock1_2.0.* | as ConvBlock1_1 with C1 | (T, B, .., Y/4, X/4) |
| downsample2.encode_lif | stream | (T, B, C1, Y/4, X/4) |
| ConvBlock2_1.0.*, ConvBlock2_2.0.* | as ConvBlock1_1 with C2 | (T, B, .., Y/8, X/8) |
| downsample3.encode_lif | stream | (T, B, C2, Y/8, X/8) |
| block3.i.attn.head_lif | stream | (T, B, C3, Y/16, X/16) |
| block3.i.attn.{q,k,v}_lif | RepConv, BatchNorm | (T, B, C3, Y/16, X/16) |
| block3.i.attn.attn_lif | 0.125 Q (K^T V), threshold 0.5 | (T, B, C3, Y/16, X/16) |
| block3.i.mlp.fc1_lif | stream after attention | (T, B, C3, Y/16, X/16) |
| block3.i.mlp.fc2_lif | fc1, fc1_bn | (T, B, 4 C3, Y/16, X/16) |
| downsample4.encode_lif | stream | (T, B, C3, Y/16, X/16) |
| block4.i.* | as block3 with C4 | (T, B, .., Y/16, X/16) |
| lif | mean of the stream over tokens | (T, B, C4) |

Token n of the attention is row ``n // columns``, column ``n % columns``; head h owns channels h E to h E + E - 1.
"""

import numpy as np
import torch
from neurons_torch import Lif, at_each_timestep
from recording import run_recorded
from torch import nn

SCALE = 0.125


class Downsampling(nn.Module):
    """A strided convolution; all but the first have a neuron before it."""

    def __init__(self, inputs, outputs, window, stride, fires=True):
        super().__init__()
        self.encode_conv = nn.Conv2d(inputs, outputs, window, stride, padding=window // 2)
        self.encode_bn = nn.BatchNorm2d(outputs)
        if fires:
            self.encode_lif = Lif()

    def forward(self, stream):
        if hasattr(self, "encode_lif"):
            stream = self.encode_lif(stream)
        return at_each_timestep(lambda values: self.encode_bn(self.encode_conv(values)), stream)


class SeparableConvolution(nn.Module):
    """1x1, then depthwise 7x7 and 1x1 with nothing between the two."""

    def __init__(self, channels):
        super().__init__()
        wide = 2 * channels
        self.lif1 = Lif()
        self.pwconv1 = nn.Conv2d(channels, wide, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(wide)
        self.lif2 = Lif()
        self.dwconv = nn.Conv2d(wide, wide, 7, padding=3, groups=wide, bias=False)
        self.pwconv2 = nn.Conv2d(wide, channels, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(channels)

    def forward(self, stream):
        spikes = self.lif1(stream)
        spikes = self.lif2(at_each_timestep(lambda values: self.bn1(self.pwconv1(values)), spikes))
        return at_each_timestep(lambda values: self.bn2(self.pwconv2(self.dwconv(values))), spikes)


class ConvolutionBlock(nn.Module):
    """A separable convolution and two 3x3 convolutions, each pair added to the stream."""

    def __init__(self, channels):
        super().__init__()
        self.Conv = SeparableConvolution(channels)
        self.lif1 = Lif()
        self.conv1 = nn.Conv2d(channels, 4 * channels, 3, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(4 * channels)
        self.lif2 = Lif()
        self.conv2 = nn.Conv2d(4 * channels, channels, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(channels)

    def forward(self, stream):
        stream = stream + self.Conv(stream)
        spikes = self.lif1(stream)
        spikes = self.lif2(at_each_timestep(lambda values: self.bn1(self.conv1(values)), spikes))
        return stream + at_each_timestep(lambda values: self.bn2(self.conv2(values)), spikes)


class PaddedBatchNorm(nn.Module):
    """BatchNorm, then a ring of one place that holds its answer to zero."""

    def __init__(self, channels):
        super().__init__()
        self.bn = nn.BatchNorm2d(channels)

    def forward(self, values):
        ring = self.bn(torch.zeros_like(values[:1, :, :1, :1]))
        batch, channels, rows, columns = values.shape
        padded = ring.expand(batch, channels, rows + 2, columns + 2).clone()
        padded[:, :, 1:-1, 1:-1] = self.bn(values)
        return padded


class RepConv(nn.Module):
    """1x1, BatchNorm with its ring, depthwise 3x3 without padding, 1x1, BatchNorm."""

    def __init__(self, channels):
        super().__init__()
        spatial = nn.Sequential(
            nn.Conv2d(channels, channels, 3, groups=channels, bias=False),
            nn.Conv2d(channels, channels, 1, bias=False),
            nn.BatchNorm2d(channels),
        )
        self.body = nn.Sequential(nn.Conv2d(channels, channels, 1, bias=False), PaddedBatchNorm(channels), spatial)

    def forward(self, values):
        return self.body(values)


def repconv(channels):
    """RepConv with the BatchNorm outside it."""
    return nn.Sequential(RepConv(channels), nn.BatchNorm2d(channels))


class Attention(nn.Module):
    """Q (K^T V) of spikes, scaled by 0.125, then a neuron with threshold 0.5."""

    def __init__(self, channels, heads):
        super().__init__()
        self.heads = heads
        self.head_lif = Lif()
        self.q_conv, self.k_conv, self.v_conv = repconv(channels), repconv(channels), repconv(channels)
        self.q_lif, self.k_lif, self.v_lif = Lif(), Lif(), Lif()
        self.attn_lif = Lif(threshold=0.5)
        self.proj_conv = repconv(channels)

    def split(self, spikes):
        """(T, B, C, Y, X) to (T, B, H, N, E)."""
        return spikes.flatten(3).unflatten(2, (self.heads, -1)).transpose(-1, -2)

    def forward(self, stream):
        spikes = self.head_lif(stream)
        q = self.split(self.q_lif(at_each_timestep(self.q_conv, spikes)))
        k = self.split(self.k_lif(at_each_timestep(self.k_conv, spikes)))
        v = self.split(self.v_lif(at_each_timestep(self.v_conv, spikes)))
        context = q @ (k.transpose(-1, -2) @ v)
        context = context.transpose(-1, -2).flatten(2, 3).unflatten(3, stream.shape[3:])
        return at_each_timestep(self.proj_conv, self.attn_lif(SCALE * context))


class Mlp(nn.Module):
    """Two biased 1x1 maps over tokens, a neuron before each."""

    def __init__(self, channels):
        super().__init__()
        self.fc1_lif = Lif()
        self.fc1_conv = nn.Conv1d(channels, 4 * channels, 1)
        self.fc1_bn = nn.BatchNorm1d(4 * channels)
        self.fc2_lif = Lif()
        self.fc2_conv = nn.Conv1d(4 * channels, channels, 1)
        self.fc2_bn = nn.BatchNorm1d(channels)

    def forward(self, stream):
        def over_tokens(conv, norm, spikes):
            tokens = at_each_timestep(lambda values: norm(conv(values)), spikes.flatten(3))
            return tokens.unflatten(3, stream.shape[3:])

        hidden = self.fc2_lif(over_tokens(self.fc1_conv, self.fc1_bn, self.fc1_lif(stream)))
        return over_tokens(self.fc2_conv, self.fc2_bn, hidden)


class TransformerBlock(nn.Module):
    """Attention and MLP, each added to the stream."""

    def __init__(self, channels, heads):
        super().__init__()
        self.attn = Attention(channels, heads)
        self.mlp = Mlp(channels)

    def forward(self, stream):
        stream = stream + self.attn(stream)
        return stream + self.mlp(stream)


class MetaSpikeformer(nn.Module):
    """The whole network on normalised images (B, C, Y, X), each shown at all timesteps; logits (B, K)."""

    def __init__(self, dims, depths, classes, heads, timesteps, head_kd=False, channels=3):
        super().__init__()
        first, second, third, fourth = dims
        self.timesteps = timesteps
        self.downsample1_1 = Downsampling(channels, first // 2, 7, 2, fires=False)
        self.ConvBlock1_1 = nn.ModuleList([ConvolutionBlock(first // 2)])
        self.downsample1_2 = Downsampling(first // 2, first, 3, 2)
        self.ConvBlock1_2 = nn.ModuleList([ConvolutionBlock(first)])
        self.downsample2 = Downsampling(first, second, 3, 2)
        self.ConvBlock2_1 = nn.ModuleList([ConvolutionBlock(second)])
        self.ConvBlock2_2 = nn.ModuleList([ConvolutionBlock(second)])
        self.downsample3 = Downsampling(second, third, 3, 2)
        self.block3 = nn.ModuleList([TransformerBlock(third, heads) for _ in range(depths[0])])
        self.downsample4 = Downsampling(third, fourth, 3, 1)
        self.block4 = nn.ModuleList([TransformerBlock(fourth, heads) for _ in range(depths[1])])
        self.lif = Lif()
        self.head = nn.Linear(fourth, classes)
        self.head_kd = nn.Linear(fourth, classes) if head_kd else None
        self.double().eval()

    def stages(self):
        """Name the modules of the stream, in the order of evaluation."""
        groups = "downsample1_1 ConvBlock1_1 downsample1_2 ConvBlock1_2 downsample2 ConvBlock2_1 ConvBlock2_2".split()
        for name in [*groups, "downsample3", "block3", "downsample4", "block4"]:
            module = getattr(self, name)
            parts = module if isinstance(module, nn.ModuleList) else []
            yield from [(f"{name}.{index}", part) for index, part in enumerate(parts)] or [(name, module)]

    def forward(self, images):
        stream = images.expand(self.timesteps, *images.shape)
        for _, module in self.stages():
            stream = module(stream)
        spikes = self.lif(stream.flatten(3).mean(-1))
        logits = self.head(spikes)
        if self.head_kd is not None:
            logits = (logits + self.head_kd(spikes)) / 2
        return logits.mean(0)


def build(tensors, heads, timesteps):
    """Build the model that a dict of ndarrays describes and load it, every key matched.

    Parameters
    ----------
    tensors : dict of str to ndarray
        Official keys, as from ``synthetic.synthetic(official_keys.meta_spikeformer(...), seed)``.
    heads, timesteps : int
        Not in a checkpoint.
    """
    widths = [tensors[f"downsample{stage}.encode_bn.weight"].size for stage in ("1_2", "2", "3", "4")]
    depths = [len({key.split(".")[1] for key in tensors if key.startswith(f"block{stage}.")}) for stage in (3, 4)]
    channels = tensors["downsample1_1.encode_conv.weight"].shape[1]
    classes = len(tensors["head.bias"])
    model = MetaSpikeformer(widths, depths, classes, heads, timesteps, "head_kd.bias" in tensors, channels)
    model.load_state_dict({key: torch.from_numpy(np.array(value)) for key, value in tensors.items()}, strict=True)
    return model


def record(model, images):
    """Run on float images (B, C, Y, X), already normalised; see ``recording.Recording``.

    ``streams`` holds the membranes behind every downsampling and block: "downsample1_1", "ConvBlock1_1.0", "block3.0".
    Logits are means over time, as the model gives them.
    """
    neurons = [(name, module) for name, module in model.named_modules() if isinstance(module, Lif)]
    return run_recorded(model, images, neurons, model.stages())
