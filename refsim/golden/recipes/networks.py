"""Cases of layers, blocks and whole models: small networks trained on real digits, at every site and timestep."""

from dataclasses import dataclass, replace

import numpy as np

from refsim import model_file
from refsim.architectures.spiking_transformer import PRESETS
from refsim.golden.case import case_of
from refsim.golden.recipes.recipe import Recipe
from refsim.network import INPUT_SITE, Network, Node
from refsim.ops import Argmax
from refsim.shipped import golden_folder, load_digits
from refsim.simulator import run

LAYERS = {"stem": "stem.", "attention": "block0.attention.", "mlp": "block0.mlp.", "head": "head."}
ONLY_OF = {"stem": "a2os2a", "mlp": "a2os2a", "head": "a2os2a"}
"""Layers that are alike in all presets are taken from one."""

DIGITS_OF_MODELS = (0, 1)
DIGIT_OF_PARTS = 2


@dataclass(frozen=True, eq=False)
class Subject:
    """A network that cases are made of.

    Attributes
    ----------
    name : str
        In ids.
    about : str
        In titles.
    source : str
        Where the network comes from, up to the number of the digit.
    network : Network
    configuration : dict
        What distinguishes its architecture.
    """

    name: str
    about: str
    source: str
    network: Network
    configuration: dict


def recipes():
    digits, _ = load_digits("test")
    for preset in PRESETS:
        subject = trained(preset)
        for layer, prefix in LAYERS.items():
            if ONLY_OF.get(layer, preset) == preset:
                yield part(subject, "L3", layer, prefix, digits)
        yield part(subject, "L4", "block", "block0.", digits)
        for index in DIGITS_OF_MODELS:
            yield model(subject, digits, index)
    yield two_digits(subject, digits)


def trained(preset):
    """Return the network of a preset that was trained on the digits."""
    path, network = tiny_network(preset)
    heads = next(node.operator.heads for node in network.nodes if node.operator.kind() == "Scores")
    about = f"a small trained network of the preset {preset}"
    source = f"suite/networks/{path.name}, trained on the embedded digits; held-out digit"
    return Subject(preset, about, source, network, {**PRESETS[preset], "heads": heads})


def tiny_network(name):
    """Return path and network of one of the suite's networks."""
    path = golden_folder() / "suite" / "networks" / f"tiny-{name}.npz"
    return path, model_file.load(path)


def model(subject, images, index):
    """A whole model on one image, down to the label."""
    network = subject.network
    nodes = [*network.nodes, Node("label", Argmax(), (network.nodes[-1].name,))]
    case = case_of(
        nodes,
        {INPUT_SITE: images[index][..., np.newaxis]},
        {INPUT_SITE: (0, 255)},
        id=f"l5.model.{subject.name}-digit-{index}",
        title=f"{subject.about.capitalize()} on held-out digit {index}, every site and timestep",
        level="L5",
        op="model",
        timesteps=network.timesteps,
        static_inputs=frozenset({INPUT_SITE}),
        configuration=subject.configuration,
        outputs=(network.nodes[-1].name, "label"),
    )
    return Recipe(case, source=f"{subject.source} {index}")


def two_digits(subject, images):
    """A whole model on two images one after the other."""
    case = replace(
        model(subject, images, 0).case,
        id=f"l5.model.{subject.name}-two-digits",
        title=f"{subject.about.capitalize()} on two held-out digits in turn",
        inputs={INPUT_SITE: images[:2, ..., np.newaxis]},
        samples=2,
        requires=("samples",),
    )
    return Recipe(case, source=f"{subject.source} 0 and 1")


def part(subject, level, op, prefixes, images):
    """A layer or block of a model, the sites that begin with any of the prefixes, on what goes into it for an image."""
    network, image = subject.network, images[DIGIT_OF_PARTS]
    nodes = [node for node in network.nodes if node.name.startswith(prefixes)]
    inside = {node.name for node in nodes}
    outside = list(dict.fromkeys(site for node in nodes for site in node.inputs if site not in inside))
    if outside == [INPUT_SITE]:
        values, static = {INPUT_SITE: image[..., np.newaxis]}, frozenset({INPUT_SITE})
    else:
        values, static = run(network, image, record=outside).trace, frozenset()
    case = case_of(
        nodes,
        values,
        {site: network.signals[site].interval for site in outside},
        id=f"{level.lower()}.{op.replace('_', '-')}.{subject.name}",
        title=f"The {op.replace('_', ' ')} of {subject.about}, on real activations",
        level=level,
        op=op,
        timesteps=network.timesteps,
        static_inputs=static,
        configuration=subject.configuration,
        outputs=(nodes[-1].name,),
    )
    return Recipe(case, source=f"{subject.source} {DIGIT_OF_PARTS}")
