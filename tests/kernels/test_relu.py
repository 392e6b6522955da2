"""The ReLU spiking neuron."""

import numpy as np
import oracles
from hypothesis import given
from hypothesis import strategies as st
from routes import both_routes
from strategies import integers

from refsim.kernels.relu import relu


def test_hand_worked():
    """Negative is 0, 7 >> 1 is 3, the cap holds, and just below it nothing is lost."""
    (_, spikes), _ = both_routes(
        relu, np.array([[-9, -1, 0, 7, 200, 201, 202, 9000]], np.int32), 1, 101, np.zeros((1, 8), np.int8)
    )
    assert [[0, 0, 0, 3, 100, 100, 101, 101]] == spikes.tolist()


@given(integers((2, 3), -(2**31), 2**31 - 1, np.int32), st.integers(0, 30), st.integers(1, 127))
def test_equals_the_definition(currents, shift, cap):
    """N10 for every shift and cap, up to the ends of int32."""
    (_, spikes), _ = both_routes(relu, currents, shift, cap, np.zeros((2, 3), np.int8))
    np.testing.assert_array_equal(oracles.relu(currents.astype(np.int64), shift, cap), spikes)
