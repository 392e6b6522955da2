"""Registers that are too narrow."""

import numpy as np


def wrapped(values, bits):
    """Keep the low bits of int64, as two's complement.

    Examples
    --------
    >>> import numpy as np
    >>> wrapped(np.array([127, 128, -129]), 8).tolist()
    [127, -128, 127]
    """
    spare = 64 - bits
    return values << spare >> spare


def saturated(values, bits):
    """Clip to the range of two's complement.

    Examples
    --------
    >>> import numpy as np
    >>> saturated(np.array([127, 128, -129]), 8).tolist()
    [127, 127, -128]
    """
    half = 1 << (bits - 1)
    return np.clip(values, -half, half - 1)
