"""The networks that a growth goes through."""

import pytest

from refsim.architectures.published import PUBLISHED, build, published
from refsim.bench.growth import growth_points, scaled
from refsim.bench.seeded import SeededParameters


def test_one_thing_grows_at_a_time():
    """Rates as given; tokens with the square of the side; half, three quarters and all of the width; T from 1 to 8."""
    points = growth_points(published("spikformer-8-384"), (0.1, 0.4), 0.2)
    axes = {
        axis: [point.value for point in points if point.axis == axis] for axis in dict.fromkeys(p.axis for p in points)
    }
    assert {"firing rate": [0.1, 0.4], "tokens": [49, 100, 196], "width": [192, 288, 384], "T": [1, 2, 4, 8]} == axes
    assert [0.1, 0.4] + [0.2] * 10 == [point.rate for point in points]
    assert [(112, 112), (160, 160), (224, 224)] == [p.config.image_size for p in points if p.axis == "tokens"]
    assert {(224, 224)} == {point.config.image_size for point in points if point.axis != "tokens"}


def test_small_images_grow_too():
    """32 pixels in patches of 4: 16, 24 and 32 give 4, 6 and 8 patches a side."""
    points = growth_points(published("spikformer-4-384"), (0.1,), 0.1)
    assert [16, 36, 64] == [point.value for point in points if point.axis == "tokens"]


@pytest.mark.parametrize("name", PUBLISHED)
def test_every_published_size_can_grow(name):
    """Widths still divide into heads, images into patches: each is a configuration, the smallest is built."""
    points = growth_points(PUBLISHED[name], (0.1,), 0.1)
    tokens = [point.value for point in points if point.axis == "tokens"]
    assert tokens == sorted(tokens) and all(
        point.config.tokens == point.value for point in points if point.axis == "tokens"
    )
    assert len({point.value for point in points if point.axis == "width"}) >= 2


def test_a_grown_meta_spikeformer_is_built():
    """Every width of it a multiple of its heads, the first one even."""
    points = growth_points(published("meta-spikeformer-15M", image_size=(32, 32), depths=(1, 1)), (0.1,), 0.1)
    smallest = next(point for point in points if point.axis == "width")
    assert (32, 64, 128, 176) == smallest.config.widths
    assert build(smallest.config, SeededParameters(0), "small").classes == 1000


def test_a_share_of_a_width():
    """The nearest multiple, never none."""
    assert (48, 48, 40) == (scaled(100, 0.5, 16), scaled(48, 0.1, 48), scaled(40, 1, 16))
