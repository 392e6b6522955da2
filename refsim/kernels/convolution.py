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
    weights : ndarray of int8, shape (I, J, C, D)
    bias : ndarray of int32 or int64, shape (D,)
    stride, padding : int
    first_row : int
        Output row that sums[0] stands for.
    sums : ndarray of int32 or int64, shape (rows, X', D)
        Filled.
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
