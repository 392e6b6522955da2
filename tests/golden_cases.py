"""Small cases of each operator, from a seed, with the answers of the reference."""

from dataclasses import replace

import numpy as np

from refsim.golden.case import case_of
from refsim.golden.reference import answer
from refsim.network import Node
from refsim.ops import OPERATORS

TYPES = {
    "spikes": (np.int8, -1, 1),
    "gates": (np.int8, 0, 1),
    "graded": (np.int8, 0, 7),
    "currents": (np.int32, -40, 40),
}


def make(kind, forms, timesteps=3, seed=0, samples=1, site="out", static=(), **fields):
    """Make a case of one operator and answer it.

    Parameters
    ----------
    kind : str
        Of the operator.
    forms : dict of tuple by name
        (one of `TYPES`, shape of a timestep) of each input.
    **fields
        Of the operator.
    """
    random = np.random.default_rng(seed)
    inputs, ranges = {}, {}
    for name, (form, shape) in forms.items():
        dtype, low, high = TYPES[form]
        leading = (samples,) * (samples > 1) + (timesteps,) * (name not in static)
        inputs[name] = random.integers(low, high + 1, (*leading, *shape)).astype(dtype)
        ranges[name] = (low, high)
    nodes = [Node(site, OPERATORS[kind](**fields), tuple(forms))]
    return answered(
        case_of(
            nodes,
            inputs,
            ranges,
            id=f"test.{kind.lower()}",
            title="",
            level="L2",
            op=kind.lower(),
            timesteps=timesteps,
            samples=samples,
            static_inputs=frozenset(static),
            outputs=(site,),
        )
    )


def answered(case):
    """Return the case with the answers of the reference."""
    return replace(case, expected=answer(case, 1))


def with_expected(case, **sites):
    """Return the case with other right answers, as a hand has them."""
    return replace(case, expected={**case.expected, **sites})


def lif(currents, thresholds, **settings):
    """Make a case of neurons from currents (T, N, C) and thresholds, with the settings of a LIF."""
    currents = np.asarray(currents, np.int32)
    operator = OPERATORS["LIF"](thresholds=np.asarray(thresholds, np.int32), **settings)
    bound = int(np.abs(currents).max())
    return answered(
        case_of(
            [Node("neuron", operator, ("currents",))],
            {"currents": currents},
            {"currents": (-bound, bound)},
            id="test.lif",
            title="",
            level="L1",
            op="lif",
            timesteps=len(currents),
            outputs=("neuron",),
        )
    )
