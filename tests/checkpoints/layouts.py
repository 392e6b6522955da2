"""The seven layouts of checkpoints that can be imported, small, with what tests ask of each."""

from dataclasses import dataclass, field

import numpy as np
import official_keys
from synthetic import synthetic

from refsim.checkpoints.conventions import Conventions
from refsim.checkpoints.lineage import import_lineage

EMBEDDING, DEPTH, HEADS, CLASSES = 32, 2, 4, 10


@dataclass(frozen=True)
class Layout:
    """One way to name the tensors of one architecture.

    Attributes
    ----------
    architecture, name : str
        As in `lineage.VARIANTS`.
    table : dict
        Keys and shapes of a small checkpoint.
    stem, statistic, attention, attention_norm, mlp : str
        Keys of a convolution of the stem, of a variance, of q in the last block and of its BatchNorm, of an MLP.
    last_q : str
        The site of those neurons q.
    conventions : dict
        What must be given beside the checkpoint.
    """

    architecture: str
    name: str
    table: dict
    stem: str
    statistic: str
    attention: str
    attention_norm: str
    mlp: str
    last_q: str = "block1.attention.q"
    conventions: dict = field(default_factory=lambda: {"heads": HEADS})

    @property
    def keys(self):
        """One key of every kind."""
        return self.stem, self.statistic, f"{self.attention}.weight", self.mlp, "head.weight"


LAYOUTS = (
    Layout(
        "spikformer",
        "authors, ImageNet",
        official_keys.spikformer_imagenet(EMBEDDING, DEPTH, CLASSES),
        "patch_embed.proj_conv2.weight",
        "patch_embed.proj_bn3.running_var",
        "block.1.attn.q_conv",
        "block.1.attn.q_bn",
        "block.0.mlp.fc1_conv.weight",
    ),
    Layout(
        "spikformer",
        "authors, CIFAR",
        official_keys.spikformer_cifar(EMBEDDING, DEPTH, CLASSES),
        "patch_embed.proj_conv.weight",
        "block.0.mlp.fc2_bn.running_var",
        "block.1.attn.q_linear",
        "block.1.attn.q_bn",
        "block.1.mlp.fc2_linear.weight",
    ),
    Layout(
        "spikformer",
        "spikingjelly",
        official_keys.spikingjelly_spikformer(EMBEDDING, DEPTH, CLASSES),
        "patch_embed.stages.2.conv_bn.block.0.weight",
        "patch_embed.positional_encoding.conv_bn.block.1.running_var",
        "blocks.1.attn.qkv_conv_bn.0",
        "blocks.1.attn.qkv_conv_bn.1",
        "blocks.0.mlp.fc2.0.weight",
    ),
    Layout(
        "spike-driven-transformer",
        "authors",
        official_keys.spike_driven(EMBEDDING, DEPTH, HEADS, CLASSES),
        "patch_embed.proj_conv.weight",
        "patch_embed.rpe_bn.running_var",
        "block.1.attn.q_conv",
        "block.1.attn.q_bn",
        "block.1.mlp.fc1_conv.weight",
    ),
    Layout(
        "spike-driven-transformer",
        "spikingjelly",
        official_keys.spikingjelly_spike_driven(EMBEDDING, DEPTH, CLASSES),
        "patch_embed.stages.1.0.weight",
        "blocks.1.attn.proj_bn.running_var",
        "blocks.1.attn.q_conv",
        "blocks.1.attn.q_bn",
        "blocks.0.mlp.fc2.weight",
    ),
    Layout(
        "spikformer",
        "authors, event cameras",
        official_keys.spikformer_dvs(EMBEDDING, DEPTH, CLASSES, channels=3, tokens=4),
        "patch_embed.proj_conv2.weight",
        "patch_embed.proj_bn3.running_var",
        "block.1.attn.q_conv",
        "block.1.attn.q_bn",
        "block.0.mlp.fc1_conv.weight",
        conventions={"heads": HEADS, "frames": "graded", "image_size": (32, 32), "timesteps": 4},
    ),
    Layout(
        "meta-spikeformer",
        "authors",
        official_keys.meta_spikeformer((16, 32, 48, 64), (2, 1), CLASSES),
        "downsample2.encode_conv.weight",
        "ConvBlock2_2.0.Conv.bn2.running_var",
        "block4.0.attn.q_conv.0.body.0",
        "block4.0.attn.q_conv.1",
        "block3.1.mlp.fc2_conv.weight",
        "stage4.block0.attention.q",
    ),
)

NAMES = [f"{layout.architecture}, {layout.name}" for layout in LAYOUTS]


def checkpoint(layout, seed=0):
    """Draw a checkpoint that looks like a trained one."""
    return synthetic(layout.table, seed)


def saved(tensors, folder, name="checkpoint.npz"):
    """Write a checkpoint that needs NumPy alone to be read."""
    path = folder / name
    np.savez(path, **tensors)
    return path


def imported(layout, tensors, folder, **conventions):
    """Import tensors through a file; what must be given is, the rest is as the ten classes suggest."""
    path = saved(tensors, folder)
    return import_lineage(layout.architecture, path, "imported", Conventions(**(layout.conventions | conventions)))
