"""Steps that compute some places without the others, and chains of them that one thread computes without waiting."""

import math

from refsim.engine.step import Step
from refsim.kernels.fast.trains import count_trains


class PlacewiseStep(Step):
    """A step whose places can be computed apart; a chain runs it.

    Attributes
    ----------
    kind : {"places", "heads"}
        What a place is: a token or pixel, or a head of attention.
    places : int
    cost : int
        About how many nanoseconds one thread takes for all places.
    """

    kind, places, cost = "places", 0, 0

    def is_local(self, site):
        """Tell whether a place asks of an input for nothing but what the same place of it holds as trains."""
        return True

    def calls(self, values, part):
        """Return the kernels that compute places, in order.

        Parameters
        ----------
        values : Values
        part : int
            Which of the threads that compute places side by side.

        Returns
        -------
        calls : list of Bound
            Their ranges are of places, not yet set.
        """
        return []

    def always(self):
        """Return the censuses that do not depend on values: a dict of Counted by node."""
        return {}

    def counted(self, values):
        """Return the other censuses, when all places are computed: a dict of Counted by node."""
        return {}

    def inputs(self):
        """Return the sites that are read."""
        inside = {node.name for node in self.nodes}
        return {site for node in self.nodes for site in node.inputs} - inside

    def written(self):
        """Return the sites that others may wait for: those that are computed, or of which a form is made."""
        return {node.name for node in self.nodes}


def counting(values, site, part, trains):
    """Return the call that counts the spikes of each timestep at some places of trains (places, C)."""
    lanes, tally = values.counting_lanes(part), values.tally(site, part)
    return count_trains.ranged(trains.reshape(-1), lanes, tally, of_each=trains.shape[1])


class CountStep(PlacewiseStep):
    """The spikes of a site that is not computed place by place.

    Parameters
    ----------
    graph : Network
    site : str
    """

    def __init__(self, graph, site):
        super().__init__()
        self.site, self.shape = site, graph.signals[site].shape
        self.places = math.prod(self.shape[:-1])

    def inputs(self):
        return {self.site}

    def calls(self, values, part):
        trains = values.trains(self.site).reshape(self.places, self.shape[-1])
        return [counting(values, self.site, part, trains)]


class Chain:
    """Placewise steps, each local in those before it: a thread takes its places from the first to the last step.

    Parameters
    ----------
    steps : list of PlacewiseStep

    Attributes
    ----------
    nodes, places, cost
        As of the steps, all together.
    """

    def __init__(self, steps):
        self.steps, self.nodes = steps, tuple(node for step in steps for node in step.nodes)
        self.places, self.cost = steps[0].places, sum(step.cost for step in steps)

    def continues_with(self, step):
        """Tell whether a step can be computed by the same threads without waiting for others."""
        written = set().union(*(earlier.written() for earlier in self.steps))
        return (
            isinstance(step, PlacewiseStep)
            and (step.kind, step.places) == (self.steps[0].kind, self.places)
            and all(step.is_local(site) for site in step.inputs() & written)
        )

    def prepare(self, values):
        """Prepare every step."""
        for step in self.steps:
            step.prepare(values)

    def calls(self, values, part):
        """Return the calls of every step."""
        return [call for step in self.steps for call in step.calls(values, part)]


def chained(steps):
    """Return steps with the placewise ones in as few chains as can be."""
    found = []
    for step in steps:
        if found and isinstance(found[-1], Chain) and found[-1].continues_with(step):
            found[-1] = Chain([*found[-1].steps, step])
        else:
            found.append(Chain([step]) if isinstance(step, PlacewiseStep) else step)
    return found
