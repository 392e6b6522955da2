"""Run a network on one input: timesteps times operators, every site observable."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from functools import cached_property

import numpy as np

from refsim.audit.census import Census, Counted
from refsim.audit.counting import CountingArray, Tally
from refsim.audit.guard import guarded, unguarded
from refsim.engine.plan import plannable, planned
from refsim.engine.pool import Pool
from refsim.errors import InputError, NetworkError, did_you_mean
from refsim.network import INPUT_SITE, Fragment, Network, Node
from refsim.numerics import Signal, require_choice, require_name

ENGINES = ("fast", "reference")


@dataclass(frozen=True, eq=False)
class Result:
    """What a run gives.

    Attributes
    ----------
    label : int
        The class of the largest logit; the lowest of equals (rule N15).
    logits : ndarray of int64, shape (classes,)
    logit_denominator : int
        A logit stands for its integer divided by this.
    operations : dict of Counted by site
        What `census` and `census_by_site` are made of.
    spike_counts : dict of ndarray by site, int64 of shape (T,)
        How many neurons of each layer fired, -1 or +1 or graded, at each timestep.
    trace : dict of ndarray by site, shape (T, ...)
        Values of the recorded sites.
    """

    label: int
    logits: np.ndarray
    logit_denominator: int
    operations: dict = field(repr=False)
    spike_counts: dict = field(repr=False)
    trace: dict = field(repr=False)

    @cached_property
    def census_by_site(self):
        """Operations on data at each site, all timesteps: a dict of Census by site."""
        return {site: counted.census() for site, counted in self.operations.items()}

    @cached_property
    def census(self):
        """Operations on data, all sites and timesteps: a Census."""
        return Census.total(self.census_by_site.values())


def run(network, image, record=(), threads=None, engine="fast"):
    """Run a network on one image or one set of spike frames.

    Parameters
    ----------
    network : Network
    image : ndarray
        uint8 of shape (Y, X) or (Y, X, C), or int8 spike frames of shape (T, Y, X, C), as the network's input says.
    record : str or iterable of str
        Sites to keep, as in ``block0.attention.scores``; ``*`` and ``?`` stand for any characters.
    threads : int, optional
        Threads for large layers; all cores by default. The bits of the result do not depend on it.
    engine : {"fast", "reference"}
        Tuned kernels over whole spike trains, or the plain kernels, timestep by timestep. The bits of the result do
        not depend on it, nor does the census, which is that of the plain kernels.

    Returns
    -------
    result : Result

    Raises
    ------
    InputError
        If the input does not fit the network.
    NetworkError
        If there is no such site to record, no such engine, or no such number of threads.
    """
    require_choice("engine", engine, ENGINES)
    frames, sites = input_frames(network, image), match_sites(network, record)
    recorded = with_logits(network, sites)
    with Pool(threads) as pool:
        if engine == "fast" and plannable(network):
            with planned(network, recorded) as plan:
                return answer(network, *plan.run(frames, pool), sites)
        return answer(network, *simulate(network, {INPUT_SITE: frames}, recorded, CompiledRoute(pool)), sites)


def run_fragment(fragment, inputs, threads=None):
    """Run a piece of a network.

    Parameters
    ----------
    fragment : Fragment
    inputs : dict of ndarray by site
        Shape (T, ...), or (1, ...) where the input is static.
    threads : int, optional
        As for `run`.

    Returns
    -------
    trace : dict of ndarray by site, shape (T, ...)
        Every site but the inputs, in order of computation.
    """
    sites = [site for site in fragment.signals if site not in fragment.inputs]
    inputs = {site: native(values) for site, values in inputs.items()}
    with Pool(threads) as pool:
        trace, _, _ = simulate(fragment, inputs, sites, CompiledRoute(pool))
    return trace


def run_operator(site, operator, *inputs):
    """Run one operator by itself.

    Registers are proved wide enough for the values that are given, not for a worst case.

    Parameters
    ----------
    site : str
        Name of the output.
    operator : Operator
    *inputs : ndarray of integers, shape (T, ..., C)

    Returns
    -------
    trace : dict of ndarray by site, shape (T, ...)
        The output and, for an operator that keeps one, its register, as in ``neuron.membrane``.

    Raises
    ------
    InputError
        If the inputs are not integers of equally many timesteps, of two axes at least and not empty.
    NetworkError
        If they do not fit the operator; RegisterError if a register of it could not hold the results.

    Examples
    --------
    >>> from refsim.ops import LIF
    >>> neuron = LIF(np.array([8], np.int32), leak_shift=0, halve_input=False)
    >>> trace = run_operator("neuron", neuron, np.array([[5], [5], [5]], np.int32))
    >>> trace["neuron"].tolist(), trace["neuron.membrane"].tolist()
    ([[0], [1], [0]], [[5], [0], [5]])
    """
    require_name("name of the output", site)
    frames = {f"input{place}": native(as_array(site, values)) for place, values in enumerate(inputs)}
    if not frames or any(
        values.dtype.kind not in "iu" or values.dtype == np.uint64 or values.ndim < 2 or not values.size
        for values in frames.values()
    ):
        found = ", ".join(f"{values.shape} of {values.dtype}" for values in frames.values()) or "none"
        raise InputError(f"{site}: expected integers of at most int64 and of shape (T, ..., C), got {found}")
    if len({len(values) for values in frames.values()}) != 1:
        raise InputError(f"{site}: expected inputs of equally many timesteps, got {[len(v) for v in frames.values()]}")
    signals = {name: Signal.of(values) for name, values in frames.items()}
    node = Node(site, operator, tuple(frames))
    return run_fragment(Fragment(site, len(frames["input0"]), signals, frozenset(), (node,)), frames, threads=1)


def interpret(network, image, record=()):
    """Run a network on the kernels' Python source, with integers that count and cannot multiply.

    It is thousands of times slower than `run` and shares no compiled code with it.

    Parameters
    ----------
    network, image, record
        As for `run`.

    Returns
    -------
    result : Result
        Equal to that of `run`; its census is what the integers counted.

    Raises
    ------
    InputError, NetworkError
        As by `run`.
    MultiplicationError
        If a kernel does to data what the contract forbids.
    """
    frames, sites = {INPUT_SITE: input_frames(network, image)}, match_sites(network, record)
    return answer(network, *simulate(network, frames, with_logits(network, sites), InterpretedRoute()), sites)


def with_logits(network, sites):
    """Return the sites to record and, at the end, that of the logits."""
    return list(dict.fromkeys([*sites, network.nodes[-1].name]))


def answer(network, trace, operations, spike_counts, sites):
    """Read label and logits off the last node of a network that has run."""
    logits = trace[network.nodes[-1].name][-1, 0].astype(np.int64)
    return Result(
        label=int(logits.argmax()),
        logits=logits,
        logit_denominator=network.logit_denominator,
        operations=operations,
        spike_counts=spike_counts,
        trace={site: trace[site] for site in sites},
    )


class CompiledRoute:
    """Proved machine code on guarded arrays; the census follows from the spikes that went in."""

    def __init__(self, pool):
        self.pool = pool

    def load(self, array, site):
        return guarded(array, site)

    def plain(self, array, dtype):
        return unguarded(array)

    def step(self, operator, timestep, inputs, state, output):
        """Compute one node at one timestep, in parallel where it is large; return its census."""
        return self.pool.step(operator, timestep, inputs, state, output)


class InterpretedRoute:
    """Python source on counting integers; the census is what they counted."""

    def load(self, array, site):
        return CountingArray(array, Tally())

    def plain(self, array, dtype):
        return array.plain(dtype)

    def step(self, operator, timestep, inputs, state, output):
        """Compute one node at one timestep; return its census."""
        tally = Tally()
        arrays = [*inputs, output, *operator.parameters().values(), *([] if state is None else [state])]
        for array in arrays:
            array.count_into(tally)
        operator.step(timestep, inputs, state, output, slice(0, operator.row_count(output)))
        return tally.census


def simulate(graph, frames, sites, route):
    """Compute every node at every timestep along one route.

    Parameters
    ----------
    graph : Network or Fragment
    frames : dict of ndarray by input site, shape (T, ...), or (1, ...) where static
    sites : list of str
        To record.
    route : CompiledRoute or InterpretedRoute

    Returns
    -------
    trace : dict of ndarray by site, shape (T, ...)
    operations : dict of Counted by node
    spike_counts : dict of ndarray by neuron, int64 of shape (T,)
    """
    buffers = {
        site: route.load(np.zeros(signal.shape, signal.dtype), site)
        for site, signal in graph.signals.items()
        if site not in frames
    }
    operators = {node.name: loaded(node, route) for node in graph.nodes}
    trace = {site: np.empty((graph.timesteps, *graph.signals[site].shape), graph.signals[site].dtype) for site in sites}
    census = {node.name: Census() for node in graph.nodes}
    spike_counts = {node.name: np.zeros(graph.timesteps, np.int64) for node in graph.nodes if node.operator.is_neuron}
    for timestep in range(graph.timesteps):
        for site, values in frames.items():
            if timestep == 0 or site not in graph.static_sites:
                buffers[site] = route.load(values[timestep], site)
        for node in graph.nodes:
            if timestep == 0 or node.name not in graph.static_sites:
                inputs = [buffers[site] for site in node.inputs]
                state = buffers.get(node.register_site)
                operations = route.step(operators[node.name], timestep, inputs, state, buffers[node.name])
                census[node.name] += operations
            if node.name in spike_counts:
                spike_counts[node.name][timestep] = np.count_nonzero(route.plain(buffers[node.name], np.int8))
        for site, values in trace.items():
            values[timestep] = route.plain(buffers[site], values.dtype)
    return trace, {name: Counted(operations) for name, operations in census.items()}, spike_counts


def loaded(node, route):
    """Return the operator of a node with its parameters in the form of the route."""
    arrays = node.operator.parameters()
    return replace(node.operator, **{name: route.load(array, f"{node.name}.{name}") for name, array in arrays.items()})


def input_frames(network, image):
    """Check an input and return it as one frame a timestep.

    Returns
    -------
    frames : ndarray, shape (T, Y, X, C), or (1, Y, X, C) for an image
    """
    if not isinstance(network, Network):
        raise NetworkError(f"expected a network, as refsim.load gives it, got {type(network).__name__}")
    expected, signal = network.input, network.signals[INPUT_SITE]
    image = as_array(network.name, image)
    if expected.is_static:
        frames = image[np.newaxis, ..., np.newaxis] if image.ndim == 2 else image[np.newaxis]
        shape, what = (1, *expected.shape), f"an image of shape {expected.shape}"
    else:
        frames, shape = image, (network.timesteps, *expected.shape)
        what = f"{expected.kind} spike frames of shape {shape}"
    if image.dtype != signal.dtype or frames.shape != shape:
        raise InputError(f"{network.name} takes {what} and type {signal.dtype}, got {image.shape} of {image.dtype}")
    low, high = signal.interval
    if frames.min() < low or frames.max() > high:
        raise InputError(
            f"{network.name} takes {what} with values from {low} to {high}, got {frames.min()} to {frames.max()}"
        )
    return np.ascontiguousarray(frames)


def as_array(name, values):
    """Return values as an array of which every one is there."""
    if isinstance(values, np.ma.MaskedArray):
        raise InputError(f"{name}: got a masked array; every value must be there")
    try:
        return np.asarray(values)
    except ValueError as error:
        raise InputError(f"{name}: expected an array, got rows of different lengths") from error


def native(values):
    """Return integers in the order of bytes that the machine has, and of axes that C has."""
    return np.asarray(values, values.dtype.newbyteorder("="), order="C")


def match_sites(network, record):
    """Return the sites that match the given names or patterns, in network order."""
    patterns = [record] if isinstance(record, str) or not isinstance(record, Iterable) else list(record)
    if not all(isinstance(pattern, str) for pattern in patterns):
        raise NetworkError(f"record: expected names of sites or patterns, got {record!r}")
    chosen = set()
    for pattern in patterns:
        matches = [site for site in network.signals if fnmatchcase(site, pattern)]
        if not matches:
            raise NetworkError(f"{network.name} has no site {pattern!r}{did_you_mean(pattern, network.signals)}")
        chosen.update(matches)
    return [site for site in network.signals if site in chosen]
