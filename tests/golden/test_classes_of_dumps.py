"""Classes of values that are right in the circuit and wrong in the dump, or that come from an index tied to 0."""

import numpy as np
import pytest
from golden_cases import make

from refsim.golden.classes import classify

SUMS = make(
    "Linear",
    {"x": ("spikes", (6, 8))},
    weights=np.random.default_rng(5).integers(-128, 128, (8, 8)).astype(np.int8),
    bias=np.arange(100, 900, 100, dtype=np.int32),
)
SCORES = make("Scores", {"q": ("spikes", (6, 8)), "k": ("graded", (6, 8))}, heads=2)
PACKED = "reversed as a whole: the last value of a timestep first, as of a packed vector read from its other end"


def read_backwards(values, size):
    """The bytes of each value, as Python's integers write and read them."""
    swapped = [
        int.from_bytes(value.to_bytes(size, "little", signed=True), "big", signed=True)
        for value in values.ravel().tolist()
    ]
    return np.array(swapped, values.dtype).reshape(values.shape)


PLANTED = [
    (PACKED, SUMS, lambda right: right[:, ::-1, ::-1]),
    (PACKED, SCORES, lambda right: right[:, ::-1, ::-1, ::-1]),
    ("every head holds the values of head 0", SCORES, lambda right: right[:, [0, 0]]),
    ("every token holds the values of token 0", SUMS, lambda right: right[:, [0] * 6]),
    ("bytes swapped in words of 32 bits", SUMS, lambda right: read_backwards(right, 4)),
    ("bytes swapped in words of 16 bits", SUMS, lambda right: read_backwards(right, 2)),
]


@pytest.mark.parametrize(("phrase", "case", "plant"), PLANTED)
def test_a_planted_class_is_named(phrase, case, plant):
    """Among the phrases that are given."""
    right = case.expected["out"]
    assert phrase in classify(case, "out", right, np.ascontiguousarray(plant(right)))


@pytest.mark.parametrize(("phrase", "case", "plant"), PLANTED)
def test_one_value_that_contradicts_a_class_silences_it(phrase, case, plant):
    """Wherever in a timestep it stands."""
    right = case.expected["out"]
    for place in range(right[1].size):
        wrong = np.ascontiguousarray(plant(right)).copy()
        wrong[1].reshape(-1)[place] += 5
        assert phrase not in classify(case, "out", right, wrong)


def test_one_axis_reversed_is_not_a_packed_vector():
    """Where a site has one axis of more than one place, reversed along it says all."""
    case = make("ReLU", {"x": ("currents", (1, 8))})
    right = case.expected["out"]
    phrases = classify(case, "out", right, np.ascontiguousarray(right[..., ::-1]))
    assert "reversed along the channels" in phrases and PACKED not in phrases
