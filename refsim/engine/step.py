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

    def run(self, values, pool):
        (node,) = self.nodes
        outputs, registers = values.plain[node.name], values.plain.get(node.register_site)
        census = Census()
        for timestep in range(len(outputs)):
            inputs = [guarded(values.at(site, timestep), site) for site in node.inputs]
            state = None if registers is None else guarded(registers[timestep], node.register_site)
            if registers is not None:
                unguarded(state)[...] = registers[timestep - 1] if timestep else 0
            output = guarded(outputs[timestep], node.name)
            census += pool.step(self.operator, timestep, inputs, state, output)
        return {node.name: Counted(census)}
