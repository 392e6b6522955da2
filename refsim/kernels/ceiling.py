"""The most additions that a machine does: what every kernel that adds rows of weights is held against."""

from refsim.kernels.kernel import kernel

ROWS_A_PASS = 8


@kernel
def add_rows(rows, repeats, sums):
    """Add all rows onto the sums, eight a pass, again and again (rule N1).

    sums[d] += repeats times the sum over r of rows[r, d], by additions. Small arrays stay in the nearest cache; nothing
    is gathered, no spike is looked at: what is left is the adding of int8 weights onto int32 sums.

    Parameters
    ----------
    rows : ndarray of int8, shape (R, D)
        R a multiple of eight; further rows are not added.
    repeats : int
    sums : ndarray of int32, shape (D,)
        Advanced in place.

    Examples
    --------
    >>> import numpy as np
    >>> sums = np.array([100], np.int32)
    >>> add_rows(np.arange(8, dtype=np.int8).reshape(8, 1), 2, sums)
    >>> sums.tolist()  # 0 to 7 are 28, twice
    [156]
    """
    for _ in range(repeats):
        for first in range(0, rows.shape[0] - 7, 8):
            for place in range(sums.shape[0]):
                sums[place] += (
                    rows[first, place]
                    + rows[first + 1, place]
                    + rows[first + 2, place]
                    + rows[first + 3, place]
                    + rows[first + 4, place]
                    + rows[first + 5, place]
                    + rows[first + 6, place]
                    + rows[first + 7, place]
                )
