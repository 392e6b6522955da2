"""The generator of the seeded cases: splitmix64, so that any language can draw the same integers."""

import math

import numpy as np

NAME = "refsim-splitmix64/1"
MASK = (1 << 64) - 1
GAMMA = 0x9E3779B97F4A7C15


class SplitMix64:
    """A stream of integers from a seed.

    Draw i (from 1 on) mixes z = seed + i * 0x9E3779B97F4A7C15: z ^= z >> 30, z *= 0xBF58476D1CE4E5B9, z ^= z >> 27,
    z *= 0x94D049BB133111EB, z ^= z >> 31, all modulo 2**64. An integer in [low, high] is low + z % (high - low + 1).

    Parameters
    ----------
    seed : int
        Modulo 2**64.

    References
    ----------
    Steele, Lea and Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014.

    Examples
    --------
    >>> SplitMix64(1234567).integers(0, 2**63 - 1, (2,)).tolist()
    [6457827717110365317, 3203168211198807973]
    """

    def __init__(self, seed):
        self.state = seed & MASK

    def integers(self, low, high, shape, dtype=np.int64):
        """Draw an array in C order.

        Parameters
        ----------
        low, high : int
            Both inclusive.
        shape : tuple of int
        dtype : data type
        """
        count = math.prod(shape)
        steps = np.arange(1, count + 1, dtype=np.uint64)
        with np.errstate(over="ignore"):
            z = np.uint64(self.state) + steps * np.uint64(GAMMA)
            z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
            z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
            z ^= z >> np.uint64(31)
        self.state = (self.state + count * GAMMA) & MASK
        return ((z % np.uint64(high - low + 1)).astype(np.int64) + low).astype(dtype).reshape(shape)
