"""Seeded checkpoints for the tables of official_keys, plausible or exactly representable.

A plausible checkpoint looks like a trained one: weights of normal distribution, BatchNorms near the identity. A
*dyadic* one is made so that nothing in it has to be rounded, neither by float64 nor by int8:

* ``running_var`` is a float64 with ``fl(running_var + 1e-5)`` exactly a power of four, and every gamma is a positive or
  negative power of two, so that each BatchNorm multiplies by a power of two;
* once BatchNorms are folded in, the weights of an output channel are integers of at most 127 on a dyadic step. Channels
  of one map have different steps, but for maps that end in a residual stream and for heads, which have one step;
* biases and means are integers on the step of the sums that they join;
* the chains of Meta-SpikeFormer (RepConv, depthwise 7x7 with 1x1) fold to such weights too, and so does the sum of a
  head and its distillation head.

Currents are such that neurons fire at about a tenth to a half of all timesteps at any depth. Attention depends on the
number of tokens and on the width of a head as well, which are in no checkpoint: ``qkv_bias`` moves the currents of q, k
and v. Try 1.25 for 4 tokens and heads 12 wide, 0.5 for 16 tokens and heads 6 wide, -0.5 for 196 tokens.
"""

import math
import re
from dataclasses import dataclass

import numpy as np

BATCH_NORM_EPSILON = 1e-5

WEIGHT_LIMIT = 127
HEAD_LIMIT = 63
"""So that two heads can be added up in int8."""

CHAIN_LIMITS = {"body.0": 2, "body.2.0": 6, "dwconv": 11, "pwconv2": 11}
"""Largest integers of the maps of a chain: 5 taps x 6 x 2 = 60 for RepConv, 11 x 11 = 121 for the separable one."""

TAPS = 5
"""How many middle channels an output of a dyadic RepConv reads, each with weight 1 or -1."""

INPUT_POWER = 0.2
"""Assumed mean square of a spike."""

PIXEL_POWER = 1.0
"""Assumed mean square of a normalised pixel."""

CURRENT = 3.0
"""Wanted standard deviation of what a neuron receives and of what opens a stream; a LIF neuron fires at once from 2."""

BRANCH = 2.0
"""Wanted standard deviation of what a branch adds to a stream."""

POOLED_OFFSET = -1.0
"""Added where a max pool may follow before the next neuron: the largest of nine is above the mean."""

FIRST = re.compile(r"(downsample1_1\.encode_conv|patch_embed\.proj_conv|patch_embed\.stages\.0(\.conv_bn\.block)?)$")
STREAM_OPENS = re.compile(r"(encode_conv|patch_embed\.proj_conv3|final_stage)$")
STREAM_JOINS = re.compile(r"(pwconv2|\.conv2|fc2|fc2_conv|attn\.proj_conv|rpe_conv)$")
POOLED = re.compile(r"(patch_embed\.stages\.\d\.conv_bn\.block|final_stage|patch_embed\.proj_conv3)$")
HEAD = re.compile(r"head(_kd)?$")
QKV = re.compile(r"attn\.(q|k|v|qkv)_(conv|linear|conv_bn)$")
READS_COUNTS = re.compile(r"blocks?\.(\d+)\.(attn\.[qkv]+_(conv|linear|conv_bn)|mlp\.fc1(_conv|_linear)?)$")
UNUSED = re.compile(r"(norm[12]|talking_heads|^norm|^)$")


@dataclass
class Layer:
    """A linear map and the BatchNorms behind it.

    Attributes
    ----------
    name : str
    shapes : dict of str to tuple
        Of its weight and, where it has one, its bias.
    norms : list of str
        Names of the BatchNorms that follow directly, in order.
    input_rms, output_rms : float
        Assumed root mean square of the input, and the wanted one of the output behind the BatchNorms.
    one_step : bool
        Whether all output channels lie on one step.
    offset : float
        Constant added to the output.
    """

    name: str
    shapes: dict
    norms: list
    input_rms: float
    output_rms: float
    one_step: bool
    offset: float

    @property
    def fan_in(self):
        return math.prod(self.shapes["weight"][1:])

    @property
    def chain_part(self):
        """Give the part that this map plays in a chain without neurons, or None."""
        return next((part for part in (*CHAIN_LIMITS, "body.2.1") if self.name.endswith(part)), None)


def synthetic(table, seed, dyadic=False, qkv_bias=0.0):
    """Draw a checkpoint for a table of keys.

    Parameters
    ----------
    table : dict of str to tuple
        Any table of ``official_keys``.
    seed : int
    dyadic : bool
        Make every value exact, see above.
    qkv_bias : float
        Added to the currents of q, k and v. Many tokens or wide heads need a negative one, few tokens a positive one;
        a multiple of 1/16 where the checkpoint is dyadic.

    Returns
    -------
    tensors : dict of str to ndarray
        The table's keys in its order: float32, int64 for ``num_batches_tracked``, and float64 for the ``running_var``
        of a dyadic checkpoint.
    """
    rng = np.random.default_rng(seed)
    tensors = {}
    for layer in layers(table, qkv_bias):
        if UNUSED.search(layer.name):
            drawn = {part: rng.standard_normal(shape, np.float32) for part, shape in layer.shapes.items()}
            tensors |= {f"{layer.name}.{part}".lstrip("."): values for part, values in drawn.items()}
        else:
            tensors |= dyadic_layer(layer, rng) if dyadic else plausible_layer(layer, rng)
    return {key: tensors[key] for key in table}


def layers(table, qkv_bias):
    """Give the Layers of a table: in it a BatchNorm directly follows the map that it normalises."""
    parts = {}
    for key, shape in table.items():
        name, _, part = key.rpartition(".")
        parts.setdefault(name, {})[part] = shape
    spike_residual = any(key.endswith(("norm1.weight", "qkv_conv_bn.0.weight")) for key in table)
    found = []
    for name, shapes in parts.items():
        if "running_var" in shapes:
            found[-1].norms.append(name)
        else:
            found.append(layer_of(name, shapes, found, spike_residual, qkv_bias))
    return found


def layer_of(name, shapes, before, spike_residual, qkv_bias):
    """Describe one map; ``spike_residual`` says that the residual adds spikes (Spikformer), not membranes."""
    site = re.sub(r"(\.0\.body\.[\d.]+|\.0)$", "", name)
    opens, joins = STREAM_OPENS.search(site), STREAM_JOINS.search(site)
    in_stream = bool(opens or joins) and not spike_residual
    wanted = BRANCH if joins and in_stream else CURRENT
    offset = qkv_bias if QKV.search(site) else POOLED_OFFSET if POOLED.search(site) else 0.0
    layer = Layer(
        name, shapes, [], input_rms(site, spike_residual), wanted, in_stream or bool(HEAD.search(site)), offset
    )
    if layer.chain_part in ("body.2.0", "body.2.1", "pwconv2"):
        layer.input_rms = before[-1].output_rms
    if layer.chain_part in ("body.0", "body.2.0", "dwconv"):
        limit = CHAIN_LIMITS[layer.chain_part]
        layer.output_rms, layer.offset = uniform_rms(limit) * math.sqrt(layer.fan_in) * layer.input_rms, 0.0
    return layer


def input_rms(site, spike_residual):
    """Give the assumed root mean square of a map's input."""
    if FIRST.search(site):
        return math.sqrt(PIXEL_POWER)
    counts = READS_COUNTS.search(site)
    summands = 2 + 2 * int(counts[1]) if spike_residual and counts else 1
    mean = summands * INPUT_POWER
    return math.sqrt(mean * (1 - INPUT_POWER) + mean**2)


def uniform_rms(limit):
    """Give the root mean square of integers drawn evenly from -limit to limit."""
    return math.sqrt(limit * (limit + 1) / 3)


def plausible_layer(layer, rng):
    """Draw a layer of float32 with BatchNorms near the identity, a tenth of them with a negative gamma."""
    outputs = layer.shapes["weight"][0]
    spread = np.float32(0.1 * layer.output_rms)

    def normal(shape, mean, deviation):
        return rng.standard_normal(shape, np.float32) * np.float32(deviation) + np.float32(mean)

    deviation = layer.output_rms / (math.sqrt(layer.fan_in) * layer.input_rms)
    tensors = {f"{layer.name}.weight": normal(layer.shapes["weight"], 0, deviation)}
    if "bias" in layer.shapes:
        tensors[f"{layer.name}.bias"] = normal(outputs, 0, spread)
    for norm in layer.norms:
        sign = np.where(rng.random(outputs) < 0.1, -1, 1).astype(np.float32)
        tensors[f"{norm}.weight"] = sign * np.abs(normal(outputs, 1, 0.1))
        tensors[f"{norm}.bias"] = normal(outputs, layer.offset if norm == layer.norms[-1] else 0, spread)
        tensors[f"{norm}.running_mean"] = normal(outputs, 0, spread)
        tensors[f"{norm}.running_var"] = np.exp(normal(outputs, 0, 0.1))
        tensors[f"{norm}.num_batches_tracked"] = np.array(1000, np.int64)
    return tensors


def dyadic_layer(layer, rng):
    """Draw a layer whose folded weights are integers on the steps ``2**-shift`` of their channels."""
    integers, shift = dyadic_integers(layer, rng)
    outputs = len(integers)
    spread = np.maximum(0.2 * layer.output_rms * np.exp2(shift), 0.7)
    assert np.array_equal(np.rint(layer.offset * np.exp2(shift)), layer.offset * np.exp2(shift)), "offset off the step"
    gamma, variance_root = dyadic_gains(len(layer.norms), outputs, rng)
    gains = np.abs(gamma) / variance_root
    step = np.exp2(-shift) / gains.prod(axis=0)

    def constants():
        return np.rint(rng.standard_normal(outputs) * spread) * step

    tensors = {f"{layer.name}.weight": integers * step.reshape(-1, *[1] * (integers.ndim - 1))}
    if "bias" in layer.shapes:
        tensors[f"{layer.name}.bias"] = constants()
    variances = {}
    for index, norm in enumerate(layer.norms):
        tensors[f"{norm}.weight"] = gamma[index]
        tensors[f"{norm}.running_mean"] = constants()
        step = step * gains[index]
        last = index == len(layer.norms) - 1
        tensors[f"{norm}.bias"] = constants() + (layer.offset if last else 0.0)
        variances[f"{norm}.running_var"] = variance_of_root(variance_root[index])
        variances[f"{norm}.num_batches_tracked"] = np.array(1000, np.int64)
    return {key: exact_float32(values) for key, values in tensors.items()} | variances


def dyadic_integers(layer, rng):
    """Draw the integers of a folded map, and the shift of each output channel's step."""
    shape, outputs = layer.shapes["weight"], layer.shapes["weight"][0]
    if layer.chain_part in ("body.0", "body.2.0", "dwconv"):
        limit = CHAIN_LIMITS[layer.chain_part]
        return rng.integers(-limit, limit, shape, np.int8, endpoint=True), np.zeros(outputs)
    smaller = rng.integers(0, 2, outputs)
    if layer.chain_part == "body.2.1":
        shift = math.ceil(math.log2(math.sqrt(TAPS) * layer.input_rms / layer.output_rms))
        return scattered_signs(outputs, shape, rng), shift + (0 if layer.one_step else smaller)
    most = CHAIN_LIMITS.get(layer.chain_part, HEAD_LIMIT if HEAD.search(layer.name) else WEIGHT_LIMIT)
    unit = math.sqrt(layer.fan_in) * layer.input_rms / layer.output_rms
    shift = math.floor(math.log2(uniform_rms(most) * unit))
    limit = min(most, round(math.sqrt(3) * 2**shift / unit))
    if not layer.one_step:
        return rng.integers(-limit, limit, shape, np.int8, endpoint=True), shift + smaller
    limits = (limit >> smaller).reshape(-1, *[1] * (len(shape) - 1))
    return rng.integers(-limits, limits + 1, shape, np.int64), np.full(outputs, shift)


def scattered_signs(outputs, shape, rng):
    """Give each row a 1 or -1 at a few places."""
    signs = np.zeros((outputs, shape[1]), np.int8)
    rows = np.repeat(np.arange(outputs), TAPS)
    np.add.at(signs, (rows, rng.integers(0, shape[1], rows.size)), rng.choice(np.array([-1, 1], np.int8), rows.size))
    return signs.reshape(shape)


def dyadic_gains(norms, outputs, rng):
    """Draw gamma, a quarter of them negative, and the root of the variance: powers of two, shape (norms, outputs)."""
    gamma = np.exp2(rng.integers(-1, 2, (norms, outputs)))
    gamma[rng.random((norms, outputs)) < 0.25] *= -1
    return gamma, np.exp2(rng.integers(-1, 2, (norms, outputs)))


def variance_of_root(roots):
    """Find float64 variances with ``fl(variance + 1e-5)`` exactly the square of the given powers of two."""
    squares = roots**2
    variances = squares - BATCH_NORM_EPSILON
    for _ in range(8):
        sums = variances + BATCH_NORM_EPSILON
        variances = np.where(sums == squares, variances, np.nextafter(variances, np.where(sums < squares, np.inf, 0)))
    assert np.array_equal(variances + BATCH_NORM_EPSILON, squares)
    return variances


def exact_float32(values):
    """Convert what float32 can hold without rounding."""
    converted = np.asarray(values, np.float32)
    assert np.array_equal(converted, values)
    return converted


def pixels(seed, count, channels, side):
    """Draw images of uint8, shape (count, channels, side, side): coarse patches of different contrast under noise."""
    rng = np.random.default_rng(seed)
    coarse = rng.integers(0, 192, (count, channels, -(-side // 8), -(-side // 8)))
    patches = coarse.repeat(8, axis=2).repeat(8, axis=3)[:, :, :side, :side]
    return (patches + rng.integers(0, 64, patches.shape)).astype(np.uint8)


def without(tensors, key):
    """Give a copy that lacks a tensor."""
    assert key in tensors
    return {name: values for name, values in tensors.items() if name != key}


def with_extra(tensors, key):
    """Give a copy with a tensor that no table has."""
    assert key not in tensors
    return {**tensors, key: np.ones(3, np.float32)}


def transposed(tensors, key):
    """Give a copy in which a tensor has its axes reversed; the shape must change by that."""
    values = np.ascontiguousarray(tensors[key].T)
    assert values.shape != tensors[key].shape
    return {**tensors, key: values}


def with_nan(tensors, key):
    """Give a copy in which the last value of a tensor is not a number."""
    values = np.array(tensors[key])
    values.reshape(-1)[-1] = np.nan
    return {**tensors, key: values}
