"""Fusion is exact: in rational numbers, the fused convolution and the chain give the same at every place."""

from fractions import Fraction
from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from refsim.checkpoints.fusion import batch_norm, fold, fused_rep_conv, fused_separable
from refsim.errors import CheckpointError

fractions = st.builds(Fraction, st.integers(-12, 12), st.integers(1, 7))
sizes = st.integers(1, 3)


def exact(draw, *shape):
    """Draw an array of fractions."""
    count = int(np.prod(shape))
    values = np.empty(shape, object)
    values.reshape(-1)[:] = draw(st.lists(fractions, min_size=count, max_size=count))
    return values


def zeros(*shape):
    return np.full(shape, Fraction(0), object)


def padded(image, ring, values):
    """Put a border around an image (channels, rows, columns): one value for each channel."""
    channels, rows, columns = image.shape
    wide = zeros(channels, rows + 2 * ring, columns + 2 * ring)
    for channel, row, column in np.ndindex(wide.shape):
        wide[channel, row, column] = values[channel]
    for channel, row, column in np.ndindex(image.shape):
        wide[channel, row + ring, column + ring] = image[channel, row, column]
    return wide


def convolution(image, weight):
    """Slide weights (outputs, inputs, Y, X) over an image, without padding: the definition, sum by sum."""
    outputs, inputs, height, width = weight.shape
    _, rows, columns = image.shape
    answer = zeros(outputs, rows - height + 1, columns - width + 1)
    for output, row, column in np.ndindex(answer.shape):
        for channel, y, x in product(range(inputs), range(height), range(width)):
            answer[output, row, column] += weight[output, channel, y, x] * image[channel, row + y, column + x]
    return answer


def depthwise_convolution(image, weight):
    """Slide weights (channels, Y, X) over an image, each over its own channel, without padding."""
    parts = [convolution(image[channel : channel + 1], weight[channel][None, None]) for channel in range(len(weight))]
    return np.concatenate(parts)


def affine(image, scale, shift):
    """Apply one scale and one shift to each channel."""
    answer = zeros(*image.shape)
    for channel, row, column in np.ndindex(image.shape):
        answer[channel, row, column] = scale[channel] * image[channel, row, column] + shift[channel]
    return answer


def rep_conv_chain(image, first, scale, shift, depthwise, last, border):
    """Compute a RepConv step by step; its border is given."""
    normalised = affine(convolution(image, first[:, :, None, None]), scale, shift)
    return convolution(depthwise_convolution(padded(normalised, 1, border), depthwise), last[:, :, None, None])


@st.composite
def rep_convs(draw):
    """Draw an image, also one smaller than the window, and the numbers of a RepConv."""
    inputs, middle, outputs = draw(sizes), draw(sizes), draw(sizes)
    image = exact(draw, inputs, draw(st.integers(1, 4)), draw(st.integers(1, 4)))
    first, scale, shift = exact(draw, middle, inputs), exact(draw, middle), exact(draw, middle)
    return image, (first, scale, shift, exact(draw, middle, 3, 3), exact(draw, outputs, middle))


@given(rep_convs())
def test_a_rep_conv_is_one_convolution(drawn):
    """With zeros around the image and a bias, it gives what the chain gives, at the border and everywhere."""
    image, parts = drawn
    weight, bias = fused_rep_conv(*parts)
    fused = affine(convolution(padded(image, 1, zeros(len(image))), weight), [1] * len(bias), bias)
    chain = rep_conv_chain(image, *parts, border=parts[2])
    assert chain.tolist() == fused.tolist()
    assert all(type(value) is Fraction for value in [*weight.flat, *bias.flat])


def test_the_border_is_that_of_the_normalisation():
    """By hand: everything one, image 3 x 3 of zeros, shift 1: 9 everywhere; with a border of zeros 4, 6, 9."""
    one = np.array([Fraction(1)], object)
    parts = one[:, None], one, one, np.full((1, 3, 3), Fraction(1), object), one[:, None]
    image = zeros(1, 3, 3)
    weight, bias = fused_rep_conv(*parts)
    fused = affine(convolution(padded(image, 1, [Fraction(0)]), weight), one, bias)
    assert [[[9, 9, 9]] * 3] == fused.tolist()
    naive = rep_conv_chain(image, *parts, border=[Fraction(0)])
    assert [[[4, 6, 4], [6, 9, 6], [4, 6, 4]]] == naive.tolist()


def test_a_rep_conv_by_hand():
    """Two channels between: scale and shift of each meet the taps of each."""
    first, scale, shift = np.array([[2.0], [3.0]]), np.array([1.0, -1.0]), np.array([0.5, 4.0])
    depthwise = np.zeros((2, 3, 3))
    depthwise[0, 0, 1], depthwise[1, 2, 0], depthwise[1, 1, 1] = 5.0, 7.0, 1.0
    weight, bias = fused_rep_conv(first, scale, shift, depthwise, np.array([[10.0, 100.0]]))
    assert [[[[0, 100, 0], [0, -300, 0], [-2100, 0, 0]]]] == weight.tolist()
    assert [10 * 5 * 0.5 + 100 * 8 * 4] == bias.tolist()
    assert weight.dtype == bias.dtype == np.float64


@given(st.data(), sizes, sizes)
def test_a_separable_convolution_is_one_convolution(data, channels, outputs):
    """Depthwise 5 x 3 with zeros around the image, then 1 x 1."""
    image = exact(data.draw, channels, data.draw(st.integers(1, 4)), data.draw(st.integers(3, 4)))
    depthwise, pointwise = exact(data.draw, channels, 5, 3), exact(data.draw, outputs, channels)
    wide = padded(image, 2, zeros(channels))
    chain = convolution(depthwise_convolution(wide, depthwise), pointwise[:, :, None, None])
    assert chain.tolist() == convolution(wide, fused_separable(depthwise, pointwise)).tolist()


@given(st.data(), sizes, sizes, st.booleans())
def test_a_folded_normalisation_is_the_normalisation(data, inputs, outputs, has_bias):
    """scale * (W x + b) + shift is W' x + b', for scales of either sign and zero."""
    image, weight = exact(data.draw, inputs, 3, 4), exact(data.draw, outputs, inputs, 2, 3)
    bias = exact(data.draw, outputs) if has_bias else None
    scale, shift = exact(data.draw, outputs), exact(data.draw, outputs)
    folded_weight, folded_bias = fold(weight, bias, scale, shift)
    ones = [1] * outputs
    chain = affine(affine(convolution(image, weight), ones, bias if has_bias else zeros(outputs)), scale, shift)
    assert chain.tolist() == affine(convolution(image, folded_weight), ones, folded_bias).tolist()


def test_a_folded_matrix_by_hand():
    """The float32 of a linear map is widened, a row for each output."""
    weight, bias = np.array([[1, 2], [3, 4]], np.float32), np.array([1, 2], np.float32)
    folded = fold(weight, bias, np.array([2.0, -0.5]), np.array([0.25, 8.0]))
    assert [[[2, 4], [-1.5, -2]], [2.25, 7]] == [part.tolist() for part in folded]
    assert np.float64 == folded[0].dtype == folded[1].dtype


def test_a_batch_norm_by_hand():
    """Squares as variances; a negative gamma, and one that is zero."""
    scale, shift = batch_norm(
        "c.pt: stem.norm",
        weight=np.array([3, -1, 0], np.float32),
        bias=np.array([0.5, 2, 7], np.float32),
        mean=np.array([4, -6, 1], np.float32),
        variance=np.array([2.0, 0.0, 6.0], np.float32),
        epsilon=0.25,
    )
    assert [2, -2, 0] == scale.tolist()
    assert [0.5 - 8, 2 - 12, 7] == shift.tolist()
    assert scale.dtype == shift.dtype == np.float64


def test_a_batch_norm_of_pytorch():
    """The same as PyTorch's in float64, to the last few bits."""
    torch = pytest.importorskip("torch")
    random = np.random.default_rng(3)
    norm = torch.nn.BatchNorm1d(5).double().eval()
    weight, bias, mean, image = random.normal(size=(4, 5))
    variance = random.uniform(0, 2, 5)
    for target, values in ((norm.weight, weight), (norm.bias, bias), (norm.running_mean, mean)):
        target.data = torch.from_numpy(values)
    norm.running_var = torch.from_numpy(variance)
    scale, shift = batch_norm("c.pt", weight, bias, mean, variance, 1e-5)
    expected = norm(torch.from_numpy(image)[None])[0].detach().numpy()
    np.testing.assert_allclose(scale * image + shift, expected, rtol=1e-14, atol=1e-14)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"variance": [1, -1e-9]}, "variance of channel 1 is -1e-09, expected at least 0"),
        ({"variance": [0, 1], "epsilon": 0.0}, "variance of channel 0 is 0, expected at least 0, and more than 0"),
        ({"mean": [1, 2, 3]}, r"the mean: expected shape \(2,\), got \(3,\)"),
        ({"weight": [1e308, 1], "variance": [1e-9, 1], "epsilon": 0.0}, "leaves the range of float64"),
    ],
)
def test_damaged_statistics_are_refused(changes, message):
    """Where they are is said."""
    parts = {"weight": [1, 1], "bias": [0, 0], "mean": [0, 0], "variance": [1, 1], "epsilon": 1e-5} | changes
    parts = {name: value if name == "epsilon" else np.array(value, np.float64) for name, value in parts.items()}
    with pytest.raises(CheckpointError, match=f"^c.pt: stem.norm: .*{message}"):
        batch_norm("c.pt: stem.norm", **parts)


def test_shapes_that_broadcasting_would_hide_are_refused():
    """A scale of one value, a window with the axis of its single input, a last convolution of other channels."""
    ones = np.ones
    with pytest.raises(ValueError, match=r"scale: expected shape \(2\), got \(1\)"):
        fold(ones((2, 3)), None, ones(1), ones(2))
    with pytest.raises(ValueError, match=r"bias: expected shape \(2\), got \(1\)"):
        fold(ones((2, 3)), ones(1), ones(2), ones(2))
    with pytest.raises(ValueError, match=r"depthwise: expected shape \(2, Y, X\), got \(2, 1, 3, 3\)"):
        fused_rep_conv(ones((2, 2)), ones(2), ones(2), ones((2, 1, 3, 3)), ones((2, 2)))
    with pytest.raises(ValueError, match=r"last: expected shape \(O, 2\), got \(2, 1\)"):
        fused_rep_conv(ones((2, 2)), ones(2), ones(2), ones((2, 3, 3)), ones((2, 1)))
    with pytest.raises(ValueError, match=r"depthwise: expected shape \(M, Y, X\), got \(2, 3\)"):
        fused_separable(ones((2, 3)), ones((4, 2)))


def test_fractions_are_not_mixed_with_floats():
    """NumPy would round them without a word; integers are not taken for floats either."""
    exact_ones, ones = np.full((2, 3), Fraction(1), object), np.ones(2)
    with pytest.raises(TypeError, match="got object, float64, float64"):
        fold(exact_ones, None, ones, ones)
    with pytest.raises(TypeError, match="got int64, float64, float64"):
        fold(np.ones((2, 3), np.int64), None, ones, ones)


def test_floats_are_fused_as_fractions_are():
    """Floats go through matrix products of another order; the sum that the docstring states is the same."""
    random = np.random.default_rng(0)
    first, scale, shift = random.normal(size=(40, 30)), random.normal(size=40), random.normal(size=40)
    depthwise, last = random.normal(size=(40, 3, 3)), random.normal(size=(20, 40))
    weight, bias = fused_rep_conv(first, scale, shift, depthwise, last)
    expected = np.einsum("om,myx,m,mi->oiyx", last, depthwise, scale, first)
    np.testing.assert_allclose(weight, expected, rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(bias, np.einsum("om,myx,m->o", last, depthwise, shift), rtol=1e-12, atol=1e-12)
