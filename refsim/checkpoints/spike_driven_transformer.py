"""The keys of the Spike-driven Transformer: the authors' models, and spikingjelly's."""

from refsim.architectures.spike_driven_transformer import SpikeDrivenTransformerConfig
from refsim.checkpoints.importer import Importer
from refsim.checkpoints.tensors import Affine
from refsim.errors import CheckpointError

DEFAULT_HEADS = 8
"""Heads only label channels here."""


class SpikeDrivenTransformerImporter(Importer):
    """The authors' models.

    ``talking_heads`` is in the checkpoint and is never called.
    """

    BLOCKS, STEM_BIAS = "block", False
    FIRST, LAST = "patch_embed.proj_conv.weight", "patch_embed.rpe_conv.weight"
    FIRST_OF_MLP = "block.0.mlp.fc1_conv.weight"
    LAYER, NORM = "{}_conv", "{}_bn"
    MLP = (("fc1_conv", "fc1_bn"), ("fc2_conv", "fc2_bn"))
    POOLS_FRAMES = True
    """Whether a model for event cameras pools in its attention, of which its tensors say nothing."""
    attention_scale = None

    def configuration(self):
        tensors, width = self.tensors, self.width
        if self.conventions.frames and self.POOLS_FRAMES:
            raise CheckpointError(
                f"{tensors.path}: the authors' models for event cameras pool in their attention (Erode), which refsim "
                "does not have; leave out --frames for images"
            )
        if self.conventions.attention_scale is not None:
            raise CheckpointError(
                f"{tensors.path}: spike-driven-transformer has no products to scale; leave out --attention-scale"
            )
        tensors.ignore(r"block\.\d+\.attn\.talking_heads\.weight")
        return SpikeDrivenTransformerConfig(
            **self.common_fields(self.channels()),
            embedding=width,
            depth=tensors.blocks(self.BLOCKS),
            heads=self.conventions.heads or DEFAULT_HEADS,
            mlp_ratio=self.mlp_ratio(self.FIRST_OF_MLP, width),
            pooled_stages=self.conventions.pooled_stages,
        )

    def quantise(self):
        config, width = self.config, self.config.embedding
        *stages, final = self.stem()
        for stage, affine in enumerate(stages):
            round_layer = self.image_affine if stage == 0 else self.quantiser.affine
            self.neuron(f"stem.neuron{stage}", round_layer(f"stem.conv{stage}", affine), config.stem_channels[stage])
        first = self.branch("stem.conv3", final)
        self.neuron("stem.neuron3", first, width)
        branches = {"stem.residual": self.branch("stem.position", self.position())}
        for block in range(config.depth):
            branches[f"block{block}.attention.residual"] = self.attention(f"block{block}.attention", block)
            branches[f"block{block}.mlp.residual"] = self.mlp(f"block{block}.mlp", block)
        stream = self.quantiser.stream(first, branches)
        for site in (site for site in branches if site.startswith("block")):
            self.neuron(site.replace("residual", "input"), stream, width)
        self.neuron("head.neuron", stream, width, config.tokens)
        self.quantiser.head("head.linear", Affine(*self.tensors.layer("head", (config.classes, width), bias=True)))

    def attention(self, site, block):
        """Round an attention; return the shift of the step of its branch."""
        for letter in "qkv":
            self.spiking(f"{site}.{letter}", self.attention_layer(block, letter, bias=False))
        self.gate_neuron(f"{site}.gate", self.config.embedding)
        return self.branch(f"{site}.projection", self.attention_layer(block, "proj", bias=True))

    def mlp(self, site, block):
        """Round an MLP; return the shift of the step of its branch."""
        width, hidden = self.config.embedding, self.config.embedding * self.config.mlp_ratio
        first, second = (
            self.tensors.affine(*(f"{self.BLOCKS}.{block}.mlp.{name}" for name in names), shape, True).of_window_one()
            for names, shape in zip(self.MLP, ((hidden, width, 1, 1), (width, hidden, 1, 1)))
        )
        self.spiking(f"{site}.fc1", first, neuron=f"{site}.hidden")
        return self.branch(f"{site}.fc2", second)

    def attention_layer(self, block, name, bias):
        shape = (self.config.embedding, self.config.embedding, 1, 1)
        names = (f"{self.BLOCKS}.{block}.attn.{form.format(name)}" for form in (self.LAYER, self.NORM))
        return self.tensors.affine(*names, shape, bias).of_window_one()

    def stem(self):
        """Yield the four convolutions of the stem."""
        inputs = self.config.channels
        for names, outputs in zip(self.stem_names(), self.config.stem_channels):
            yield self.tensors.affine(*names, (outputs, inputs, 3, 3), self.STEM_BIAS)
            inputs = outputs

    def stem_names(self):
        return [(f"patch_embed.proj_conv{number}", f"patch_embed.proj_bn{number}") for number in ("", 1, 2, 3)]

    def position(self):
        width = self.config.embedding
        return self.tensors.affine("patch_embed.rpe_conv", "patch_embed.rpe_bn", (width, width, 3, 3))


class SpikeDrivenTransformerSpikingjellyImporter(SpikeDrivenTransformerImporter):
    """spikingjelly's models: the convolutions of the stem have biases."""

    BLOCKS, STEM_BIAS, POOLS_FRAMES = "blocks", True, False
    FIRST, FIRST_OF_MLP = "patch_embed.stages.0.0.weight", "blocks.0.mlp.fc1.weight"
    MLP = (("fc1", "bn1"), ("fc2", "bn2"))

    def stem_names(self):
        stages = [f"patch_embed.stages.{stage}" for stage in range(3)]
        return [(f"{name}.0", f"{name}.1") for name in (*stages, "patch_embed.final_stage")]
