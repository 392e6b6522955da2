"""The architectures at the sizes that were published, by name, as in ``spikformer-8-384`` or ``a2os2a-qkv-10-512``."""

from dataclasses import replace

from refsim.architectures import meta_spikeformer, spike_driven_transformer, spikformer, spiking_transformer
from refsim.architectures.meta_spikeformer import MetaSpikeformerConfig
from refsim.architectures.spike_driven_transformer import SpikeDrivenTransformerConfig
from refsim.architectures.spikformer import SpikformerConfig
from refsim.architectures.spiking_transformer import SpikingTransformerConfig
from refsim.errors import ConfigurationError

WIRINGS = ("a2os2a", "a2os2a-qkv", "binary")
"""Presets of the Spiking Transformer that are listed: both wirings of A2OS2A, and the pure binary baseline."""

PUBLISHED = {
    **{f"spikformer-{size}": SpikformerConfig(**fields) for size, fields in spikformer.SIZES.items()},
    **{
        f"spike-driven-transformer-{size}": SpikeDrivenTransformerConfig(**fields)
        for size, fields in spike_driven_transformer.SIZES.items()
    },
    **{f"meta-spikeformer-{size}": MetaSpikeformerConfig(**fields) for size, fields in meta_spikeformer.SIZES.items()},
    **{
        f"{wiring}-{size}": SpikingTransformerConfig.preset(wiring, channels=3, **fields)
        for wiring in WIRINGS
        for size, fields in spiking_transformer.SIZES.items()
    },
}
"""Configurations by name: four timesteps of a colour image, or spike frames, as the size was published for."""

BUILDERS = {
    SpikformerConfig: spikformer.spikformer,
    SpikeDrivenTransformerConfig: spike_driven_transformer.spike_driven_transformer,
    MetaSpikeformerConfig: meta_spikeformer.meta_spikeformer,
    SpikingTransformerConfig: spiking_transformer.spiking_transformer,
}
"""The function that builds the network of a configuration, by its type."""


def published(name, **fields):
    """Return the configuration of a published size, with some fields exchanged.

    Raises
    ------
    ConfigurationError
        If there is no such size.

    Examples
    --------
    >>> published("spikformer-8-512", timesteps=1).embedding
    512
    """
    if name not in PUBLISHED:
        raise ConfigurationError(f"no published size {name!r}; there are {', '.join(PUBLISHED)}")
    return replace(PUBLISHED[name], **fields)


def build(config, parameters, name, provenance=None):
    """Build the network of any configuration; arguments and errors as for `spiking_transformer`."""
    return BUILDERS[type(config)](config, parameters, name, provenance)
