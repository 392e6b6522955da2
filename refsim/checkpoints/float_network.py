"""The graph of an imported network run on real numbers, as the checkpoint was before it was rounded."""

import numpy as np

from refsim.checkpoints.float_operators import STATEFUL, STATELESS
from refsim.errors import CheckpointError, NetworkError

OUTPUTS_FIRST = {2: (1, 0), 4: (3, 2, 0, 1)}
"""Axes of integer weights, outputs last, in the order of real ones, by their number."""


def import_torch():
    """Return the module torch.

    Raises
    ------
    CheckpointError
        If it is missing.
    """
    try:
        import torch
    except ImportError:
        raise CheckpointError(
            "comparing integers with the checkpoint they come from needs PyTorch: pip install 'refsim[train]'"
        ) from None
    return torch


class FloatNetwork:
    """A graph with real parameters in place of its integers.

    Parameters
    ----------
    graph : Network or Fragment
    reals : dict of ndarray by ``site.field``
        A real array for every integer one, as an import keeps them: weights with outputs first.
    precision : {"float32", "float64"}

    Raises
    ------
    CheckpointError
        If PyTorch is missing, or a real array is missing, of another shape, or of no operator.
    NetworkError
        If an operator is not one that an import gives.
    """

    def __init__(self, graph, reals, precision="float32"):
        self.graph, self.dtype = graph, getattr(import_torch(), precision)
        require_known(graph)
        require_reals(graph, reals)
        self.parameters = {
            node.name: {field: self.tensor(reals[f"{node.name}.{field}"]) for field in node.operator.parameters()}
            for node in graph.nodes
        }
        self.spent = spent_sites(graph)

    def tensor(self, array):
        """Return an array as a tensor of the network's type."""
        return import_torch().as_tensor(np.ascontiguousarray(array), dtype=self.dtype)

    def run(self, frames, sites):
        """Run a batch.

        Parameters
        ----------
        frames : dict of ndarray by input site, shape (B, T, ...), or (B, 1, ...) where static
            Real numbers: pixels divided by ``2**PIXEL_SHIFT``.
        sites : iterable of str
            Outputs to record.

        Returns
        -------
        trace : dict of ndarray by site, shape (T, B, ...)
            Spikes as int8, all else in the network's type.
        """
        frames = {site: self.tensor(values) for site, values in frames.items()}
        batch = len(next(iter(frames.values())))
        trace, values, states = self.empty_trace(sites, batch), {}, {}
        with import_torch().inference_mode():
            for timestep in range(self.graph.timesteps):
                for site, images in frames.items():
                    values[site] = images[:, 0 if site in self.graph.static_sites else timestep]
                self.advance(timestep, values, states, trace)
        return trace

    def empty_trace(self, sites, batch):
        """Return arrays for the sites to record."""
        types = {node.name: "int8" for node in self.graph.nodes if node.operator.is_neuron}
        precision = str(self.dtype).removeprefix("torch.")
        shapes = {site: (self.graph.timesteps, batch, *self.graph.signals[site].shape) for site in sites}
        return {site: np.empty(shape, types.get(site, precision)) for site, shape in shapes.items()}

    def advance(self, timestep, values, states, trace):
        """Compute one timestep, node by node; values are dropped after their last reader."""
        for node in self.graph.nodes:
            if timestep == 0 or node.name not in self.graph.static_sites:
                values[node.name] = self.compute(node, [values[site] for site in node.inputs], states)
            if node.name in trace:
                trace[node.name][timestep] = values[node.name].numpy()
            for site in self.spent[node.name]:
                del values[site]

    def compute(self, node, inputs, states):
        """Return the output of a node, its register advanced."""
        arguments = (node.operator, self.parameters[node.name], *inputs)
        kind = node.operator.kind()
        if kind in STATELESS:
            return STATELESS[kind](*arguments)
        output, states[node.name] = STATEFUL[kind](*arguments, states.get(node.name))
        return output


def require_known(graph):
    """Refuse an operator that no function stands for."""
    for node in graph.nodes:
        kind = node.operator.kind()
        if kind not in STATELESS and kind not in STATEFUL:
            known = ", ".join(sorted([*STATELESS, *STATEFUL]))
            raise NetworkError(f"{node.name}: {kind} cannot be run on real numbers; the operators that can are {known}")


def require_reals(graph, reals):
    """Hold the real arrays against the integer ones: the same names, the same shapes."""
    expected = {
        f"{node.name}.{field}": outputs_first(array).shape if field == "weights" else array.shape
        for node in graph.nodes
        for field, array in node.operator.parameters().items()
    }
    for name, shape in expected.items():
        if name not in reals:
            raise CheckpointError(f"{name}: no real values: import the checkpoint with keep=True")
        if reals[name].shape != shape:
            raise CheckpointError(f"{name}: expected real values of shape {shape}, got {reals[name].shape}")
    unknown = sorted(set(reals) - set(expected))
    if unknown:
        raise CheckpointError(f"{unknown[0]}: real values of no operator of {graph.name} ({len(unknown)} such)")


def outputs_first(weights):
    """View integer weights in the order of real ones."""
    return weights.transpose(OUTPUTS_FIRST[weights.ndim])


def spent_sites(graph):
    """Return, for each node, the sites that nothing reads after it until the next timestep computes them anew."""
    spent, read = {node.name: [] for node in graph.nodes}, set(graph.static_sites)
    for node in reversed(graph.nodes):
        spent[node.name] = [site for site in dict.fromkeys(node.inputs) if site not in read]
        read.update(node.inputs)
    return spent
