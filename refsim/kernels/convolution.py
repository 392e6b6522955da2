"""Convolutions by additions, in gather form: each output collects the spikes under its window."""

from refsim.kernels.kernel import kernel


@kernel
def convolve_spikes(spikes, weights, bias, stride, padding, first_row, sums):
    """Add the weights under each +1 of the window, subtract those under each -1 (rule N6).

    sums[y, x] = bias + sum over i, j, c of s[stride y + i - padding, stride x + j - padding, c] W[i, j, c]; positions
    outside the image hold no spike.

    Parameters
    ----------
    spikes : ndarray of int8, shape (Y, X, C)
        -1, 0 or 1.
    weights : ndarray of int8 or int16, shape (I, J, C, D)
    bias : ndarray of int32 or int64, shape (D,)
    stride, padding : int
    first_row : int
        Output row that sums[0] stands for.
    sums : ndarray of int32 or int64, shape (rows, X', D)
        Filled.

    Examples
    --------
    >>> import numpy as np
    >>> weights, sums = np.array([[[[1]], [[2]], [[3]]]], np.int8), np.zeros((1, 3, 1), np.int32)
    >>> convolve_spikes(np.array([[[0], [1], [0]]], np.int8), weights, np.zeros(1, np.int32), 1, 1, 1, sums)
    >>> sums[0, :, 0].tolist()  # row 1 of the output looks at row 0 of the image; the spike lies right of place 0
    [3, 2, 1]
    """
    for row in range(sums.shape[0]):
        for column in range(sums.shape[1]):
            place = sums[row, column]
            for output in range(place.shape[0]):
                place[output] = bias[output]
            top = (first_row + row) * stride - padding
            left = column * stride - padding
            for i in range(max(0, -top), min(weights.shape[0], spikes.shape[0] - top)):
                for j in range(max(0, -left), min(weights.shape[1], spikes.shape[1] - left)):
                    for channel in range(spikes.shape[2]):
                        spike = spikes[top + i, left + j, channel]
                        if spike != 0:
                            if spike > 0:
                                for output in range(place.shape[0]):
                                    place[output] += weights[i, j, channel, output]
                            else:
                                for output in range(place.shape[0]):
                                    place[output] -= weights[i, j, channel, output]


@kernel
def convolve_planes(values, plane_count, weights, bias, stride, padding, first_row, sums):
    """Convolve non-negative integers through bit planes, the most significant first (rule N7).

    Parameters
    ----------
    values : ndarray of uint8 or int8, shape (Y, X, C)
        0 up to ``2**plane_count - 1``; pixels have 8 planes.
    plane_count : int
    weights, bias, stride, padding, first_row, sums
        As for `convolve_spikes`; positions outside the image count as 0.

    Examples
    --------
    >>> import numpy as np
    >>> weights, sums = np.array([[[[-4]]]], np.int8), np.zeros((1, 2, 1), np.int32)
    >>> convolve_planes(np.array([[[255], [3]]], np.uint8), 8, weights, np.array([1], np.int32), 1, 0, 0, sums)
    >>> sums[0, :, 0].tolist()
    [-1019, -11]
    """
    for row in range(sums.shape[0]):
        for column in range(sums.shape[1]):
            place = sums[row, column]
            for output in range(place.shape[0]):
                place[output] = 0
            top = (first_row + row) * stride - padding
            left = column * stride - padding
            for plane in range(plane_count - 1, -1, -1):
                mask = 1 << plane
                for output in range(place.shape[0]):
                    place[output] = place[output] << 1
                for i in range(max(0, -top), min(weights.shape[0], values.shape[0] - top)):
                    for j in range(max(0, -left), min(weights.shape[1], values.shape[1] - left)):
                        for channel in range(values.shape[2]):
                            if values[top + i, left + j, channel] & mask != 0:
                                for output in range(place.shape[0]):
                                    place[output] += weights[i, j, channel, output]
            for output in range(place.shape[0]):
                place[output] += bias[output]


@kernel
def add_tap_bias(currents, bias, image_rows, image_columns, stride, padding, first_row, sums):
    """Add to each place the biases of those taps of its window that lie inside the image (rule N18).

    It is what the convolution would give for an input of 1 everywhere, with weights of any width: the mean that a
    trained network subtracts from its pixels.

    Parameters
    ----------
    currents : ndarray of int32 or int64, shape (rows, X', C)
    bias : ndarray of int32 or int64, shape (window rows, window columns, C)
    image_rows, image_columns : int
        Size of the image under the windows.
    stride, padding : int
    first_row : int
        Output row that sums[0] stands for.
    sums : ndarray of int32 or int64, shape (rows, X', C)
        Filled.

    Examples
    --------
    >>> import numpy as np
    >>> sums = np.zeros((1, 3, 1), np.int32)
    >>> bias = np.array([[[1], [10], [100]]], np.int32)
    >>> add_tap_bias(np.zeros((1, 3, 1), np.int32), bias, 1, 3, 1, 1, 1, sums)
    >>> sums[0, :, 0].tolist()  # row 1 - 1 of the image; the first place lacks its left tap, the last its right one
    [110, 111, 11]
    """
    for row in range(sums.shape[0]):
        for column in range(sums.shape[1]):
            place = sums[row, column]
            for output in range(place.shape[0]):
                place[output] = currents[row, column, output]
            top = (first_row + row) * stride - padding
            left = column * stride - padding
            for i in range(max(0, -top), min(bias.shape[0], image_rows - top)):
                for j in range(max(0, -left), min(bias.shape[1], image_columns - left)):
                    for output in range(place.shape[0]):
                        place[output] += bias[i, j, output]
