"""What the synthetic checkpoints promise: shapes and types, seeds, and exactness once BatchNorms are folded in."""

import math
import re

import numpy as np
import pytest
from official_keys import (
    meta_spikeformer,
    spike_driven,
    spikformer_cifar,
    spikformer_imagenet,
    spikingjelly_spike_driven,
    spikingjelly_spikformer,
)
from synthetic import pixels, synthetic, transposed, with_extra, with_nan, without

TABLES = {
    "spikformer_imagenet": spikformer_imagenet(64, 2, 10),
    "spikformer_cifar": spikformer_cifar(32, 2),
    "spike_driven": spike_driven(32, 2, 4, 10),
    "meta_spikeformer": meta_spikeformer((16, 32, 48, 64), (2, 1), 10, head_kd=True),
    "spikingjelly_spikformer": spikingjelly_spikformer(32, 2, 10, 1),
    "spikingjelly_spike_driven": spikingjelly_spike_driven(32, 2, 10),
}

NORM_OF_MAP = [
    (r"_(conv|linear)(\d?)$", r"_bn\2"),
    (r"(pw)?conv1$", "bn1"),
    (r"conv2$", "bn2"),
    (r"mlp\.fc([12])$", r"mlp.bn\1"),
    (r"\.0$", ".1"),
]
"""How the published models name the BatchNorm behind a map, but for the chains of Meta-SpikeFormer."""

CHAINS = ("body", "pwconv2", "dwconv")
ONE_STEP = r"(encode_conv|proj_conv3|final_stage.0|rpe_conv|attn.proj_conv|\.conv2|fc2|fc2_conv)$"


def norm_of(name, table):
    """Name the BatchNorm behind a map."""
    for pattern, replacement in NORM_OF_MAP:
        norm, changes = re.subn(pattern, replacement, name)
        if changes and f"{norm}.running_var" in table:
            return norm
    raise AssertionError(f"{name} has no BatchNorm")


def folded_maps(tensors):
    """Give (name, weight, bias) in float64 of all maps with one BatchNorm behind them, that folded in, and of heads."""
    names = [key.removesuffix(".weight") for key in tensors if key.endswith(".weight") and tensors[key].ndim > 1]
    for name in names:
        weight = tensors[f"{name}.weight"].astype(np.float64)
        bias = tensors.get(f"{name}.bias", np.zeros(len(weight))).astype(np.float64)
        if name.startswith("head"):
            yield name, weight, bias
        elif "talking_heads" not in name and not any(part in name for part in CHAINS):
            norm = norm_of(name, tensors)
            gain = tensors[f"{norm}.weight"] / np.sqrt(tensors[f"{norm}.running_var"] + 1e-5)
            shifted = (bias - tensors[f"{norm}.running_mean"]) * gain + tensors[f"{norm}.bias"]
            yield name, weight * gain.reshape(-1, *[1] * (weight.ndim - 1)), shifted


def finest_shift(weight):
    """Give the largest s with every ``abs(weight) * 2**s`` at most 127."""
    return math.floor(math.log2(127 / np.abs(weight).max()))


@pytest.mark.parametrize("dyadic", [False, True])
@pytest.mark.parametrize("name", TABLES)
def test_a_checkpoint_fits_its_table(name, dyadic):
    """Keys, their order, shapes and types are those promised; the same seed gives the same, another one does not."""
    table = TABLES[name]
    tensors, again, other = (synthetic(table, seed, dyadic) for seed in (1, 1, 2))
    assert {key: values.shape for key, values in tensors.items()} == table and list(tensors) == list(table)
    for key, values in tensors.items():
        exact = np.float64 if dyadic and key.endswith("running_var") else np.float32
        assert values.dtype == (np.int64 if key.endswith("num_batches_tracked") else exact)
        assert np.array_equal(values, again[key]) and np.isfinite(values).all()
        assert values.ndim < 2 or not np.array_equal(values, other[key])


@pytest.mark.parametrize("dyadic", [False, True])
def test_batch_norms_are_not_trivial(dyadic):
    """Gammas of both signs, means that are not zero, variances that differ between channels."""
    tensors = synthetic(TABLES["spikformer_imagenet"], 1, dyadic)
    for key in (key for key in tensors if key.endswith("running_var") and tensors[key].size > 16):
        name = key.removesuffix(".running_var")
        assert len(np.unique(tensors[key])) > 2 and tensors[f"{name}.running_mean"].any()
        assert len(np.unique(np.abs(tensors[f"{name}.weight"]))) > 2 and (tensors[f"{name}.weight"] < 0).any()


@pytest.mark.parametrize("name", TABLES)
def test_variances_are_exact_roots(name):
    """Every ``running_var + 1e-5`` is a power of four in float64 and every gamma a power of two."""
    tensors = synthetic(TABLES[name], 1, dyadic=True)
    for key in (key for key in tensors if key.endswith("running_var")):
        mantissas, exponents = np.frexp(tensors[key] + 1e-5)
        assert (mantissas == 0.5).all() and (exponents % 2 == 1).all()
        assert (np.frexp(np.abs(tensors[key.replace("running_var", "weight")]))[0] == 0.5).all()


@pytest.mark.parametrize("name", TABLES)
def test_dyadic_maps_fit_in_int8(name):
    """Folded weights and biases are integers on the finest int8 step: of each channel, or of a map in a stream."""
    several_steps = 0
    for site, weight, bias in folded_maps(synthetic(TABLES[name], 1, dyadic=True, qkv_bias=0.5)):
        shifts = np.array([finest_shift(channel) for channel in weight])
        if site.startswith("head") or (re.search(ONE_STEP, site) and "spikformer" not in name):
            shifts[:] = finest_shift(weight)
        several_steps += len(set(shifts)) > 1
        weight, bias = weight.reshape(len(weight), -1).T * np.exp2(shifts), bias * np.exp2(shifts)
        assert np.array_equal(weight, np.rint(weight)) and np.abs(weight).max() <= 127, site
        assert np.array_equal(bias, np.rint(bias)) and bias.any(), site
        assert (weight.T.std(axis=1) > 0).all() and shifts.max() <= 15, site
    assert several_steps > 3


def test_two_heads_add_up_in_int8():
    """The weights of head and head_kd are on one step and their sum fits in int8 on it."""
    tensors = synthetic(TABLES["meta_spikeformer"], 1, dyadic=True)
    total = tensors["head.weight"] + tensors["head_kd.weight"]
    integers = total * 2.0 ** finest_shift(total)
    assert np.array_equal(integers, np.rint(integers))


def test_the_offset_reaches_q_k_and_v_only():
    """``qkv_bias`` is added to the last BatchNorm's bias of q, k and v and to nothing else."""
    for table in TABLES.values():
        plain, moved = synthetic(table, 1, True), synthetic(table, 1, True, qkv_bias=0.5)
        changed = {key for key in table if not np.array_equal(plain[key], moved[key])}
        pattern = r"attn\.(([qkv]_bn)|([qkv]_conv\.1)|(qkv_conv_bn\.1))\.bias$"
        assert changed == {key for key in table if re.search(pattern, key)} and changed
        assert all(np.array_equal(moved[key] - plain[key], np.full(table[key], 0.5)) for key in changed)


def test_pixels_differ_between_images():
    """Images are uint8 of the asked size, seeded, and of different brightness."""
    images = pixels(3, 4, 2, 20)
    assert images.shape == (4, 2, 20, 20) and images.dtype == np.uint8 and np.array_equal(images, pixels(3, 4, 2, 20))
    assert np.ptp(images.mean(axis=(1, 2, 3))) > 4


def test_mutations_change_one_thing():
    """Each helper changes the named tensor and leaves the given checkpoint alone."""
    tensors = synthetic(TABLES["spike_driven"], 1)
    key = "block.1.mlp.fc1_conv.weight"
    assert set(tensors) - set(without(tensors, key)) == {key}
    assert set(with_extra(tensors, "block.1.surplus")) - set(tensors) == {"block.1.surplus"}
    assert transposed(tensors, key)[key].shape == (1, 1, 32, 128) and tensors[key].shape == (128, 32, 1, 1)
    assert np.isnan(with_nan(tensors, key)[key]).sum() == 1 and not np.isnan(tensors[key]).any()
