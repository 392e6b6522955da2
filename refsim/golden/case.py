"""A golden case: a question to an implementation, and every bit of the right answer."""

from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np

from refsim.golden.splitmix import SplitMix64
from refsim.model_file import describe_node, read_node
from refsim.network import Fragment
from refsim.numerics import Signal, numerics_name
from refsim.ops import OPERATORS

LEVELS = ("L0", "L1", "L2", "L3", "L4", "L5", "L6")
"""Exhaustive, directed, random operator, layer, block, model, digest."""

DIGEST_SITE = "digest"


class Unsupported(Exception):
    """Raised by an implementation that does not have what a case asks for; the case is skipped and counted."""


class Rejected(Exception):
    """Raised by an implementation that refuses a case as malformed, as it must where ``result`` is ``"reject"``."""


@dataclass(frozen=True)
class Draws:
    """How the inputs of a digest case are drawn: chunk after chunk, inputs in order of their names, from one stream.

    Attributes
    ----------
    seed : int
        Of `SplitMix64`.
    chunks : int
        How often all inputs are drawn; the digest is taken over the outputs of all chunks.
    inputs : dict of tuple by name
        (type, shape, lowest, highest).
    """

    seed: int
    chunks: int
    inputs: dict


@dataclass(frozen=True, eq=False)
class Case:
    """One golden case.

    Attributes
    ----------
    id : str
        For ever.
    title : str
        What the case is about.
    level : str
        One of `LEVELS`.
    op : str
        ``"lif"``, ``"linear"``, ... for one operator; ``"attention"``, ``"block"``, ``"model"``, ... for several.
    timesteps : int
    nodes : tuple of dict
        The computation in order: ``name`` (the site of the output), ``operator``, ``inputs`` (sites), ``settings`` and
        ``parameters`` (fields that are arrays), as in a model file.
    inputs : dict of ndarray by name
        Shape (T, ...), or (...) for a static one; with a leading axis of samples where there is more than one.
    ranges : dict of tuple by name
        Lowest and highest value that each input may have; registers are proved for these.
    params : dict of ndarray by ``site.field``
    static_inputs : frozenset of str
        Inputs that are the same at every timestep.
    samples : int
        Where above 1, the case is to be run on each sample in turn, and all arrays but parameters have an axis of
        samples before the others.
    requires : tuple of str
        Capabilities that an implementation may lack lawfully: ``"samples"``, ``"digest"``, ``"reject"``.
    configuration : dict
        What distinguishes an architecture, for a case of several operators.
    outputs : tuple of str
        Sites that an implementation must give; the other sites of `expected` are compared where it gives them.
    expected : dict of ndarray by site, shape (T, ...)
        In order of computation. Empty in what an implementation sees.
    draws : Draws or None
        For a digest.
    reject_reason : str or None
        Why the case must be refused, where it must.
    """

    id: str
    title: str
    level: str
    op: str
    timesteps: int
    nodes: tuple
    inputs: dict
    ranges: dict
    params: dict
    static_inputs: frozenset = frozenset()
    samples: int = 1
    requires: tuple = ()
    configuration: dict = field(default_factory=dict)
    outputs: tuple = ()
    expected: dict = field(default_factory=dict)
    draws: Draws | None = None
    reject_reason: str | None = None

    @property
    def result(self):
        """``"valid"``, or ``"reject"`` where an implementation must refuse."""
        return "valid" if self.reject_reason is None else "reject"

    @property
    def numerics(self):
        """The lowest version of the numerics that answers the case, or must refuse it."""
        if self.reject_reason is None:
            return self.fragment.numerics
        known = [OPERATORS[node["operator"]].since_minor for node in self.nodes if node["operator"] in OPERATORS]
        return numerics_name(max(known, default=0))

    @property
    def profile(self):
        """Every choice of the numerics that the case makes, flat: words, integers, truth values."""
        settings = self.nodes[0]["settings"] if len(self.nodes) == 1 else {}
        return {"timesteps": self.timesteps, "samples": self.samples, **settings, **self.configuration}

    def without_answers(self):
        """Return the case as an implementation sees it."""
        return replace(self, expected={})

    @cached_property
    def fragment(self):
        """The computation, validated.

        Raises
        ------
        RefsimError
            Where the case must be rejected.
        """
        members = dict(self.params)
        nodes = tuple(read_node(self.id, entry, members) for entry in self.nodes)
        signals = {name: self.input_signal(name) for name in self.ranges}
        return Fragment(self.id, self.timesteps, signals, self.static_inputs, nodes)

    def input_signal(self, name):
        """Return the form of one timestep of an input."""
        if self.draws:
            dtype, shape, _, _ = self.draws.inputs[name]
        else:
            dtype, shape = self.inputs[name].dtype, self.inputs[name].shape
        leading = int(self.samples > 1) + int(name not in self.static_inputs)
        return Signal.uniform(dtype, shape[leading:], *self.ranges[name])

    @property
    def sites(self):
        """Every site in order of computation: type and shape of the answer, as (dtype, shape) by site."""
        if self.draws:
            return {DIGEST_SITE: (np.dtype("|u1"), (32,))}
        signals, leading = self.fragment.signals, (self.samples,) * (self.samples > 1) + (self.timesteps,)
        return {
            site: (signal.dtype, (*leading, *signal.shape))
            for site, signal in signals.items()
            if site not in self.ranges
        }

    def chunks(self):
        """Yield a digest case's chunks as cases of their own."""
        stream = SplitMix64(self.draws.seed)
        for chunk in range(self.draws.chunks):
            inputs = {
                name: stream.integers(low, high, tuple(shape), dtype)
                for name, (dtype, shape, low, high) in sorted(self.draws.inputs.items())
            }
            yield replace(self, id=f"{self.id}.{chunk}", inputs=inputs, draws=None, requires=(), expected={})

    def by_sample(self, arrays):
        """Split arrays with an axis of samples into one dictionary a sample."""
        if self.samples == 1:
            return [arrays]
        return [{name: array[sample] for name, array in arrays.items()} for sample in range(self.samples)]


def case_of(nodes, inputs, ranges, **fields):
    """Make a case from nodes with operators.

    Parameters
    ----------
    nodes : sequence of Node
    inputs, ranges
        As of a `Case`.
    **fields
        The remaining fields.
    """
    params = {f"{node.name}.{name}": array for node in nodes for name, array in node.operator.parameters().items()}
    return Case(
        nodes=tuple(describe_node(node) for node in nodes), inputs=inputs, ranges=ranges, params=params, **fields
    )
