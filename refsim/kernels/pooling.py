"""Max pooling: on spikes an OR, on membranes the largest signed value."""

from refsim.kernels.kernel import kernel, select


@kernel
def max_pool(values, window, stride, padding, first_row, pooled):
    """Take the largest value under each window; positions outside the image are ignored (rule N12).

    Parameters
    ----------
    values : ndarray of int8, int32 or int64, shape (Y, X, C)
    window, stride, padding : int
        ``padding < window``, so that no window is empty.
    first_row : int
        Output row that pooled[0] stands for.
    pooled : ndarray like `values`, shape (rows, X', C)
        Filled.

    Examples
    --------
    >>> import numpy as np
    >>> pooled = np.zeros((1, 2, 1), np.int32)
    >>> max_pool(np.array([[[-5], [-7], [-9], [2]]], np.int32), 3, 2, 1, 0, pooled)
    >>> pooled[0, :, 0].tolist()
    [-5, 2]
    """
    for row in range(pooled.shape[0]):
        for column in range(pooled.shape[1]):
            top = (first_row + row) * stride - padding
            left = column * stride - padding
            start_row, start_column = max(0, top), max(0, left)
            for channel in range(values.shape[2]):
                pooled[row, column, channel] = values[start_row, start_column, channel]
            for y in range(start_row, min(values.shape[0], top + window)):
                for x in range(start_column, min(values.shape[1], left + window)):
                    if y != start_row or x != start_column:
                        for channel in range(values.shape[2]):
                            value, largest = values[y, x, channel], pooled[row, column, channel]
                            pooled[row, column, channel] = select(value > largest, value, largest)
