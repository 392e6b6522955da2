"""What the axes of a tensor mean."""

PARAMETER_AXES = {
    "bias": ["output"],
    "thresholds": ["channel"],
    "weights": ["window_row", "window_column", "channel", "output"],
}
PLACE_AXES = {
    1: ["channel"],
    2: ["token", "channel"],
    3: ["row", "column", "channel"],
}
MAP_AXES = ["head", "query", "key"]
KEEPS_AXES = ("LIF", "ReLU")


def axes_of(case, role, name, array):
    """Return the names of a tensor's axes.

    Parameters
    ----------
    case : Case
    role : {"input", "param", "output", "trace"}
    name : str
    array : ndarray

    Returns
    -------
    axes : list of str
        One for each axis of the array.
    """
    if role == "param":
        return PARAMETER_AXES[name.rpartition(".")[2]][-array.ndim :]
    if case.draws:
        return ["byte"]
    leading = ["sample"] * (case.samples > 1) + ["timestep"] * (name not in case.static_inputs)
    inner = array.ndim - len(leading)
    return leading + (MAP_AXES if inner == 3 and is_map(case, name) else PLACE_AXES[inner])


def is_map(case, name):
    """Tell whether a site holds scores, or what neurons make of them, or an input that is used as a map."""
    nodes = {node["name"]: node for node in case.nodes}
    if name in case.ranges:
        return any(node["operator"] == "Context" and node["inputs"][0] == name for node in case.nodes)
    node = nodes.get(name) or nodes[name.rpartition(".")[0]]
    if node["operator"] == "Scores":
        return True
    return node["operator"] in KEEPS_AXES and is_map(case, node["inputs"][0])
