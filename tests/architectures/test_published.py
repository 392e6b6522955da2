"""The published sizes: parameter counts, tokens and heads."""

import math

import pytest

from refsim.architectures.published import PUBLISHED, WIRINGS, published
from refsim.errors import ConfigurationError

MILLIONS = {
    "spikformer-8-384": "16.81",
    "spikformer-6-512": "23.37",
    "spikformer-8-512": "29.68",
    "spikformer-10-512": "36.01",
    "spikformer-8-768": "66.34",
    "spikformer-4-256": "4.15",
    "spikformer-2-384": "5.76",
    "spikformer-4-384": "9.32",
    "spikformer-2-256-dvs": "2.57",
    "spike-driven-transformer-8-384": "16.81",
    "spike-driven-transformer-6-512": "23.37",
    "spike-driven-transformer-8-512": "29.68",
    "spike-driven-transformer-10-512": "36.01",
    "spike-driven-transformer-8-768": "66.34",
    "spike-driven-transformer-2-256": "2.57",
    "spike-driven-transformer-2-512": "10.23",
    "meta-spikeformer-15M": "15.1",
    "meta-spikeformer-31M": "31.3",
    "meta-spikeformer-55M": "55.4",
    **{f"{wiring}-8-512": "29.68" for wiring in WIRINGS},
    **{f"{wiring}-10-512": "36.01" for wiring in WIRINGS},
    **{f"{wiring}-2-256": "2.57" for wiring in WIRINGS},
    **{f"{wiring}-2-384": "5.8" for wiring in WIRINGS},
    **{f"{wiring}-2-512": "10.2" for wiring in WIRINGS},
}
"""As the papers print them: some are rounded, some cut off (16.8157 million stands as 16.81, 36.0055 as 36.01)."""


@pytest.mark.parametrize("name", PUBLISHED)
def test_parameter_counts_are_the_published(name):
    """Weights, biases and BatchNorms of the trained model, in millions, rounded or cut to the digits in print."""
    digits = len(MILLIONS[name].partition(".")[2])
    scaled = PUBLISHED[name].trained_parameters * 10**digits / 1e6
    assert int(MILLIONS[name].replace(".", "")) in (round(scaled), math.floor(scaled))


@pytest.mark.parametrize("name", PUBLISHED)
def test_tokens_are_the_published(name):
    """196 for ImageNet, 64 for CIFAR."""
    assert (196 if PUBLISHED[name].classes == 1000 else 64) == PUBLISHED[name].tokens


def test_an_unknown_size_is_named():
    """With those that there are."""
    with pytest.raises(ConfigurationError, match="no published size 'spikformer-9-9'; there are spikformer-8-384, "):
        published("spikformer-9-9")
