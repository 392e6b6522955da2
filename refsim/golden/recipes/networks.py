"""Cases of layers, blocks and whole models: small networks trained on real digits, at every site and timestep."""

from dataclasses import replace

import numpy as np

from refsim import model_file
from refsim.architectures.spiking_transformer import PRESETS
from refsim.golden.case import case_of
from refsim.golden.recipes.recipe import Recipe
from refsim.network import INPUT_SITE, Node
from refsim.ops import Argmax
from refsim.shipped import golden_folder, load_digits
from refsim.simulator import run

LAYERS = {"stem": "stem.", "attention": "block0.attention.", "mlp": "block0.mlp.", "head": "head."}
ONLY_OF = {"stem": "a2os2a", "mlp": "a2os2a", "head": "a2os2a"}
"""Layers that are alike in all presets are taken from one."""

DIGITS_OF_MODELS = (0, 1)
DIGIT_OF_PARTS = 2


def recipes():
    digits, _ = load_digits("test")
    for preset in PRESETS:
        path = golden_folder() / "suite" / "networks" / f"tiny-{preset}.npz"
        network = model_file.load(path)
        source = f"suite/networks/{path.name}, trained on the embedded digits; held-out digit"
        for layer, prefix in LAYERS.items():
            if ONLY_OF.get(layer, preset) == preset:
                yield part("L3", layer, prefix, preset, network, digits[DIGIT_OF_PARTS], f"{source} {DIGIT_OF_PARTS}")
        yield part("L4", "block", "block0.", preset, network, digits[DIGIT_OF_PARTS], f"{source} {DIGIT_OF_PARTS}")
        for index in DIGITS_OF_MODELS:
            yield model(preset, network, digits[index], index, f"{source} {index}")
    yield two_digits(network, digits, source)


def model(preset, network, digit, index, source):
    """A whole model on one digit, down to the label."""
    nodes = [*network.nodes, Node("label", Argmax(), (network.nodes[-1].name,))]
    case = case_of(
        nodes,
        {INPUT_SITE: digit[..., np.newaxis]},
        {INPUT_SITE: (0, 255)},
        id=f"l5.model.{preset}-digit-{index}",
        title=f"A small trained network of the preset {preset} on held-out digit {index}, every site and timestep",
        level="L5",
        op="model",
        timesteps=network.timesteps,
        static_inputs=frozenset({INPUT_SITE}),
        configuration=configuration(preset, network),
        outputs=(network.nodes[-1].name, "label"),
    )
    return Recipe(case, source=source)


def two_digits(network, digits, source):
    """A whole model on two digits one after the other."""
    recipe = model("relu-attention", network, digits[0], 0, f"{source} 0 and 1")
    case = replace(
        recipe.case,
        id="l5.model.relu-attention-two-digits",
        title="A small trained network of the preset relu-attention on two held-out digits in turn",
        inputs={INPUT_SITE: digits[:2, ..., np.newaxis]},
        samples=2,
        requires=("samples",),
    )
    return replace(recipe, case=case)


def part(level, op, prefix, preset, network, digit, source):
    """A layer or block of a model, on what the layers before it make of a digit."""
    nodes = [node for node in network.nodes if node.name.startswith(prefix)]
    inside = {node.name for node in nodes}
    outside = list(dict.fromkeys(site for node in nodes for site in node.inputs if site not in inside))
    if outside == [INPUT_SITE]:
        values, static = {INPUT_SITE: digit[..., np.newaxis]}, frozenset({INPUT_SITE})
    else:
        values, static = run(network, digit, record=outside).trace, frozenset()
    identity = f"{level.lower()}.{op}.{preset}"
    case = case_of(
        nodes,
        values,
        {site: network.signals[site].interval for site in outside},
        id=identity,
        title=f"The {op} of a small trained network of the preset {preset}, on real activations",
        level=level,
        op=op,
        timesteps=network.timesteps,
        static_inputs=static,
        configuration=configuration(preset, network),
        outputs=(nodes[-1].name,),
    )
    return Recipe(case, source=source)


def configuration(preset, network):
    """Return what distinguishes the architecture."""
    heads = next(node.operator.heads for node in network.nodes if node.operator.kind() == "Scores")
    return {**PRESETS[preset], "heads": heads}
