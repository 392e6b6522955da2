"""What is wrong with a checkpoint of a published architecture is refused, and named as the file has it."""

import numpy as np
import pytest
from layouts import LAYOUTS, NAMES, checkpoint, imported, saved
from synthetic import transposed, with_extra, with_nan, without

from refsim.checkpoints.conventions import Conventions
from refsim.checkpoints.lineage import ARCHITECTURES, VARIANTS, import_lineage
from refsim.errors import CheckpointError

of_every_layout = pytest.mark.parametrize("layout", LAYOUTS, ids=NAMES)


def refusal(layout, tensors, folder, **conventions):
    """The message of a refusal, which begins with the file."""
    with pytest.raises(CheckpointError) as caught:
        imported(layout, tensors, folder, **conventions)
    message = str(caught.value)
    assert message.startswith(f"{folder / 'checkpoint.npz'}: ")
    return message.removeprefix(f"{folder / 'checkpoint.npz'}: ")


@of_every_layout
def test_a_missing_tensor_is_named(layout, tmp_path):
    """Whichever it is, also a bias of a BatchNorm."""
    tensors = checkpoint(layout)
    for key in (*layout.keys, f"{layout.attention_norm}.bias", "head.bias"):
        assert refusal(layout, without(tensors, key), tmp_path).startswith(f"{key}: missing")


@of_every_layout
def test_a_transposed_tensor_is_named(layout, tmp_path):
    """Wherever its shape tells."""
    tensors = checkpoint(layout)
    keys = [key for key in layout.keys if tensors[key].shape != tensors[key].T.shape]
    assert len(keys) >= 3
    for key in keys:
        message = refusal(layout, transposed(tensors, key), tmp_path)
        assert message.startswith(f"{key}: ") and "shape" in message
        assert str(tensors[key].T.shape) in message


@of_every_layout
def test_a_tensor_of_another_number_of_axes_is_named(layout, tmp_path):
    """A single number, or nothing in it."""
    tensors = checkpoint(layout)
    for key in layout.keys:
        for values in (np.float32(1), np.zeros((0, *tensors[key].shape[1:]), np.float32)):
            assert refusal(layout, {**tensors, key: values}, tmp_path).startswith(f"{key}: ")


@of_every_layout
def test_a_transposed_first_convolution_is_named(layout, tmp_path):
    """Before its channels are asked about."""
    key = next(key for key in layout.table if key.endswith("weight"))
    message = refusal(layout, transposed(checkpoint(layout), key), tmp_path)
    assert message.startswith(f"{key}: expected shape (outputs, channels, ")


@pytest.mark.parametrize("variant", VARIANTS[1:], ids=lambda variant: f"{variant.architecture}, {variant.layout}")
def test_the_tensor_that_tells_the_layout_is_named(variant, tmp_path):
    """Where it is missing, and where it has other axes, which a checkpoint of another layout might."""
    (layout,) = (
        layout for layout in LAYOUTS if (layout.architecture, layout.name) == (variant.architecture, variant.layout)
    )
    key, axes = variant.mark
    tensors = checkpoint(layout)
    for values in (without(tensors, key), {**tensors, key: np.ones(5, np.float32)}):
        message = refusal(layout, values, tmp_path)
        assert message.startswith(f"not a checkpoint of {layout.architecture}: it has no ")
        assert f"{key} of {axes} axes" in message


def test_a_model_for_event_cameras_without_its_first_tensor_of_an_mlp(tmp_path):
    """It can be told from those for ImageNet no more, which have that tensor too."""
    layout = LAYOUTS[NAMES.index("spikformer, authors, event cameras")]
    assert layout.mlp == VARIANTS[0].mark[0]
    assert refusal(layout, without(checkpoint(layout), layout.mlp), tmp_path).startswith(f"{layout.mlp}: missing")


def test_the_kind_of_spike_frames_is_asked_for(tmp_path):
    """By a model for event cameras; the Spike-driven Transformer has a pooling for them that is in no tensor."""
    events, driven = (
        LAYOUTS[NAMES.index(f"{name}")]
        for name in ("spikformer, authors, event cameras", "spike-driven-transformer, authors")
    )
    assert "give --frames graded for counts" in refusal(events, checkpoint(events), tmp_path, frames=None)
    assert "pool in their attention (Erode)" in refusal(driven, checkpoint(driven), tmp_path, frames="binary")


@of_every_layout
def test_a_number_that_is_none_is_named(layout, tmp_path):
    """A NaN anywhere."""
    tensors = checkpoint(layout)
    for key in layout.keys:
        assert refusal(layout, with_nan(tensors, key), tmp_path).startswith(f"{key}: holds 1 values not finite")


@of_every_layout
@pytest.mark.parametrize(
    "key",
    ["zzz", "block.0.attn.q_lif.w", "block.0.attn.norm1.weight", "block.0.norm3.weight", "block.0.norm1.running_mean"]
    + ["block.0.mlp.talking_heads.weight", "stem.num_batches_tracked", "head_lif.w"],
)
def test_an_unknown_tensor_is_named(layout, key, tmp_path):
    """Such as that of a neuron that learned, or one like those that may be left over."""
    message = refusal(layout, with_extra(checkpoint(layout), key), tmp_path)
    assert message == f"{key}: a tensor that this architecture does not have (1 such in all)"


@of_every_layout
def test_a_negative_variance_is_named(layout, tmp_path):
    """With its BatchNorm and channel."""
    tensors = checkpoint(layout)
    tensors[layout.statistic][2] = -0.5
    message = refusal(layout, tensors, tmp_path)
    assert message.startswith(f"{layout.statistic.removesuffix('.running_var')}: the variance of channel 2 is -0.5")


@of_every_layout
def test_a_weight_too_large_for_its_width_is_named(layout, tmp_path):
    """Before a neuron a folded weight beyond 127 makes the threshold less than one step; 16 bits have room for it."""
    tensors = checkpoint(layout)
    tensors[f"{layout.attention_norm}.weight"][3] *= 1000
    message = refusal(layout, tensors, tmp_path)
    assert message.startswith(f"{layout.last_q}: the threshold 1 is 0.") and "step of channel 3" in message
    assert message.endswith("its weights need more bits (--bits 16 gives the most)")
    imported(layout, tensors, tmp_path, bits=16)


@of_every_layout
def test_another_architecture_is_named(layout, tmp_path):
    """As what it is."""
    path = saved(checkpoint(layout), tmp_path)
    for architecture in ARCHITECTURES:
        if architecture != layout.architecture:
            with pytest.raises(CheckpointError) as caught:
                import_lineage(architecture, path, "imported")
            expected = f"is a checkpoint of {layout.architecture} ({layout.name}), not of {architecture}"
            assert str(caught.value) == f"{path}: {expected}"


@pytest.mark.parametrize(
    ("architecture", "looked_for"),
    [
        (
            "spikformer",
            "block.0.mlp.fc1_conv.weight of 3 axes or block.0.attn.q_conv.weight of 3 axes or "
            "block.0.attn.q_linear.weight of 2 axes or "
            "patch_embed.stages.0.conv_bn.block.0.weight of 4 axes",
        ),
        (
            "spike-driven-transformer",
            "block.0.attn.q_conv.weight of 4 axes or patch_embed.final_stage.0.weight of 4 axes",
        ),
        ("meta-spikeformer", "downsample1_1.encode_conv.weight of 4 axes"),
    ],
)
def test_something_else_is_refused(architecture, looked_for, tmp_path):
    """With what was looked for, and what is there."""
    path = saved({f"layer{number}.weight": np.ones((2, 2), np.float32) for number in range(5)}, tmp_path)
    with pytest.raises(CheckpointError) as caught:
        import_lineage(architecture, path, "imported")
    assert str(caught.value) == (
        f"{path}: not a checkpoint of {architecture}: it has no {looked_for}; it begins with layer0.weight, "
        "layer1.weight, layer2.weight"
    )


@pytest.mark.parametrize("layout", LAYOUTS[:3], ids=NAMES[:3])
def test_heads_must_be_given_where_nothing_tells_them(layout, tmp_path):
    """Spikformer of 32 channels is of no published size."""
    message = refusal(layout, checkpoint(layout), tmp_path, heads=None)
    assert message.startswith("32 channels are of no published size") and message.endswith("give --heads")


@of_every_layout
def test_heads_must_divide_the_channels(layout, tmp_path):
    """Five do not."""
    assert "must be a multiple of" in refusal(layout, checkpoint(layout), tmp_path, heads=5)


@pytest.mark.parametrize("layout", [layout for layout in LAYOUTS if "frames" not in layout.conventions])
def test_an_unknown_data_set_is_asked_for(layout, tmp_path):
    """Seven classes suggest neither the size of the images nor their normalisation; both given, it is imported."""
    tensors = checkpoint(layout)
    tensors |= {name: tensors[name][:7] for name in ("head.weight", "head.bias")}
    message = refusal(layout, tensors, tmp_path, normalisation="none")
    assert message == "7 classes: of what size are the images? give --image-size ROWS COLUMNS"
    message = refusal(layout, tensors, tmp_path, image_size=(16, 16))
    assert message.startswith("images of 3 channels in 7 classes") and "--mean and --std" in message
    given = {"image_size": (16, 16), "mean": (0.5,), "std": (0.25,)}
    assert (16, 16, 3) == imported(layout, tensors, tmp_path, **given).network.input.shape
    message = refusal(layout, tensors, tmp_path, **given | {"mean": (0.5, 0.5)})
    assert message == "mean: expected 3 numbers, one a channel, got (0.5, 0.5)"


@of_every_layout
def test_thresholds_must_be_on_a_step(layout, tmp_path):
    """0.3 is on no dyadic step, and a product of attention is a whole number."""
    message = refusal(layout, checkpoint(layout), tmp_path, threshold=0.3)
    assert "the threshold 0.3" in message and "multiple of a power of two" in message
    message = refusal(layout, checkpoint(layout), tmp_path, attention_threshold=0.7)
    assert "--attention-threshold" in message and "expected a whole number of at least 1" in message


def test_meta_spikeformer_pools_nowhere(tmp_path):
    """So that --pooled-stages is not taken without doing anything."""
    message = refusal(LAYOUTS[-1], checkpoint(LAYOUTS[-1]), tmp_path, pooled_stages=(2, 3))
    assert message == "meta-spikeformer has no stages that pool; leave out --pooled-stages"


def test_spike_driven_attention_scales_nothing(tmp_path):
    """So that --attention-scale is not taken without doing anything, not even where it names the usual factor."""
    layout = LAYOUTS[NAMES.index("spike-driven-transformer, authors")]
    message = refusal(layout, checkpoint(layout), tmp_path, attention_scale=0.125)
    assert message == "spike-driven-transformer has no products to scale; leave out --attention-scale"


def test_a_moving_average_that_is_not_there_is_named(tmp_path):
    """Only PyTorch checkpoints have one."""
    path = saved(checkpoint(LAYOUTS[0]), tmp_path)
    with pytest.raises(CheckpointError, match="state_dict_ema: missing"):
        import_lineage("spikformer", path, "imported", Conventions(heads=4), ema=True)


def test_a_register_that_could_overflow_is_named(tmp_path):
    """Fifty timesteps of exact membranes need more than 64 bits."""
    message = refusal(LAYOUTS[0], checkpoint(LAYOUTS[0]), tmp_path, timesteps=50)
    assert message.startswith("stem.neuron0: the membrane needs ") and message.endswith("its register has 64")
