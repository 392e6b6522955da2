"""Cases of layers, blocks and whole models of Spikformer, Spike-driven Transformer and Meta-SpikeFormer.

The first two were trained with spikingjelly's own models on the embedded digits, zoomed to 16 x 16; the third has seeded
weights. Their checkpoints lie in golden/checkpoints, and ``refsim import`` makes the networks of them.
"""

from refsim.golden.recipes.networks import DIGITS_OF_MODELS, Subject, model, part, tiny_network, two_digits
from refsim.shipped import load_digits

SPIKFORMER, SPIKE_DRIVEN, META = "spikformer", "spike-driven-transformer", "meta-spikeformer"

ZOOMS = {SPIKFORMER: 2, SPIKE_DRIVEN: 2, META: 4}
"""How many pixels of the network's image one pixel of a digit becomes, along each axis."""

PARTS = {
    SPIKFORMER: (
        ("L3", "stem", "stem."),
        ("L3", "attention", "block1.attention."),
        ("L3", "mlp", "block1.mlp."),
        ("L3", "head", "head."),
        ("L4", "block", "block1."),
    ),
    SPIKE_DRIVEN: (
        ("L3", "stem", "stem."),
        ("L3", "attention", "block0.attention."),
        ("L3", "mlp", "block1.mlp."),
        ("L3", "head", "head."),
        ("L4", "block", "block1."),
    ),
    META: (
        ("L3", "stem", "stage1a.downsample"),
        ("L3", "separable_convolution", "stage1b.block0.separable."),
        ("L3", "channel_convolution", "stage2.block0.channel."),
        ("L3", "attention", "stage3.block0.attention."),
        ("L3", "mlp", "stage4.block0.mlp."),
        ("L3", "head", "head."),
        ("L4", "convolution_block", "stage2.block1."),
        ("L4", "block", "stage3.block0."),
    ),
}
"""Level, name and sites of the parts that are cases of their own."""


def recipes():
    digits, _ = load_digits("test")
    for name, parts in PARTS.items():
        subject, images = imported(name), zoomed(digits[:3], ZOOMS[name])
        for level, op, prefix in parts:
            yield part(subject, level, op, prefix, images)
        for index in DIGITS_OF_MODELS:
            yield model(subject, images, index)
        yield two_digits(subject, images)


def imported(name):
    """Return one of the imported networks."""
    path, network = tiny_network(name)
    trained = "seeded weights" if name == META else "trained with spikingjelly on the embedded digits"
    about = f"a small {name} ({trained})"
    zoom = ZOOMS[name]
    source = f"suite/networks/{path.name}, imported; {zoom} x {zoom} times zoomed, held-out digit"
    return Subject(name, about, source, network, {"architecture": name})


def zoomed(digits, zoom):
    """Make each pixel a square of pixels."""
    return digits.repeat(zoom, axis=1).repeat(zoom, axis=2)
