"""The golden suite knows the operators since numerics 1.1: openings, axes, widths, the twin, what is wrong in words."""

from itertools import product

import numpy as np
import oracles
import pytest
from frozen import valid_cases
from golden_cases import answered, make
from hypothesis import given
from hypothesis import strategies as st
from test_opening import with_inputs

from refsim.golden.case import case_of
from refsim.golden.classes import classify
from refsim.golden.comparison import compare
from refsim.golden.coverage import counters
from refsim.golden.faces.c_header import c_header
from refsim.golden.faces.hex import hex_text
from refsim.golden.faces.tensors import tensors
from refsim.golden.faces.text import case_text
from refsim.golden.mutants import EQUIVALENT, MUTANTS
from refsim.golden.opening import calculation, open_sum
from refsim.golden.reference import answer
from refsim.golden.sites import axes_of, axis_names
from refsim.golden.twin import Twin
from refsim.network import Node
from refsim.ops import (
    LIF,
    Context,
    Grid,
    KeyValue,
    Linear,
    Mask,
    Residual,
    Retrieval,
    Scores,
    TapBias,
    Tokens,
    TokenSum,
)

KEYS = ("head", "key_channel", "value_channel")


def graph(nodes, inputs, ranges, timesteps=2, **fields):
    """A case of several operators, answered."""
    others = {"id": "graph", "title": "", "level": "L3", "op": "graph", "outputs": (nodes[-1].name,), **fields}
    return answered(case_of(nodes, inputs, ranges, timesteps=timesteps, **others))


def spike_driven(low=0, seed=0):
    """Spike-driven self-attention, then attention through K^T V, on a grid; Q has spikes from `low` to 1."""
    random = np.random.default_rng(seed)
    inputs = {name: random.integers(0, 2, (3, 6, 4)).astype(np.int8) for name in "kv"}
    inputs["q"] = random.integers(low, 2, (3, 6, 4)).astype(np.int8)
    nodes = [
        Node("both", Mask(), ("k", "v")),
        Node("count", TokenSum(), ("both",)),
        Node("gate", LIF(np.ones(4, np.int32), halve_input=False), ("count",)),
        Node("masked", Mask(), ("q", "gate")),
        Node("key_value", KeyValue(2), ("k", "v")),
        Node("context", Retrieval(), ("masked", "key_value")),
        Node("grid", Grid(2, 3), ("context",)),
        Node("biased", TapBias(np.arange(-18, 18, dtype=np.int32).reshape(3, 3, 4), 2, 3), ("grid",)),
        Node("tokens", Tokens(), ("biased",)),
        Node("sum", TokenSum(), ("tokens",)),
    ]
    return graph(nodes, inputs, {"k": (0, 1), "v": (0, 1), "q": (low, 1)}, 3)


@pytest.mark.parametrize("low,seed", list(product((0, -1), range(4))))
def test_twin_and_kernels_agree_on_the_new_operators(low, seed):
    """Every site of a graph with all of them, binary and ternary."""
    case = spike_driven(low, seed)
    for site, values in Twin.answer(case).items():
        np.testing.assert_array_equal(case.expected[site], values, err_msg=site)


@given(st.integers(0, 2**32 - 1), st.sampled_from([(1, 1, 3), (2, 3, 7), (2, 0, 2), (1, 2, 5)]))
def test_the_twin_is_the_oracle(seed, form):
    """Written from the rules apart from each other: K^T V, retrieval, masks, biases of taps for odd windows."""
    random = np.random.default_rng(seed)
    stride, padding, window = form
    bias = random.integers(-99, 99, (window, window, 2)).astype(np.int32)
    places = tuple((length + 2 * padding - window) // stride + 1 for length in (6, 9))
    case = make(
        "TapBias",
        {"x": ("currents", (*places, 2))},
        1,
        seed,
        bias=bias,
        image_rows=6,
        image_columns=9,
        stride=stride,
        padding=padding,
    )
    expected = oracles.tap_bias(case.inputs["x"][0], bias, (6, 9), stride, padding)
    np.testing.assert_array_equal(expected, Twin.answer(case)["out"][0])
    case = make("KeyValue", {"k": ("spikes", (5, 6)), "v": ("graded", (5, 6))}, 1, seed, heads=3)
    expected = oracles.key_value(*(case.inputs[name][0] for name in "kv"), 3)
    np.testing.assert_array_equal(expected, Twin.answer(case)["out"][0])
    case = make("Retrieval", {"q": ("spikes", (5, 6)), "key_value": ("currents", (3, 2, 2))}, 1, seed)
    expected = oracles.retrieval(*(case.inputs[name][0] for name in ("q", "key_value")))
    np.testing.assert_array_equal(expected, Twin.answer(case)["out"][0])


def test_key_value_is_opened_with_both_operands():
    """Head 1 owns channels 2 and 3: channel 3 of K and 2 of V over two tokens, 1 * 5 + (-1) * 3 = 2."""
    case = make("KeyValue", {"k": ("spikes", (3, 4)), "v": ("graded", (3, 4))}, 1, heads=2, accumulator_bits=8)
    case = with_inputs(case, k=[[[0, 0, 0, 1], [1] * 4, [0, 0, 0, -1]]], v=[[[0, 0, 5, 0], [7, 7, 0, 7], [0, 0, 3, 0]]])
    lines = calculation(case, "out", (0, 1, 1, 0))
    assert "out[0, 1, 1, 0]: KeyValue of k, v at timestep 0, head 1, key_channel 1, value_channel 0" == lines[0]
    assert "  head 1: channel 3 of K and 2 of V; 2 of 3 tokens have both" == lines[1]
    assert ["  k[0, 3] = 1, v[0, 2] = 5     +5    5", "  k[2, 3] = -1, v[2, 2] = 3    -3    2"] == lines[3:5]
    assert "out[0, 1, 1, 0] = 2 = 0x02 = 0b00000010" == lines[5]


def test_retrieval_is_opened_by_channel_of_its_head():
    """Channel 2 is channel 0 of head 1: 1 * 10 - 1 * 4 = 6."""
    case = make("Retrieval", {"q": ("spikes", (2, 4)), "key_value": ("currents", (2, 2, 2))}, 1)
    case = with_inputs(case, q=[[[1, 1, 1, -1], [0] * 4]], key_value=[[[[1, 2], [3, 4]], [[10, 20], [4, 5]]]])
    lines = calculation(case, "out", (0, 0, 2))
    assert "  channel 2 is channel 0 of head 1 (2 heads of 2 channels); 2 of 2 terms have both operands" == lines[1]
    assert [
        "  q[0, 2] = 1, key_value[1, 0, 0] = 10   +10   10",
        "  q[0, 3] = -1, key_value[1, 1, 0] = 4    -4    6",
    ] == lines[3:5]
    assert lines[5].startswith("out[0, 0, 2] = 6 = ")


def test_a_mask_shows_the_spike_and_what_lets_it_pass():
    """Row 0 of the mask stands for token 1 where it is the only one."""
    forms = {"spikes": ("spikes", (2, 2)), "mask": ("gates", (1, 2))}
    case = with_inputs(make("Mask", forms, 1), spikes=[[[1, 1], [-1, 1]]], mask=[[[1, 0]]])
    assert [
        "  spikes[1, 0] = -1",
        "  mask[0, 0] = 1 (one row for all tokens): -1 passes",
        "out[0, 1, 0] = -1 = 0x3 = 0b11",
    ] == calculation(case, "out", (0, 1, 0))[1:]
    got = {"out": np.array([[[1, 1], [-1, 0]]], np.int8)}
    lines = open_sum(case, got, compare(case, got).first)
    assert "  mask[0, 1] = 0 (one row for all tokens): nothing passes" == lines[2]
    case = make("Mask", {"spikes": ("spikes", (2, 2)), "mask": ("gates", (2, 2))}, 1)
    case = with_inputs(case, spikes=[[[1, 1], [-1, 1]]], mask=[[[0, 0], [1, 0]]])
    assert "  mask[1, 0] = 1: -1 passes" == calculation(case, "out", (0, 1, 0))[2]


def test_biases_of_taps_are_opened_where_they_lie():
    """The corner of a 2 x 2 image has the four taps below and right of the middle: 7 + 5 + 6 + 8 + 9 = 35."""
    bias = np.arange(1, 10, dtype=np.int32).reshape(3, 3, 1)
    case = make("TapBias", {"x": ("currents", (2, 2, 1))}, 1, bias=bias, image_rows=2, image_columns=2)
    lines = calculation(with_inputs(case, x=[[[[7], [0]], [[0], [0]]]]), "out", (0, 0, 0, 0))
    assert "  window of 3 x 3 from row -1, column -1; 4 of 9 taps inside" == lines[1]
    assert "  bias[2, 2, 0] = 9 lies over (1, 1)    +9   35" == lines[7]
    assert ["bias[1, 1, 0]", "bias[1, 2, 0]", "bias[2, 1, 0]", "bias[2, 2, 0]"] == [
        line.split(" = ")[0].strip() for line in lines[4:8]
    ]
    assert lines[8].startswith("out[0, 0, 0, 0] = 35 = ")


def test_sums_of_membranes_and_places_of_a_grid_are_opened():
    """7 - 9 = -2 of three tokens of which one is 0; row 1, column 0 of two columns is token 2."""
    case = with_inputs(make("TokenSum", {"x": ("currents", (3, 1))}, 1), x=[[[7], [0], [-9]]])
    lines = calculation(case, "out", (0, 0, 0))
    assert ["  2 of 3 tokens are not 0", "  x[0, 0] = +7    +7    7", "  x[2, 0] = -9    -9   -2"] == [
        lines[1],
        *lines[3:5],
    ]
    case = with_inputs(make("Grid", {"x": ("currents", (4, 1))}, 1, rows=2, columns=2), x=[[[4], [5], [6], [7]]])
    assert ["  row 1, column 0 is token 1 * 2 + 0 = 2", "  x[2, 0] = 6"] == calculation(case, "out", (0, 1, 0, 0))[1:3]


def test_every_value_of_a_whole_graph_comes_out_right():
    """The last line of each calculation states what the reference answered."""
    case = spike_driven(-1)
    for site, expected in case.expected.items():
        for index in np.ndindex(expected.shape):
            if sum(index) % 3 == 0:
                last = calculation(case, site, index)[-1]
                assert last.startswith(f"{site}[{', '.join(map(str, index))}] = {expected[index]} = 0x")


def test_axes_have_names():
    """K^T V is head by channel of K by channel of V, whether a site or an input; taps have rows and columns."""
    case = spike_driven()
    names = {site: axis_names(case, site) for site in case.expected}
    tokens, image = ("token", "channel"), ("row", "column", "channel")
    assert {"both": tokens, "masked": tokens, "context": tokens, "sum": tokens} == {
        site: names[site] for site in ("both", "masked", "context", "sum")
    }
    assert (KEYS, image, image, tokens) == tuple(names[site] for site in ("key_value", "grid", "biased", "tokens"))
    biases = axes_of(case, "param", "biased.bias", case.params["biased.bias"])
    assert ["window_row", "window_column", "output"] == biases
    alone = make("Retrieval", {"q": ("spikes", (2, 4)), "key_value": ("currents", (2, 2, 2))}, 1)
    assert KEYS == axis_names(alone, "key_value") and tokens == axis_names(alone, "q")
    scores = make("Context", {"map": ("graded", (2, 3, 3)), "v": ("spikes", (3, 4))}, 1)
    assert ("head", "query", "key") == axis_names(scores, "map")


def test_what_is_wrong_with_key_value_is_said_in_its_axes():
    """Transposed, or with the heads exchanged."""
    case = make("KeyValue", {"k": ("spikes", (6, 8)), "v": ("graded", (6, 8))}, heads=2)
    right = case.expected["out"]
    transposed = np.ascontiguousarray(right.swapaxes(2, 3))
    assert "transposed: key_channel and value_channel exchanged" in classify(case, "out", right, transposed)
    assert "reversed along the heads" in classify(case, "out", right, np.ascontiguousarray(right[:, ::-1]))


BORDER = "only where the window reaches outside the image"


@pytest.mark.parametrize("identity", ["C01", "C02"])
def test_a_wrong_border_is_said_so(identity):
    """Biases of taps outside added, or those of every border place left out: 4 x 5 places, a window of 3 x 3."""
    case = make(
        "TapBias",
        {"x": ("currents", (4, 5, 2))},
        bias=np.arange(1, 19, dtype=np.int32).reshape(3, 3, 2),
        image_rows=4,
        image_columns=5,
    )
    right, wrong = case.expected["out"], MUTANTS[identity].answer(case)["out"]
    assert BORDER in classify(case, "out", right, wrong)
    wrong[1, 1, 1, 0] += 1
    assert BORDER not in classify(case, "out", right, wrong)


def test_a_wrong_border_of_a_pool_is_told_from_its_middle():
    """A window of 3 with stride 2 and padding 1 over 5 x 5: of 3 x 3 places only the middle lies inside."""
    case = make("MaxPool", {"x": ("currents", (5, 5, 1))})
    right = case.expected["out"]
    border, middle = right.copy(), right.copy()
    border[:, 0], border[:, :, 2] = 99, 99
    middle[:, 1, 1] = 99
    assert BORDER in classify(case, "out", right, border) and BORDER not in classify(case, "out", right, middle)


def test_every_known_bug_of_every_directed_case_is_classified_without_an_error():
    """Whatever a bug leaves at a site of the new operators, the words for it are found or there are none."""
    cases = [case for case in valid_cases() if case.level == "L1" and case.numerics.endswith("/1.1")]
    assert len(cases) >= 50
    for case, mutant in product(cases, MUTANTS.values()):
        if mutant.concerns(case):
            for site, got in mutant.answer(case).items():
                assert all(isinstance(phrase, str) for phrase in classify(case, site, case.expected[site], got))


def wide_weights():
    """A linear map of weights beyond 8 bits."""
    weights = np.array([[300], [-32768]], np.int16)
    return make("Linear", {"x": ("spikes", (1, 2))}, 1, weights=weights, bias=np.array([1], np.int32))


def test_weights_of_16_bits_are_in_every_face():
    """Text, C and hex by hand: 300 is 0x012c, -32768 is 0x8000."""
    case = wide_weights()
    assert "refsim-numerics/1.1" == case.numerics
    assert "numerics refsim-numerics/1.1\n" in case_text(case)
    assert "tensor param out.weights <i2 2 2 1\n300\n-32768\n" in case_text(case)
    header = c_header(case, tensors(case))
    assert "static const int16_t refsim_out_weights[REFSIM_OUT_WEIGHTS_WORDS]" in header
    assert "    300, -32768\n" in header and "#define REFSIM_OUT_WEIGHTS_BITS 16" in header
    (tensor,) = (each for each in tensors(case) if each.name == "out.weights")
    assert (16, True, "012c\n8000\n") == (tensor.bits, tensor.signed, hex_text(tensor.values, tensor.bits, "w"))


def test_constants_of_new_settings_are_in_the_header():
    """Places of a grid, the image of taps, and gates of K^T V."""
    header = c_header(spike_driven(), tensors(spike_driven()))
    for line in (
        '#define REFSIM_GRID_OPERATOR "Grid"',
        "#define REFSIM_GRID_ROWS 2",
        "#define REFSIM_GRID_COLUMNS 3",
        "#define REFSIM_BIASED_IMAGE_COLUMNS 3",
        '#define REFSIM_KEY_VALUE_GATE "k"',
        '#define REFSIM_KEY_VALUE_AXES "timestep head key_channel value_channel"',
        '#define REFSIM_MASKED_INPUT_1 "gate"',
        '#define REFSIM_BIASED_BIAS_AXES "window_row window_column output"',
    ):
        assert f"{line}\n" in header, line


def test_counters_tell_what_masks_and_taps_meet():
    """Two spikes of three are masked; of nine places all but the middle reach outside; -1 is the one sum below 0."""
    nodes = [Node("masked", Mask(), ("spikes", "mask"))]
    inputs = {"spikes": np.array([[[1, -1, 1, 0]]], np.int8), "mask": np.array([[[1, 0, 0, 0]]], np.int8)}
    case = graph(nodes, inputs, {"spikes": (-1, 1), "mask": (0, 1)}, 1)
    assert {"spikes that a mask takes away": 2} == counters(case)
    bias = np.ones((3, 3, 1), np.int32)
    case = make("TapBias", {"x": ("currents", (3, 3, 1))}, 1, bias=bias, image_rows=3, image_columns=3)
    assert {"places whose window reaches outside the image": 8} == counters(case)
    case = with_inputs(make("TokenSum", {"x": ("currents", (2, 2))}, 1), x=[[[3, -1], [-4, 1]]])
    assert {"negative sums over tokens": 1} == counters(case)


@pytest.mark.parametrize("identity,step", [("E08", "retrieved"), ("E09", "fire")])
def test_equivalent_changes_go_another_way(identity, step, monkeypatch):
    """The answer is right though the step of the twin that they go around is broken."""
    case = spike_driven()
    broken = {
        "retrieved": lambda twin, query, key_values: np.full_like(query, 99),
        "fire": lambda twin, node, choices, charge, level: np.full_like(charge, 99),
    }
    monkeypatch.setattr(Twin, step, broken[step])
    assert not compare(case, Twin.answer(case)).equal
    assert compare(case, EQUIVALENT[identity].answer(case)).equal


def test_both_associations_are_one_answer():
    """Through K^T V, and through scores: three ways of the twin and the kernels, ternary, in two heads."""
    random = np.random.default_rng(3)
    inputs = {name: random.integers(-1, 2, (2, 5, 6)).astype(np.int8) for name in "qkv"}
    nodes = [
        Node("scores", Scores(2), ("q", "k")),
        Node("context", Context(), ("scores", "v")),
        Node("key_value", KeyValue(2), ("k", "v")),
        Node("retrieved", Retrieval(), ("q", "key_value")),
    ]
    case = graph(nodes, inputs, {name: (-1, 1) for name in "qkv"})
    np.testing.assert_array_equal(case.expected["context"], case.expected["retrieved"])
    for identity in ("E06", "E08"):
        assert compare(case, EQUIVALENT[identity].answer(case)).equal


def test_streams_of_small_integers_are_gathered_whole():
    """Spikes add up to 2, and two planes gather it: 0, 5 and 10."""
    nodes = [
        Node("stream", Residual(), ("a", "b")),
        Node("fc", Linear(np.array([[5]], np.int8), np.array([0], np.int32), planes=2), ("stream",)),
    ]
    inputs = {"a": np.array([[[0], [1], [1]]], np.int8), "b": np.array([[[0], [0], [1]]], np.int8)}
    case = graph(nodes, inputs, {"a": (0, 1), "b": (0, 1)}, 1)
    assert [0, 5, 10] == answer(case)["fc"].ravel().tolist() == Twin.answer(case)["fc"].ravel().tolist()
