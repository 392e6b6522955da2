"""What is refused though its source looks harmless comes with what to write instead; and that passes."""

import numba
import numpy as np
import pytest

from refsim.audit.advice import advice
from refsim.audit.kernel_audit import audit_kernel
from refsim.errors import MultiplicationError
from refsim.kernels.kernel import kernel

INT, ROWS = "int64[::1]", "int64[:,::1]"


def leaking(values, silent, out):
    for place in range(values.shape[0]):
        value = values[place]
        if silent[place] == 0:
            value = value >> 1
        out[place] = value


def leaking_in_two_loops(values, silent, out):
    for place in range(values.shape[0]):
        out[place] = values[place] >> 1
    for place in range(values.shape[0]):
        if silent[place] != 0:
            out[place] = values[place]


def gathering(events, weights, out):
    for event in range(events.shape[0]):
        for output in range(out.shape[0]):
            out[output] += weights[events[event], output]


def gathering_by_tests(fired, weights, out):
    for channel in range(fired.shape[0]):
        if fired[channel] != 0:
            for output in range(out.shape[0]):
                out[output] += weights[channel, output]


def reshaping(values, _, out):
    flat = values.reshape(-1)
    for place in range(out.shape[0]):
        out[place] = flat[place]


CASES = {
    "a shift on a condition": (leaking, leaking_in_two_loops, (INT, INT, INT), "in a loop of its own"),
    "rows by loaded indices": (gathering, gathering_by_tests, (INT, ROWS, INT), "rows of `weights` begin at products"),
    "reshaped inside": (reshaping, None, (ROWS, INT, INT), "reshape an array before the call"),
}


@pytest.mark.parametrize("refused, instead, types, said", CASES.values(), ids=CASES)
def test_refused_with_advice(refused, instead, types, said):
    """Whoever follows it passes."""
    signature = f"void({', '.join(types)})"
    audit = audit_kernel(numba.njit(signature)(refused))
    assert any(said in advice(violation) for violation in audit.violations)
    if instead is not None:
        assert audit_kernel(numba.njit(signature)(instead)).passed


def test_an_array_made_inside():
    """LLVM asks whether it overlaps `out`; as an argument of its own the scratch is asked about by its address."""

    def making(weights, out):
        scratch = np.zeros((4, weights.shape[1]), np.int64)
        for row in range(weights.shape[0]):
            for output in range(weights.shape[1]):
                scratch[row & 3, output] += weights[row, output]
        for row in range(4):
            for output in range(weights.shape[1]):
                out[row, output] = scratch[row, output]

    violations = audit_kernel(numba.njit(f"void({ROWS}, {ROWS})")(making)).violations
    assert any("pass it as an argument" in advice(violation) for violation in violations)


def test_what_multiplies_gets_none():
    """Where the product stands in the source there is nothing to explain."""

    def guilty(values, out):
        for place in range(out.shape[0]):
            out[place] = values[place] * 555 << values[place]

    violations = audit_kernel(numba.njit(f"void({INT}, {INT})")(guilty)).violations
    assert violations and not any(map(advice, violations))


def test_a_kernel_that_is_refused_says_it():
    """In the one line of its error."""
    with pytest.raises(MultiplicationError, match=r"says how far to shift: .* \(where the source shifts by a constant"):
        kernel(leaking)(np.arange(5), np.arange(5), np.zeros(5, np.int64))
