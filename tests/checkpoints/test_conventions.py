"""What a checkpoint does not say, and what its shapes suggest."""

import math

import pytest

from refsim.checkpoints.conventions import Conventions, suggested_image_size, suggested_normalisation
from refsim.checkpoints.importer import Importer
from refsim.checkpoints.spikformer import SpikformerEventImporter
from refsim.errors import CheckpointError, ConfigurationError

CIFAR10 = ((0.4914, 0.4822, 0.4465), (0.2470, 0.2435, 0.2616))
CIFAR100 = ((0.5071, 0.4867, 0.4408), (0.2675, 0.2565, 0.2761))
IMAGENET = ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))


def test_the_defaults_are_those_of_the_released_code():
    """LIF with tau 2, halved input, threshold 1 and 0.5, scale 0.125, reset to zero; PyTorch's epsilon."""
    conventions = Conventions()
    assert conventions.attention_scale is None and (0.125, 0.25) == (Importer.SCALE, SpikformerEventImporter.SCALE)
    assert (8, 4, 1.0, 0.5, 1e-5, 255.0) == (
        conventions.bits,
        conventions.timesteps,
        conventions.threshold,
        conventions.attention_threshold,
        conventions.epsilon,
        conventions.white,
    )
    assert {"leak_shift": 1, "halve_input": True, "reset": "zero", "rounding": "exact"} == conventions.neurons


@pytest.mark.parametrize(("classes", "statistics"), [(1000, IMAGENET), (10, CIFAR10), (100, CIFAR100)])
def test_classes_suggest_a_data_set(classes, statistics):
    """Its size of images, and its published mean and deviation."""
    assert ((224, 224) if classes == 1000 else (32, 32)) == suggested_image_size(classes)
    assert statistics == Conventions().pixel_statistics(classes, 3)


def test_spike_frames_are_as_they_are():
    """Of 128 x 128 places and 16 timesteps, as published, where nothing else is given; not normalised."""
    conventions = Conventions(frames="binary")
    assert (16, (128, 128)) == (conventions.timesteps, suggested_image_size(10, conventions.frames))
    assert 5 == Conventions(frames="binary", timesteps=5).timesteps
    assert ((0.0, 0.0), (1.0, 1.0)) == conventions.pixel_statistics(10, 2)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"frames": "image"}, "frames: expected one of binary, ternary, graded, got 'image'"),
        ({"frames": "graded", "normalisation": "none"}, "normalisation: is of pixels, and spike frames have none"),
        ({"frames": "graded", "mean": (0.5,), "std": (0.5,)}, "mean: is of pixels, and spike frames have none"),
        ({"frames": "graded", "white": 1.0}, "white: is of pixels, and spike frames have none"),
    ],
)
def test_nothing_changes_spikes(given, message):
    """They are no pixels."""
    with pytest.raises(CheckpointError) as caught:
        Conventions(**given)
    assert str(caught.value).startswith(message)


def test_what_is_named_goes_before_what_is_suggested():
    """And what is given before that; one number stands for all channels."""
    assert IMAGENET == Conventions(normalisation="imagenet").pixel_statistics(10, 3)
    assert ((0.0,) * 3, (1.0,) * 3) == Conventions(normalisation="none").pixel_statistics(7, 3)
    assert ((0.5,) * 3, (0.25,) * 3) == Conventions(mean=(0.5,), std=(0.25,)).pixel_statistics(10, 3)
    assert ((0.5, 0.25), (1.0, 1.0)) == Conventions(mean=(0.5, 0.25), std=(1.0,)).pixel_statistics(10, 2)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"mean": (0.5,)}, "mean: is given without std: give both, or a normalisation by name"),
        ({"std": (0.5,)}, "std: is given without mean: give both, or a normalisation by name"),
        ({"mean": (0.5,), "normalisation": "none"}, "mean: is given without std"),
        ({"mean": (0.5,), "std": (0.5,), "normalisation": "cifar10"}, "normalisation: 'cifar10' has a mean and std of"),
    ],
)
def test_half_a_normalisation_and_two_are_refused(given, message):
    """Nothing takes the place of what is missing, and nothing that is given is left aside."""
    with pytest.raises(CheckpointError) as caught:
        Conventions(**given)
    assert str(caught.value).startswith(message)


@pytest.mark.parametrize(("classes", "channels"), [(7, 3), (10, 1), (1000, 4)])
def test_nothing_else_suggests_a_normalisation(classes, channels):
    """Other classes, grey images: the question is asked, with the options that answer it."""
    with pytest.raises(ConfigurationError) as caught:
        suggested_normalisation(classes, channels)
    message = str(caught.value)
    assert message.startswith(f"images of {channels} channels in {classes} classes: ")
    assert message.endswith("give --mean and --std, or --normalisation none")


def test_an_unknown_size_of_images_is_asked_for():
    """With the option that answers it."""
    with pytest.raises(ConfigurationError, match="^7 classes: .* give --image-size ROWS COLUMNS$"):
        suggested_image_size(7)


@pytest.mark.parametrize(
    ("statistics", "channels"),
    [
        ({"mean": (0.5, 0.5), "std": (1.0,)}, 3),
        ({"mean": (0.5,), "std": (0.5, 0.5)}, 1),
        ({"normalisation": "cifar10"}, 1),
    ],
)
def test_one_number_a_channel(statistics, channels):
    """Neither cut nor filled up."""
    with pytest.raises(ConfigurationError, match=f"^(mean|std): expected {channels} numbers, one a channel, got "):
        Conventions(**statistics).pixel_statistics(10, channels)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        *(("bits", value) for value in (0, 1, 2, 7, 9, 32)),
        ("normalisation", "mnist"),
        *(
            (field, value)
            for field in ("white", "threshold", "attention_threshold", "attention_scale", "epsilon")
            for value in (0.0, -1.0, math.nan, math.inf)
        ),
        *(("std", value) for value in ((), (0.0,), (0.5, -0.5), (math.nan,), (math.inf,))),
        *(("mean", value) for value in ((), (math.nan,), (0.5, -math.inf))),
        ("heads", 0),
        ("heads", -2),
    ],
)
def test_what_is_out_of_range_is_refused(field, value):
    """By the name of the field, with what it was."""
    with pytest.raises(CheckpointError) as caught:
        Conventions(**{field: value})
    assert str(caught.value).startswith(f"{field}: expected ")
    assert repr(value) in str(caught.value) or str(value) in str(caught.value)
