"""The numerics of golden/NUMERICS.md in plain Python and NumPy: what to copy, and to replace operator by operator.

`answer` takes a golden case and gives every site. Each operator stands here twice: as ``x``, one timestep of it on
arrays of int64, and as ``x_form``, what must hold before anything runs: shapes, choices, and registers that cannot
overflow (N3). Nothing is shared with refsim's kernels.
"""

from typing import NamedTuple

import numpy as np

from refsim.golden import Rejected

REGISTERS = {"LIF": "membrane", "TimeSum": "total"}


class Form(NamedTuple):
    """One timestep of a site: its shape, and the worst case of each channel, in Python's unbounded integers."""

    shape: tuple
    low: np.ndarray
    high: np.ndarray

    @property
    def is_spiking(self):
        return self.low.min() >= -1 and self.high.max() <= 1


def uniform(shape, low, high):
    require(len(shape) > 0 and shape[-1] > 0, "a site without channels")
    return Form(tuple(shape), np.full(shape[-1], low, object), np.full(shape[-1], high, object))


def require(condition, message):
    """Refuse a malformed case."""
    if not condition:
        raise Rejected(message)


def require_bits(bits, low, high):
    require(2 <= bits <= 64, f"a register of {bits} bits")
    most = (1 << bits - 1) - 1
    require(-most - 1 <= np.min(low) and np.max(high) <= most, f"a register of {bits} bits could overflow")


# Neurons: N8 exact, N9 floor, N10 ReLU


def charge(membrane, current, timestep, leak_shift, halve_input, rounding):
    """Integrate and leak."""
    if rounding == "exact":
        return membrane + (current << leak_shift * timestep)
    if halve_input:
        return ((membrane >> leak_shift - 1) + current) >> 1
    return (membrane >> leak_shift) + current


def level(thresholds, timestep, leak_shift, halve_input, rounding):
    return thresholds << (leak_shift * timestep + halve_input if rounding == "exact" else 0)


def lif(inputs, membrane, timestep, thresholds, spikes, leak_shift, halve_input, reset, rounding, membrane_bits):
    reached = charge(membrane, inputs[0], timestep, leak_shift, halve_input, rounding)
    levels = level(thresholds.astype(np.int64), timestep, leak_shift, halve_input, rounding) + np.zeros_like(reached)
    fired = np.where(reached >= levels, 1, 0)
    if spikes == "ternary":
        fired = np.where(reached <= -levels, -1, fired)
    if reset == "zero":
        return fired, np.where(fired != 0, 0, reached)
    return fired, reached - np.where(fired == 1, levels, 0) + np.where(fired == -1, levels, 0)


def lif_form(forms, timesteps, thresholds, spikes, leak_shift, halve_input, reset, rounding, membrane_bits):
    (currents,) = forms
    require(thresholds.dtype in (np.int32, np.int64) and thresholds.shape == currents.shape[-1:], "thresholds' form")
    require(thresholds.min() >= 1, "thresholds below 1")
    require(spikes in ("binary", "ternary") and reset in ("zero", "subtract"), "unknown spikes or reset")
    require(rounding in ("exact", "floor"), "unknown rounding")
    require(int(rounding == "floor" and halve_input) <= leak_shift <= 16, f"a leak shift of {leak_shift}")
    low = high = least = most = np.full(currents.shape[-1], 0, object)
    for timestep in range(timesteps):
        rule = (timestep, leak_shift, halve_input, rounding)
        low, high = charge(low, currents.low, *rule), charge(high, currents.high, *rule)
        least, most = np.minimum(least, low), np.maximum(most, high)
        levels = level(thresholds.astype(object), *rule)
        over, under = (high - levels, low + levels) if reset == "subtract" else (0, 0)
        high = np.maximum(np.maximum(np.minimum(high, levels - 1), over), 0)
        if spikes == "ternary":
            low = np.minimum(np.maximum(low, 1 - levels), under)
        low = np.minimum(low, 0)
    require_bits(membrane_bits, least, most)
    return uniform(currents.shape, -1 if spikes == "ternary" else 0, 1), Form(currents.shape, least, most)


def relu(inputs, register, timestep, shift, cap):
    return np.minimum(np.maximum(inputs[0], 0) >> shift, cap), None


def relu_form(forms, timesteps, shift, cap):
    require(0 <= shift <= 31 and 1 <= cap <= 127, f"a ReLU of shift {shift} and cap {cap}")
    low, high = (relu([bound], None, 0, shift, cap)[0] for bound in forms[0][1:])
    return Form(forms[0].shape, low, high)


# Gathers: N6 spikes, N7 bit planes


def gather(spikes, rows):
    """For each vector of spikes: add the rows under a 1, subtract the rows under a -1."""
    sums = [rows[vector == 1].sum(axis=0) - rows[vector == -1].sum(axis=0) for vector in spikes]
    return np.array(sums, np.int64).reshape(len(spikes), rows.shape[1])


def gather_planes(values, rows, planes):
    """Gather spikes, or the bits of each plane, from the highest down."""
    if planes == 0:
        return gather(values, rows)
    sums = np.zeros((len(values), rows.shape[1]), np.int64)
    for plane in reversed(range(planes)):
        sums = (sums << 1) + gather(values >> plane & 1, rows)
    return sums


def gather_form(values, taps, shape, bias, planes, accumulator_bits):
    """Bound every partial sum of taps (taps, channels, outputs); the bias comes first, with bit planes last."""
    require(taps.dtype in (np.int8, np.int16) and taps.shape[1] == values.shape[-1] and taps.shape[2] > 0, "the weights' form")
    require(bias.dtype in (np.int32, np.int64) and bias.shape == taps.shape[2:], "the bias's form")
    most = values.high.max()
    require(0 <= planes <= 31 and (planes > 0 or values.is_spiking), "an input that is no spikes needs bit planes")
    require(planes == 0 or (values.low.min() >= 0 and most >> planes == 0), f"{planes} bit planes cannot hold {most}")
    positive, negative = (side(taps, 0).sum(axis=0, dtype=np.int64).astype(object) for side in (np.maximum, np.minimum))
    least, most = np.minimum(values.low, 0), np.maximum(values.high, 0)
    low, high, bias = least @ positive + most @ negative, most @ positive + least @ negative, bias.astype(object)
    require_bits(accumulator_bits, low + bias, high + bias)
    if planes > 0:
        require_bits(accumulator_bits, low, high)
    return Form(shape, low + bias, high + bias)


def linear(inputs, register, timestep, weights, bias, planes, accumulator_bits):
    tokens = inputs[0].reshape(-1, len(weights))
    return (gather_planes(tokens, weights, planes) + bias).reshape(*inputs[0].shape[:-1], len(bias)), None


def linear_form(forms, timesteps, weights, bias, planes, accumulator_bits):
    require(weights.ndim == 2, "the weights' form")
    shape = (*forms[0].shape[:-1], weights.shape[1])
    return gather_form(forms[0], weights[np.newaxis], shape, bias, planes, accumulator_bits)


# Windows: N6, N7 convolution, N12 pooling


def windows(image, rows, columns, stride, padding, outside):
    """Cut an image into its windows: (output rows, output columns, rows, columns, channels)."""
    padded = np.pad(image, ((padding, padding), (padding, padding), (0, 0)), constant_values=outside)
    view = np.lib.stride_tricks.sliding_window_view(padded, (rows, columns), axis=(0, 1))
    return view[::stride, ::stride].transpose(0, 1, 3, 4, 2)


def windows_shape(image, rows, columns, stride, padding):
    require(len(image.shape) == 3 and min(image.shape) > 0, "expected an image (Y, X, C)")
    require(1 <= stride <= 64 and 0 <= padding < min(rows, columns), f"a stride of {stride}, a padding of {padding}")
    inside = [length + 2 * padding - window for length, window in zip(image.shape, (rows, columns))]
    require(min(inside) >= 0, "a window larger than the image")
    return tuple(room // stride + 1 for room in inside)


def convolution(inputs, register, timestep, weights, bias, stride, padding, planes, accumulator_bits):
    cut = windows(inputs[0], *weights.shape[:2], stride, padding, outside=0)
    taps = weights.reshape(-1, len(bias))
    sums = gather_planes(cut.reshape(-1, len(taps)), taps, planes) + bias
    return sums.reshape(*cut.shape[:2], len(bias)), None


def convolution_form(forms, timesteps, weights, bias, stride, padding, planes, accumulator_bits):
    require(weights.ndim == 4, "the weights' form")
    places = windows_shape(forms[0], *weights.shape[:2], stride, padding)
    taps = weights.reshape(-1, *weights.shape[2:])
    return gather_form(forms[0], taps, (*places, weights.shape[3]), bias, planes, accumulator_bits)


def max_pool(inputs, register, timestep, window, stride, padding):
    outside = np.iinfo(np.int64).min
    return windows(inputs[0], window, window, stride, padding, outside).max(axis=(2, 3)), None


def max_pool_form(forms, timesteps, window, stride, padding):
    require(1 <= window <= 64, f"a window of {window}")
    return forms[0]._replace(shape=(*windows_shape(forms[0], window, window, stride, padding), forms[0].shape[2]))


# Attention: N11


def by_head(tokens, heads):
    """(N, D) to (H, N, E)."""
    return tokens.reshape(len(tokens), heads, -1).transpose(1, 0, 2)


def scores(inputs, register, timestep, heads, gate, accumulator_bits):
    pairs = zip(*(by_head(tokens, heads) for tokens in inputs))
    return np.stack([gather(q, k.T) if gate == "q" else gather(k, q.T).T for q, k in pairs]), None


def scores_form(forms, timesteps, heads, gate, accumulator_bits):
    query, key = forms
    require(query.shape == key.shape and len(query.shape) == 2 and query.shape[0] > 0, "Q and K differ in shape")
    require(1 <= heads <= 1024 and query.shape[1] % heads == 0, f"channels do not split into {heads} heads")
    require(gate in ("q", "k"), "unknown gate")
    shape = (heads, query.shape[0], query.shape[0])
    return product_form(forms, gate == "q", query.shape[1] // heads, shape, accumulator_bits)


def context(inputs, register, timestep, gate, accumulator_bits):
    maps, value = inputs
    pairs = zip(maps, by_head(value, len(maps)))
    by_heads = np.stack([gather(each, v) if gate == "map" else gather(v.T, each.T).T for each, v in pairs])
    return by_heads.transpose(1, 0, 2).reshape(value.shape), None


def context_form(forms, timesteps, gate, accumulator_bits):
    maps, value = forms
    require(len(value.shape) == 2 and maps.shape[1:] == 2 * value.shape[:1], "the map does not fit V")
    require(min(maps.shape) > 0 and maps.shape[0] <= 1024 and value.shape[1] % maps.shape[0] == 0, "V does not split")
    require(gate in ("v", "map"), "unknown gate")
    return product_form(forms, gate == "map", value.shape[0], value.shape, accumulator_bits)


def product_form(forms, first_gates, terms, shape, accumulator_bits):
    """Bound a sum of products any of which may be absent; one operand must be spikes."""
    require((forms[0] if first_gates else forms[1]).is_spiking, "a product of two graded operands")
    first, second = ((form.low.min(), form.high.max()) for form in forms)
    corners = [0, *(a * b for a in first for b in second)]
    low, high = terms * min(corners), terms * max(corners)
    require_bits(accumulator_bits, low, high)
    return uniform(shape, low, high)


# Attention: N17 through K^T V


def key_value(inputs, register, timestep, heads, gate, accumulator_bits):
    pairs = zip(*(by_head(tokens, heads) for tokens in inputs))
    return np.stack([gather(k.T, v) if gate == "k" else gather(v.T, k).T for k, v in pairs]), None


def key_value_form(forms, timesteps, heads, gate, accumulator_bits):
    key, value = forms
    require(key.shape == value.shape and len(key.shape) == 2 and key.shape[0] > 0, "K and V differ in shape")
    require(1 <= heads <= 1024 and key.shape[1] % heads == 0, f"channels do not split into {heads} heads")
    require(gate in ("k", "v"), "unknown gate")
    width = key.shape[1] // heads
    return product_form(forms, gate == "k", key.shape[0], (heads, width, width), accumulator_bits)


def retrieval(inputs, register, timestep, accumulator_bits):
    query, key_values = inputs
    by_heads = np.stack([gather(q, rows) for q, rows in zip(by_head(query, len(key_values)), key_values)])
    return by_heads.transpose(1, 0, 2).reshape(query.shape), None


def retrieval_form(forms, timesteps, accumulator_bits):
    query, key_values = forms
    require(len(query.shape) == 2 and query.shape[0] > 0 and len(key_values.shape) == 3, "expected Q and K^T V by head")
    heads, rows, width = key_values.shape
    require(1 <= heads <= 1024 and rows == width and query.shape[1] == heads * width, "K^T V does not fit Q")
    return product_form(forms, True, width, query.shape, accumulator_bits)


# Masks: N16


def mask(inputs, register, timestep):
    spikes, gates = inputs
    return np.where(gates == 1, spikes, 0), None


def mask_form(forms, timesteps):
    spikes, gates = forms
    require(len(spikes.shape) == 2 and spikes.is_spiking, "masks what is no spikes of tokens")
    require(gates.shape in (spikes.shape, (1, spikes.shape[1])), "the mask does not fit")
    require(gates.low.min() >= 0 and gates.high.max() <= 1, "a mask that is not 0 or 1")
    return Form(spikes.shape, np.minimum(spikes.low, 0), np.maximum(spikes.high, 0))


# Biases of taps: N18


def tap_bias(inputs, register, timestep, bias, image_rows, image_columns, stride, padding, accumulator_bits):
    inside = windows(np.ones((image_rows, image_columns, 1), np.int64), *bias.shape[:2], stride, padding, outside=0)
    taps = bias.astype(np.int64).reshape(-1, bias.shape[2])
    added = gather(inside.reshape(-1, len(taps)), taps)
    return inputs[0] + added.reshape(inputs[0].shape), None


def tap_bias_form(forms, timesteps, bias, image_rows, image_columns, stride, padding, accumulator_bits):
    (sums,) = forms
    require(len(sums.shape) == 3 and bias.ndim == 3 and bias.dtype in (np.int32, np.int64), "the taps' form")
    require(bias.shape[2] == sums.shape[2] and 1 <= min(image_rows, image_columns), "the taps do not fit")
    image = uniform((image_rows, image_columns, 1), 0, 1)
    require(sums.shape[:2] == windows_shape(image, *bias.shape[:2], stride, padding), "sums of another image")
    taps = bias.astype(object).reshape(-1, bias.shape[2])
    low, high = sums.low + np.minimum(taps, 0).sum(axis=0), sums.high + np.maximum(taps, 0).sum(axis=0)
    require_bits(accumulator_bits, low, high)
    return Form(sums.shape, low, high)


# The rest: N13 residual, N5 tokens and grid, N14 readout, N15 label


def residual(inputs, register, timestep, stream_shift, branch_shift, accumulator_bits):
    return (inputs[0] << stream_shift) + (inputs[1] << branch_shift), None


def residual_form(forms, timesteps, stream_shift, branch_shift, accumulator_bits):
    require(forms[0].shape == forms[1].shape, "stream and branch differ in shape")
    require(0 <= stream_shift <= 31 and 0 <= branch_shift <= 31, "a shift beyond 31")
    low, high = ((stream << stream_shift) + (branch << branch_shift) for stream, branch in list(zip(*forms))[1:])
    require_bits(accumulator_bits, low, high)
    return Form(forms[0].shape, low, high)


def tokens(inputs, register, timestep):
    return inputs[0].reshape(-1, inputs[0].shape[2]), None


def tokens_form(forms, timesteps):
    require(len(forms[0].shape) == 3, "expected an image (Y, X, C)")
    rows, columns, channels = forms[0].shape
    return forms[0]._replace(shape=(rows * columns, channels))


def grid(inputs, register, timestep, rows, columns):
    return inputs[0].reshape(rows, columns, -1), None


def grid_form(forms, timesteps, rows, columns):
    require(len(forms[0].shape) == 2 and min(rows, columns) >= 1, "expected tokens (N, C)")
    require(rows * columns == forms[0].shape[0], f"{rows} x {columns} places do not hold the tokens")
    return forms[0]._replace(shape=(rows, columns, forms[0].shape[1]))


def token_sum(inputs, register, timestep, accumulator_bits):
    return inputs[0].sum(axis=0, keepdims=True), None


def token_sum_form(forms, timesteps, accumulator_bits):
    require(len(forms[0].shape) == 2, "expected tokens (N, C)")
    count, channels = forms[0].shape
    require_bits(accumulator_bits, forms[0].low * count, forms[0].high * count)
    return Form((1, channels), forms[0].low * count, forms[0].high * count)


def time_sum(inputs, total, timestep, accumulator_bits):
    return total + inputs[0], total + inputs[0]


def time_sum_form(forms, timesteps, accumulator_bits):
    low, high = np.minimum(forms[0].low, 0) * timesteps, np.maximum(forms[0].high, 0) * timesteps
    require_bits(accumulator_bits, low, high)
    return 2 * (Form(forms[0].shape, low, high),)


def argmax(inputs, register, timestep):
    return inputs[0].argmax(axis=1, keepdims=True), None  # the first of equal ones


def argmax_form(forms, timesteps):
    require(len(forms[0].shape) == 2, "expected logits (1, K)")
    return uniform((forms[0].shape[0], 1), 0, forms[0].shape[1] - 1)


OPERATORS = {
    "LIF": (lif, lif_form),
    "ReLU": (relu, relu_form),
    "Linear": (linear, linear_form),
    "Convolution": (convolution, convolution_form),
    "MaxPool": (max_pool, max_pool_form),
    "Scores": (scores, scores_form),
    "Context": (context, context_form),
    "KeyValue": (key_value, key_value_form),
    "Retrieval": (retrieval, retrieval_form),
    "Mask": (mask, mask_form),
    "TapBias": (tap_bias, tap_bias_form),
    "Residual": (residual, residual_form),
    "Tokens": (tokens, tokens_form),
    "Grid": (grid, grid_form),
    "TokenSum": (token_sum, token_sum_form),
    "TimeSum": (time_sum, time_sum_form),
    "Argmax": (argmax, argmax_form),
}


def site_names(node):
    """Return the site of the output and, where there is one, that of the register."""
    register = REGISTERS.get(node["operator"])
    return [node["name"]] if register is None else [node["name"], f"{node['name']}.{register}"]


def arguments(case, node):
    """Return the settings and the parameters of a node by name."""
    return {**node["settings"], **{name: case.params.get(f"{node['name']}.{name}") for name in node["parameters"]}}


def input_form(case, name, array):
    """Check an input against its range; return one timestep of it."""
    low, high = case.ranges[name]
    require(not array.size or (low <= array.min() and array.max() <= high), f"{name}: values outside its range")
    leading = (case.samples,) * (case.samples > 1) + (case.timesteps,) * (name not in case.static_inputs)
    require(array.shape[: len(leading)] == leading, f"{name}: its first axes are not those of samples and time")
    return uniform(array.shape[len(leading) :], low, high)


def prove(case):
    """Refuse a case whose parts do not fit, or with a register that could overflow; nothing has run yet."""
    require(1 <= case.timesteps <= 1024, f"{case.timesteps} timesteps")
    forms = {name: input_form(case, name, array) for name, array in case.inputs.items()}
    for node in case.nodes:
        name, given = node["name"], arguments(case, node)
        require(node["operator"] in OPERATORS, f"{name}: no such operator: {node['operator']}")
        require(name not in forms, f"{name}: two sites have this name")
        require(set(node["inputs"]) <= set(forms), f"{name}: an input is missing")
        require(all(value is not None for value in given.values()), f"{name}: a parameter is missing")
        read = [forms[site] for site in node["inputs"]]
        try:
            found = OPERATORS[node["operator"]][1](read, case.timesteps, **given)
        except (TypeError, ValueError, IndexError) as error:  # too many inputs, a setting or an axis that is not there
            raise Rejected(f"{name}: {error}") from error
        forms.update(zip(site_names(node), found if node["operator"] in REGISTERS else (found,)))


def run_timestep(case, timestep, values, registers):
    """Compute every node; values are the inputs of this timestep, and become all sites of it."""
    for node in case.nodes:
        name, inputs = node["name"], [values[site] for site in node["inputs"]]
        register = registers.get(name, np.zeros_like(inputs[0]))
        step = OPERATORS[node["operator"]][0]
        values[name], registers[name] = step(inputs, register, timestep, **arguments(case, node))
        values.update(zip(site_names(node), (values[name], registers[name])))
    return values


def run_sample(case, inputs):
    """Return every site of one sample, (T, ...), from registers of 0."""
    registers, timesteps = {}, []
    for timestep in range(case.timesteps):
        values = {
            name: (array if name in case.static_inputs else array[timestep]).astype(np.int64)
            for name, array in inputs.items()
        }
        timesteps.append(run_timestep(case, timestep, values, registers))
    return {site: np.stack([values[site] for values in timesteps]) for site in timesteps[0]}


def answer(case):
    """Answer a golden case.

    Parameters
    ----------
    case : refsim.golden.Case
        Its `nodes`, `inputs`, `static_inputs`, `ranges`, `params`, `timesteps` and `samples` say what to compute; its
        `sites` the type of each answer.

    Returns
    -------
    sites : dict of ndarray by site, shape (T, ...), or (samples, T, ...) where there are several

    Raises
    ------
    Rejected
        If the case is malformed.
    """
    prove(case)
    samples = [case.inputs]
    if case.samples > 1:
        samples = [{name: array[sample] for name, array in case.inputs.items()} for sample in range(case.samples)]
    answers = [run_sample(case, inputs) for inputs in samples]
    joined = (
        {site: np.stack([each[site] for each in answers]) for site in answers[0]} if case.samples > 1 else answers[0]
    )
    return {site: joined[site].astype(dtype) for site, (dtype, _) in case.sites.items()}
