"""From a network to the steps of the fast engine."""

import math
from contextlib import contextmanager
from threading import Lock

import numpy as np

from refsim.audit.guard import unguarded
from refsim.engine.attention import AttendStep
from refsim.engine.chain import CountStep, chained
from refsim.engine.firing import FireStep
from refsim.engine.gathering import GatherStep, SumsStep, TrainsStep
from refsim.engine.listing import ListStep
from refsim.engine.pixels import PixelsStep
from refsim.engine.program import Program, programmed
from refsim.engine.readout import TimeSumStep, TokenSumStep
from refsim.engine.step import OperatorStep
from refsim.engine.trains import AddStep, MaskStep, PoolStep, ReshapeStep
from refsim.engine.values import MOST_TIMESTEPS, Values
from refsim.kernels.fast.listing import TIMESTEPS_AT_ONCE
from refsim.network import INPUT_SITE
from refsim.ops import (
    LIF,
    Context,
    Convolution,
    Grid,
    KeyValue,
    Linear,
    Mask,
    MaxPool,
    Residual,
    Retrieval,
    Scores,
    TimeSum,
    Tokens,
    TokenSum,
)

MOST_PLANES = 8
"""Integers of more planes are kept as they are."""

MOST_ROWS = (1 << 16) - 1
"""Rows are listed in 16 bits, and so is how many channels of a place have one code."""


SECOND_PRODUCTS = {Scores: (Context, 0), KeyValue: (Retrieval, 1)}
"""Which product reads another, and as which of its inputs."""


class Plan:
    """A network prepared for the fast engine; one run at a time.

    Every node is computed over all timesteps before the next: nothing in these networks looks back from a later node.
    Binary spikes are kept as trains, one byte a neuron; whatever a step does not know is done by the plain kernels,
    timestep by timestep. No step hides a recorded site.

    Parameters
    ----------
    graph : Network
        Of at most 8 timesteps.
    sites : iterable of str
        To be recorded.
    """

    def __init__(self, graph, sites):
        self.graph, self.sites = graph, frozenset(sites)
        self.neurons = [node.name for node in graph.nodes if node.operator.is_neuron]
        self.readers = {}
        for node in graph.nodes:
            for site in node.inputs:
                self.readers.setdefault(site, []).append(node)
        self.as_planes = set()
        steps, planned, listed = [], set(), set()
        for node in graph.nodes:
            if node.name not in planned:
                step = self.step_of(node)
                if isinstance(step, GatherStep) and (step.site, step.taps) not in listed:
                    steps.append(ListStep(graph, step.site, step.taps))
                    listed.add((step.site, step.taps))
                steps.append(step)
                if isinstance(step, AttendStep) and step.neuron is not None:
                    steps.append(CountStep(graph, step.neuron.name))
                planned.update(planned_node.name for planned_node in step.nodes)
        self.steps = programmed(chained(steps))
        self.values = Values(graph)
        signal, timesteps = graph.signals[INPUT_SITE], 1 if INPUT_SITE in graph.static_sites else graph.timesteps
        self.values.plain[INPUT_SITE] = self.values.buffer(INPUT_SITE, signal.dtype, (timesteps, *signal.shape))
        for step in self.steps:
            step.prepare(self.values)

    def step_of(self, node):
        """Return the fastest step that begins with a node."""
        for form in (self.attention, self.affine, self.neuron, self.on_trains, self.over_time):
            step = form(node)
            if step is not None:
                return step
        return OperatorStep(self.graph, node)

    def affine(self, node):
        """Gather trains or planes; with the neurons on all maps of the same input where no sum is recorded."""
        if not isinstance(node.operator, (Linear, Convolution)) or not self.gathers(node):
            return None
        if node.inputs[0] not in self.as_planes:
            neuron = self.neuron_on(node)
            self.as_planes.update(filter(None, [neuron and neuron.name]))
            return PixelsStep(self.graph, node, neuron)
        alike = [reader for reader in self.readers[node.inputs[0]] if self.is_alike(node, reader)]
        neurons = [self.neuron_on(reader) for reader in alike]
        if self.neuron_on(node) is None:
            return SumsStep(self.graph, node)
        joined = [
            pair for pair in zip(alike, neurons) if pair[1] is not None and same_neurons(self.neuron_on(node), pair[1])
        ]
        self.as_planes.update(neuron.name for _, neuron in joined)
        return TrainsStep(self.graph, *(tuple(group) for group in zip(*joined)))

    def gathers(self, node):
        """Tell whether the kernels of the fast engine hold a map's registers, and its input is kept as planes."""
        operator, site = node.operator, node.inputs[0]
        is_image = site == INPUT_SITE and site in self.graph.static_sites and self.graph.signals[site].dtype == np.uint8
        return (
            (site in self.as_planes or is_image)
            and math.prod(operator.weights.shape[:-1]) <= MOST_ROWS
            and operator.accumulator_bits <= 32
            and operator.bias.dtype == np.int32
            and (not isinstance(operator, Convolution) or operator.weights.shape[0] == operator.weights.shape[1])
        )

    def is_alike(self, node, other):
        """Tell whether two maps can be gathered side by side."""
        return (
            type(other.operator) is type(node.operator)
            and self.gathers(other)
            and geometry(node.operator) == geometry(other.operator)
        )

    def neuron_on(self, node):
        """Return the layer of neurons that can be computed with a map, if the sums need not be kept; else None."""
        static = node.inputs[0] in self.graph.static_sites
        return self.only_neuron(node) if static or self.graph.timesteps <= TIMESTEPS_AT_ONCE else None

    def only_neuron(self, node):
        """Return the layer of neurons that alone reads a node, if the node is not recorded; else None."""
        readers = self.readers.get(node.name, ())
        if len(readers) != 1 or node.name in self.sites or not self.fires(readers[0]):
            return None
        return readers[0]

    def is_wanted(self, register):
        """Tell whether a register is recorded or read at every timestep."""
        return register in self.sites or register in self.readers

    def fires(self, node):
        """Tell whether a node is a layer of neurons whose spikes are kept as trains."""
        operator = node.operator
        if not isinstance(operator, LIF) or self.is_wanted(node.register_site):
            return False
        last = operator.level_shift(self.graph.timesteps - 1)
        return (
            (operator.spikes, operator.rounding) == ("binary", "exact")
            and operator.membrane_bits <= 32
            and int(operator.thresholds.max()) << last < 2**31
        )

    def neuron(self, node):
        """Fire on currents that are kept timestep by timestep."""
        if not self.fires(node) or self.graph.signals[node.inputs[0]].dtype != np.int32:
            return None
        self.as_planes.add(node.name)
        return FireStep(self.graph, node, node.inputs[0] in self.as_planes)

    def on_trains(self, node):
        """Stay with trains where all inputs are trains, or planes."""
        if not self.as_planes.issuperset(node.inputs):
            return None
        binary = all(self.graph.signals[site].interval[1] <= 1 for site in node.inputs)
        operator, signal = node.operator, self.graph.signals[node.name]
        step = None
        if isinstance(operator, (Tokens, Grid)):
            step = ReshapeStep
        elif isinstance(operator, MaxPool) and binary:
            step = PoolStep
        elif isinstance(operator, Mask) and binary:
            step = MaskStep
        elif isinstance(operator, Residual) and not operator.stream_shift and not operator.branch_shift:
            step = AddStep if signal.plane_count <= MOST_PLANES else None
        elif isinstance(operator, TokenSum) and signal.dtype == np.int32:
            step = TokenSumStep
        if step is None:
            return None
        self.as_planes.add(node.name)
        return step(self.graph, node)

    def over_time(self, node):
        """Add up over time what is kept timestep by timestep."""
        site, signals = node.inputs[0], self.graph.signals
        if (
            not isinstance(node.operator, TimeSum)
            or self.is_wanted(node.register_site)
            or site in self.as_planes | self.graph.static_sites
            or not signals[site].dtype == signals[node.name].dtype == np.int32
        ):
            return None
        return TimeSumStep(self.graph, node)

    def attention(self, node):
        """Compute both products of binary spikes of one shape at once, where the first is not recorded."""
        second, place = SECOND_PRODUCTS.get(type(node.operator), (None, 0))
        readers = self.readers.get(node.name, ())
        if second is None or node.name in self.sites or len(readers) != 1 or type(readers[0].operator) is not second:
            return None
        context = readers[0]
        sites = {*node.inputs, *context.inputs} - {node.name}
        if context.inputs[place] != node.name or len({self.graph.signals[site].shape for site in sites}) > 1:
            return None
        fits = self.as_planes.issuperset(sites) and all(self.graph.signals[site].interval == (0, 1) for site in sites)
        gates = (node.operator.gate, getattr(context.operator, "gate", "v"))
        narrow = node.operator.accumulator_bits <= 32 and context.operator.accumulator_bits <= 32
        if not fits or not narrow or gates not in (("q", "v"), ("k", "v")):
            return None
        if isinstance(node.operator, Scores) and node.operator.gate != "q":
            return None
        neuron = self.only_neuron(context)
        self.as_planes.update(filter(None, [neuron and neuron.name]))
        return AttendStep(self.graph, node, context, neuron)

    def run(self, frames, pool):
        """Compute every node.

        Parameters
        ----------
        frames : ndarray, shape (T, ...), or (1, ...) where the input is static
        pool : Pool

        Returns
        -------
        trace, operations, spike_counts
            As of `refsim.simulator.simulate`.
        """
        self.values.clear()
        unguarded(self.values.plain[INPUT_SITE])[...] = frames
        counted = {}
        for step in self.steps:
            counted.update(step.run(self.values, pool))
        operations = {node.name: counted[node.name] for node in self.graph.nodes}
        tallied = self.values.spike_counts()
        counts = {name: tallied[name] if name in tallied else self.spike_counts(name) for name in self.neurons}
        return {site: self.recorded(site) for site in self.sites}, operations, counts

    def gathered(self):
        """Count the weights that the last run added, each for all timesteps and planes that share its row."""
        steps = [step for program in self.steps if isinstance(program, Program) for step in program.steps]
        return sum(step.gathered(self.values) for step in steps if isinstance(step, GatherStep))

    def recorded(self, site):
        """Return a copy of the values of a site, one a timestep."""
        values = unguarded(self.values.values(site))
        return np.repeat(values, self.graph.timesteps, axis=0) if len(values) < self.graph.timesteps else values.copy()

    def spike_counts(self, site):
        """Count the neurons that fire at each timestep."""
        timesteps = range(self.graph.timesteps)
        return np.array([np.count_nonzero(unguarded(self.values.at(site, timestep))) for timestep in timesteps])


def geometry(operator):
    """Return what maps must share to be gathered side by side."""
    window = (
        (operator.weights.shape[:2], operator.stride, operator.padding) if isinstance(operator, Convolution) else ()
    )
    return operator.weights.dtype, window


def same_neurons(one, other):
    """Tell whether two layers of neurons differ only in their thresholds."""
    fields = ("leak_shift", "halve_input", "reset")
    return all(getattr(one.operator, field) == getattr(other.operator, field) for field in fields)


_lock = Lock()


@contextmanager
def planned(network, sites):
    """Lend a plan of a network that records the given sites; it is used again afterwards, by one run at a time.

    Plans for other sites than those of the last run are given up: what they hold may be large.

    Yields
    ------
    plan : Plan
    """
    key, free = frozenset(sites), vars(network).setdefault("free_plans", {})
    with _lock:
        plan = free[key].pop() if free.get(key) else None
    plan = plan or Plan(network, sites)
    yield plan
    with _lock:
        if key not in free:
            free.clear()
        free.setdefault(key, []).append(plan)


def plannable(graph):
    """Tell whether a network's trains fit a byte."""
    return graph.timesteps <= MOST_TIMESTEPS
