"""Run a network on one input: timesteps times operators, every site observable."""

import os
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, replace
from difflib import get_close_matches
from fnmatch import fnmatchcase

import numpy as np

from refsim.audit.census import Census
from refsim.audit.counting import CountingArray, Tally
from refsim.audit.guard import guarded, unguarded
from refsim.errors import InputError, NetworkError
from refsim.network import INPUT_SITE
from refsim.numerics import require_choice

ENGINES = ("reference",)
"""Ways to compute the same bits."""

PARALLEL_SIZE = 1 << 15
"""Outputs of fewer values than this are computed by one thread: handing work out would cost more."""


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
    census : Census
        Operations on data, all sites and timesteps.
    census_by_site : dict of Census by site
    spike_counts : dict of ndarray by site, int64 of shape (T,)
        How many neurons of each layer fired, -1 or +1 or graded, at each timestep.
    trace : dict of ndarray by site, shape (T, ...)
        Values of the recorded sites.
    """

    label: int
    logits: np.ndarray
    logit_denominator: int
    census: Census
    census_by_site: dict
    spike_counts: dict
    trace: dict


def run(network, image, record=(), threads=None, engine="reference"):
    """Run a network on one image or one set of spike frames.

    Parameters
    ----------
    network : Network
    image : ndarray
        uint8 of shape (Y, X) or (Y, X, C), or int8 spike frames of shape (T, Y, X, C), as the network's input says.
    record : iterable of str
        Sites to keep, as in ``block0.attention.scores``; ``*`` and ``?`` stand for any characters.
    threads : int, optional
        Threads for large layers; all cores by default. The bits of the result do not depend on it.
    engine : {"reference"}
        One of `ENGINES`; the bits of the result do not depend on it.

    Returns
    -------
    result : Result

    Raises
    ------
    InputError
        If the input does not fit the network.
    NetworkError
        If a site to record does not exist.
    """
    require_choice("engine", engine, ENGINES)
    frames, sites = {INPUT_SITE: input_frames(network, image)}, match_sites(network, record)
    with compiled_route(threads) as route:
        return answer(network, *simulate(network, frames, with_logits(network, sites), route), sites)


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
    with compiled_route(threads) as route:
        trace, _, _ = simulate(fragment, inputs, sites, route)
    return trace


def interpret(network, image, record=()):
    """Run a network on the kernels' Python source, with integers that count and cannot multiply.

    It is thousands of times slower than `run` and shares no compiled code with it; parameters, result and errors are
    the same.

    Raises
    ------
    MultiplicationError
        If a kernel does to data what the contract forbids.
    """
    frames, sites = {INPUT_SITE: input_frames(network, image)}, match_sites(network, record)
    return answer(network, *simulate(network, frames, with_logits(network, sites), InterpretedRoute()), sites)


@contextmanager
def compiled_route(threads):
    """Give machine code on the given number of threads; all cores by default."""
    threads = (os.cpu_count() or 1) if threads is None else threads
    pool = ThreadPoolExecutor(threads) if threads > 1 else None
    with pool or nullcontext():
        yield CompiledRoute(pool, threads)


def with_logits(network, sites):
    """Return the sites to record and, at the end, that of the logits."""
    return list(dict.fromkeys([*sites, network.nodes[-1].name]))


def answer(network, trace, census, spike_counts, sites):
    """Read label and logits off the last node of a network that has run."""
    logits = trace[network.nodes[-1].name][-1, 0].astype(np.int64)
    return Result(
        label=int(logits.argmax()),
        logits=logits,
        logit_denominator=network.logit_denominator,
        census=sum(census.values(), Census()),
        census_by_site=census,
        spike_counts=spike_counts,
        trace={site: trace[site] for site in sites},
    )


class CompiledRoute:
    """Proved machine code on guarded arrays; the census follows from the spikes that went in."""

    def __init__(self, pool, threads):
        self.pool, self.threads = pool, threads

    def load(self, array, site):
        return guarded(array, site)

    def plain(self, array, dtype):
        return unguarded(array)

    def step(self, operator, timestep, inputs, state, output):
        """Compute one node at one timestep, in parallel where it is large; return its census."""
        rows = operator.row_count(output)
        parts = min(self.threads, rows) if output.size >= PARALLEL_SIZE else 1
        bounds = [rows * part // parts for part in range(parts + 1)]
        slices = [slice(start, stop) for start, stop in zip(bounds, bounds[1:])]
        if parts == 1:
            operator.step(timestep, inputs, state, output, slices[0])
        else:
            list(self.pool.map(lambda part: operator.step(timestep, inputs, state, output, part), slices))
        return operator.census([unguarded(values) for values in inputs], unguarded(output))


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
    census : dict of Census by node
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
    return trace, census, spike_counts


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
    expected, signal = network.input, network.signals[INPUT_SITE]
    image = np.asarray(image)
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


def match_sites(network, record):
    """Return the sites that match the given names or patterns, in network order."""
    if isinstance(record, str):
        record = (record,)
    chosen = set()
    for pattern in record:
        matches = [site for site in network.signals if fnmatchcase(site, pattern)]
        if not matches:
            near = get_close_matches(pattern, network.signals, n=3)
            hint = f"; did you mean {', '.join(near)}?" if near else ""
            raise NetworkError(f"{network.name} has no site {pattern!r}{hint}")
        chosen.update(matches)
    return [site for site in network.signals if site in chosen]
