"""The keys of Spikformer: the authors' models for ImageNet, CIFAR and event cameras, and spikingjelly's."""

from refsim.architectures.spikformer import SIZES, SpikformerConfig
from refsim.checkpoints.importer import Importer
from refsim.checkpoints.tensors import Affine
from refsim.errors import CheckpointError


class SpikformerImporter(Importer):
    """The authors' ImageNet models: convolutions of window 1 in the blocks.

    Their LayerNorms ``norm1`` and ``norm2`` are in the checkpoint and are never called.
    """

    LAYER, POOLED, BLOCKS = "conv", "spikes", "block"
    IGNORED = (r"block\.\d+\.norm[12]\.(weight|bias)",)
    FIRST, LAST = "patch_embed.proj_conv.weight", "patch_embed.rpe_conv.weight"

    def configuration(self):
        tensors, width = self.tensors, self.width
        of_frames = bool(self.conventions.frames)
        published = {size["embedding"]: size["heads"] for size in SIZES.values() if of_frames == ("input" in size)}
        tensors.ignore(*self.IGNORED)
        return SpikformerConfig(
            **self.common_fields(self.channels()),
            embedding=width,
            depth=tensors.blocks(self.BLOCKS),
            heads=self.given_heads(published.get(width)),
            mlp_ratio=self.mlp_ratio(self.first_of_mlp(), width),
            pooled_stages=self.conventions.pooled_stages,
            pooled=self.POOLED,
        )

    def quantise(self):
        config = self.config
        for stage, affine in enumerate(self.stem()):
            round_layer = self.image_affine if stage == 0 else self.quantiser.affine
            self.neuron(f"stem.neuron{stage}", round_layer(f"stem.conv{stage}", affine), config.stem_channels[stage])
        self.spiking("stem.position", self.position(), neuron="stem.position_neuron")
        for block in range(config.depth):
            for letter, affine in zip("qkv", self.queries_keys_values(block)):
                self.spiking(f"block{block}.attention.{letter}", affine)
            self.product_neuron(f"block{block}.attention.output", config.embedding)
            self.spiking(f"block{block}.attention.projection", self.projection(block))
            for name, affine in zip(("hidden", "output"), self.mlp(block)):
                self.spiking(f"block{block}.mlp.{name}", affine)
        head = Affine(*self.tensors.layer("head", (config.classes, config.embedding), bias=True))
        self.quantiser.head("head.linear", head, config.tokens)

    def first_of_mlp(self):
        return f"block.0.mlp.fc1_{self.LAYER}.weight"

    def stem(self):
        """Yield the four convolutions of the stem."""
        inputs = self.config.channels
        for stage, outputs in enumerate(self.config.stem_channels):
            number = stage or ""
            names = f"patch_embed.proj_conv{number}", f"patch_embed.proj_bn{number}"
            yield self.tensors.affine(*names, (outputs, inputs, 3, 3))
            inputs = outputs

    def position(self):
        width = self.config.embedding
        return self.tensors.affine("patch_embed.rpe_conv", "patch_embed.rpe_bn", (width, width, 3, 3))

    def queries_keys_values(self, block):
        return [self.attention_layer(block, letter, bias=False) for letter in "qkv"]

    def projection(self, block):
        return self.attention_layer(block, "proj", bias=True)

    def attention_layer(self, block, name, bias):
        shape = (self.config.embedding, self.config.embedding, 1)
        names = (f"block.{block}.attn.{name}_{part}" for part in (self.LAYER, "bn"))
        return self.tensors.affine(*names, shape, bias).of_window_one()

    def mlp(self, block):
        """Yield the two layers of an MLP."""
        width, hidden = self.config.embedding, self.config.embedding * self.config.mlp_ratio
        for name, shape in (("fc1", (hidden, width, 1, 1)), ("fc2", (width, hidden, 1, 1))):
            names = (f"block.{block}.mlp.{name}_{part}" for part in (self.LAYER, "bn"))
            yield self.mlp_layer(*names, shape)

    def mlp_layer(self, layer, norm, shape):
        return self.tensors.affine(layer, norm, shape, bias=True).of_window_one()


class SpikformerCifarImporter(SpikformerImporter):
    """The authors' CIFAR models: linear maps with biases in the blocks."""

    LAYER = "linear"

    def attention_layer(self, block, name, bias):
        shape = (self.config.embedding, self.config.embedding)
        names = (f"block.{block}.attn.{name}_{part}" for part in (self.LAYER, "bn"))
        return self.tensors.affine(*names, shape, bias=True)

    def mlp_layer(self, layer, norm, shape):
        return self.tensors.affine(layer, norm, shape[:2], bias=True)


class SpikformerEventImporter(SpikformerImporter):
    """The authors' models for event cameras: spike frames, and convolutions over tokens in the MLP too.

    Of their checkpoints ``pos_embed`` and ``norm`` are never called either.
    """

    SCALE = 0.25
    IGNORED = (*SpikformerImporter.IGNORED, r"pos_embed", r"norm\.(weight|bias)")

    def configuration(self):
        if not self.conventions.frames:
            raise CheckpointError(
                f"{self.tensors.path}: is a model for event cameras: of what kind were the spike frames? give --frames "
                "graded for counts of events, or binary or ternary"
            )
        return super().configuration()

    def mlp_layer(self, layer, norm, shape):
        return self.tensors.affine(layer, norm, shape[:3], bias=True).of_window_one()


class SpikformerSpikingjellyImporter(SpikformerImporter):
    """spikingjelly's models: q, k and v in one layer, pooling before the neuron, no biases."""

    POOLED, BLOCKS, IGNORED = "membranes", "blocks", ()
    FIRST = "patch_embed.stages.0.conv_bn.block.0.weight"
    LAST = "patch_embed.positional_encoding.conv_bn.block.0.weight"

    def first_of_mlp(self):
        return "blocks.0.mlp.fc1.0.weight"

    def stem(self):
        inputs = self.config.channels
        for stage, outputs in enumerate(self.config.stem_channels):
            yield self.pair(f"patch_embed.stages.{stage}.conv_bn.block", (outputs, inputs, 3, 3))
            inputs = outputs

    def position(self):
        width = self.config.embedding
        return self.pair("patch_embed.positional_encoding.conv_bn.block", (width, width, 3, 3))

    def queries_keys_values(self, block):
        width = self.config.embedding
        joined = self.pair(f"blocks.{block}.attn.qkv_conv_bn", (3 * width, width, 1)).of_window_one()
        return [Affine(*(part[start : start + width] for part in joined)) for start in (0, width, 2 * width)]

    def projection(self, block):
        width = self.config.embedding
        return self.pair(f"blocks.{block}.attn.proj_conv_bn", (width, width, 1)).of_window_one()

    def mlp(self, block):
        width, hidden = self.config.embedding, self.config.embedding * self.config.mlp_ratio
        for name, shape in (("fc1", (hidden, width, 1)), ("fc2", (width, hidden, 1))):
            yield self.pair(f"blocks.{block}.mlp.{name}", shape).of_window_one()

    def pair(self, name, shape):
        """Return a layer and the BatchNorm after it in a container."""
        return self.tensors.affine(f"{name}.0", f"{name}.1", shape)
