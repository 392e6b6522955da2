"""The step of Q K^T V on spike trains, with the neurons on the context or without."""

from functools import partial

import numpy as np

from refsim.audit.census import Census, Counted
from refsim.engine.chain import PlacewiseStep
from refsim.engine.firing import Neurons, neuron_census
from refsim.engine.values import aligned
from refsim.kernels.fast.attention import TIMESTEP_SHIFT, attend, attend_trains


class AttendStep(PlacewiseStep):
    """Q K^T V of binary spikes by K^T V, whatever the network's association; its first product stays unwritten.

    Parameters
    ----------
    graph : Network
    product, context : Node
    neuron : Node or None
        The layer on the context, which then stays unwritten.
    """

    kind = "heads"

    def __init__(self, graph, product, context, neuron):
        super().__init__(*filter(None, (product, context, neuron)))
        self.graph, self.context, self.neuron = graph, context, neuron
        by_scores = product.operator.kind() == "Scores"
        q, k, v = (*product.inputs, context.inputs[1]) if by_scores else (context.inputs[0], *product.inputs)
        self.sites, self.places = (q, k, v), product.operator.heads
        self.tokens, self.channels = graph.signals[context.name].shape
        self.width = self.channels // self.places
        self.cost = graph.timesteps * self.tokens * self.channels << 1
        gate, scanned = product.operator.gate, Census(compares=self.tokens * self.channels).repeated(graph.timesteps)
        length, other = (self.tokens, "v") if by_scores else (self.width, "q")
        each, gates = Census(adds=length, compares=1), {"q": q, "k": k, "v": v}
        self.counters = {product.name: ((scanned, each), gates[gate]), context.name: ((scanned, each), gates[other])}
        if neuron is not None:
            self.firing = Neurons([neuron.operator], graph.timesteps, self.channels)
            self.neuron_census = neuron_census(graph, neuron)

    def is_local(self, site):
        return False

    def prepare(self, values):
        timesteps, shape = self.graph.timesteps, (self.tokens, self.channels)
        if self.neuron is not None:
            values.planes[self.neuron.name] = values.buffer(self.neuron.name, np.uint8, (1, *shape))
        else:
            values.plain[self.context.name] = values.buffer(self.context.name, np.int32, (timesteps, *shape))

    def calls(self, values, part):
        timesteps, width = self.graph.timesteps, self.width
        heads = self.tokens, self.places, width
        scratch = values.scratch(
            ("attention", part, self.context.name), partial(products, timesteps, self.tokens, width)
        )
        trains = (values.trains(site).reshape(heads) for site in self.sites)
        arguments = *trains, timesteps, scratch
        if self.neuron is None:
            return [attend.ranged(*arguments, values.plain[self.context.name].reshape(timesteps, *heads))]
        firing = self.firing.of_thread(values, part)
        return [attend_trains.ranged(*arguments, firing, values.trains(self.neuron.name))]

    def always(self):
        return {} if self.neuron is None else {self.neuron.name: self.neuron_census}

    def counted(self, values):
        """Return what the network's own association would have done."""
        return {name: Counted(*costs, values.spikes(site)) for name, (costs, site) in self.counters.items()}


def products(timesteps, tokens, width):
    """Return what one thread needs to attend: spikes, K^T V and sums of one head, and the shift of their lines."""
    dtype = np.int16 if tokens * width <= np.iinfo(np.int16).max else np.int32
    shift = (width - 1).bit_length()
    spikes = aligned((timesteps << shift,), dtype, "attention")
    key_value = aligned((width << TIMESTEP_SHIFT << shift,), dtype, "attention")
    return spikes, key_value, aligned((timesteps, width), np.int32, "attention"), shift
