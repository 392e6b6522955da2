"""From real numbers to integers on dyadic steps."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from refsim.checkpoints.quantisation import narrowest, rounded_bias, rounded_weights, scaled_threshold, step_shift
from refsim.errors import CheckpointError


@given(st.lists(st.floats(-100, 100, allow_subnormal=False), min_size=1, max_size=5))
def test_the_step_is_the_finest_that_fits(weights):
    """The largest magnitude fits 127 at the shift; one finer it would not, unless the limit of 15 stops it."""
    (shift,) = step_shift(np.array([weights]), per_channel=True)
    peak = max(abs(weight) for weight in weights)
    assert peak * 2.0**shift <= 127
    assert shift == 15 or peak * 2.0 ** (shift + 1) > 127


def test_one_step_for_all_channels_is_that_of_the_largest():
    """0.9 * 2**7 = 115.2 fits, 0.9 * 2**8 does not."""
    weights = np.array([[0.9], [0.001]])
    assert [7] == step_shift(weights, per_channel=False).tolist()
    assert [7, 15] == step_shift(weights, per_channel=True).tolist()


def test_weights_are_rounded_and_reordered():
    """Half goes to even, (outputs, inputs) becomes (inputs, outputs), and what exceeds the limit stops there."""
    weights = np.array([[0.5, 1.5, -2.5], [99.0, -99.0, 0.26]], np.float32)
    integers = rounded_weights("file", "site", weights, np.array([0, 1]))
    assert [[0, 127], [2, -127], [-2, 1]] == integers.tolist()
    assert np.int8 == integers.dtype


def test_kernels_are_reordered_to_channels_last():
    """(outputs, inputs, rows, columns) becomes (rows, columns, inputs, outputs)."""
    weights = np.arange(2 * 3 * 5 * 5, dtype=np.float32).reshape(2, 3, 5, 5) % 100
    integers = rounded_weights("file", "site", weights, np.array([0]))
    assert weights[1, 2, 3, 4] == integers[3, 4, 2, 1]


def test_thresholds_must_be_positive_integers():
    """Exact on the step of each channel, or refused by name."""
    assert [2, 64] == scaled_threshold("file", "site", 0.5, np.array([2, 7])).tolist()
    for threshold, shift, channel in ((0.5, 0, 1), (0.3, 4, 0), (1.0, -1, 1)):
        with pytest.raises(
            CheckpointError, match=f"file: block0.mlp.hidden: the threshold .* step of channel {channel}"
        ):
            scaled_threshold("file", "block0.mlp.hidden", threshold, np.array([20, shift]))


def test_a_bias_beyond_int32_is_kept_in_int64():
    """1e6 * 2**15 = 32,768,000,000; what leaves 62 bits is refused, naming the site."""
    bias = rounded_bias("file", "stem.conv0", np.array([1e6], np.float32), np.array([15]))
    assert ([32_768_000_000], np.int64) == (bias.tolist(), bias.dtype)
    assert np.int32 == rounded_bias("file", "stem.conv0", np.array([1e4], np.float32), np.array([15])).dtype
    with pytest.raises(CheckpointError, match="file: stem.conv0.bias: .* leaves 62 bits"):
        rounded_bias("file", "stem.conv0", np.array([1e15], np.float32), np.array([15]))


@pytest.mark.parametrize(("bits", "limit", "dtype"), [(4, 7, np.int8), (8, 127, np.int8), (16, 32767, np.int16)])
def test_weights_of_other_widths(bits, limit, dtype):
    """The finest step at which the largest weight fits, rounded to that width."""
    weights = np.array([[1.0, -0.3]])
    (shift,) = step_shift(weights, True, bits)
    assert 2**shift <= limit < 2 ** (shift + 1)
    integers = rounded_weights("file", "site", weights, np.array([shift]), bits)
    assert ([[2**shift], [round(-0.3 * 2**shift)]], dtype) == (integers.tolist(), integers.dtype)


def test_weights_beyond_the_width_have_steps_above_one():
    """300 fits 127 in steps of 4."""
    assert [-2] == step_shift(np.array([[300.0]]), True).tolist()


@pytest.mark.parametrize(
    ("value", "dtype"), [(2**31 - 1, np.int32), (2**31, np.int64), (-(2**31), np.int64), (2**62 - 2**10, np.int64)]
)
def test_integers_never_wrap_round(value, dtype):
    """The last that 32 bits are taken for, the first that they are not, and the last float below 62 bits."""
    integers = narrowest("a", np.array([0.0, value]))
    assert (dtype, [0, value]) == (integers.dtype, integers.tolist())


@pytest.mark.parametrize("value", [2.0**62, -(2.0**62)])
def test_integers_beyond_62_bits_are_refused(value):
    """With the name and the value."""
    with pytest.raises(CheckpointError, match="^a: 4.61169e.18 leaves 62 bits$"):
        narrowest("a", np.array([0.0, value]))
