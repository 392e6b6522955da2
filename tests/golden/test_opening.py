"""Values opened: the arithmetic stands there as a hand would write it, and comes to the right value everywhere."""

from dataclasses import replace

import numpy as np
import pytest
from golden_cases import answered, lif, make, with_expected

from refsim.errors import GoldenError
from refsim.golden.case import case_of
from refsim.golden.comparison import compare
from refsim.golden.opening import calculation, open_sum, three_ways
from refsim.golden.opening.numbers import written
from refsim.network import Node
from refsim.ops import OPERATORS


def with_inputs(case, **arrays):
    """Return the case on inputs that a hand chose, answered."""
    inputs = {name: np.asarray(array, case.inputs[name].dtype) for name, array in arrays.items()}
    return answered(replace(case, inputs={**case.inputs, **inputs}))


@pytest.mark.parametrize(
    "value,bits,text",
    [
        (-7, 8, "-7 = 0xf9 = 0b11111001"),
        (-2, 2, "-2 = 0x2 = 0b10"),
        (-1, 2, "-1 = 0x3 = 0b11"),
        (1, 2, "1 = 0x1 = 0b01"),
        (127, 8, "127 = 0x7f = 0b01111111"),
        (200, 8, "200 = 0xc8 = 0b11001000"),
        (-1, 32, "-1 = 0xffffffff = 0b11111111111111111111111111111111"),
        (-(2**31), 32, "-2147483648 = 0x80000000 = 0b10000000000000000000000000000000"),
        (5, 32, "5 = 0x00000005 = 0b00000000000000000000000000000101"),
        (-3, 9, "-3 = 0x1fd = 0b111111101"),
    ],
)
def test_numbers_are_written_three_ways(value, bits, text):
    """Two's complement at the stated width, all digits shown."""
    assert text == three_ways(value, bits)


@pytest.mark.parametrize("value,bits", [(-129, 8), (256, 8), (4, 2), (-3, 2)])
def test_a_number_that_does_not_fit_is_refused(value, bits):
    """Nothing is cut off to fit."""
    with pytest.raises(GoldenError, match=f"{value} does not fit {bits} bits"):
        three_ways(value, bits)


def test_what_was_got_may_leave_the_declared_width():
    """300 in an accumulator of 8 bits is shown whole, and the misfit named."""
    assert written(300, 8).startswith("300 = 0x000000000000012c = ")
    assert written(300, 8).endswith("(does not fit 8 bits)")


def test_a_linear_map_is_opened_spike_by_spike():
    """3 + 5 - (-2) = 10, the silent channel left out."""
    weights = np.array([[5], [7], [-2]], np.int8)
    bias = np.array([3], np.int32)
    case = make("Linear", {"x": ("spikes", (1, 3))}, 1, weights=weights, bias=bias, accumulator_bits=8)
    case = with_inputs(case, x=[[[1, 0, -1]]])
    got = {"out": np.array([[[8]]], np.int32)}
    assert [
        "out[0, 0, 0]: Linear of x at timestep 0, token 0, channel 0",
        "  2 of 3 inputs spike",
        "  term                              adds  sum",
        "  bias[0] = 3                         +3    3",
        "  x[0, 0] = +1, weights[0, 0] = 5     +5    8",
        "  x[0, 2] = -1, weights[2, 0] = -2    +2   10",
        "  out[0, 0, 0] = 10 = 0x0a = 0b00001010",
        "           got = 8 = 0x08 = 0b00001000",
        "got - expected = -2",
    ] == open_sum(case, got, compare(case, got).first)


def test_bit_planes_are_opened_from_the_most_significant():
    """6 * 3 + 5 * (-4) + 10 = 8: planes 110 and 101; -1, then -2 + 3 = 1, then 2 - 4 = -2, and the bias."""
    weights, bias = np.array([[3], [9], [-4]], np.int8), np.array([10], np.int32)
    case = make(
        "Linear", {"x": ("graded", (1, 3))}, 1, weights=weights, bias=bias, planes=3, accumulator_bits=12
    )  # fmt: skip
    case = with_inputs(case, x=[[[6, 0, 5]]])
    assert [
        "out[0, 0, 0]: Linear of x at timestep 0, token 0, channel 0",
        "  2 of 3 inputs are not 0",
        "  x[0, 0] = 6 = 0b110, weights[0, 0] = 3",
        "  x[0, 2] = 5 = 0b101, weights[2, 0] = -4",
        "  plane 2: (0 << 1) - 1 = -1  gathers +3 -4",
        "  plane 1: (-1 << 1) + 3 = 1",
        "  plane 0: (1 << 1) - 4 = -2",
        "  bias[0] = 10: -2 + 10 = 8",
        "out[0, 0, 0] = 8 = 0x008 = 0b000000001000",
    ] == calculation(case, "out", (0, 0, 0))


def test_long_sums_are_cut_in_the_middle():
    """Twenty spikes of weight 1 on a bias of 0: six and three terms stand, twelve are counted, adding +12."""
    weights, bias = np.ones((20, 1), np.int8), np.zeros(1, np.int32)
    case = make("Linear", {"x": ("spikes", (1, 20))}, 1, weights=weights, bias=bias)
    lines = calculation(with_inputs(case, x=[[[1] * 20]]), "out", (0, 0, 0))
    assert ["... 12 more", "+12", "17"] == [lines[9].strip()[:11], *lines[9].split()[-2:]]
    assert 3 + 6 + 1 + 3 + 1 == len(lines)
    assert "x[0, 4]" in lines[8] and "x[0, 17]" in lines[10] and lines[-2].split()[-1] == "20"


def test_a_convolution_names_the_offset_in_the_window():
    """Place (1, 0) of stride 2 and padding 1: the window starts at (1, -1); the spike at (2, 1) meets weights[1, 2]."""
    weights = np.arange(9, dtype=np.int8).reshape(3, 3, 1, 1)
    case = make("Convolution", {"x": ("spikes", (4, 4, 1))}, 1, weights=weights, bias=np.zeros(1, np.int32), stride=2)
    image = np.zeros((1, 4, 4, 1))
    image[0, 2, 1], image[0, 3, 3] = -1, 1
    lines = calculation(with_inputs(case, x=image), "out", (0, 1, 0, 0))
    assert "  window of 3 x 3 from row 1, column -1" == lines[1]
    assert "  x[2, 1, 0] = -1, weights[1, 2, 0, 0] = 5    -5   -5" == lines[5]
    assert lines[-1].startswith("out[0, 1, 0, 0] = -5 = 0xfffffffb")


def test_attention_is_opened_with_both_operands():
    """Head 1 owns the channels 2 and 3: 1 * 4 + (-1) * 3 = 1; the context of its channel 2 over two keys is 2 + 6."""
    case = make("Scores", {"q": ("spikes", (2, 4)), "k": ("graded", (2, 4))}, 1, heads=2)
    case = with_inputs(case, q=[[[1, 1, 1, -1], [0, 0, 0, 0]]], k=[[[0] * 4, [7, 7, 4, 3]]])
    lines = calculation(case, "out", (0, 1, 0, 1))
    assert "  head 1 owns the channels 2 to 3; 2 of them have both operands" == lines[1]
    assert ["  q[0, 2] = 1, k[1, 2] = 4     +4    4", "  q[0, 3] = -1, k[1, 3] = 3    -3    1"] == lines[3:5]
    case = make("Context", {"map": ("graded", (2, 2, 2)), "v": ("spikes", (2, 4))}, 1)
    case = with_inputs(case, map=[[[[1, 1], [1, 1]], [[2, 6], [0, 0]]]], v=[[[0, 0, 1, 0], [0, 0, 1, 0]]])
    lines = calculation(case, "out", (0, 0, 2))
    assert "  channel 2 belongs to head 1 (2 heads of 2 channels); 2 of 2 keys have both operands" == lines[1]
    assert ["  map[1, 0, 0] = 2, v[0, 2] = 1    +2    2", "  map[1, 0, 1] = 6, v[1, 2] = 1    +6    8"] == lines[3:5]


def test_a_neuron_is_opened_from_timestep_0_and_marks_what_was_got():
    """Threshold 4: 7 < 8 stays; 7 + (5 << 1) = 17 fires at 16 and leaves 1; 1 + (-1 << 2) = -3."""
    case = lif([[[7]], [[5]], [[-1]]], [4], reset="subtract")
    got = {"neuron": np.array([[[0]], [[0]], [[0]]], np.int8)}
    assert [
        "neuron[1, 0, 0]: LIF of currents at timestep 1, token 0, channel 0",
        "  binary, leak_shift 1, input halved, reset subtract, rounding exact; input currents[0, 0], threshold[0] = 4",
        "  charge = membrane + (input << t); level = 4 << (t + 1); margin = charge - level, from 0 on it fires",
        "  t  membrane  input  shift  charge  level  margin  spike  membrane after",
        "  0         0      7      0       7      8      -1      0               7",
        "  1         7      5      1      17     16      +1      1               1  <- got spike 0",
        "neuron[1, 0, 0] = 1 = 0x1 = 0b01",
        "            got = 0 = 0x0 = 0b00",
        " got - expected = -1",
    ] == open_sum(case, got, compare(case, got).first)
    assert "  2         1     -1      2      -3     32     -35      0              -3" in calculation(
        case, "neuron.membrane", (2, 0, 0)
    )


def test_a_neuron_that_rounds_down_shows_what_has_leaked():
    """k = 2, not halved: -5 >> 2 = -2, and 1 more is -1; ternary, so the margin is |charge| - level."""
    case = lif([[[-5]], [[1]], [[-8]]], [6], rounding="floor", halve_input=False, leak_shift=2, spikes="ternary")
    lines = calculation(case, "neuron", (2, 0, 0))
    assert "  charge = (membrane >> 2) + input; level = 6; margin = |charge| - level, from 0 on it fires" == lines[2]
    assert [
        "  t  membrane  leaked  input  charge  level  margin  spike  membrane after",
        "  0         0       0     -5      -5      6      -1      0              -5",
        "  1        -5      -2      1      -1      6      -5      0              -1",
        "  2        -1      -1     -8      -9      6      +3     -1               0",
        "neuron[2, 0, 0] = -1 = 0x3 = 0b11",
    ] == lines[3:]


def test_the_relu_names_the_bits_that_it_loses():
    """13 >> 2 = 3 loses 1; the cap is 2."""
    case = with_inputs(make("ReLU", {"x": ("currents", (1, 1))}, 1, shift=2, cap=2), x=[[[13]]])
    assert [
        "  x[0, 0] = 13",
        "  max(13, 0) = 13",
        "  13 >> 2 = 3 (the bits of 1 are lost)",
        "  min(3, 2) = 2",
        "out[0, 0, 0] = 2 = 0x2 = 0b010",
    ] == calculation(case, "out", (0, 0, 0))[1:]


def test_a_pool_lists_its_window_and_what_lies_outside():
    """The corner window of 3 x 3 with padding 1 has 4 places inside and 5 outside, all of them negative here."""
    case = make("MaxPool", {"x": ("currents", (2, 2, 1))}, 1)
    case = with_inputs(case, x=[[[[-9], [-4]], [[-4], [-7]]]])
    assert [
        "  window of 3 x 3 from row -1, column -1; 5 places outside",
        "  x[0, 0, 0] = -9",
        "  x[0, 1, 0] = -4  <- the largest",
        "  x[1, 0, 0] = -4  <- the largest",
        "  x[1, 1, 0] = -7",
        "out[0, 0, 0, 0] = -4 = 0xfffffffc = 0b11111111111111111111111111111100",
    ] == calculation(case, "out", (0, 0, 0, 0))[1:]


def test_shifts_of_a_residual_and_places_of_tokens_are_shown():
    """(3 << 2) + (-5 << 1) = 2; token 4 of a 2 x 3 image is row 1, column 1."""
    case = make("Residual", {"a": ("currents", (1, 1)), "b": ("currents", (1, 1))}, 1, stream_shift=2, branch_shift=1)
    lines = calculation(with_inputs(case, a=[[[3]]], b=[[[-5]]]), "out", (0, 0, 0))
    assert ["  a[0, 0] = 3, << 2    +12   12", "  b[0, 0] = -5, << 1   -10    2"] == lines[2:4]
    case = make("Tokens", {"x": ("currents", (2, 3, 1))}, 1)
    lines = calculation(case, "out", (0, 4, 0))
    assert "  token 4 is row 1, column 1: 1 * 3 + 1 = 4" == lines[1]
    assert lines[2].startswith("  x[1, 1, 0] = ")


def test_the_readout_is_opened():
    """Tokens 0 and 2 spike, -1 and +1; the logits 2, 5, -1 add up to 6 over time; classes 1 and 2 tie at 9."""
    case = with_inputs(make("TokenSum", {"x": ("spikes", (3, 1))}, 1), x=[[[-1], [0], [1]]])
    lines = calculation(case, "out", (0, 0, 0))
    assert ["  2 of 3 tokens spike", "  x[0, 0] = -1    -1   -1", "  x[2, 0] = +1    +1    0"] == [
        *lines[1:2],
        *lines[3:5],
    ]
    case = with_inputs(make("TimeSum", {"x": ("currents", (1, 1))}), x=[[[2]], [[5]], [[-1]]])
    for site in ("out", "out.total"):
        lines = calculation(case, site, (2, 0, 0))
        assert "  timestep 2: x[0, 0] = -1    -1    6" == lines[4]
    case = with_inputs(make("Argmax", {"x": ("currents", (1, 4))}, 1), x=[[[3, 9, 9, -2]]])
    lines = calculation(case, "out", (0, 0, 0))
    assert ["  x[0, 1] = 9  <- the largest", "  x[0, 2] = 9  <- the largest"] == lines[2:4]
    assert "  classes 1 and 2 tie at 9: the lowest is taken" == lines[5]
    assert lines[6].startswith("out[0, 0, 0] = 1 = ")


def random_case(kind, seed, **settings):
    """Draw a case of an operator."""
    random = np.random.default_rng(seed + 100)
    weights = {"Linear": (6, 4), "Convolution": (3, 3, 2, 4)}
    forms = {
        "Linear": {"x": ("spikes", (3, 6))},
        "Convolution": {"x": ("spikes", (5, 6, 2))},
        "Scores": {"q": ("spikes", (3, 4)), "k": ("graded", (3, 4))},
        "Context": {"map": ("graded", (2, 3, 3)), "v": ("spikes", (3, 4))},
        "LIF": {"x": ("currents", (3, 4))},
        "MaxPool": {"x": ("currents", (5, 6, 2))},
        "Residual": {"x": ("currents", (3, 4)), "y": ("currents", (3, 4))},
        "Tokens": {"x": ("currents", (2, 3, 2))},
        "Argmax": {"x": ("currents", (1, 20))},
    }.get(kind, {"x": ("spikes" if kind == "TokenSum" else "currents", (3, 4))})
    if "planes" in settings:
        forms = {"x": ("graded", forms["x"][1])}
    if settings.get("gate") in ("k", "map"):
        forms = {name: ("spikes" if form == "graded" else "graded", shape) for name, (form, shape) in forms.items()}
    if kind in weights:
        settings["weights"] = random.integers(-128, 128, weights[kind]).astype(np.int8)
        settings["bias"] = random.integers(-99, 99, 4).astype(np.int32)
    if kind == "LIF":
        settings["thresholds"] = random.integers(1, 30, 4).astype(np.int32)
    return make(kind, forms, seed=seed, **settings)


KINDS = [
    ("Linear", {}),
    ("Linear", {"planes": 3}),
    ("Linear", {"samples": 2}),
    ("Convolution", {"stride": 1, "padding": 1}),
    ("Convolution", {"stride": 2, "padding": 2}),
    ("Convolution", {"stride": 3, "padding": 0, "planes": 4}),
    ("Convolution", {"static": ("x",), "planes": 3}),
    ("Scores", {"heads": 2}),
    ("Scores", {"heads": 1, "gate": "k"}),
    ("Context", {}),
    ("Context", {"gate": "map"}),
    *(
        ("LIF", {"spikes": spikes, "reset": reset, "rounding": rounding, "halve_input": halved, "leak_shift": leak})
        for spikes in ("binary", "ternary")
        for reset in ("zero", "subtract")
        for rounding in ("exact", "floor")
        for halved, leak in ((True, 1), (True, 3), (False, 0), (False, 2))
    ),
    ("ReLU", {"shift": 2, "cap": 5}),
    ("MaxPool", {"window": 3, "stride": 2, "padding": 1}),
    ("MaxPool", {"window": 2, "stride": 1, "padding": 0}),
    ("Residual", {"stream_shift": 3, "branch_shift": 1}),
    ("Tokens", {}),
    ("TokenSum", {}),
    ("TimeSum", {"samples": 3}),
    ("Argmax", {}),
]


@pytest.mark.parametrize("seed", [0, 1])
@pytest.mark.parametrize("kind,settings", KINDS, ids=[f"{kind}-{settings}" for kind, settings in KINDS])
def test_every_value_of_every_operator_comes_out_right(kind, settings, seed):
    """The last line of each calculation states what the reference answered, and its site and index."""
    case = random_case(kind, seed, **settings)
    for site, expected in case.expected.items():
        for index in np.ndindex(expected.shape):
            if sum(index) % 3 == seed:
                lines = calculation(case, site, index)
                assert lines[-1].startswith(f"{site}[{', '.join(map(str, index))}] = {expected[index]} = 0x")


def test_registers_of_64_bits_are_followed():
    """Sixteen timesteps of leak 3 grow a threshold by 2^45."""
    currents = np.random.default_rng(4).integers(-30, 31, (16, 1, 2))
    case = lif(currents, [20, 25], leak_shift=3, reset="subtract", membrane_bits=64)
    for channel in (0, 1):
        expected = case.expected["neuron.membrane"][15, 0, channel]
        assert calculation(case, "neuron.membrane", (15, 0, channel))[-1].startswith(
            f"neuron.membrane[15, 0, {channel}] = {expected} = 0x"
        )


@pytest.mark.parametrize("kind,settings", [KINDS[0], KINDS[1], KINDS[7], KINDS[11], KINDS[-1]])
def test_a_calculation_that_does_not_come_to_the_expected_value_is_an_error(kind, settings):
    """An expected value that was tampered with is contradicted, not explained."""
    case = random_case(kind, 0, **settings)
    wrong = case.expected["out"].copy()
    wrong[0, ...] += 1
    with pytest.raises(AssertionError, match="derived .*, the case expects"):
        calculation(with_expected(case, out=wrong), "out", (0,) * wrong.ndim)


def test_a_node_in_the_middle_is_opened_on_the_right_values_before_it():
    """A linear map of spikes that a neuron gave: the term names the neuron's site and spike."""
    nodes = [
        Node("neuron", OPERATORS["LIF"](thresholds=np.array([2], np.int32), halve_input=False), ("x",)),
        Node("fc", OPERATORS["Linear"](np.array([[9]], np.int8), np.array([1], np.int32)), ("neuron",)),
    ]
    inputs = {"x": np.array([[[2]], [[0]]], np.int32)}
    case = answered(
        case_of(nodes, inputs, {"x": (-9, 9)}, id="two", title="", level="L3", op="layer", timesteps=2, outputs=("fc",))
    )
    assert "  neuron[0, 0] = +1, weights[0, 0] = 9    +9   10" == calculation(case, "fc", (0, 0, 0))[4]
    trimmed = replace(case, expected={"fc": case.expected["fc"]})
    with pytest.raises(GoldenError, match="two: the values of neuron are not kept in this case"):
        calculation(trimmed, "fc", (0, 0, 0))


def test_what_is_no_value_of_a_node_is_not_opened():
    """Malformed answers have nothing to open; a wrong index or site is refused by name."""
    case = random_case("Linear", 0)
    got = {"out": case.expected["out"].astype(np.int64)}
    assert [] == open_sum(case, got, compare(case, got).first)
    for site, index in (("out", (0, 0)), ("out", (0, 3, 0)), ("out", (0, -1, 0)), ("x", (0, 0, 0)), ("none", (0,))):
        with pytest.raises(GoldenError, match=f"{site}: expected an index"):
            calculation(case, site, index)


def test_without_an_answer_the_calculation_stands_alone():
    """`got` of None gives the lines of `calculation`."""
    case = random_case("ReLU", 0)
    got = {"out": case.expected["out"] + np.int8(1)}
    first = compare(case, got).first
    assert calculation(case, "out", first.first) == open_sum(case, None, first)
