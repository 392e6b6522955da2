"""What single-operator cases must give, from tests/oracles.py: ordinary arithmetic, with multiplication."""

import numpy as np
import oracles


def oracle_answers(case):
    """Return arrays by site for a valid case of one node, one sample and inputs as given; else nothing."""
    if len(case.nodes) > 1 or case.samples > 1 or case.draws:
        return {}
    (node,) = case.nodes
    params = {name: case.params[f"{node['name']}.{name}"] for name in node["parameters"]}
    frames = [
        np.broadcast_to(array, (case.timesteps, *array.shape)) if name in case.static_inputs else array
        for name, array in case.inputs.items()
    ]
    frames = [values.astype(np.int64) for values in frames]
    if node["operator"] == "LIF":
        return lif(node["name"], frames[0], **node["settings"], **params)
    if node["operator"] == "TimeSum":
        totals = np.cumsum(frames[0], axis=0)
        return {node["name"]: totals, f"{node['name']}.total": totals}
    operator = OPERATORS[node["operator"]]
    return {node["name"]: np.stack([operator(*inputs, **node["settings"], **params) for inputs in zip(*frames)])}


def lif(name, currents, thresholds, spikes, leak_shift, halve_input, reset, rounding, membrane_bits):
    """N8 in rational numbers, N9 with floor division, neuron by neuron; the exact membrane is v 2^(k t) / g."""
    fired, membranes = np.empty(currents.shape, np.int64), np.empty(currents.shape, np.int64)
    neuron = oracles.lif if rounding == "exact" else oracles.lif_floor
    for place in np.ndindex(currents.shape[1:]):
        history = currents[(slice(None), *place)].tolist()
        rule = (int(thresholds[place[-1]]), leak_shift, halve_input, reset, spikes == "ternary")
        fired[(slice(None), *place)], kept = neuron(history, *rule)
        if rounding == "exact":
            kept = [value * 2 ** (leak_shift * t) * (2 if halve_input else 1) for t, value in enumerate(kept)]
        membranes[(slice(None), *place)] = [int(value) for value in kept]
        assert all(value == int(value) for value in kept)
    return {name: fired, f"{name}.membrane": membranes}


def tokens(image):
    rows, columns, channels = image.shape
    numbered = np.empty((rows * columns, channels), np.int64)
    for y in range(rows):
        for x in range(columns):
            numbered[y * columns + x] = image[y, x]
    return numbered


def grid(values, rows, columns):
    placed = np.empty((rows, columns, values.shape[1]), np.int64)
    for token, row in enumerate(values):
        placed[token // columns, token % columns] = row
    return placed


OPERATORS = {
    "ReLU": lambda currents, shift, cap: oracles.relu(currents, shift, cap),
    "Linear": lambda values, weights, bias, planes, accumulator_bits: oracles.linear(values, weights, bias),
    "Convolution": lambda values, weights, bias, stride, padding, planes, accumulator_bits: oracles.convolution(
        values, weights, bias, stride, padding
    ),
    "MaxPool": lambda values, window, stride, padding: oracles.max_pool(values, window, stride, padding),
    "Scores": lambda query, key, heads, gate, accumulator_bits: oracles.scores(query, key, heads),
    "Context": lambda attention_map, value, gate, accumulator_bits: oracles.context(attention_map, value),
    "KeyValue": lambda key, value, heads, gate, accumulator_bits: oracles.key_value(key, value, heads),
    "Retrieval": lambda query, key_values, accumulator_bits: oracles.retrieval(query, key_values),
    "Mask": lambda spikes, gates: oracles.mask(spikes, gates),
    "TapBias": lambda sums, bias, image_rows, image_columns, stride, padding, accumulator_bits: oracles.tap_bias(
        sums, bias, (image_rows, image_columns), stride, padding
    ),
    "Grid": grid,
    "Residual": lambda stream, branch, stream_shift, branch_shift, accumulator_bits: (
        stream * 2**stream_shift + branch * 2**branch_shift
    ),
    "Tokens": tokens,
    "TokenSum": lambda spikes, accumulator_bits: spikes.sum(axis=0, keepdims=True),
    "Argmax": lambda logits: np.array([[row.tolist().index(max(row.tolist()))] for row in logits]),
}
