"""Classes of wrong values: each is recognised where it is planted, and not named where one value contradicts it."""

import numpy as np
import pytest
from golden_cases import lif, make, with_expected
from oracles import lif as exact_neuron
from oracles import lif_floor as floor_neuron

from refsim.golden.classes import FOLLOWING, classify
from refsim.golden.classes.evidence import Evidence
from refsim.golden.classes.neurons import history

SUMS = make(
    "Linear",
    {"x": ("spikes", (6, 8))},
    weights=np.random.default_rng(5).integers(-128, 128, (8, 8)).astype(np.int8),
    bias=np.arange(100, 900, 100, dtype=np.int32),
)
SCORES = make("Scores", {"q": ("spikes", (6, 8)), "k": ("graded", (6, 8))}, heads=2)
NEURONS = lif(np.random.default_rng(7).integers(-9, 10, (4, 6, 8)), [3] * 8, spikes="ternary")
IMAGE = make("MaxPool", {"x": ("currents", (4, 4, 3))}, window=1, stride=1, padding=0)
FLOORED = lif(NEURONS.inputs["currents"], [3] * 8, rounding="floor", halve_input=False)
SHIFTED = make("ReLU", {"x": ("currents", (6, 8))}, shift=2)
SAMPLES = make("ReLU", {"x": ("currents", (2, 4))}, samples=3)
TWO_SAMPLES = make("ReLU", {"x": ("currents", (2, 4))}, samples=2)
RAMP = np.arange(-72, 72, dtype=np.int32).reshape(3, 6, 8)


def wrapped_by_hand(values, bits):
    """Two's complement, by Python's remainder."""
    return np.array(
        [(value + 2 ** (bits - 1)) % 2**bits - 2 ** (bits - 1) for value in values.ravel().tolist()]
    ).reshape(values.shape)


def late(values, count):
    return np.concatenate([np.zeros_like(values[:count]), values[:-count]])


def soon(values, count):
    return np.concatenate([values[count:], np.zeros_like(values[:count])])


def interleaved(values, heads, width):
    """Place by place: channel h E + e moves to e H + h."""
    moved = np.empty_like(values)
    for head in range(heads):
        for channel in range(width):
            moved[..., channel * heads + head] = values[..., head * width + channel]
    return moved


def renumbered(values, rows, columns, axis):
    """Place by place: token y X + x moves to x Y + y."""
    moved = np.empty_like(values)
    for y in range(rows):
        for x in range(columns):
            np.moveaxis(moved, axis, 0)[x * rows + y] = np.moveaxis(values, axis, 0)[y * columns + x]
    return moved


def with_zero_timestep(values, timestep):
    cleared = values.copy()
    cleared[timestep] = 0
    return cleared


PLANTED = [
    ("off by one everywhere (+1)", SUMS, "out", lambda right: right + 1),
    ("off by one everywhere (-1)", SUMS, "out", lambda right: right - 1),
    ("off by a constant (+37)", SUMS, "out", lambda right: right + 37),
    ("the bias is left out", SUMS, "out", lambda right: right - SUMS.params["out.bias"]),
    ("the bias is added twice", SUMS, "out", lambda right: right + SUMS.params["out.bias"]),
    ("all zero", SUMS, "out", np.zeros_like),
    ("sign lost: negative values became positive", SUMS, "out", abs),
    ("sign lost: negative values became positive", NEURONS, "neuron", abs),
    ("negated", SUMS, "out", np.negative),
    ("negative values became 0", SUMS, "out", lambda right: right.clip(0)),
    ("spikes of -1 dropped", NEURONS, "neuron", lambda right: right.clip(0)),
    ("negative values read as unsigned, 12 bits", SUMS, "out", lambda right: right + 4096 * (right < 0)),
    *(
        (f"wrapped at {bits} bits", SUMS, "out", lambda right, bits=bits: wrapped_by_hand(right, bits))
        for bits in range(4, 11)
    ),
    *((f"saturated at {bits} bits", SUMS, "out", lambda right, top=2 ** (bits - 1): right.clip(-top, top - 1))
      for bits in range(4, 10)),
    ("saturated at 8 bits, from -127 to 127", SUMS, "out", lambda right: right.clip(-127, 127)),
    ("shifted right by 2 bits", SUMS, "out", lambda right: right // 4),
    ("shifted right by 8 bits", SUMS, "out", lambda right: right // 256),
    ("shifted right by 1 bit", SUMS, "out", lambda right: right // 2),
    ("shifted right by 1 bit, rounded towards 0", SUMS, "out", lambda right: np.trunc(right / 2)),
    ("shifted left by 3 bits", SUMS, "out", lambda right: right * 8),
    ("the lowest 2 bits cleared", SUMS, "out", lambda right: right - right % 4),
    ("binarised: 1 wherever it is not 0", SUMS, "out", lambda right: right != 0),
    ("binarised: 1 wherever it is positive", SUMS, "out", lambda right: right > 0),
    ("only the sign is left", SUMS, "out", np.sign),
    ("capped at 200", SUMS, "out", lambda right: np.minimum(right, 200)),
    ("only where the expected value is negative", SUMS, "out", lambda right: right - 3 * (right < -50)),
    ("one more in places", SUMS, "out", lambda right: right + right % 2),
    ("one less in places", SUMS, "out", lambda right: right - right % 2),
    ("one more or one less in places", SUMS, "out", lambda right: right + right % 3 - 1),
    ("one more in places: rounded differently", SHIFTED, "out", lambda right: right + right % 2),
    ("one less in places: rounded differently", FLOORED, "neuron.membrane", lambda right: right - right % 2),
    ("delayed by 1 timestep", SUMS, "out", lambda right: late(right, 1)),
    ("delayed by 2 timesteps", NEURONS, "neuron", lambda right: late(right, 2)),
    ("delayed by 1 timestep, the first value held", SUMS, "out", lambda right: right[[0, 0, 1]]),
    ("early by 1 timestep", SUMS, "out", lambda right: soon(right, 1)),
    ("early by 1 timestep, the last value held", SUMS, "out", lambda right: right[[1, 2, 2]]),
    ("stuck at its values of timestep 0", SUMS, "out", lambda right: right[[0, 0, 0]]),
    ("0 at the first timestep, right at the others", SUMS, "out", lambda right: with_zero_timestep(right, 0)),
    ("0 at the last timestep, right at the others", SUMS, "out", lambda right: with_zero_timestep(right, -1)),
    ("transposed: query and key exchanged", SCORES, "out", lambda right: np.einsum("thqk->thkq", right)),
    ("written in the order channel, token, not token, channel", SUMS, "out",
     lambda right: np.einsum("tnc->tcn", right).reshape(right.shape)),
    ("transposed: row and column exchanged", IMAGE, "out", lambda right: np.einsum("tyxc->txyc", right)),
    ("written in the order channel, row, column, not row, column, channel", IMAGE, "out",
     lambda right: np.einsum("tyxc->tcyx", right).reshape(right.shape)),
    ("heads interleaved: channel h*4+e found at e*2+h (2 heads of 4 channels)", SUMS, "out",
     lambda right: interleaved(right, 2, 4)),
    ("heads interleaved: channel h*2+e found at e*4+h (4 heads of 2 channels)", SUMS, "out",
     lambda right: interleaved(right, 4, 2)),
    ("tokens numbered column by column (2 rows, 3 columns)", SUMS, "out", lambda right: renumbered(right, 2, 3, 1)),
    ("tokens numbered column by column (3 rows, 2 columns)", SCORES, "out",
     lambda right: renumbered(renumbered(right, 3, 2, 2), 3, 2, 3)),
    ("reversed along the tokens", SUMS, "out", lambda right: right[:, ::-1]),
    ("reversed along the queries", SCORES, "out", lambda right: right[:, :, ::-1]),
    ("reversed along the channels", IMAGE, "out", lambda right: right[..., ::-1]),
    ("lanes reversed in words of 4", SUMS, "out", lambda right: right[..., [3, 2, 1, 0, 7, 6, 5, 4]]),
    ("rolled by one along the channels: each value in the place after its own", SUMS, "out",
     lambda right: right[..., [7, 0, 1, 2, 3, 4, 5, 6]]),
    ("rolled by one along the tokens: each value in the place before its own", SUMS, "out",
     lambda right: right[:, [1, 2, 3, 4, 5, 0]]),
    ("masked causally: 0 wherever the key comes after the query", SCORES, "out", np.tril),
    ("only where the key comes after the query", SCORES, "out", lambda right: np.tril(right) + np.triu(right, 1) * 3),
    ("holds the sample before", SAMPLES, "out", lambda right: right[[0, 0, 1]]),
    ("samples in reverse order", SAMPLES, "out", lambda right: right[::-1]),
    ("samples swapped", TWO_SAMPLES, "out", lambda right: right[::-1]),
    ("holds the values of currents", NEURONS, "neuron.membrane", lambda right: NEURONS.inputs["currents"]),
]  # fmt: skip


@pytest.mark.parametrize("phrase,case,site,plant", PLANTED, ids=[f"{row[0]}-{row[2]}" for row in PLANTED])
def test_a_planted_class_is_named(phrase, case, site, plant):
    """The phrase is among those given."""
    right = case.expected[site]
    assert phrase in classify(case, site, right, np.ascontiguousarray(plant(right)).astype(right.dtype))


@pytest.mark.parametrize("phrase,case,site,plant", PLANTED, ids=[f"{row[0]}-{row[2]}" for row in PLANTED])
def test_one_value_that_contradicts_a_class_silences_it(phrase, case, site, plant):
    """One value in the middle that the class does not explain, the rest as planted."""
    right = case.expected[site]
    wrong = np.ascontiguousarray(plant(right)).astype(right.dtype)
    for near_miss in near_misses(right, wrong):
        assert phrase not in classify(case, site, right, near_miss), near_miss


def near_misses(right, wrong):
    """Spoil the value of the largest magnitude at a time that no class leaves open, and one of positive right value."""
    middle = 1 if right.shape[0] > 2 else 0
    for chosen in (np.abs(right[middle]).argmax(), right[middle].argmax()):
        spoiled = wrong.copy()
        spoiled[middle].reshape(-1)[chosen] += 5 if wrong.dtype == np.int32 else 3
        yield spoiled


def test_equal_values_have_no_class():
    """Nothing is wrong, so nothing is named."""
    assert [] == classify(SUMS, "out", SUMS.expected["out"], SUMS.expected["out"].copy())


@pytest.mark.parametrize("got", [RAMP.astype(np.int64), RAMP[..., :7], RAMP.astype(float), RAMP.tolist(), None])
def test_what_cannot_be_compared_is_not_classified(got):
    """Another type or shape: nothing is cast to find a class."""
    assert [] == classify(SUMS, "out", SUMS.expected["out"], got)


def test_noise_has_no_class():
    """Random values are explained by nothing."""
    got = np.random.default_rng(0).integers(-999, 999, RAMP.shape).astype(np.int32)
    assert [] == classify(SUMS, "out", SUMS.expected["out"], got)


def test_several_classes_hold_the_most_specific_first():
    """-3 and 3 exchanged in one channel pair: reversed along the channels, negated, rolled."""
    case = with_expected(SUMS, out=np.tile(np.array([-3, 3], np.int32), (3, 6, 4)))
    right = case.expected["out"]
    phrases = classify(case, "out", right, -right)
    assert phrases.index("reversed along the channels") < phrases.index("negated")
    assert phrases.index("lanes reversed in words of 4") < phrases.index("negated")


def test_wraps_that_no_value_tells_apart_are_given_as_a_range():
    """256 became 0: any register of 4 to 8 bits does that, and 9 bits would have given -256."""
    right = np.where(np.arange(144).reshape(3, 6, 8) == 70, 256, 1).astype(np.int32)
    assert "wrapped at 4 to 8 bits" in classify(SUMS, "out", right, np.where(right == 256, 0, right).astype(np.int32))


def test_a_tie_is_told_from_other_values():
    """Level 4 << 1: charge 8 meets it, 9 passes it; `>` for `>=` silences only the first."""
    case = lif([[[8, 9, 7]]], [4, 4, 4])
    right = case.expected["neuron"]
    assert [1, 1, 0] == right.ravel().tolist()
    strict = np.array([[[0, 1, 0]]], np.int8)
    assert "only where the threshold is met exactly" in classify(case, "neuron", right, strict)
    late = np.array([[[1, 0, 0]]], np.int8)
    assert "only where the threshold is met exactly" not in classify(case, "neuron", right, late)
    membrane = np.array([[[8, 0, 7]]], np.int32)
    right_membrane = case.expected["neuron.membrane"]
    phrases = classify(case, "neuron.membrane", right_membrane, membrane)
    assert {"only where the threshold is met exactly", "not reset after a spike"} <= set(phrases)


def test_a_tie_is_found_although_later_timesteps_follow_from_it():
    """Charge 8 meets 8 at timestep 0; unreset it is 8 + (2 << 1) = 12 < 16 at 1, + (2 << 2) = 20 < 32 at 2, where the
    right membranes are 4 and 12; + (7 << 3) = 76 and 68 meet 64: the same again."""
    case = lif([[[8]], [[2]], [[2]], [[7]]], [4])
    wrong = np.array([8, 12, 20, 0], np.int32).reshape(4, 1, 1)
    assert [0, 4, 12, 0] == case.expected["neuron.membrane"].ravel().tolist()
    phrases = classify(case, "neuron.membrane", case.expected["neuron.membrane"], wrong)
    assert "only where the threshold is met exactly" in phrases and "not reset after a spike" in phrases


def test_a_tie_in_floor_rounding_is_met_by_the_rounded_charge():
    """((0 >> 0) + 9) >> 1 = 4 meets 4 by rounding; 10 >> 1 = 5 passes it."""
    case = lif([[[9, 10]]], [4, 4], rounding="floor")
    right = case.expected["neuron"]
    assert [1, 1] == right.ravel().tolist()
    strict = np.array([[[0, 1]]], np.int8)
    assert "only where the threshold is met exactly" in classify(case, "neuron", right, strict)
    other = np.array([[[1, 0]]], np.int8)
    assert "only where the threshold is met exactly" not in classify(case, "neuron", right, other)


@pytest.mark.parametrize(
    "strict,phrase",
    [
        ([1, 0, 0], "only where minus the threshold is met exactly"),
        ([0, -1, 0], "only where the threshold is met exactly"),
        ([0, 0, 0], "only where the threshold or minus the threshold is met exactly"),
    ],
)
def test_ties_of_ternary_neurons_have_two_sides(strict, phrase):
    """Charges 4, -4 and 3 at the level 4."""
    case = lif([[[4, -4, 3]]], [4, 4, 4], spikes="ternary", halve_input=False)
    right = case.expected["neuron"]
    assert [1, -1, 0] == right.ravel().tolist()
    phrases = classify(case, "neuron", right, np.array([[strict]], np.int8))
    assert [phrase] == [phrase for phrase in phrases if "met exactly" in phrase]


def test_a_binary_neuron_that_fires_on_the_absolute_value_is_recognised():
    """Charge -9 passes minus the level 4; -3 does not."""
    case = lif([[[-9, -3, 2]]], [4, 4, 4], halve_input=False)
    right, phrase = case.expected["neuron"], "only where the charge is at minus the threshold or below"
    assert phrase in classify(case, "neuron", right, np.array([[[1, 0, 0]]], np.int8))
    assert phrase not in classify(case, "neuron", right, np.array([[[1, 1, 0]]], np.int8))


@pytest.mark.parametrize(
    "reset,wrong,phrase",
    [
        ("subtract", [0, 0, -12, 3], "reset to 0 after a spike, not by subtracting the threshold"),
        ("subtract", [9, 4, -12, 3], "not reset after a spike"),
        ("zero", [5, 0, -12, 3], "reset by subtracting the threshold after a spike, not to 0"),
        ("zero", [9, 4, -12, 3], "not reset after a spike"),
        ("zero", [6, 1, -12, 3], "only after a spike"),
    ],
)
def test_wrong_resets_are_recognised(reset, wrong, phrase):
    """Charges 9, 4, -12 and 3 at the level 4: the first two fire and leave 5 and 0, or 0 and 0."""
    case = lif([[[9, 4, -12, 3]]], [4] * 4, halve_input=False, reset=reset)
    right = case.expected["neuron.membrane"]
    assert [5 if reset == "subtract" else 0, 0, -12, 3] == right.ravel().tolist()
    assert phrase in classify(case, "neuron.membrane", right, np.array([[wrong]], np.int32))
    elsewhere = np.array([[[*wrong[:3], 2]]], np.int32)
    assert not any("spike" in found for found in classify(case, "neuron.membrane", right, elsewhere))


def test_a_register_that_saturates_is_recognised_although_later_values_follow_from_it():
    """A running sum of 100 + 100 - 50 in 8 bits: 100, 127, then 77, which is no saturation of 150."""
    case = make("TimeSum", {"x": ("currents", (1, 1))})
    case = with_expected(case, **{site: np.array([100, 200, 150], np.int32).reshape(3, 1, 1) for site in case.expected})
    wrong = np.array([100, 127, 77], np.int32).reshape(3, 1, 1)
    assert "saturated at 8 bits" + FOLLOWING in classify(case, "out", case.expected["out"], wrong)
    assert "saturated at 8 bits" + FOLLOWING not in classify(case, "out", case.expected["out"], wrong + 1)


def test_what_no_value_speaks_for_is_not_named():
    """One more everywhere is no rounding, all values negative tell nothing of signs, a constant is no cap."""
    right = SUMS.expected["out"]
    assert not any("in places" in phrase for phrase in classify(SUMS, "out", right, right + 1))
    negative = RAMP - 99
    got = np.where(RAMP % 5 == 0, negative - 7, negative).astype(np.int32)
    assert [] == classify(SUMS, "out", negative, got)
    constant = np.full_like(RAMP, RAMP.min())
    assert not any("capped" in phrase for phrase in classify(SUMS, "out", RAMP, constant))


@pytest.mark.parametrize(
    ("case", "rounds"),
    [
        (lif([[[9, 3, 5]]] * 3, [90] * 3), False),
        (lif([[[9, 3, 5]]] * 3, [90] * 3, rounding="floor"), True),
        (lif([[[9, 3, 5]]] * 3, [90] * 3, rounding="floor", leak_shift=0, halve_input=False), False),
        (make("ReLU", {"x": ("currents", (1, 9))}), False),
        (make("ReLU", {"x": ("currents", (1, 9))}, shift=1), True),
    ],
)
def test_another_rounding_is_named_only_where_something_is_rounded(case, rounds):
    """A constant more at the second timestep: an exact leak drops no bit, nor does one of 0, nor a shift of 0."""
    site = list(case.sites)[-1]
    got = case.expected[site].copy()
    got[1] += 1
    phrases = classify(case, site, case.expected[site], got)
    assert "one more in places" + ": rounded differently" * rounds in phrases


def test_nothing_after_the_first_wrong_value_of_a_place_is_counted():
    """Wrong at timesteps 0 and 2: only 0 counts, though 1 is right; the place beside it counts throughout."""
    case = make("TimeSum", {"x": ("currents", (1, 2))})
    got = case.expected["out"].copy()
    got[[0, 2], 0, 0] += 1
    counted = Evidence.of(case, "out", case.expected["out"], got).up_to_first_differences().counted
    assert [[1, 1], [0, 1], [0, 1]] == counted[0, :, 0].astype(int).tolist()


@pytest.mark.parametrize("spikes", ["binary", "ternary"])
@pytest.mark.parametrize("reset", ["zero", "subtract"])
@pytest.mark.parametrize("rounding,oracle", [("exact", exact_neuron), ("floor", floor_neuron)])
def test_neurons_are_followed_as_the_rules_say(spikes, reset, rounding, oracle):
    """Spikes of eight timesteps equal those of rational arithmetic; a spike is where the charge passes the level."""
    case = lif(
        np.random.default_rng(3).integers(-12, 13, (8, 5, 2)), [4, 7], spikes=spikes, reset=reset, rounding=rounding
    )
    currents = case.inputs["currents"]
    neurons = history(case.fragment.nodes[0].operator, currents[np.newaxis])
    for token, channel in np.ndindex(5, 2):
        line = currents[:, token, channel].tolist()
        right, _ = oracle(line, [4, 7][channel], 1, True, reset, spikes == "ternary")
        assert right == neurons.spike[0, :, token, channel].tolist()
        passed = np.abs(neurons.charge) if spikes == "ternary" else neurons.charge
        assert ((passed >= neurons.level) == (neurons.spike != 0)).all()


def test_spikes_of_a_wrong_neuron_are_not_taken_for_a_shift():
    """Ternary spikes without their +1: no shift is named, though -1 >> 1 is -1 and 1 >> 1 is 0."""
    right = NEURONS.expected["neuron"]
    phrases = classify(NEURONS, "neuron", right, np.minimum(right, 0))
    assert "capped at 0" in phrases and not any("shift" in phrase for phrase in phrases)
