"""The keys of Meta-SpikeFormer (Spike-driven Transformer V2), as the authors released it."""

import numpy as np

from refsim.architectures.meta_spikeformer import MetaSpikeformerConfig
from refsim.checkpoints.fusion import fold, fused_rep_conv, fused_separable
from refsim.checkpoints.importer import Importer
from refsim.checkpoints.tensors import Affine
from refsim.errors import CheckpointError

DEFAULT_HEADS = 8

CONVOLUTION_STAGES = {
    "stage1a": ("downsample1_1", ("ConvBlock1_1",)),
    "stage1b": ("downsample1_2", ("ConvBlock1_2",)),
    "stage2": ("downsample2", ("ConvBlock2_1", "ConvBlock2_2")),
}
TRANSFORMER_STAGES = {"stage3": ("downsample3", "block3"), "stage4": ("downsample4", "block4")}
"""Keys of the convolution that begins each stage, and of its blocks."""


class MetaSpikeformerImporter(Importer):
    """The authors' models. Where they were trained by distillation, both heads are averaged into one."""

    FIRST, WINDOW = "downsample1_1.encode_conv.weight", 7
    LAST = "downsample4.encode_conv.weight"

    def configuration(self):
        tensors = self.tensors
        if self.conventions.pooled_stages is not None:
            raise CheckpointError(
                f"{tensors.path}: meta-spikeformer has no stages that pool; leave out --pooled-stages"
            )
        widths = tuple(self.shape(f"downsample{stage}.encode_conv.weight", 4)[0] for stage in ("1_2", "2", "3", "4"))
        return MetaSpikeformerConfig(
            **self.common_fields(self.channels()),
            widths=widths,
            depths=tuple(tensors.blocks(key) for _, key in TRANSFORMER_STAGES.values()),
            heads=self.conventions.heads or DEFAULT_HEADS,
            mlp_ratio=self.mlp_ratio("block3.0.mlp.fc1_conv.weight", widths[2]),
        )

    def quantise(self):
        config = self.config
        first, second, third, fourth = config.widths
        inputs, widths = config.channels, iter((first // 2, first, second, third, fourth))
        for stage, (downsample, blocks) in CONVOLUTION_STAGES.items():
            inputs = self.stage(stage, downsample, inputs, next(widths), blocks, self.convolution_block)
        for (stage, (downsample, key)), depth in zip(TRANSFORMER_STAGES.items(), config.depths):
            blocks = [f"{key}.{block}" for block in range(depth)]
            inputs = self.stage(stage, downsample, inputs, next(widths), blocks, self.transformer_block)
        self.neuron("head.neuron", self.step, fourth, config.tokens)
        self.quantiser.head("head.linear", self.head())

    def stage(self, stage, downsample, inputs, width, blocks, round_block):
        """Round a stage; set its neurons on the stream; return its width."""
        step = self.downsample(f"{stage}.downsample", downsample, inputs, width)
        branches = {}
        for block, key in enumerate(blocks):
            branches |= round_block(f"{stage}.block{block}", key, width)
        stream = self.quantiser.stream(step, {f"{site}.residual": shift for site, shift in branches.items()})
        for place, site in enumerate(branches):
            self.neuron(f"{site}.input", step if place == 0 else stream, width)
        self.step = stream
        return width

    def downsample(self, site, key, inputs, width):
        """Round the convolution that begins a stage; return the shift of the step of its stream."""
        window = 7 if site == "stage1a.downsample" else 3
        names = f"{key}.encode_conv", f"{key}.encode_bn"
        affine = self.tensors.affine(*names, (width, inputs, window, window), bias=True)
        if window == 7:
            return int(self.image_affine(site, affine, per_channel=False)[0])
        self.neuron(f"{site}.input", self.step, inputs)
        return self.branch(site, affine)

    def convolution_block(self, site, key, width):
        """Round a convolution block; return the shifts of its two branches by site."""
        tensors, wide = self.tensors, 4 * width
        expand = tensors.affine(f"{key}.0.Conv.pwconv1", f"{key}.0.Conv.bn1", (2 * width, width, 1, 1))
        self.spiking(f"{site}.separable.conv1", expand, neuron=f"{site}.separable.hidden")
        separable = self.branch(f"{site}.separable.conv2", self.separable(f"{key}.0.Conv", width))
        first = tensors.affine(f"{key}.0.conv1", f"{key}.0.bn1", (wide, width, 3, 3))
        self.spiking(f"{site}.channel.conv1", first, neuron=f"{site}.channel.hidden")
        second = tensors.affine(f"{key}.0.conv2", f"{key}.0.bn2", (width, wide, 3, 3))
        return {f"{site}.separable": separable, f"{site}.channel": self.branch(f"{site}.channel.conv2", second)}

    def separable(self, key, width):
        """Return depthwise and pointwise convolution as one, with its BatchNorm."""
        depthwise, _ = self.tensors.layer(f"{key}.dwconv", (2 * width, 1, 7, 7), bias=False)
        pointwise, _ = self.tensors.layer(f"{key}.pwconv2", (width, 2 * width, 1, 1), bias=False)
        weight = fused_separable(depthwise[:, 0], pointwise[:, :, 0, 0])
        return Affine(*fold(weight, None, *self.tensors.norm(f"{key}.bn2", width)))

    def transformer_block(self, site, key, width):
        """Round a transformer block; return the shifts of its two branches by site."""
        for letter in "qkv":
            convolution = self.rep_conv(f"{key}.attn.{letter}_conv", width)
            self.spiking(f"{site}.attention.{letter}_conv", convolution, neuron=f"{site}.attention.{letter}")
        self.product_neuron(f"{site}.attention.output", width)
        hidden = self.config.mlp_ratio * width
        first, second = (
            self.tensors.affine(f"{key}.mlp.{name}_conv", f"{key}.mlp.{name}_bn", shape, bias=True).as_image()
            for name, shape in (("fc1", (hidden, width, 1)), ("fc2", (width, hidden, 1)))
        )
        self.spiking(f"{site}.mlp.conv1", first, neuron=f"{site}.mlp.hidden")
        projection = self.branch(f"{site}.attention.projection", self.rep_conv(f"{key}.attn.proj_conv", width))
        return {f"{site}.attention": projection, f"{site}.mlp": self.branch(f"{site}.mlp.conv2", second)}

    def rep_conv(self, key, width):
        """Return a RepConv as one convolution, with the BatchNorms inside and after it."""
        tensors, body = self.tensors, f"{key}.0.body"
        first, _ = tensors.layer(f"{body}.0", (width, width, 1, 1), bias=False)
        inner = tensors.norm(f"{body}.1.bn", width)
        depthwise, _ = tensors.layer(f"{body}.2.0", (width, 1, 3, 3), bias=False)
        last, _ = tensors.layer(f"{body}.2.1", (width, width, 1, 1), bias=False)
        chain = fused_rep_conv(first[:, :, 0, 0], *inner, depthwise[:, 0], last[:, :, 0, 0])
        for norm in (f"{body}.2.2", f"{key}.1"):
            chain = fold(*chain, *tensors.norm(norm, width))
        return Affine(*chain)

    def head(self):
        """Return the classifier, the mean of both where there are two."""
        names = [name for name in ("head", "head_kd") if f"{name}.weight" in self.tensors.left]
        heads = [self.tensors.layer(name, (self.classes, self.width), bias=True) for name in names]
        return Affine(*(np.mean(parts, axis=0) for parts in zip(*heads)))
