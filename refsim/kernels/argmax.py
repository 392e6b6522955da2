"""The label: where the largest logit stands."""

from refsim.kernels.kernel import kernel, select


@kernel
def argmax(logits, label):
    """Find the largest of each row; of equal ones, the first (rule N15).

    Parameters
    ----------
    logits : ndarray of int32 or int64, shape (N, K)
    label : ndarray of int32, shape (N, 1)
        Filled with 0 up to K - 1.

    Examples
    --------
    >>> import numpy as np
    >>> label = np.zeros((1, 1), np.int32)
    >>> argmax(np.array([[3, 7, 7, -1]], np.int32), label)
    >>> label.tolist()
    [[1]]
    """
    for row in range(logits.shape[0]):
        largest = logits[row, 0]
        label[row, 0] = 0
        for column in range(1, logits.shape[1]):
            is_larger = logits[row, column] > largest
            largest = select(is_larger, logits[row, column], largest)
            label[row, 0] = select(is_larger, column, label[row, 0])
