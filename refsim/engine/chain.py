"""Steps that compute some places without the others, and chains of them that one thread computes without waiting."""

import numpy as np

from refsim.engine.step import Step
from refsim.kernels.fast.trains import count_trains


class PlacewiseStep(Step):
    """A step whose places can be computed apart, tokens or pixels; a chain runs it.

    Attributes
    ----------
    places : int
    cost : int
        About how many nanoseconds one thread takes for all places.
    """

    places = cost = 0

    def is_local(self, site):
        """Tell whether a place asks of an input for nothing but what the same place of it holds as trains."""
        return True

    def prepare(self, values):
        """Provide the memory of what is computed; values of the inputs may not be there yet."""

    def work(self, values, part, first, last):
        """Compute some places; `part` counts the parts from 0, each in a thread of its own."""

    def finish(self, values):
        """Return the census by node, when all places are computed."""
        return {}

    def inputs(self):
        """Return the sites that are read."""
        inside = {node.name for node in self.nodes}
        return {site for node in self.nodes for site in node.inputs} - inside

    def written(self):
        """Return the sites that others may wait for: those that are computed, or of which a form is made."""
        return {node.name for node in self.nodes}


def count_spikes(values, site, trains, first, last):
    """Count the spikes of each timestep at some places of trains (places, C), and keep the counts."""
    counts = np.zeros(values.graph.timesteps, np.int64)
    count_trains(trains, first, last, counts)
    values.spike_counts.setdefault(site, []).append(counts)


class Chain(Step):
    """Placewise steps, each local in those before it: a thread takes its places from the first to the last step.

    Parameters
    ----------
    steps : list of PlacewiseStep
    """

    def __init__(self, steps):
        super().__init__(*(node for step in steps for node in step.nodes))
        self.steps = steps

    def continues_with(self, step):
        """Tell whether a step can be computed by the same threads without waiting for others."""
        written = set().union(*(earlier.written() for earlier in self.steps))
        return (
            isinstance(step, PlacewiseStep)
            and step.places == self.steps[0].places
            and all(step.is_local(site) for site in step.inputs() & written)
        )

    def run(self, values, pool):
        for step in self.steps:
            step.prepare(values)

        def work(part, first, last):
            for step in self.steps:
                step.work(values, part, first, last)

        pool.split(self.steps[0].places, sum(step.cost for step in self.steps), work)
        return {name: census for step in self.steps for name, census in step.finish(values).items()}


def chained(steps):
    """Return steps with the placewise ones in as few chains as can be."""
    found = []
    for step in steps:
        if found and isinstance(found[-1], Chain) and found[-1].continues_with(step):
            found[-1] = Chain([*found[-1].steps, step])
        else:
            found.append(Chain([step]) if isinstance(step, PlacewiseStep) else step)
    return found
