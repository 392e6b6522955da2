"""What every step of a plan answers, and the step that any operator can be."""

from dataclasses import replace

from refsim.audit.census import Census, Counted
from refsim.audit.guard import guarded, unguarded


class Step:
    """A part of a plan: computes one or more nodes, all timesteps.

    Attributes
    ----------
    nodes : tuple of Node
        Those that it computes, in the order of the network; sites between them may stay unwritten.
    """

    def __init__(self, *nodes):
        self.nodes = nodes

    def prepare(self, values):
        """Provide the memory of what is computed, once for all runs; values of the inputs may not be there yet.

        Parameters
        ----------
        values : Values
        """

    def run(self, values, pool):
        """Compute the nodes.

        Parameters
        ----------
        values : Values
            Those for which it was prepared.
        pool : Pool

        Returns
        -------
        operations : dict of Counted by node
            What the plain kernels would have done, all timesteps.
        """
        raise NotImplementedError


class OperatorStep(Step):
    """One operator by its plain kernels, timestep by timestep: what has no faster form, or is recorded throughout."""

    def __init__(self, graph, node):
        super().__init__(node)
        self.static = node.name in graph.static_sites
        arrays = node.operator.parameters()
        loaded = {name: guarded(array, f"{node.name}.{name}") for name, array in arrays.items()}
        self.operator = replace(node.operator, **loaded)

    def prepare(self, values):
        (node,), graph = self.nodes, values.graph
        timesteps = 1 if self.static else graph.timesteps
        for site in filter(None, (node.name, node.register_site)):
            signal = graph.signals[site]
            values.plain[site] = values.buffer(site, signal.dtype, (timesteps, *signal.shape))
        self.frames = [self.frame(values, timestep) for timestep in range(timesteps)]

    def frame(self, values, timestep):
        """Return what the operator takes at one timestep: inputs, register and output, and the register before."""
        (node,) = self.nodes
        inputs = [guarded(values.at(site, timestep), site) for site in node.inputs]
        state = before = None
        if node.register_site is not None:
            registers = values.plain[node.register_site]
            state, before = guarded(registers[timestep], node.register_site), registers[timestep - 1] if timestep else 0
        return inputs, state, guarded(values.plain[node.name][timestep], node.name), before

    def run(self, values, pool):
        (node,), census = self.nodes, Census()
        for site in node.inputs:
            values.values(site)
        for timestep, (inputs, state, output, before) in enumerate(self.frames):
            if state is not None:
                unguarded(state)[...] = before
            census += pool.step(self.operator, timestep, inputs, state, output)
        return {node.name: Counted(census)}
