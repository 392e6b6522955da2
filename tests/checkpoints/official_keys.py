"""The state_dict keys and shapes of the published models, as tables from key to shape.

Written from a description of the official repositories (ZK-Zhou/spikformer, BICLab/Spike-Driven-Transformer,
BICLab/Spike-Driven-Transformer-V2) and of spikingjelly 2.0.0, not from the importer. In every table a BatchNorm
directly follows the map that it normalises. Neurons have no keys.
"""

import math

BUFFERS = ("running_mean", "running_var", "num_batches_tracked")
"""What a BatchNorm keeps beside its two parameters."""

MLP_RATIO = 4


def parameter_count(table):
    """Count what ``sum(p.numel() for p in model.parameters())`` counts: no running statistics."""
    return sum(math.prod(shape) for key, shape in table.items() if key.rpartition(".")[2] not in BUFFERS)


def linear_map(name, shape, bias=False):
    """Give the keys of a convolution or Linear; its bias has one value for each output."""
    keys = {f"{name}.weight": tuple(shape)}
    if bias:
        keys[f"{name}.bias"] = (shape[0],)
    return keys


def batch_norm(name, channels):
    """Give the keys of a BatchNorm with running statistics."""
    vectors = {f"{name}.{part}": (channels,) for part in ("weight", "bias", "running_mean", "running_var")}
    return {**vectors, f"{name}.num_batches_tracked": ()}


def layer_norm(name, channels):
    """Give the keys of a LayerNorm."""
    return {f"{name}.weight": (channels,), f"{name}.bias": (channels,)}


def stem_channels(embedding, channels):
    """Give (inputs, outputs) of the four convolutions of a patch splitting stem."""
    outputs = [embedding // 8, embedding // 4, embedding // 2, embedding]
    return list(zip([channels, *outputs[:3]], outputs, strict=True))


def spiking_patch_splitting(embedding, channels):
    """Give the stem of Spikformer and of the Spike-driven Transformer: five 3x3 convolutions without bias."""
    table = {}
    for number, (inputs, outputs) in zip(["", "1", "2", "3"], stem_channels(embedding, channels), strict=True):
        table |= linear_map(f"patch_embed.proj_conv{number}", (outputs, inputs, 3, 3))
        table |= batch_norm(f"patch_embed.proj_bn{number}", outputs)
    table |= linear_map("patch_embed.rpe_conv", (embedding, embedding, 3, 3))
    return table | batch_norm("patch_embed.rpe_bn", embedding)


def attention(name, suffix, embedding, window, biased):
    """Give q, k, v and proj, each a map of D to D with its BatchNorm; ``biased`` names those with a bias."""
    table = {}
    for part in "q", "k", "v", "proj":
        table |= linear_map(f"{name}.{part}_{suffix}", (embedding, embedding, *window), part in biased)
        table |= batch_norm(f"{name}.{part}_bn", embedding)
    return table


def mlp(name, suffix, embedding, window):
    """Give the two biased maps, D to 4 D to D, each with its BatchNorm."""
    hidden = MLP_RATIO * embedding
    table = linear_map(f"{name}.fc1_{suffix}", (hidden, embedding, *window), bias=True)
    table |= batch_norm(f"{name}.fc1_bn", hidden)
    table |= linear_map(f"{name}.fc2_{suffix}", (embedding, hidden, *window), bias=True)
    return table | batch_norm(f"{name}.fc2_bn", embedding)


def spikformer_imagenet(embedding, depth, classes=1000, channels=3):
    """Give Spikformer as trained on ImageNet: Conv1d in attention, Conv2d in the MLP, unused LayerNorms."""
    table = spiking_patch_splitting(embedding, channels)
    for index in range(depth):
        block = f"block.{index}"
        table |= layer_norm(f"{block}.norm1", embedding)
        table |= attention(f"{block}.attn", "conv", embedding, (1,), biased=("proj",))
        table |= layer_norm(f"{block}.norm2", embedding)
        table |= mlp(f"{block}.mlp", "conv", embedding, (1, 1))
    return table | linear_map("head", (classes, embedding), bias=True)


def spikformer_dvs(embedding, depth, classes=10, channels=2, tokens=64):
    """Give Spikformer as trained on events: Conv1d in attention and MLP; a position and a norm that nothing calls."""
    table = {"pos_embed": (1, tokens, embedding)} | spiking_patch_splitting(embedding, channels)
    for index in range(depth):
        block = f"block.{index}"
        table |= layer_norm(f"{block}.norm1", embedding)
        table |= attention(f"{block}.attn", "conv", embedding, (1,), biased=("proj",))
        table |= layer_norm(f"{block}.norm2", embedding)
        table |= mlp(f"{block}.mlp", "conv", embedding, (1,))
    return table | layer_norm("norm", embedding) | linear_map("head", (classes, embedding), bias=True)


def spikformer_cifar(embedding, depth, classes=10, channels=3):
    """Give Spikformer as trained on CIFAR: biased Linear everywhere, unused LayerNorms."""
    table = spiking_patch_splitting(embedding, channels)
    for index in range(depth):
        block = f"block.{index}"
        table |= layer_norm(f"{block}.norm1", embedding)
        table |= attention(f"{block}.attn", "linear", embedding, (), biased=("q", "k", "v", "proj"))
        table |= layer_norm(f"{block}.norm2", embedding)
        table |= mlp(f"{block}.mlp", "linear", embedding, ())
    return table | linear_map("head", (classes, embedding), bias=True)


def spike_driven(embedding, depth, heads=8, classes=1000, channels=3):
    """Give the Spike-driven Transformer: 1x1 Conv2d everywhere and talking_heads that nothing calls."""
    table = spiking_patch_splitting(embedding, channels)
    for index in range(depth):
        block = f"block.{index}"
        table |= attention(f"{block}.attn", "conv", embedding, (1, 1), biased=("proj",))
        table |= linear_map(f"{block}.attn.talking_heads", (heads, heads, 1))
        table |= mlp(f"{block}.mlp", "conv", embedding, (1, 1))
    return table | linear_map("head", (classes, embedding), bias=True)


def downsampling(name, outputs, inputs, window):
    """Give a biased strided convolution with its BatchNorm."""
    table = linear_map(f"{name}.encode_conv", (outputs, inputs, window, window), bias=True)
    return table | batch_norm(f"{name}.encode_bn", outputs)


def convolution_block(name, channels):
    """Give Meta-SpikeFormer's separable convolution and its two 3x3 convolutions, without biases."""
    wide = 2 * channels
    table = linear_map(f"{name}.Conv.pwconv1", (wide, channels, 1, 1))
    table |= batch_norm(f"{name}.Conv.bn1", wide)
    table |= linear_map(f"{name}.Conv.dwconv", (wide, 1, 7, 7))
    table |= linear_map(f"{name}.Conv.pwconv2", (channels, wide, 1, 1))
    table |= batch_norm(f"{name}.Conv.bn2", channels)
    table |= linear_map(f"{name}.conv1", (MLP_RATIO * channels, channels, 3, 3))
    table |= batch_norm(f"{name}.bn1", MLP_RATIO * channels)
    table |= linear_map(f"{name}.conv2", (channels, MLP_RATIO * channels, 3, 3))
    return table | batch_norm(f"{name}.bn2", channels)


def reparameterised_convolution(name, channels):
    """Give RepConv (1x1, BatchNorm, depthwise 3x3, 1x1, BatchNorm) and the BatchNorm outside it."""
    table = linear_map(f"{name}.0.body.0", (channels, channels, 1, 1))
    table |= batch_norm(f"{name}.0.body.1.bn", channels)
    table |= linear_map(f"{name}.0.body.2.0", (channels, 1, 3, 3))
    table |= linear_map(f"{name}.0.body.2.1", (channels, channels, 1, 1))
    table |= batch_norm(f"{name}.0.body.2.2", channels)
    return table | batch_norm(f"{name}.1", channels)


def transformer_blocks(name, depth, channels):
    """Give the transformer blocks of one stage of Meta-SpikeFormer."""
    table = {}
    for index in range(depth):
        for part in "q", "k", "v", "proj":
            table |= reparameterised_convolution(f"{name}.{index}.attn.{part}_conv", channels)
        table |= mlp(f"{name}.{index}.mlp", "conv", channels, (1,))
    return table


def meta_spikeformer(dims, depths=(6, 2), classes=1000, head_kd=False, channels=3):
    """Give Meta-SpikeFormer (Spike-driven Transformer V2) of the four widths ``dims``."""
    first, second, third, fourth = dims
    table = downsampling("downsample1_1", first // 2, channels, 7)
    table |= convolution_block("ConvBlock1_1.0", first // 2)
    table |= downsampling("downsample1_2", first, first // 2, 3)
    table |= convolution_block("ConvBlock1_2.0", first)
    table |= downsampling("downsample2", second, first, 3)
    table |= convolution_block("ConvBlock2_1.0", second)
    table |= convolution_block("ConvBlock2_2.0", second)
    table |= downsampling("downsample3", third, second, 3)
    table |= transformer_blocks("block3", depths[0], third)
    table |= downsampling("downsample4", fourth, third, 3)
    table |= transformer_blocks("block4", depths[1], fourth)
    for head in ["head", "head_kd"] if head_kd else ["head"]:
        table |= linear_map(head, (classes, fourth), bias=True)
    return table


def spikingjelly_spikformer(embedding, depth, classes, channels=3):
    """Give spikingjelly 2.0.0's Spikformer: q, k and v in one map, no biases but the head's."""
    table = {}
    names = [f"patch_embed.stages.{stage}" for stage in range(4)] + ["patch_embed.positional_encoding"]
    sizes = [*stem_channels(embedding, channels), (embedding, embedding)]
    for name, (inputs, outputs) in zip(names, sizes, strict=True):
        table |= linear_map(f"{name}.conv_bn.block.0", (outputs, inputs, 3, 3))
        table |= batch_norm(f"{name}.conv_bn.block.1", outputs)
    hidden = MLP_RATIO * embedding
    maps = {
        "attn.qkv_conv_bn": (3 * embedding, embedding),
        "attn.proj_conv_bn": (embedding, embedding),
        "mlp.fc1": (hidden, embedding),
        "mlp.fc2": (embedding, hidden),
    }
    for index in range(depth):
        for name, (outputs, inputs) in maps.items():
            table |= linear_map(f"blocks.{index}.{name}.0", (outputs, inputs, 1))
            table |= batch_norm(f"blocks.{index}.{name}.1", outputs)
    return table | linear_map("head", (classes, embedding), bias=True)


def spikingjelly_spike_driven(embedding, depth, classes, channels=3):
    """Give spikingjelly 2.0.0's Spike-driven Transformer: the stem's first four convolutions have biases."""
    table = {}
    names = [f"patch_embed.stages.{stage}" for stage in range(3)] + ["patch_embed.final_stage"]
    for name, (inputs, outputs) in zip(names, stem_channels(embedding, channels), strict=True):
        table |= linear_map(f"{name}.0", (outputs, inputs, 3, 3), bias=True)
        table |= batch_norm(f"{name}.1", outputs)
    table |= linear_map("patch_embed.rpe_conv", (embedding, embedding, 3, 3))
    table |= batch_norm("patch_embed.rpe_bn", embedding)
    hidden = MLP_RATIO * embedding
    for index in range(depth):
        block = f"blocks.{index}"
        table |= attention(f"{block}.attn", "conv", embedding, (1, 1), biased=("proj",))
        table |= linear_map(f"{block}.mlp.fc1", (hidden, embedding, 1, 1), bias=True)
        table |= batch_norm(f"{block}.mlp.bn1", hidden)
        table |= linear_map(f"{block}.mlp.fc2", (embedding, hidden, 1, 1), bias=True)
        table |= batch_norm(f"{block}.mlp.bn2", embedding)
    return table | linear_map("head", (classes, embedding), bias=True)
