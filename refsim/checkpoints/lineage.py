"""Importing the published architectures: which one a checkpoint is, its integers, and what became of its numbers."""

import hashlib
from dataclasses import dataclass
from typing import Any

from refsim.architectures.meta_spikeformer import meta_spikeformer
from refsim.architectures.parameters import Parameters
from refsim.architectures.spike_driven_transformer import spike_driven_transformer
from refsim.architectures.spikformer import spikformer
from refsim.checkpoints.container import read_tensors
from refsim.checkpoints.conventions import Conventions
from refsim.checkpoints.meta_spikeformer import MetaSpikeformerImporter
from refsim.checkpoints.spike_driven_transformer import (
    SpikeDrivenTransformerImporter,
    SpikeDrivenTransformerSpikingjellyImporter,
)
from refsim.checkpoints.spikformer import (
    SpikformerCifarImporter,
    SpikformerEventImporter,
    SpikformerImporter,
    SpikformerSpikingjellyImporter,
)
from refsim.checkpoints.tensors import Tensors
from refsim.errors import CheckpointError, ConfigurationError, NetworkError
from refsim.network import Network


@dataclass(frozen=True)
class Variant:
    """One way in which checkpoints of an architecture name their tensors.

    Attributes
    ----------
    architecture : str
    layout : str
    mark : tuple of (str, int)
        A key that no variant after this one has with so many axes.
    importer : type
        An `Importer`.
    build : function
        From configuration and parameters to a network.
    """

    architecture: str
    layout: str
    mark: tuple
    importer: Any
    build: Any


VARIANTS = (
    Variant(
        "spikformer", "authors, event cameras", ("block.0.mlp.fc1_conv.weight", 3), SpikformerEventImporter, spikformer
    ),
    Variant("spikformer", "authors, ImageNet", ("block.0.attn.q_conv.weight", 3), SpikformerImporter, spikformer),
    Variant("spikformer", "authors, CIFAR", ("block.0.attn.q_linear.weight", 2), SpikformerCifarImporter, spikformer),
    Variant(
        "spikformer",
        "spikingjelly",
        ("patch_embed.stages.0.conv_bn.block.0.weight", 4),
        SpikformerSpikingjellyImporter,
        spikformer,
    ),
    Variant(
        "spike-driven-transformer",
        "authors",
        ("block.0.attn.q_conv.weight", 4),
        SpikeDrivenTransformerImporter,
        spike_driven_transformer,
    ),
    Variant(
        "spike-driven-transformer",
        "spikingjelly",
        ("patch_embed.final_stage.0.weight", 4),
        SpikeDrivenTransformerSpikingjellyImporter,
        spike_driven_transformer,
    ),
    Variant(
        "meta-spikeformer",
        "authors",
        ("downsample1_1.encode_conv.weight", 4),
        MetaSpikeformerImporter,
        meta_spikeformer,
    ),
)

ARCHITECTURES = tuple(dict.fromkeys(variant.architecture for variant in VARIANTS))


@dataclass(frozen=True, eq=False)
class Imported:
    """A network made of a checkpoint.

    Attributes
    ----------
    network : Network
    variant : Variant
    roundings : list of Rounding
    reals : dict of ndarray by ``site.field``
        Real weights, biases and thresholds, where they were asked for.
    settings : dict
        What no checkpoint holds, as it was given or is by default.
    """

    network: Network
    variant: Variant
    roundings: list
    reals: dict
    settings: dict


def import_lineage(architecture, path, name, conventions=None, ema=False, keep=False):
    """Turn a checkpoint of a published architecture into a network.

    Parameters
    ----------
    architecture : str
        One of `ARCHITECTURES`.
    path : str or Path
    name : str
        Of the network.
    conventions : Conventions, optional
    ema : bool
        Whether to take the exponential moving average of the weights, where there is one.
    keep : bool
        Whether to keep the real values too.

    Returns
    -------
    imported : Imported
        The same checkpoint and conventions always give the same network.

    Raises
    ------
    CheckpointError
        If the file cannot be read, is of another architecture, lacks a tensor, has one of another shape or one that is
        not known, or holds values that cannot become integers; if the conventions do not fit it or say too little.
    """
    conventions = conventions or Conventions()
    tensors, _ = read_tensors(path, progress=True, ema=ema)
    variant = variant_of(path, architecture, tensors)
    try:
        importer = variant.importer(Tensors(path, tensors, conventions.epsilon), conventions, keep)
        values = importer.values()
        network = variant.build(importer.config, Parameters(values), name, provenance_of(path, variant, importer, ema))
    except (ConfigurationError, NetworkError) as error:
        raise CheckpointError(f"{path}: {error}") from error
    quantiser = importer.quantiser
    return Imported(network, variant, quantiser.roundings, quantiser.reals, settings_of(importer))


def settings_of(importer):
    """Return what the integers depend on beside the tensors, for the report: a wrong guess of it is no error."""
    config, conventions = importer.config, importer.conventions
    settings = {
        "heads": config.heads,
        "pooled_stages": getattr(config, "pooled_stages", None),
        "threshold": conventions.threshold,
        "attention_threshold": conventions.attention_threshold,
        "attention_scale": importer.attention_scale,
        "halve_input": conventions.halve_input,
    }
    return {name: value for name, value in settings.items() if value is not None}


def provenance_of(path, variant, importer, ema):
    """Return where the weights of a network come from, and how they were read."""
    return {
        "architecture": variant.architecture,
        "layout": variant.layout,
        "checkpoint_sha256": file_hash(path),
        "weights": "exponential moving average" if ema else "as trained",
        "weight_bits": importer.conventions.bits,
        **input_provenance(importer),
    }


def input_provenance(importer):
    """Return how the pixels were normalised that a checkpoint was trained on, or the kind of its spike frames."""
    if importer.conventions.frames:
        return {"frames": importer.conventions.frames}
    mean, std = importer.statistics
    return {"pixel_white": importer.conventions.white, "pixel_mean": list(mean), "pixel_std": list(std)}


def variant_of(path, architecture, tensors):
    """Return the variant that a checkpoint's keys show.

    Raises
    ------
    CheckpointError
        If they show none, or one of another architecture.
    """
    axes = {name: tensor.ndim for name, tensor in tensors.items()}
    found = [variant for variant in VARIANTS if axes.get(variant.mark[0]) == variant.mark[1]]
    fitting = [variant for variant in found if variant.architecture == architecture]
    if fitting:
        return fitting[0]
    if found:
        raise CheckpointError(
            f"{path}: is a checkpoint of {found[0].architecture} ({found[0].layout}), not of {architecture}"
        )
    marks = " or ".join(
        "{} of {} axes".format(*variant.mark) for variant in VARIANTS if variant.architecture == architecture
    )
    raise CheckpointError(
        f"{path}: not a checkpoint of {architecture}: it has no {marks}; it begins with {', '.join(list(tensors)[:3])}"
    )


def file_hash(path):
    """Return the SHA-256 of a file."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
