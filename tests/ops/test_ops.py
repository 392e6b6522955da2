"""Every operator: its interval holds, its census is what the Python source counts, its faults are named."""

import itertools
from dataclasses import replace

import numpy as np
import oracles
import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import integers

from refsim.errors import NetworkError, RegisterError
from refsim.network import Input, Network, Node
from refsim.numerics import Signal
from refsim.ops import (
    LIF,
    Context,
    Convolution,
    Grid,
    Linear,
    MaxPool,
    ReLU,
    Residual,
    Scores,
    TapBias,
    TimeSum,
    Tokens,
    TokenSum,
)
from refsim.simulator import interpret, run

BIAS = np.zeros(2, np.int32)


def tokens(low, high, shape=(3, 4)):
    return Signal.uniform(np.int8, shape, low, high)


def outputs(operator, *signals, timesteps=4):
    return operator.output("site", signals, timesteps)


def test_linear_interval_is_the_worst_input():
    """Binary spikes: all positive weights on, or all negative ones."""
    signal = outputs(Linear(np.array([[3], [-5], [7], [0]], np.int8), np.array([100], np.int32)), tokens(0, 1))
    assert (95, 110) == signal.interval


def test_linear_register_holds_partial_sums_before_the_bias():
    """Bit planes add the bias last: [-1020, 1020] fits 11 bits, but the sum was 2040 before."""
    weights, bias = np.full((4, 1), 2, np.int8), np.array([-1020], np.int32)
    pixels = Signal.uniform(np.uint8, (3, 4), 0, 255)
    assert (-1020, 1020) == outputs(Linear(weights, bias, planes=8, accumulator_bits=12), pixels).interval
    with pytest.raises(RegisterError, match="needs 12 bits in the worst case, its register has 11"):
        outputs(Linear(weights, bias, planes=8, accumulator_bits=11), pixels)


def test_a_bias_that_comes_first_is_within_every_partial_sum():
    """Spikes are added to it: 8 bits hold [-100, 100], of which planes would make -200 on the way."""
    weights, bias = np.full((4, 1), -50, np.int8), np.array([100], np.int32)
    assert (-100, 100) == outputs(Linear(weights, bias, accumulator_bits=8), tokens(0, 1)).interval
    with pytest.raises(RegisterError, match="needs 9 bits"):
        outputs(Linear(weights, bias, planes=1, accumulator_bits=8), tokens(0, 1))


def test_each_side_of_a_residual_is_shifted_by_its_own():
    """2 * [-2, 3] + 8 * [-1, 5], value by value too."""
    operator = Residual(stream_shift=1, branch_shift=3)
    assert (-12, 46) == outputs(operator, tokens(-2, 3), tokens(-1, 5)).interval
    sums = np.zeros((1, 2), np.int32)
    sides = [np.array([[-2, 3]], np.int32), np.array([[-1, 5]], np.int32)]
    operator.step(0, sides, None, sums, slice(0, 1))
    assert [[-12, 46]] == sums.tolist()


@pytest.mark.parametrize(("dtype", "minor"), [(np.int8, 0), (np.int16, 1)])
def test_wide_weights_came_later(dtype, minor):
    """With the first minor version of the numerics."""
    for shape, form in (((4, 2), tokens(0, 1)), ((1, 1, 4, 2), tokens(0, 1, (3, 3, 4)))):
        operator = (Linear if len(shape) == 2 else Convolution)(np.ones(shape, dtype), BIAS)
        assert minor == operator.minor_version([form])


def test_graded_input_needs_planes():
    """Values beyond -1, 0 and 1 cannot gate additions, and negative ones have no planes."""
    with pytest.raises(NetworkError, match=r"site: input ranges over \[0, 5\], not -1, 0 or 1"):
        outputs(Linear(np.zeros((4, 2), np.int8), BIAS), tokens(0, 5))
    with pytest.raises(NetworkError, match=r"\[-1, 5\], which 3 bit planes cannot hold"):
        outputs(Linear(np.zeros((4, 2), np.int8), BIAS, planes=3), tokens(-1, 5))
    with pytest.raises(NetworkError, match=r"\[0, 5\], which 2 bit planes cannot hold"):
        outputs(Linear(np.zeros((4, 2), np.int8), BIAS, planes=2), tokens(0, 5))


@pytest.mark.parametrize(
    ("operator", "message"),
    [
        (
            Linear(np.zeros((4, 2), np.float32), BIAS),
            r"site.weights: expected int8 or int16 of shape \(4, any\), got float32",
        ),
        (
            Linear(np.zeros((5, 2), np.int8), BIAS),
            r"site.weights: expected int8 or int16 of shape \(4, any\), got int8 \(5, 2\)",
        ),
        (Linear(np.zeros((4, 3), np.int8), BIAS), r"site.bias: expected int32 or int64 of shape \(3\)"),
        (LIF(np.array([1, 2, 0, 4], np.int32)), "site.thresholds: must be positive, channel 2 has 0"),
        (LIF(np.ones(4, np.int32), spikes="graded"), "site.spikes: expected one of binary, ternary; got 'graded'"),
        (LIF(np.ones(4, np.int32), reset="soft"), "site.reset: expected one of zero, subtract"),
        (LIF(np.ones(4, np.int32), rounding="nearest"), "site.rounding: expected one of exact, floor"),
        (
            LIF(np.ones(4, np.int32), leak_shift=0, rounding="floor"),
            "site.leak_shift: expected an integer from 1 to 16",
        ),
        (ReLU(cap=128), "site.cap: expected an integer from 1 to 127, got 128"),
        (ReLU(shift=-1), "site.shift: expected an integer from 0"),
        (Convolution(np.zeros((3, 3, 4, 2), np.int8), BIAS), r"expected an input of shape \(Y, X, C\), got \(3, 4\)"),
        (MaxPool(), r"expected an input of shape \(Y, X, C\)"),
        (Tokens(), r"expected an input of shape \(Y, X, C\)"),
    ],
)
def test_faults_are_named(operator, message):
    """What is wrong, where, expected and got."""
    with pytest.raises(NetworkError, match=message):
        outputs(operator, tokens(0, 1))


def test_two_graded_operands_are_refused():
    """A product without a spiking operand would multiply."""
    graded = tokens(0, 9)
    with pytest.raises(NetworkError, match=r"q ranges over \[0, 9\]; one operand must be -1, 0 or 1"):
        outputs(Scores(2, "q"), graded, graded)
    with pytest.raises(NetworkError, match=r"v ranges over \[0, 9\]"):
        outputs(Context("v"), Signal.uniform(np.int8, (2, 3, 3), 0, 9), graded)


def test_scores_of_ternary_spikes_stay_within_the_head_width():
    """[-d, d] for d channels of a head."""
    assert (-2, 2) == outputs(Scores(2), tokens(-1, 1), tokens(-1, 1)).interval


@given(
    st.data(),
    st.sampled_from(["binary", "ternary"]),
    st.sampled_from(["zero", "subtract"]),
    st.sampled_from(["exact", "floor"]),
    st.integers(1, 3),
    st.booleans(),
)
def test_membranes_stay_within_their_proof(data, kind, reset, rounding, leak_shift, halve_input):
    """Four timesteps of random currents within their interval: the membrane never leaves the proved one."""
    low, high = -20, 30
    operator = LIF(np.array([9, 14], np.int32), kind, leak_shift, halve_input, reset, rounding)
    signal = Signal.uniform(np.int32, (1, 2), low, high)
    interval = operator.state("site", [signal], 4).interval
    membrane, spikes = np.zeros((1, 2), np.int32), np.zeros((1, 2), np.int8)
    for timestep in range(4):
        currents = data.draw(integers((1, 2), low, high, np.int32))
        operator.step(timestep, [currents], membrane, spikes, slice(0, 1))
        assert interval[0] <= membrane.min() and membrane.max() <= interval[1]


@pytest.mark.parametrize("kind", ["binary", "ternary"])
@pytest.mark.parametrize("reset", ["zero", "subtract"])
@pytest.mark.parametrize("halve_input", [False, True])
@pytest.mark.parametrize("threshold", [1, 2, 5])
def test_the_membrane_interval_is_the_worst_of_all_traces(kind, reset, halve_input, threshold):
    """Every trace of three currents from -3 to 4: the proved interval holds every charge and is met at both ends.

    A threshold of 1 leaves charges after the subtraction that are higher than it; not every value below it is met.
    """
    low, high = -3, 4
    operator = LIF(np.array([threshold], np.int32), kind, 1, halve_input, reset)
    charges = []
    for trace in itertools.product(range(low, high + 1), repeat=3):
        membrane = 0
        for timestep, current in enumerate(trace):
            charge, level = membrane + current * 2**timestep, threshold * 2 ** (timestep + halve_input)
            charges.append(charge)
            spike = 1 if charge >= level else -1 if kind == "ternary" and charge <= -level else 0
            membrane = charge - spike * level if reset == "subtract" else charge * (1 - abs(spike))
    interval = operator.state("site", [Signal.uniform(np.int32, (1, 1), low, high)], 3).interval
    assert interval[0] <= min(charges) and max(charges) <= interval[1]
    assert threshold == 1 or (min(charges), max(charges)) == interval


@given(st.data(), st.sampled_from(["q", "k"]))
def test_scores_equal_their_definition(data, gate):
    """N11, whichever operand gates: the other may be graded."""
    spiking, graded = data.draw(integers((3, 4), -1, 1)), data.draw(integers((3, 4), 0, 9))
    query, key = (spiking, graded) if gate == "q" else (graded, spiking)
    scores = np.zeros((2, 3, 3), np.int32)
    Scores(2, gate).step(0, [query, key], None, scores, slice(0, 2))
    np.testing.assert_array_equal(oracles.scores(query, key, 2), scores)


@given(st.data(), st.sampled_from(["v", "map"]))
def test_context_equals_its_definition(data, gate):
    """N11, whichever operand gates."""
    attention_map = data.draw(integers((2, 3, 3), *((0, 9) if gate == "v" else (-1, 1))))
    value = data.draw(integers((3, 4), *((-1, 1) if gate == "v" else (0, 9))))
    context = np.zeros((3, 4), np.int32)
    Context(gate).step(0, [attention_map, value], None, context, slice(0, 1))
    np.testing.assert_array_equal(oracles.context(attention_map, value), context)


def chain(*operators, kind="ternary", shape=(4, 5, 3)):
    """A network of operators one after the other, ending in counts of the spikes of a neuron."""
    nodes = [
        Node(f"site{place}", operator, (f"site{place - 1}" if place else "input",))
        for place, operator in enumerate(operators)
    ]
    return Network("chain", 3, Input(kind, shape), tuple(nodes), 1)


@pytest.mark.parametrize("ternary", ["binary", "ternary"])
@pytest.mark.parametrize("reset", ["zero", "subtract"])
@pytest.mark.parametrize("rounding", ["exact", "floor"])
def test_census_is_what_the_source_counts(ternary, reset, rounding):
    """Site by site, the compiled run reports the operations that the Python source does, and gives the same values."""
    random = np.random.default_rng(3)
    neuron = LIF(np.arange(2, 10, dtype=np.int32), ternary, 1, True, reset, rounding)
    network = chain(
        MaxPool(),
        Convolution(random.integers(-128, 128, (3, 3, 3, 8), np.int8), np.arange(8, dtype=np.int32)),
        ReLU(2, 90),
        Convolution(
            random.integers(-128, 128, (1, 1, 8, 8), np.int8), np.arange(8, dtype=np.int32), padding=0, planes=7
        ),
        neuron,
        Tokens(),
        TokenSum(),
        TimeSum(),
    )
    frames = random.integers(-1, 2, (3, 4, 5, 3), np.int8)
    compiled, interpreted = run(network, frames, record="*"), interpret(network, frames, record="*")
    assert interpreted.census_by_site == compiled.census_by_site
    for site, values in interpreted.trace.items():
        np.testing.assert_array_equal(values, compiled.trace[site], err_msg=site)


@pytest.mark.parametrize("gates", [("q", "v"), ("k", "map")])
def test_census_of_attention_is_what_the_source_counts(gates):
    """Whichever operand gates; six tokens of two heads with four channels."""
    tokens, scores = Node("tokens", Tokens(), ("input",)), Node("scores", Scores(2, gates[0]), ("tokens", "tokens"))
    spikes = Node("map", LIF(np.ones(6, np.int32), leak_shift=0, halve_input=False), ("scores",))
    context = Node("context", Context(gates[1]), ("map", "tokens"))
    nodes = (tokens, scores, spikes, context, Node("count", TokenSum(), ("context",)))
    network = Network("attention", 2, Input("ternary", (2, 3, 8)), nodes, 1)
    frames = np.random.default_rng(3).integers(-1, 2, (2, 2, 3, 8), np.int8)
    compiled, interpreted = run(network, frames, record="*"), interpret(network, frames, record="*")
    assert interpreted.census_by_site == compiled.census_by_site
    assert compiled.trace["map"].any() and np.array_equal(interpreted.logits, compiled.logits)


def test_attention_refuses_other_shapes():
    """Queries and keys must be alike, and the map fit the values."""
    with pytest.raises(NetworkError, match=r"one shape, tokens whose channels split into 2 heads; got .*\(2, 4\)"):
        outputs(Scores(2), tokens(0, 1), tokens(0, 1, (2, 4)))
    with pytest.raises(NetworkError, match=r"a map of shape \(2, 3, 2\) does not fit 3 tokens of V"):
        outputs(Context(), Signal.uniform(np.int8, (2, 3, 2), 0, 1), tokens(0, 1))


def wide(shape):
    """A register whose worst case is 2**61: eight times it is 0 in 64 bits."""
    return Signal.uniform(np.int64, shape, 0, 2**61)


BEYOND = {
    "tokens": (TokenSum(64), [wide((8, 4))]),
    "timesteps": (TimeSum(64), [wide((1, 4))]),
    "a stream": (Residual(stream_shift=3, accumulator_bits=64), [wide((3, 4)), tokens(0, 1)]),
    "a branch": (Residual(branch_shift=3, accumulator_bits=64), [tokens(0, 1), wide((3, 4))]),
    "scores": (Scores(1, "q", 64), [tokens(0, 1, (3, 8)), wide((3, 8))]),
    "context": (Context("v", 64), [wide((1, 8, 8)), tokens(0, 1, (8, 4))]),
    "rows": (
        Linear(np.full((65600, 1), -(2**15), np.int16), BIAS[:1], planes=31, accumulator_bits=64),
        [Signal.uniform(np.int32, (1, 65600), 0, 2**31 - 1)],
    ),
    "a bias": (Linear(np.zeros((4, 1), np.int8), np.array([-(2**62)]), accumulator_bits=64), [tokens(0, 1)]),
    "biases of taps": (TapBias(np.full((2, 2, 4), 2**61), 2, 2, accumulator_bits=64), [tokens(0, 1, (3, 3, 4))]),
}


@pytest.mark.parametrize(("operator", "signals"), BEYOND.values(), ids=BEYOND)
def test_a_worst_case_beyond_the_analysis_is_refused(operator, signals):
    """Else it would wrap round to one that a register of 64 bits holds."""
    with pytest.raises(RegisterError, match="its register has 64"):
        outputs(operator, *signals, timesteps=8)


def test_a_membrane_beyond_the_analysis_is_refused():
    """Of eight timesteps without a leak, and without the factor of a half."""
    operator = LIF(np.ones(4, np.int32), leak_shift=0, halve_input=False, membrane_bits=64)
    with pytest.raises(RegisterError, match="its register has 64"):
        operator.state("site", [wide((3, 4))], 8)


ONES = np.ones((3, 3, 4, 2), np.int8)
LIMITS = [
    (MaxPool(), "window", 1, 64),
    (MaxPool(), "stride", 1, 64),
    (MaxPool(), "padding", 0, 2),
    (Convolution(ONES, BIAS), "stride", 1, 64),
    (Convolution(ONES, BIAS), "padding", 0, 2),
    (Convolution(ONES, BIAS), "planes", 0, 31),
    (ReLU(), "cap", 1, 127),
    (ReLU(), "shift", 0, 31),
    (Grid(3, 5), "rows", 1, 4096),
    (Grid(3, 5), "columns", 1, 4096),
    (LIF(np.ones(4, np.int32)), "leak_shift", 0, 16),
    (Residual(), "stream_shift", 0, 31),
    (Residual(), "branch_shift", 0, 31),
    (Scores(2), "heads", 1, 1024),
    (TapBias(np.ones((3, 3, 4), np.int32), 5, 5), "stride", 1, 64),
    (TapBias(np.ones((3, 3, 4), np.int32), 5, 5), "padding", 0, 2),
    (TapBias(np.ones((3, 3, 4), np.int32), 5, 5), "image_rows", 1, 4096),
]


@pytest.mark.parametrize(("operator", "name", "low", "high"), LIMITS)
def test_settings_have_limits(operator, name, low, high):
    """The first beyond either is refused, with both."""
    form = tokens(0, 1, (3, 4) if isinstance(operator, Scores) else (5, 5, 4))
    for value in (low - 1, high + 1):
        with pytest.raises(NetworkError, match=f"^site.{name}: expected an integer from {low} to {high}, got {value}$"):
            outputs(replace(operator, **{name: value}), *[form] * operator.input_count)


def test_residual_refuses_other_shapes():
    """Stream and branch must agree."""
    with pytest.raises(NetworkError, match=r"cannot add a branch of shape \(3, 4\) to a stream of shape \(2, 4\)"):
        outputs(Residual(), tokens(0, 1, (2, 4)), tokens(0, 1))


@given(st.integers(0, 2**16), st.integers(1, 3), st.sampled_from([np.int8, np.int16]), st.booleans())
def test_sums_are_bounded_over_all_taps_and_channels(seed, window, dtype, alike):
    """By Python's integers: of one tap or nine, with the lowest and highest weights, and channels that differ or not."""
    random, limits = np.random.default_rng(seed), np.iinfo(dtype)
    weights = random.choice([limits.min, -1, 0, 1, limits.max], (window, window, 4, 3)).astype(dtype)
    bias = random.integers(-900, 900, 3, np.int32)
    high = np.full(4, 3) if alike else np.array([3, 0, 1, 2])
    signal = Signal(np.dtype(np.int8), (5, 5, 4), np.zeros(4, np.int64), high)
    found = Convolution(weights, bias, padding=0, planes=2).output("site", [signal], 4)
    products = weights.astype(object) * high.astype(object)[:, np.newaxis]
    for bound, extreme in ((found.low, np.minimum), (found.high, np.maximum)):
        assert bound.tolist() == (extreme(products, 0).sum(axis=(0, 1, 2)) + bias).tolist()
