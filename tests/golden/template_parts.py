"""How the cases for the templates are put together."""

import numpy as np

from refsim.golden.case import case_of
from refsim.network import Node


def drawn(seed, shape, low, high, dtype=np.int8):
    return np.random.default_rng(seed).integers(low, high + 1, shape).astype(dtype)


def wide(*values):
    return np.array(values, np.int32)


def fields(id, **others):
    return {"id": id, "title": id, "level": "L2", "op": "some", **others}


def single(id, operator, *inputs, **others):
    """A case of one node, named by its operator; inputs are (array, lowest, highest), two frames each unless said."""
    names = [f"input{place}" for place in range(len(inputs))]
    name = operator.kind().lower()
    return case_of(
        [Node(name, operator, tuple(names))],
        {each: array for each, (array, _, _) in zip(names, inputs)},
        {each: (low, high) for each, (_, low, high) in zip(names, inputs)},
        **fields(id, **{"outputs": (name,), "timesteps": 2, **others}),
    )
