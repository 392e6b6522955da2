"""Directed cases of weighted sums: linear maps, bit planes, convolutions, pooling, tokens."""

import numpy as np

from refsim.golden.recipes.recipe import directed
from refsim.ops import Convolution, Linear, MaxPool, Tokens


def linear(name, title, values, weights, sums, bias=None, planes=0, kind="ternary"):
    """A case of one timestep: values and sums as lists over tokens of lists over channels."""
    weights = np.array(weights, np.int8)
    bias = np.zeros(weights.shape[1], np.int32) if bias is None else np.array(bias, np.int32)
    return directed(name, title, "linear", Linear(weights, bias, planes), [(kind, [values])], [sums])


def convolution(name, title, values, weights, sums, padding=1, stride=1, planes=0, kind="ternary", bias=0):
    """A case of one timestep and one channel in and out: values, weights and sums as lists of rows."""
    weights = np.array(weights, np.int8)[..., np.newaxis, np.newaxis]
    operator = Convolution(weights, np.array([bias], np.int32), stride, padding, planes)
    image, answer = (np.array(rows)[np.newaxis, ..., np.newaxis].tolist() for rows in (values, sums))
    return directed(name, title, "convolution", operator, [(kind, image)], answer)


def pool(name, title, values, pooled, kind="sums", **settings):
    """A case of one timestep and one channel: values and answer as lists of rows."""
    image, answer = (np.array(rows)[np.newaxis, ..., np.newaxis].tolist() for rows in (values, pooled))
    return directed(name, title, "max_pool", MaxPool(**settings), [(kind, image)], answer)


ONE_TO_NINE = [[1, 2, 3], [4, 5, 6], [7, 8, 9]]


def recipes():
    yield from small_sums()
    yield from large_numbers()
    yield from windows()


def small_sums():
    yield linear("negative-spike", "A spike of -1 subtracts its row", [[-1], [1]], [[5]], [[-5], [5]])
    yield linear("negative-weight", "A weight of -1 is read as signed", [[1]], [[-1]], [[-1]])
    yield linear("most-negative-weight", "-128 is subtracted from nothing: 128", [[-1]], [[-128]], [[128]])
    yield linear(
        "one-hot-weight",
        "Row is the input channel, column the output",
        [[1, 0], [0, 1]],
        [[0, 5], [0, 0]],
        [[0, 5], [0, 0]],
    )
    yield linear("own-row", "Each channel adds its own row", [[1, 0], [0, 1]], [[1], [2]], [[1], [2]])
    yield linear("last-channel", "The last channel counts", [[0, 0, 1]], [[1], [2], [4]], [[4]])
    yield linear(
        "lanes",
        "The lanes of a packed word stay in order",
        [[1, 0, 0, 0], [0, 0, 1, 0]],
        [[1], [2], [3], [4]],
        [[1], [3]],
    )
    yield linear("sum-of-9-bits", "100 + 28 = 128 needs 9 bits", [[1, 1]], [[100], [28]], [[128]])
    yield linear(
        "order-of-saturation", "100 + 100 - 100 passes 127 on the way", [[1, 1, 1]], [[100], [100], [-100]], [[100]]
    )
    yield linear("sum-of-7-bits", "Thirty-two ones are 32", [[1] * 32], [[1]] * 32, [[32]])
    yield linear("sum-of-17-bits", "259 times 127 is 32,893 and needs 17 bits", [[1] * 259], [[127]] * 259, [[32893]])
    yield linear(
        "carry-between-lanes",
        "-1 + 1 in the lower lane leaves the upper one at 0",
        [[1, 1]],
        [[-1, 0], [1, 0]],
        [[0, 0]],
    )
    yield linear("silence", "No spike, no bias: 0", [[0, 0]], [[100], [-100]], [[0]], bias=[0])
    yield linear("bias-alone", "Without spikes the sum is the bias", [[0]], [[5]], [[7]], bias=[7])
    yield two_timesteps_of_bias()
    yield linear(
        "planes-of-nothing",
        "The bias is not shifted with the planes",
        [[0]],
        [[5]],
        [[3]],
        bias=[3],
        planes=8,
        kind="pixels",
    )
    yield linear(
        "planes-lowest-and-highest", "1 and 128 times 7", [[1], [128]], [[7]], [[7], [896]], planes=8, kind="pixels"
    )
    yield linear("planes-of-255", "All planes set: 255 times -3", [[255]], [[-3]], [[-765]], planes=8, kind="pixels")
    yield linear(
        "planes-of-counts",
        "A graded spike of 5 in seven planes",
        [[5, 127]],
        [[2], [1]],
        [[137]],
        planes=7,
        kind="graded",
    )
    yield convolution(
        "not-flipped",
        "The kernel is not flipped: the pixel below right sees the first weight",
        [[0, 0, 0], [0, 1, 0], [0, 0, 0]],
        ONE_TO_NINE,
        [[9, 8, 7], [6, 5, 4], [3, 2, 1]],
    )
    yield convolution(
        "edge-is-silent", "Outside the image there is no spike", [[1, 0], [0, 0]], [[1] * 3] * 3, [[1, 1], [1, 1]]
    )
    yield convolution(
        "corners",
        "Every corner at its place",
        [[1, 0, 0], [0, 0, 0], [0, 0, -1]],
        ONE_TO_NINE,
        [[5, 4, 0], [2, -8, -8], [0, -6, -5]],
    )
    yield convolution(
        "stride",
        "Every second place, from the first on",
        [[1, 0, 0], [0, 0, 0], [0, 0, 1]],
        ONE_TO_NINE,
        [[5, 0], [0, 5]],
        stride=2,
    )
    yield convolution(
        "negative-sum", "A negative sum stays negative", [[1]], [[-3]], [[-3]], padding=0, planes=8, kind="pixels"
    )
    yield convolution(
        "pixel-planes",
        "200 times -3 and the bias once",
        [[200]],
        [[-3]],
        [[-590]],
        padding=0,
        planes=8,
        kind="pixels",
        bias=10,
    )
    yield still_image()
    yield still_images_of_two_samples()
    yield linear("bias-of-each-token", "Every token has the bias", [[0], [1]], [[5]], [[7], [12]], bias=[7])
    yield linear(
        "planes-of-one-and-two",
        "Planes 1 and 0: 2 and 3 times 5",
        [[2], [3]],
        [[5]],
        [[10], [15]],
        planes=2,
        kind="counts",
    )
    yield linear("not-square", "Weights lie input before output", [[1, 0]], [[1, 2, 3], [4, 5, 6]], [[1, 2, 3]])
    yield channels_of_tokens()
    yield pool("negative-map", "Outside the image counts less than anything inside", [[-5]], [[-5]])
    yield pool(
        "one-hot", "The window of the first place ends at row 1", [[0, 0, 0], [0, 0, 0], [0, 0, 9]], [[0, 0], [0, 9]]
    )
    yield pool("rows", "Each row at its own address", [[1, 2, 3, 4], [5, 6, 7, 8], [9, 8, 7, 6]], [[6, 8], [9, 8]])
    yield pool("zero-and-eight", "The maximum, not the mean nor the sum", [[0, 8], [3, 0]], [[8]])
    yield pool("signed", "Compared as signed integers", [[-9, 2], [-7, -3]], [[2]])
    yield pool("spikes", "On spikes it is an OR", [[0, 1], [0, 0]], [[1]], kind="binary")
    yield directed(
        "row-by-row",
        "Tokens are numbered row by row",
        "tokens",
        Tokens(),
        [("sums", [[[[1], [2]], [[3], [4]]]])],
        [[[1], [2], [3], [4]]],
    )


def large_numbers():
    """Biases, bit planes and membranes beyond 8, 16 and 32 bits."""
    yield linear(
        "planes-of-12-bits",
        "Planes above the eighth: 256, 2049 and 4095 times 7, and a bias of 17 bits",
        [[256], [2049], [4095]],
        [[7]],
        [[101792], [114343], [128665]],
        bias=[100000],
        planes=12,
        kind="integers",
    )
    wide = np.array([2**40 + 1, -(2**33), 40000], np.int64)
    yield directed(
        "bias-of-64-bits",
        "Biases may have 64 bits, and sums too",
        "linear",
        Linear(np.array([[5, -3, 1]], np.int8), wide, accumulator_bits=64),
        [("ternary", [[[1], [-1], [0]]])],
        [[[2**40 + 6, -(2**33) - 3, 40001], [2**40 - 4, -(2**33) + 3, 39999], [2**40 + 1, -(2**33), 40000]]],
    )
    yield directed(
        "planes-of-12-bits",
        "Planes above the eighth gather weights of 16 bits: 256 and 3 times -1000, and a bias of 17 bits",
        "convolution",
        Convolution(np.array([[[[-1000]]]], np.int16), np.array([100000], np.int32), padding=0, planes=12),
        [("integers", [[[[256], [3]]]])],
        [[[[-156000], [97000]]]],
    )
    yield directed(
        "bias-of-64-bits",
        "Biases may have 64 bits, and sums too",
        "convolution",
        Convolution(np.array([[[[5, -3, 1]]]], np.int8), wide, padding=0, accumulator_bits=64),
        [("ternary", [[[[1], [-1]]]])],
        [[[[2**40 + 6, -(2**33) - 3, 40001], [2**40 - 4, -(2**33) + 3, 39999]]]],
    )
    two_windows = {"window": 2, "stride": 2, "padding": 0}
    yield pool(
        "beyond-16-bits",
        "The maximum of large membranes, and of none above -40000",
        [[40000, 5, -40000, -70000], [-3, 7, -50000, -99999]],
        [[40000, -40000]],
        **two_windows,
    )
    yield pool(
        "beyond-32-bits",
        "The maximum of membranes of 41 bits, and of none above -2^33",
        [[2**33, 5, -(2**33), -(2**40)], [-3, 7, -(2**34), -(2**33) - 1]],
        [[2**33, -(2**33)]],
        "membranes",
        **two_windows,
    )


def windows():
    """Windows that are not square."""
    yield convolution(
        "window-of-one-row",
        "A window of 1 x 3 lies along the row",
        [[1, 0, -1, 0], [-1, 1, 1, -1]],
        [[-128, 2, 3]],
        [[-131, -2], [133, -129]],
        padding=0,
    )
    yield convolution(
        "window-of-one-column",
        "A window of 3 x 1 lies along the column",
        [[1, -1], [0, 1], [-1, 1], [0, -1]],
        [[-128], [2], [3]],
        [[-131, 133], [-2, -129]],
        padding=0,
    )
    yield convolution(
        "window-of-2-by-3",
        "A window of 2 x 3 with padding 1 over 2 x 2 places stands at 3 x 2",
        [[1, 0], [0, -1]],
        [[1, 2, 3], [4, 5, 6]],
        [[5, 4], [-4, -4], [-3, -2]],
    )


def channels_of_tokens():
    values = [[[[1, 2], [3, 4]]]]
    return directed(
        "channels-last",
        "A token has all channels of its place",
        "tokens",
        Tokens(),
        [("sums", values)],
        [[[1, 2], [3, 4]]],
    )


def two_timesteps_of_bias():
    operator = Linear(np.array([[5]], np.int8), np.array([7], np.int32))
    return directed(
        "bias-each-timestep",
        "The bias is added at every timestep",
        "linear",
        operator,
        [("binary", [[[0]], [[1]]])],
        [[[7]], [[12]]],
    )


def still_images_of_two_samples():
    operator = Convolution(np.array([[[[3]]]], np.int8), np.array([0], np.int32), padding=0, planes=8)
    return directed(
        "still-images-of-two-samples",
        "What is computed once for all timesteps is computed anew for each sample",
        "convolution",
        operator,
        [("pixels", [[[[2]]], [[[3]]]])],
        [[[[[6]]], [[[6]]]], [[[[9]]], [[[9]]]]],
        static=("values",),
        timesteps=2,
        samples=2,
    )


def still_image():
    operator = Convolution(np.array([[[[3]]]], np.int8), np.array([0], np.int32), padding=0, planes=8)
    return directed(
        "still-image",
        "An image stands still: its sums are there at every timestep",
        "convolution",
        operator,
        [("pixels", [[[2]]])],
        [[[[6]]], [[[6]]]],
        static=("values",),
        timesteps=2,
    )
