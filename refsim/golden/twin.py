"""The mutable twin: the numerics a second time, in ordinary NumPy with multiplication, every step a method.

Written from golden/NUMERICS.md and not from the kernels, so that it checks them; and cut into so many methods that each
known bug is a subclass which overrides one of them (see `refsim.golden.mutants`). All arithmetic is in int64; values
are brought to the type of their site only when they are recorded.
"""

import re

import numpy as np

from refsim.golden.case import DIGEST_SITE
from refsim.golden.reference import digest
from refsim.golden.twin_operators import Attention, Gathers, Images, Lineage, Neurons, Readout


class Twin(Neurons, Gathers, Images, Attention, Lineage, Readout):
    """One run of a case, over all its samples.

    Parameters
    ----------
    case : Case
    given : dict of ndarray by site, optional
        Values that operators read in place of what the twin itself computes: with the values of an implementation here,
        each operator answers for itself alone.
    only : set of str, optional
        Nodes that are asked for: others whose values are given are not computed, and have no sites in the answer.
    """

    operators = None
    """Kinds of operators of which a case must hold one for the bug to matter; None for any."""

    def __init__(self, case, given=None, only=None):
        self.case, self.given, self.only = case, given or {}, only
        self.graph = case.fragment
        self.nodes = {node.name: node for node in self.graph.nodes}
        self.registers, self.history = {}, {}

    @classmethod
    def answer(cls, case, given=None, only=None):
        """Answer a case: every site, in order of computation, as `refsim.golden.reference.answer` does."""
        if case.draws:
            return {DIGEST_SITE: digest(case, cls.answer)}
        return cls(case, given, only).all_samples()

    @classmethod
    def concerns(cls, case):
        """Tell whether the bug can touch any operator of the case."""
        return cls.operators is None or any(node["operator"] in cls.operators for node in case.nodes)

    def all_samples(self):
        given = self.case.by_sample(self.given) if self.given else [{}] * self.case.samples
        answers = [self.one_sample(*pair) for pair in zip(self.case.by_sample(self.case.inputs), given)]
        if self.case.samples == 1:
            return answers[0]
        return {site: np.stack([each[site] for each in answers]) for site in answers[0]}

    def one_sample(self, inputs, given):
        """Run all timesteps on cleared registers."""
        self.clear()
        trace = {site: [] for site in self.case.sites}
        for timestep in range(self.case.timesteps):
            self.start(timestep, inputs)
            for node in self.graph.nodes:
                if self.passed_over(node):
                    self.keep(node, given[node.name][timestep])
                    continue
                output, register = self.evaluate(node, timestep, given)
                trace[node.name].append(output)
                if register is not None:
                    trace[node.register_site].append(register)
        types = {site: dtype for site, (dtype, _) in self.case.sites.items()}
        return {site: np.stack(values).astype(types[site]) for site, values in trace.items() if values}

    def passed_over(self, node):
        """Tell whether a node is not asked for, and what others read of it is given."""
        return self.only is not None and node.name not in self.only and node.name in self.given

    def clear(self):
        self.registers, self.history = {}, {}

    def start(self, timestep, inputs):
        """Show one timestep of the inputs."""
        for name, values in inputs.items():
            frame = values if name in self.case.static_inputs else self.frame(values, timestep)
            self.history.setdefault(name, []).append(frame.astype(np.int64))

    def frame(self, values, timestep):
        return values[timestep]

    def evaluate(self, node, timestep, given):
        """Return output and register (or None) of a node, and keep for its readers what they are to see."""
        output, register = self.computed(node, timestep)
        self.keep(node, given[node.name][timestep] if node.name in given else output)
        return output, register

    def keep(self, node, values):
        """Keep for the readers of a node what they are to see at a timestep."""
        self.history.setdefault(node.name, []).append(values.astype(np.int64))

    def computed(self, node, timestep):
        operands = [self.operand(node, place, timestep) for place in range(len(node.inputs))]
        return getattr(self, method_name(node.operator.kind()))(node, timestep, *operands)

    def operand(self, node, place, timestep):
        """Return what a node reads at one of its inputs."""
        return self.value(self.source(node, place), timestep)

    def source(self, node, place):
        """Return the site that a node reads at one of its inputs."""
        return node.inputs[place]

    def value(self, site, timestep):
        return self.history[site][timestep]

    def parameter(self, node, name):
        """Return an array of a node in int64."""
        return getattr(self.nodes[node.name].operator, name).astype(np.int64)

    def readers(self, site):
        """Return the nodes that read a site."""
        return [node for node in self.graph.nodes if site in node.inputs]

    def kind(self, site):
        """Return the kind of the operator that gives a site; None for an input."""
        return self.nodes[site].operator.kind() if site in self.nodes else None


def method_name(kind):
    """Return the method that computes an operator.

    Examples
    --------
    >>> method_name("MaxPool"), method_name("ReLU")
    ('max_pool', 'relu')
    """
    return re.sub(r"(?<=[a-z])(?=[A-Z][a-z])", "_", kind).lower()
