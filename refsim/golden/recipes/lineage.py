"""Cases of layers, blocks and whole models of Spikformer, Spike-driven Transformer and Meta-SpikeFormer.

The first two were trained with spikingjelly's own models on the embedded digits; the third has seeded weights. Their checkpoints lie in golden/checkpoints, and ``refsim import`` makes the networks of them.
"""

from refsim.golden.recipes.networks import Subject, model, part, tiny_network
from refsim.shipped import load_digits

SPIKFORMER, SPIKE_DRIVEN, META = "spikformer", "spike-driven-transformer", "meta-spikeformer"

ZOOMS = {SPIKFORMER: 1, SPIKE_DRIVEN: 1, META: 4}
"""How many pixels of the network's image one pixel of a digit becomes, along each axis."""

LAST_OF_STEM = ("stem.conv3", "stem.neuron3", "stem.pool3", "stem.position", "stem.residual", "stem.tokens")
"""The last stage, whose pool sees membranes in one of them and spikes in the other, and what joins the position branch."""

PARTS = {
    SPIKFORMER: (
        ("L3", "stem", LAST_OF_STEM),
        ("L3", "attention", "block1.attention."),
        ("L3", "mlp", "block1.mlp."),
        ("L3", "head", "head."),
        ("L4", "block", "block1."),
    ),
    SPIKE_DRIVEN: (
        ("L3", "stem", LAST_OF_STEM),
        ("L3", "attention", "block0.attention."),
        ("L3", "head", "head."),
        ("L4", "block", "block0."),
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
"""Level, name and beginnings of the sites of the parts that are cases of their own."""


def recipes():
    digits, _ = load_digits("test")
    for name, parts in PARTS.items():
        subject, images = imported(name), zoomed(digits[:3], ZOOMS[name])
        for level, op, prefix in parts:
            yield part(subject, level, op, prefix, images)
        yield model(subject, images, 0)


def imported(name):
    """Return one of the imported networks."""
    path, network = tiny_network(name)
    trained = "seeded weights" if name == META else "trained with spikingjelly on the embedded digits"
    about = f"a small {name} ({trained})"
    zoom = ZOOMS[name]
    zoomed_by = f" zoomed {zoom} times" if zoom > 1 else ""
    source = f"suite/networks/{path.name}, imported{zoomed_by}; held-out digit"
    return Subject(name, about, source, network, {"architecture": name})


def zoomed(digits, zoom):
    """Make each pixel a square of pixels."""
    return digits.repeat(zoom, axis=1).repeat(zoom, axis=2)
