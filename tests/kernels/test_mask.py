"""Masks of spikes."""

import numpy as np
import oracles
import pytest
from hypothesis import given
from hypothesis import strategies as st
from routes import both_routes
from strategies import integers

from refsim.audit.census import Census
from refsim.kernels.mask import mask_spikes


@pytest.mark.parametrize("rows", [3, 1])
@given(st.data())
def test_mask_is_a_hadamard_product(rows, data):
    """N16: with a mask for each token, and with one row for all; a comparison and a selection a place."""
    spikes, gates = data.draw(integers((3, 2), -1, 1)), data.draw(integers((rows, 2), 0, 1))
    (_, _, masked), census = both_routes(mask_spikes, spikes, gates, np.full((3, 2), 9, np.int8))
    np.testing.assert_array_equal(oracles.mask(spikes, gates), masked)
    assert Census(compares=6, selects=6) == census


def test_every_spike_masked_and_none():
    """A mask of ones changes nothing, one of zeros leaves silence."""
    spikes = np.array([[1, -1], [0, 1]], np.int8)
    for gate, expected in ((1, spikes.tolist()), (0, [[0, 0], [0, 0]])):
        (_, _, masked), _ = both_routes(mask_spikes, spikes, np.full((1, 2), gate, np.int8), np.zeros((2, 2), np.int8))
        assert expected == masked.tolist()
