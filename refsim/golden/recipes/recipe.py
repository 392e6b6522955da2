"""How a case is described before it is built."""

from dataclasses import dataclass, field

import numpy as np

from refsim.golden.case import Case, case_of
from refsim.network import Node

KINDS = {
    "binary": (np.int8, 0, 1),
    "ternary": (np.int8, -1, 1),
    "graded": (np.int8, 0, 127),
    "counts": (np.int8, 0, 3),
    "pixels": (np.uint8, 0, 255),
    "sums": (np.int32, -(2**24), 2**24),
    "stream": (np.int32, 0, 18),
    "integers": (np.int32, 0, 2**12 - 1),
    "membranes": (np.int64, -(2**40), 2**40),
}
"""Type and declared range of each kind of input."""

ONE_OPERATOR = {
    "lif": ("LIF", "neuron", ("currents",)),
    "relu": ("ReLU", "neuron", ("currents",)),
    "linear": ("Linear", "linear", ("values",)),
    "convolution": ("Convolution", "convolution", ("values",)),
    "max_pool": ("MaxPool", "pool", ("values",)),
    "tokens": ("Tokens", "tokens", ("values",)),
    "scores": ("Scores", "scores", ("q", "k")),
    "context": ("Context", "context", ("map", "v")),
    "residual": ("Residual", "residual", ("stream", "branch")),
    "token_sum": ("TokenSum", "count", ("spikes",)),
    "mask": ("Mask", "masked", ("spikes", "mask")),
    "key_value": ("KeyValue", "key_value", ("k", "v")),
    "retrieval": ("Retrieval", "context", ("q", "key_value")),
    "tap_bias": ("TapBias", "sums", ("values",)),
    "grid": ("Grid", "grid", ("tokens",)),
    "time_sum": ("TimeSum", "logits", ("values",)),
    "argmax": ("Argmax", "label", ("logits",)),
}
"""The cases of one operator: the operator, its site, its inputs."""


@dataclass(frozen=True, eq=False)
class Recipe:
    """A case without its answers, and what is known of them beforehand.

    Attributes
    ----------
    case : Case
    hand : dict of nested lists by site
        Answers worked out by hand; the kernels must give them.
    claims : tuple of str or None
        Sites that the case claims to test, which must not be silent; all neurons by default.
    seed : int or None
        Where inputs are drawn.
    source : str
        Where inputs and weights come from, if not from the recipe.
    selection : {"quick", "full", "nightly"}
        The smallest selection of the suite that holds the case.
    """

    case: Case
    hand: dict = field(default_factory=dict)
    claims: tuple | None = None
    seed: int | None = None
    source: str = ""
    selection: str = "quick"


def kind_array(kind, values):
    """Return an input of a kind with its declared range."""
    dtype, low, high = KINDS[kind]
    return np.asarray(values, dtype), (low, high)


def operator_case(identity, title, op, operator, inputs, static=(), **fields):
    """Make a case of one operator.

    Parameters
    ----------
    identity, title, op : str
    operator : Operator
    inputs : tuple of (kind, values)
        In the order of the operator.
    static : tuple of str
        Names of inputs without an axis of time.
    **fields
        Of the `Case`.
    """
    _, site, names = ONE_OPERATOR[op]
    return graph_case(identity, title, op, [Node(site, operator, names)], dict(zip(names, inputs)), static, **fields)


def graph_case(identity, title, op, nodes, inputs, static=(), **fields):
    """Make a case of several operators; `inputs` are (kind, values) by name."""
    arrays = {name: kind_array(*given) for name, given in inputs.items()}
    values = {name: array for name, (array, _) in arrays.items()}
    ranges = {name: bounds for name, (_, bounds) in arrays.items()}
    samples = fields.get("samples", 1)
    first = next(name for name in values if name not in static) if len(static) < len(values) else None
    timesteps = fields.pop("timesteps", None) or values[first].shape[int(samples > 1)]
    fields.setdefault("level", "L1")
    fields.setdefault("outputs", (nodes[-1].name,))
    return case_of(
        nodes,
        values,
        ranges,
        id=identity,
        title=title,
        op=op,
        timesteps=timesteps,
        static_inputs=frozenset(static),
        requires=("samples",) if samples > 1 else (),
        **fields,
    )


def directed(name, title, op, operator, inputs, hand, **fields):
    """Describe a case of one trap, with the answer of a hand for every site.

    Parameters
    ----------
    name, title : str
        The end of the case's id, and what a reader should know.
    op : str
        Of `ONE_OPERATOR`.
    operator : Operator
    inputs : list of (str, list)
        Kind and values of each.
    hand : list, or dict of lists by site
        A list stands for the operator's own site; arrays as nested lists with all axes.
    """
    case = operator_case(f"l1.{op.replace('_', '-')}.{name}", title, op, operator, inputs, **fields)
    return Recipe(case, hand if isinstance(hand, dict) else {ONE_OPERATOR[op][1]: hand}, claims=())
