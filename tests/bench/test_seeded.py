"""Seeded weights and images."""

import numpy as np
import pytest

from refsim.architectures.published import PUBLISHED
from refsim.bench.seeded import balanced_weights, seeded_image, seeded_network
from refsim.errors import ConfigurationError

TINY = {"image_size": (16, 16), "classes": 4}


@pytest.mark.parametrize("shape", [(8, 5), (3, 3, 3, 7), (2, 2)])
def test_weights_of_every_output_add_up_to_zero(shape):
    """Also where an odd number of inputs leaves one without a partner; not by all being zero."""
    weights = balanced_weights(np.random.default_rng(0), shape)
    assert np.int8 == weights.dtype and shape == weights.shape
    assert not weights.reshape(-1, shape[-1]).sum(axis=0, dtype=np.int64).any()
    assert np.abs(weights).max() > 10


def test_pairs_of_weights_lie_at_other_inputs_for_every_output():
    """One input does not always cancel the same other one: the outputs do not share their order."""
    weights = balanced_weights(np.random.default_rng(0), (64, 64)).astype(int)
    assert np.linalg.matrix_rank(weights) > 60


@pytest.mark.parametrize("name", [name for name in PUBLISHED if name.endswith(("4-384", "2-256", "15M"))])
def test_one_size_of_every_architecture_is_built(name):
    """Small in width where that is a field, with weights in every gathering operator."""
    widths = {"widths": (4, 4, 8, 16)} if name.startswith("meta") else {"embedding": 96, "depth": 1}
    network = seeded_network(name, **TINY, **widths)
    weights = [node.operator.weights for node in network.nodes if "weights" in node.operator.parameters()]
    assert len(weights) > 8 and all(array.any() for array in weights)
    assert {"seed": 0} == network.provenance


def test_a_seed_is_a_network():
    """The same seed gives the same weights, another one others."""
    first, again, other = (
        seeded_network("spikformer-2-384", seed, embedding=48, depth=1, **TINY).nodes[0].operator.weights
        for seed in (1, 1, 2)
    )
    assert np.array_equal(first, again) and not np.array_equal(first, other)


def test_an_unknown_size_is_refused():
    """With the sizes that there are."""
    with pytest.raises(ConfigurationError, match="no published size 'spikformer-9': there are|spikformer-9"):
        seeded_network("spikformer-9")


def test_an_image_is_smooth_and_uses_all_levels():
    """0 and 255 are met; neighbours differ far less than those of white noise, whose mean difference is 85."""
    image = seeded_image((64, 48, 3), seed=4)
    assert np.uint8 == image.dtype and (64, 48, 3) == image.shape
    assert (0, 255) == (image.min(), image.max())
    assert np.abs(np.diff(image.astype(int), axis=0)).mean() < 25
    assert np.corrcoef(image[..., 0].ravel(), image[..., 1].ravel())[0, 1] > 0.5


def test_an_image_of_one_pixel():
    """Has no contrast to stretch."""
    assert [[[0]]] == seeded_image((1, 1, 1)).tolist()
