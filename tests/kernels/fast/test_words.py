"""Words of the trains that are not zero."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from refsim.kernels.fast.words import WORD, firing
from refsim.kernels.kernel import kernel


@kernel
def words_of(trains, words):
    for word in range(words.shape[0]):
        words[word] = firing(trains, word << 6)


@given(st.integers(0, 2**16), st.integers(1, 3), st.floats(0, 1))
def test_each_bit_is_a_train(seed, count, density):
    """Compiled and as Python source; trains of any value from 1 to 255 fire."""
    random = np.random.default_rng(seed)
    trains = (random.integers(1, 256, count * WORD) * (random.random(count * WORD) < density)).astype(np.uint8)
    words, expected = np.zeros(count, np.uint64), np.packbits(trains != 0, bitorder="little").view(np.uint64)
    words_of(trains, words)
    np.testing.assert_array_equal(expected, words)
    words.fill(0)
    words_of.python(trains, words)
    np.testing.assert_array_equal(expected, words)
