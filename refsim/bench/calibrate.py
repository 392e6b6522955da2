"""Controlled firing rates: one threshold a layer, found on the currents that the layer really receives."""

from dataclasses import dataclass, replace

import numpy as np
from tqdm import tqdm

from refsim.engine.pool import Pool
from refsim.errors import ConfigurationError
from refsim.network import INPUT_SITE, Assembly
from refsim.ops import LIF
from refsim.simulator import input_frames


@dataclass(frozen=True)
class Layer:
    """What became of one layer of neurons.

    Attributes
    ----------
    site : str
    field : {"thresholds", "shift"}
        What was set: the thresholds of a LIF layer, or the shift of a ReLU layer.
    setting : int
    rate : float
        Share of neurons that fire, over all timesteps.
    other_rate : float
        What the neighbouring setting on the other side of the wanted rate gives; equal to `rate` where there is none:
        how far apart two settings lie where currents are few and small.
    """

    site: str
    field: str
    setting: int
    rate: float
    other_rate: float


@dataclass(frozen=True, eq=False)
class Calibration:
    """A network at a firing rate.

    Attributes
    ----------
    network : Network
    wanted : float
    layers : tuple of Layer
        In order of computation.
    """

    network: object
    wanted: float
    layers: tuple

    def missed(self, tolerance):
        """Return the layers whose rate is further from the wanted one than a share of it."""
        return [layer for layer in self.layers if abs(layer.rate - self.wanted) > tolerance * self.wanted]


def calibrate(network, image, rate, threads=None):
    """Set the thresholds so that every layer fires near a rate on an image.

    Layer by layer, in order of computation, the threshold is bisected on all timesteps of the currents that come from
    the layers already set. A layer on sums of few spikes, as the products of attention are, has few rates to choose
    from: it takes the nearest.

    Parameters
    ----------
    network : Network
    image : ndarray
        As the network takes it.
    rate : float
        Above 0 and below 1; weights without mean reach 0.4 and more.
    threads : int, optional
        As for `refsim.run`.

    Returns
    -------
    calibration : Calibration

    Raises
    ------
    ConfigurationError
        If the rate is not between 0 and 1.
    """
    if not 0 < rate < 1:
        raise ConfigurationError(f"firing rate: expected a number above 0 and below 1, got {rate!r}")
    values, operators, layers = {INPUT_SITE: input_frames(network, image)}, {}, []
    last_reader = {site: node.name for node in network.nodes for site in node.inputs}
    with Pool(threads) as pool:
        for node in tqdm(network.nodes, f"firing rate {rate:.0%}", unit="site", disable=None, leave=False):
            walk, operator = Walk(network, node, [values[site] for site in node.inputs], pool), node.operator
            if operator.is_neuron:
                operator, layer = walk.fitted(rate)
                layers.append(layer)
            operators[node.name], values[node.name] = operator, walk.outputs(operator)
            for site in set(node.inputs):
                if last_reader[site] == node.name:
                    del values[site]
    return Calibration(rebuilt(network, operators), rate, tuple(layers))


class Walk:
    """One node over all timesteps.

    Parameters
    ----------
    network : Network
    node : Node
    inputs : list of ndarray, shape (T, ...), or (1, ...) where static
    pool : Pool
    """

    def __init__(self, network, node, inputs, pool):
        self.network, self.node, self.inputs, self.pool = network, node, inputs, pool
        self.timesteps = 1 if node.name in network.static_sites else network.timesteps

    def outputs(self, operator):
        """Return the output of an operator in this place, shape (T, ...), or (1, ...) where static."""
        signal, state = self.network.signals[self.node.name], None
        if operator.register is not None:
            # Bisection tries thresholds whose worst case no declared register was proved for.
            state = np.zeros(self.network.signals[self.node.register_site].shape, np.int64)
        outputs = np.empty((self.timesteps, *signal.shape), signal.dtype)
        for timestep in range(self.timesteps):
            frames = [values[timestep if len(values) > 1 else 0] for values in self.inputs]
            self.pool.step(operator, timestep, frames, state, outputs[timestep])
        return outputs

    def fitted(self, wanted):
        """Return the neurons with the setting whose rate is nearest to the wanted one, and the layer for the report."""
        currents, neurons = self.inputs[0], self.node.operator
        if isinstance(neurons, LIF):
            # Over all timesteps no charge grows further than all inputs added up.
            field, low, high = "thresholds", 1, 1 + self.network.timesteps * max(1, peak(currents))
        else:
            field, low, high = "shift", 0, 31
        rates = {}

        def rate_of(setting):
            if setting not in rates:
                spikes = self.outputs(with_setting(neurons, field, setting))
                rates[setting] = int(np.count_nonzero(spikes)) / spikes.size
            return rates[setting]

        setting, other = nearest_setting(rate_of, wanted, low, high)
        return with_setting(neurons, field, setting), Layer(
            self.node.name, field, setting, rate_of(setting), rate_of(other)
        )


def nearest_setting(rate_of, wanted, low, high):
    """Bisect the setting whose rate is nearest to the wanted one.

    Parameters
    ----------
    rate_of : callable
        From a setting to a rate, the less the larger the setting.
    wanted : float
    low, high : int

    Returns
    -------
    setting, other : int
        The nearest, and its neighbour on the other side of the wanted rate; the same where even `low` gives less.

    Examples
    --------
    >>> nearest_setting(lambda setting: 1 / setting, 0.3, 1, 100)
    (3, 4)
    """
    if rate_of(low) < wanted:
        return low, low
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if rate_of(middle) >= wanted else (low, middle)
    nearer = abs(rate_of(low) - wanted) <= abs(rate_of(high) - wanted)
    return (low, high) if nearer else (high, low)


def with_setting(neurons, field, setting):
    """Return neurons with one threshold for all channels, or another shift."""
    if field == "shift":
        return replace(neurons, shift=setting)
    dtype = np.int32 if setting <= np.iinfo(np.int32).max else np.int64
    return replace(neurons, thresholds=np.full(neurons.thresholds.shape, setting, dtype))


def peak(values):
    """Return the largest magnitude."""
    return max(abs(int(values.min())), abs(int(values.max())))


def rebuilt(network, operators):
    """Return a network with other operators in the same places, every register as wide as they need."""
    assembly = Assembly(network.input, network.timesteps)
    for node in network.nodes:
        assembly.add(node.name, operators[node.name], *node.inputs)
    return assembly.finish(network.name, network.logit_denominator, network.provenance)
