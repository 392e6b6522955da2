"""Cases that hold the template implementations: every operator with its options, layers, models, and what to refuse."""

import itertools
from dataclasses import replace

import numpy as np
from lineage_cases import lineage_cases, lineage_misfits
from strategies import seeded_network
from template_parts import drawn, fields, single, wide

from refsim.golden.case import Draws, case_of
from refsim.network import Node
from refsim.ops import (
    LIF,
    Argmax,
    Context,
    Convolution,
    KeyValue,
    Linear,
    MaxPool,
    ReLU,
    Residual,
    Retrieval,
    Scores,
    TapBias,
    TimeSum,
    Tokens,
    TokenSum,
)


def lif_cases():
    """Every combination of options, currents that meet the threshold exactly, and both signs."""
    choices = itertools.product(
        ("binary", "ternary"), (0, 1, 3), (False, True), ("zero", "subtract"), ("exact", "floor")
    )
    for spikes, leak_shift, halve_input, reset, rounding in choices:
        if leak_shift > 0 or not (halve_input and rounding == "floor"):
            operator = LIF(wide(1, 4, 7), spikes, leak_shift, halve_input, reset, rounding)
            currents = drawn(leak_shift, (6, 5, 3), -16, 16, np.int32)
            currents[0] = [-8, 8, 14]
            name = f"lif.{spikes}.{leak_shift}.{int(halve_input)}.{reset}.{rounding}"
            yield single(name, operator, (currents, -16, 16), timesteps=6)


def gather_cases():
    """Linear maps and convolutions of spikes and of bit planes."""
    ternary, graded = drawn(1, (2, 5, 4), -1, 1), drawn(2, (2, 5, 4), 0, 100)
    weights, bias = drawn(3, (4, 3), -128, 127), wide(1000, -1000, 3)
    yield single("linear.spikes", Linear(weights, bias), (ternary, -1, 1))
    yield single("linear.planes", Linear(weights, bias, planes=7), (graded, 0, 100))
    yield single(
        "linear.wide", Linear(weights, bias.astype(np.int64), planes=31, accumulator_bits=40), (graded, 0, 100)
    )
    pixels, events = drawn(4, (2, 6, 5, 2), 0, 255, np.uint8), drawn(5, (2, 6, 5, 2), -1, 1)
    for stride, padding, window in ((1, 1, (3, 3)), (2, 0, (2, 3)), (3, 2, (4, 3))):
        kernel = drawn(6, (*window, 2, 3), -128, 127)
        name = f"{stride}.{padding}"
        yield single(f"convolution.spikes.{name}", Convolution(kernel, bias, stride, padding), (events, -1, 1))
        yield single(f"convolution.planes.{name}", Convolution(kernel, bias, stride, padding, 8), (pixels, 0, 255))


def other_cases():
    """The operators without weights."""
    currents = drawn(7, (2, 4, 5, 3), -900, -1, np.int32)
    for window, stride, padding in ((3, 2, 1), (2, 2, 0), (2, 3, 1)):
        yield single(f"max_pool.{window}.{stride}", MaxPool(window, stride, padding), (currents, -900, 900))
    yield single("max_pool.pixels", MaxPool(), (drawn(8, (2, 5, 5, 1), 0, 255, np.uint8), 0, 255))
    yield single("tokens", Tokens(), (currents, -900, 900))
    mixed = drawn(9, (2, 6, 3), -900, 900, np.int32)
    for shift, cap in ((0, 127), (2, 127), (1, 5)):
        yield single(f"relu.{shift}.{cap}", ReLU(shift, cap), (mixed, -900, 900))
    yield single("residual", Residual(3, 1), (mixed, -900, 900), (mixed[::-1].copy(), -900, 900))
    yield single("time_sum", TimeSum(), (mixed, -900, 900))
    yield single("time_sum.wide", TimeSum(33), (mixed, -900, 900))
    yield single("token_sum", TokenSum(), (drawn(10, (2, 6, 3), -1, 1), -1, 1))
    yield single("argmax.ties", Argmax(), (drawn(11, (8, 1, 4), -1, 1, np.int32), -9, 9), timesteps=8)
    nodes = [Node("neuron", LIF(wide(5, 9, 700)), ("currents",)), Node("relu", ReLU(2), ("neuron.membrane",))]
    others = fields("register_as_input", timesteps=2, outputs=("relu",))
    yield case_of(nodes, {"currents": mixed}, {"currents": (-900, 900)}, **others)
    yield single("static", ReLU(), (mixed, -900, 900), static_inputs=frozenset({"input0"}), timesteps=3)


def attention_cases():
    """Both products, either operand gating, one and several heads."""
    spikes, graded, maps = drawn(12, (2, 3, 8), -1, 1), drawn(13, (2, 3, 8), 0, 127), drawn(14, (2, 2, 3, 3), 0, 90)
    for heads in (1, 2, 4):
        yield single(f"scores.q.{heads}", Scores(heads, "q"), (spikes, -1, 1), (graded, 0, 127))
        yield single(f"scores.k.{heads}", Scores(heads, "k"), (graded, 0, 127), (spikes, -1, 1))
    yield single("context.v", Context("v"), (maps, 0, 90), (spikes, -1, 1))
    yield single("context.map", Context("map"), (drawn(15, (2, 2, 3, 3), -1, 1), -1, 1), (graded, 0, 127))


def attention_layer(id, q, k, scores, v, gate, **others):
    """Spikes, projected to q, k and v; their products; a neuron and a residual."""
    nodes = []
    for place, (name, neuron) in enumerate({"q": q, "k": k, "v": v}.items()):
        nodes.append(Node(f"{name}_linear", Linear(drawn(20 + place, (8, 8), -128, 127), wide(*range(8))), ("spikes",)))
        nodes.append(Node(name, neuron, (f"{name}_linear",)))
    nodes.append(Node("scores", Scores(2, gate), ("q", "k")))
    if scores is not None:
        nodes.append(Node("map", scores, ("scores",)))
    nodes.append(Node("context", Context("v"), ("scores" if scores is None else "map", "v")))
    nodes.append(Node("output", LIF(wide(*range(1, 9))), ("context",)))
    nodes.append(Node("projection", Linear(drawn(30, (8, 8), -128, 127), wide(*range(8))), ("output",)))
    nodes.append(Node("residual", Residual(2, 0), ("projection", "spikes")))
    inputs = {"spikes": drawn(31, (3, 5, 8), 0, 1)}
    return case_of(nodes, inputs, {"spikes": (0, 1)}, **fields(id, timesteps=3, outputs=("residual",), **others))


def layer_cases():
    """The two A2OS2A wirings."""
    thresholds = wide(*range(60, 140, 10))
    ternary, binary = LIF(thresholds, "ternary"), LIF(thresholds)
    yield attention_layer("layer.a2os2a", ternary, ternary, ReLU(), binary, "q")
    yield attention_layer("layer.a2os2a-qkv", binary, ReLU(3), None, ternary, "q")


def model_case(preset, **options):
    """A whole small model, from pixels to label."""
    network = seeded_network(preset, **options)
    image = drawn(40, network.input.shape, 0, 255, np.uint8)
    return case_of(
        [*network.nodes, Node("label", Argmax(), ("head.logits",))],
        {"input": image},
        {"input": (0, 255)},
        **fields(
            f"model.{preset}.{'.'.join(map(str, options.values()))}",
            timesteps=network.timesteps,
            static_inputs=frozenset({"input"}),
            outputs=("label", "head.logits"),
        ),
    )


def model_cases():
    yield model_case("a2os2a")
    yield model_case("a2os2a", reset="subtract", halve_input=False, leak_shift=2)
    yield model_case("a2os2a-qkv", rounding="floor")
    for preset in ("binary", "ternary-qk", "relu-attention"):
        yield model_case(preset)


def sample_cases():
    """Several samples: registers must be cleared between them; a static input beside one of frames."""
    totals = (drawn(52, (2, 3, 4, 2), -20, 20, np.int32), -20, 20)
    yield single("samples.time_sum", TimeSum(), totals, timesteps=3, samples=2, requires=("samples",))
    nodes = [
        Node("sum", Residual(0, 1), ("frames", "image")),
        Node("neuron", LIF(wide(5, 9), "ternary", reset="subtract"), ("sum",)),
        Node("total", TimeSum(), ("neuron",)),
    ]
    frames, image = drawn(50, (3, 4, 2, 2), -20, 20, np.int32), drawn(51, (3, 2, 2), 0, 9)
    ranges = {"frames": (-20, 20), "image": (0, 9)}
    others = {"timesteps": 4, "samples": 3, "static_inputs": frozenset({"image"}), "outputs": ("neuron", "total")}
    case = case_of(
        nodes, {"frames": frames, "image": image}, ranges, **fields("samples", requires=("samples",), **others)
    )
    yield case
    forms = {"image": ("|i1", (3, 2, 2), 0, 9), "frames": ("<i4", (3, 4, 2, 2), -20, 20)}
    yield digest_of(case, Draws(2**64 - 3, 3, forms))


def digest_of(case, draws):
    return replace(case, id=f"digest.{case.id}", inputs={}, draws=draws, requires=(*case.requires, "digest"))


def digest_cases():
    """Inputs drawn from one stream over several chunks."""
    for case in (next(lif_cases()), next(layer_cases())):
        name, array = next(iter(case.inputs.items()))
        yield digest_of(case, Draws(7, 4, {name: (array.dtype.newbyteorder("<").str, array.shape, *case.ranges[name])}))


def valid_cases():
    makers = (
        lif_cases,
        gather_cases,
        lineage_cases,
        other_cases,
        attention_cases,
        layer_cases,
        model_cases,
        sample_cases,
        digest_cases,
    )
    return list(itertools.chain.from_iterable(maker() for maker in makers))


def boundary_cases():
    """Pairs of a narrowest register that holds the worst case, by hand, and one bit less: (wide enough, too narrow)."""
    ones = (drawn(60, (2, 3, 4), 0, 1), 0, 1)
    weights, bias = np.array([[100], [27], [-128], [0]], np.int8), wide(0)
    pixels = (drawn(61, (2, 3, 4), 0, 255, np.uint8), 0, 255)
    steady = (drawn(62, (2, 3, 4), -8, 7, np.int32), -8, 7)
    makers = {
        "linear.low": (8, lambda bits: single("", Linear(weights, bias, accumulator_bits=bits), ones)),
        "linear.high": (9, lambda bits: single("", Linear(weights, wide(1), accumulator_bits=bits), ones)),
        # 4 x 2 x 255 = 2040 stands in the register before -1020 is added at the end
        "linear.late": (
            12,
            lambda bits: single("", Linear(np.full((4, 1), 2, np.int8), wide(-1020), 8, bits), pixels),
        ),
        # charges: -8, then -8 + (-8 << 1) = -24: six bits
        "lif.exact": (6, lambda bits: single("", LIF(np.full(4, 40, np.int32), membrane_bits=bits), steady)),
        # charges: -8, then (-8 >> 1) - 8 = -12: five bits
        "lif.floor": (
            5,
            lambda bits: single(
                "", LIF(np.full(4, 40, np.int32), "binary", 1, False, "zero", "floor", membrane_bits=bits), steady
            ),
        ),
        # two timesteps of -8: -16
        "time_sum": (5, lambda bits: single("", TimeSum(bits), steady)),
        # -8 + (-8 << 2) = -40
        "residual": (7, lambda bits: single("", Residual(0, 2, bits), steady, steady)),
        # 400 - 1 x 32768 passes 16 bits: 17
        "linear.16": (17, lambda bits: single("", Linear(weights.astype(np.int16) * 256, wide(-1), 0, bits), ones)),
        # three tokens, each at least -8
        "token_sum.membranes": (6, lambda bits: single("", TokenSum(bits), (drawn(65, (2, 3, 4), -8, 7), -8, 7))),
        # three tokens, each at most 7
        "key_value": (6, lambda bits: single("", KeyValue(2, "k", bits), ones, (drawn(66, (2, 3, 4), 0, 7), 0, 7))),
        # two channels a head, each at least -8
        "retrieval": (
            5,
            lambda bits: single("", Retrieval(bits), ones, (drawn(67, (2, 2, 2, 2), -8, 7, np.int32), -8, 7)),
        ),
        # 7 + 100 passes 127 with another 21, though -30 brings it back
        "tap_bias": (
            9,
            lambda bits: single(
                "",
                TapBias(np.array([[[100], [21], [-30]]], np.int32), 1, 3, 1, 0, bits),
                (drawn(68, (2, 1, 1, 1), -8, 7, np.int32), -8, 7),
            ),
        ),
        "token_sum": (3, lambda bits: single("", TokenSum(bits), ones)),
        # two channels a head, each at most 7
        "scores": (5, lambda bits: single("", Scores(2, "q", bits), ones, (drawn(63, (2, 3, 4), 0, 7), 0, 7))),
        # three tokens, each at least -8
        "context": (6, lambda bits: single("", Context("v", bits), (drawn(64, (2, 2, 3, 3), -8, 7), -8, 7), ones)),
    }
    for name, (bits, make) in makers.items():
        yield (
            replace(make(bits), id=f"enough.{name}"),
            replace(make(bits - 1), id=f"overflow.{name}", reject_reason="a register could overflow"),
        )


def misfits():
    """Cases whose parts do not fit, each for one reason."""
    ones, graded = (drawn(70, (2, 3, 4), 0, 1), 0, 1), (drawn(71, (2, 3, 4), 0, 5), 0, 5)
    image = (drawn(72, (2, 4, 4, 1), 0, 1), 0, 1)
    weights, bias, kernel = drawn(73, (4, 2), -5, 5), wide(0, 0), drawn(74, (3, 3, 1, 2), -5, 5)
    linear, lif = Linear(weights, bias), LIF(wide(1, 2, 3, 4))
    yield "threshold of 0", single("", LIF(wide(1, 0, 3, 4)), ones)
    yield "thresholds too few", single("", LIF(wide(1, 2)), ones)
    yield "two graded operands", single("", Scores(2, "q"), graded, graded)
    yield "gate on the graded operand", single("", Scores(2, "k"), ones, graded)
    yield "graded map and v", single("", Context("v"), (drawn(75, (2, 2, 3, 3), 0, 5), 0, 5), graded)
    yield "heads do not divide", single("", Scores(3, "q"), ones, ones)
    yield "map does not fit", single("", Context("v"), (drawn(75, (2, 2, 3, 2), 0, 5), 0, 5), ones)
    yield "graded without planes", single("", linear, graded)
    yield "planes too few", single("", Linear(weights, bias, planes=2), graded)
    yield "planes of a negative", single("", Linear(weights, bias, planes=3), (graded[0], -1, 5))
    yield "weights do not fit", single("", Linear(weights[:3], bias), ones)
    yield "weights of int32", single("", Linear(weights.astype(np.int32), bias), ones)
    yield "bias of int8", single("", Linear(weights, bias.astype(np.int8)), ones)
    yield "bias too long", single("", Linear(weights, wide(0, 0, 0)), ones)
    yield "padding as large as the window", single("", Convolution(kernel, bias, 1, 3), image)
    yield "convolution of tokens", single("", Convolution(kernel, bias), ones)
    yield "stride of 0", single("", Convolution(kernel, bias, 0), image)
    yield "pool padding", single("", MaxPool(2, 2, 2), image)
    yield "window larger than the image", single("", MaxPool(7, 1, 0), image)
    yield "cap above 127", single("", ReLU(0, 128), graded)
    yield "negative shift", single("", ReLU(-1), graded)
    yield "leak of 0 rounded down", single("", LIF(wide(1, 2, 3, 4), leak_shift=0, rounding="floor"), ones)
    yield "unknown reset", single("", LIF(wide(1, 2, 3, 4), reset="soft"), ones)
    yield "register of 65 bits", single("", TimeSum(65), ones)
    yield "residual of two shapes", single("", Residual(), ones, (drawn(76, (2, 4, 3), 0, 1), 0, 1))
    yield "token sum of an image", single("", TokenSum(), image)
    yield from lineage_misfits(ones, graded)
    yield "no timestep", single("", lif, (np.zeros((0, 3, 4), np.int8), 0, 1), timesteps=0)
    yield "outside its range", single("", lif, (ones[0], 0, 0))
    node = single("", lif, ones).nodes[0]
    for reason, change in {
        "unknown operator": {"operator": "Softmax"},
        "unknown input": {"inputs": ["nothing"]},
        "two inputs": {"inputs": ["input0", "input0"]},
        "unknown setting": {"settings": {**node["settings"], "refractory": 2}},
        "name taken": {"name": "input0"},
    }.items():
        yield reason, replace(single("", lif, ones), nodes=({**node, **change},))
    yield "parameter missing", replace(single("", lif, ones), params={})


def reject_cases():
    cases = [replace(case, id=reason.replace(" ", "-"), reject_reason=reason) for reason, case in misfits()]
    return cases + [narrow for _, narrow in boundary_cases()]


def width_cases(seed=0, rounds=4):
    """Valid cases with every declared width drawn anew: about half of them must be refused."""
    randomness = np.random.default_rng(seed)
    for turn, case in itertools.product(range(rounds), valid_cases()):
        if not case.draws:
            nodes = tuple(with_widths(node, randomness) for node in case.nodes)
            yield replace(case, id=f"widths.{turn}.{case.id}", nodes=nodes)


def with_widths(node, randomness):
    """Draw the widths of a node that has any."""
    widths = {name: int(randomness.integers(4, 26)) for name in node["settings"] if name.endswith("_bits")}
    return {**node, "settings": {**node["settings"], **widths}}
