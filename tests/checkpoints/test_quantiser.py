"""Rounding layer by layer, by hand and in rational numbers."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from refsim.checkpoints.quantiser import Quantiser
from refsim.checkpoints.tensors import Affine
from refsim.errors import CheckpointError


def affine(weight, bias):
    return Affine(np.array(weight, np.float64), np.array(bias, np.float64))


def test_a_layer_before_a_neuron_by_hand():
    """Channel 0: 1.0 fits at 2**-6 (64 <= 127 < 128), so 0.3 is 19.2, rounded 19; channel 1: 100 fits at 1.

    The error is 19/64 - 0.3 = -0.003125; the biases 0.51 and -2.6 become 32.64 and -2.6, rounded 33 and -3.
    """
    quantiser = Quantiser("file")
    step = quantiser.affine("site", affine([[1.0, 0.3], [100.0, -7.0]], [0.51, -2.6]))
    assert [6, 0] == step.tolist()
    assert [[64, 100], [19, -7]] == quantiser.values["site.weights"].tolist()
    assert [33, -3] == quantiser.values["site.bias"].tolist()
    (rounding,) = quantiser.roundings
    assert ("site", 6, 0, 100.0) == (
        rounding.site,
        rounding.finest_shift,
        rounding.coarsest_shift,
        rounding.largest_weight,
    )
    assert 0.003125 == pytest.approx(rounding.largest_error, abs=1e-12)


def test_a_branch_has_one_step():
    """That of the largest weight, 100."""
    quantiser = Quantiser("file")
    assert [0] == quantiser.affine("site", affine([[1.0, 0.3], [100.0, -7.0]], [0.5, 0.0]), per_channel=False).tolist()
    assert [[1, 100], [0, -7]] == quantiser.values["site.weights"].tolist()


@pytest.mark.parametrize(("peak", "refused"), [(127.0, False), (127.5, True), (128.0, True), (-127.0, False)])
def test_the_largest_weight_before_a_neuron(peak, refused):
    """At 127 the step is 1 and a threshold of 1 is one step; beyond, half a step: refused, naming site and channel."""
    quantiser = Quantiser("file")
    step = quantiser.affine("site", affine([[1.0], [peak]], [0.0, 0.0]))
    if not refused:
        quantiser.threshold("neuron", step, 2, 1.0)
        assert [64, 1] == quantiser.values["neuron.thresholds"].tolist()
        return
    with pytest.raises(CheckpointError, match="^file: neuron: the threshold 1 is 0.5 on the step of channel 1, "):
        quantiser.threshold("neuron", step, 2, 1.0)


@pytest.mark.parametrize(("weight", "bias", "field"), [(np.inf, 0.0, "weight"), (1.0, np.nan, "bias")])
def test_what_left_the_range_is_refused(weight, bias, field):
    """Which folding can do to huge, finite tensors."""
    with pytest.raises(CheckpointError, match=f"^file: site: the {field} leaves the range of float64 once folded$"):
        Quantiser("file").affine("site", affine([[weight]], [bias]))


def test_a_threshold_on_a_sum_holds_its_count():
    """The mean of 49 values against 0.75 on a step of 2**-2: their sum against 49 * 3 = 147."""
    quantiser = Quantiser("file", keep=True)
    quantiser.threshold("neuron", 2, 3, 0.75, count=49)
    assert [147] * 3 == quantiser.values["neuron.thresholds"].tolist()
    assert [36.75] * 3 == quantiser.reals["neuron.thresholds"].tolist()


shifts = st.integers(-3, 12)


@given(shifts, shifts, shifts, shifts, st.lists(st.integers(-99, 99), min_size=4, max_size=4))
def test_a_stream_adds_up_exactly(first, second, third, fourth, values):
    """Three branches of different steps onto a stream: in rational numbers the sum is that of the summands.

    Each residual is (stream << a) + (branch << b) (rule N13); no shift is negative, and at least one summand keeps its
    integers.
    """
    quantiser = Quantiser("file")
    branches = {"a": second, "b": third, "c": fourth}
    step = quantiser.stream(first, branches)
    stream, branch_shifts = values[0], []
    for name, value in zip(branches, values[1:]):
        stream_shift, branch_shift = (quantiser.values[f"{name}.{part}_shift"] for part in ("stream", "branch"))
        branch_shifts.append(branch_shift)
        stream = (stream << stream_shift) + (value << branch_shift)
    real = sum(Fraction(value) / Fraction(2) ** shift for value, shift in zip(values, (first, second, third, fourth)))
    assert real == Fraction(stream) / Fraction(2) ** step
    assert 0 == min(quantiser.values["a.stream_shift"], *branch_shifts)
    assert 0 == quantiser.values["b.stream_shift"] == quantiser.values["c.stream_shift"]


def test_pixels_by_hand():
    """(p / 256 - 0.5) / 0.25 with weight 3: 12 p / 256 - 6, so 12 on p / 2**8: 96 at 2**-3, and -0.5 * 256 * 96 a tap.

    The sums are multiples of 2**-11, on which the bias 0.25 is 512.
    """
    quantiser = Quantiser("file", keep=True)
    step = quantiser.centred("site", affine([[[[3.0]]]], [0.25]), 256.0, (0.5,), (0.25,))
    assert [11] == step.tolist()
    assert [[[[96]]]] == quantiser.values["site.weights"].tolist()
    assert [[[-12288]]] == quantiser.values["site.centred.bias"].tolist()
    assert [512] == quantiser.values["site.bias"].tolist()
    assert [[[-6.0]]] == quantiser.reals["site.centred.bias"].tolist()


@given(st.integers(0, 2**32 - 1), st.sampled_from([4, 8, 16]))
def test_an_image_of_the_mean_gives_the_bias_and_nothing_else(seed, bits):
    """For any weights, rounded as they are: a tap's bias takes away what a pixel of the mean colour adds to it."""
    rng = np.random.default_rng(seed)
    colour = rng.integers(0, 256, 3)
    mean, std = tuple(colour / 255), tuple(rng.uniform(0.1, 1, 3))
    quantiser = Quantiser("file", bits)
    step = quantiser.centred("site", affine(rng.normal(size=(4, 3, 3, 3)), rng.normal(size=4)), 255.0, mean, std)
    weights, taps = (quantiser.values[f"site.{field}"] for field in ("weights", "centred.bias"))
    given_by_colour = np.einsum("ijco,c->ijo", weights.astype(np.int64), colour)
    assert not (given_by_colour + taps).any()
    assert (3, 3, 4) == taps.shape and (4,) == step.shape


def test_pixels_without_a_mean_have_no_taps():
    """Then only the scale is folded: 1 / (255 * 0.5) of weight 127.5 on p / 2**8 is 256, 64 at 2**2."""
    quantiser = Quantiser("file")
    step = quantiser.centred("site", affine([[[[127.5]]]], [0.0]), 255.0, (0.0,), (0.5,))
    assert ["site.bias", "site.weights"] == sorted(quantiser.values)
    assert ([6], [[[[64]]]]) == (step.tolist(), quantiser.values["site.weights"].tolist())


def test_a_head_on_sums_by_hand():
    """Sums of 49 values of which the mean is meant: the bias 0.75 at 2**-6 is 48, and 49 times that 2352."""
    quantiser = Quantiser("file", keep=True)
    quantiser.head("head", affine([[1.0], [0.5]], [0.75, 0.0]), count=49)
    assert 6 == quantiser.values["head.step_shift"]
    assert [[64, 32]] == quantiser.values["head.weights"].tolist()
    assert [2352, 0] == quantiser.values["head.bias"].tolist()
    assert [36.75, 0.0] == quantiser.reals["head.bias"].tolist()


def test_reals_are_kept_only_where_asked_for():
    """They are as large as the checkpoint."""
    quantiser = Quantiser("file")
    quantiser.threshold("neuron", quantiser.affine("site", affine([[1.0]], [0.0])), 1, 1.0)
    assert {} == quantiser.reals
    quantiser = Quantiser("file", keep=True)
    quantiser.threshold("neuron", quantiser.affine("site", affine([[1.5]], [0.3])), 1, 0.5)
    expected = {"site.weights": [[1.5]], "site.bias": [0.3], "neuron.thresholds": [0.5]}
    assert expected == {name: real.tolist() for name, real in quantiser.reals.items()}
