"""What is known of a tensor of a case: the node behind it, its values in time, the names of its axes."""

import numpy as np

from refsim.errors import GoldenError

IMAGE, TOKENS, HEADS = ("row", "column", "channel"), ("token", "channel"), ("head", "query", "key")
KEY_VALUES = ("head", "key_channel", "value_channel")
AXES = {
    "Argmax": TOKENS,
    "Context": TOKENS,
    "Convolution": IMAGE,
    "Grid": IMAGE,
    "KeyValue": KEY_VALUES,
    "Linear": TOKENS,
    "MaxPool": IMAGE,
    "Retrieval": TOKENS,
    "Scores": HEADS,
    "TokenSum": TOKENS,
    "Tokens": TOKENS,
}
"""Names of the axes of one timestep by operator; the other operators keep those of their first input."""

READ_AS = {"Context": (0, HEADS), "Retrieval": (1, KEY_VALUES)}
"""Operators that tell the axes of one of their inputs: which, and the names."""

BY_DIMENSIONS = {1: ("channel",), 2: TOKENS, 3: IMAGE}

PARAMETER_AXES = {
    "bias": ("window_row", "window_column", "output"),
    "thresholds": ("channel",),
    "weights": ("window_row", "window_column", "channel", "output"),
}
"""Names of the axes of parameters by field; a parameter of fewer axes has the last ones."""


def axes_of(case, role, name, array):
    """Name all axes of a tensor.

    Parameters
    ----------
    case : Case
    role : {"input", "param", "output", "trace"}
    name : str
    array : ndarray

    Returns
    -------
    axes : list of str
        One for each axis, as in ``["timestep", "head", "query", "key"]``.
    """
    if role == "param":
        return list(PARAMETER_AXES[name.rpartition(".")[2]][-array.ndim :])
    if case.draws:
        return ["byte"]
    leading = ["sample"] * (case.samples > 1) + ["timestep"] * (name not in case.static_inputs)
    inner = array.ndim - len(leading)
    return leading + list(BY_DIMENSIONS[inner] if case.reject_reason is not None else axis_names(case, name))


def node_of(case, site):
    """Return the node whose output or register a site is, or None for an input or a digest."""
    return next((node for node in case.fragment.nodes if site in (node.name, node.register_site)), None)


def axis_names(case, site):
    """Name the axes of one timestep of a site.

    Returns
    -------
    names : tuple of str
        As in ``("head", "query", "key")``.

    Raises
    ------
    GoldenError
        If the case has no such site.
    """
    node = node_of(case, site)
    if node is None:
        return input_axis_names(case, site)
    return AXES.get(node.operator.kind()) or axis_names(case, node.inputs[0])


def input_axis_names(case, name):
    """Name the axes of an input by what reads it, else by how many there are."""
    if name not in case.ranges:
        raise GoldenError(f"{case.id}: no site {name!r}; it has {', '.join(case.fragment.signals)}")
    for node in case.fragment.nodes:
        place, names = READ_AS.get(node.operator.kind(), (0, None))
        if names and node.inputs[place] == name:
            return names
    dimensions = len(case.fragment.signals[name].shape)
    return BY_DIMENSIONS.get(dimensions, tuple(f"axis {axis}" for axis in range(dimensions)))


def values_in_time(case, site):
    """Return the right values of an input or a site, all samples.

    Returns
    -------
    values : ndarray, shape (samples, T, ...)
        A static input is repeated, without copying.

    Raises
    ------
    GoldenError
        If the case does not hold them.
    """
    if site not in case.inputs and site not in case.expected:
        raise GoldenError(f"{case.id}: the values of {site} are not kept in this case")
    values = case.inputs[site] if site in case.inputs else case.expected[site]
    values = values if case.samples > 1 else values[np.newaxis]
    if site not in case.static_inputs:
        return values
    return np.broadcast_to(values[:, np.newaxis], (case.samples, case.timesteps, *values.shape[1:]))


def split_index(case, index):
    """Split the index of a value of a site into sample, timestep and place."""
    sample, index = (index[0], index[1:]) if case.samples > 1 else (0, index)
    return sample, index[0], tuple(index[1:])


def place_words(case, site, index):
    """Say where a value stands, as in ``timestep 2, head 1, query 0, key 3``."""
    sample, timestep, place = split_index(case, index)
    words = [f"sample {sample}"] if case.samples > 1 else []
    named = (f"{name} {position}" for name, position in zip(axis_names(case, site), place))
    return ", ".join([*words, f"timestep {timestep}", *named])
