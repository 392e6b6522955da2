"""Energy by the 45 nm model that the literature of spiking transformers uses."""

from dataclasses import dataclass

ADD_PICOJOULES = 0.9
MAC_PICOJOULES = 4.6
"""An addition and a multiply-accumulate of 32-bit floating point in 45 nm (M. Horowitz, ISSCC 2014), by which the
literature compares; integers cost less, an addition of 32 bits 0.1 pJ. Memory traffic is not counted."""


@dataclass(frozen=True)
class Energy:
    """Estimates for one input.

    Attributes
    ----------
    adds_pj : float
        All additions of the census at 0.9 pJ.
    dense_macs : int
        Multiply-accumulates of one pass of a dense network of the same shape.
    dense_pj : float
        Those at 4.6 pJ.
    """

    adds_pj: float
    dense_macs: int
    dense_pj: float


def energy(network, census):
    """Estimate the energy of a run beside that of a dense network.

    Parameters
    ----------
    network : Network
    census : Census

    Returns
    -------
    estimate : Energy
    """
    dense_macs = sum(
        node.operator.dense_macs(network.input_signals(node), network.signals[node.name]) for node in network.nodes
    )
    return Energy(census.adds * ADD_PICOJOULES, dense_macs, dense_macs * MAC_PICOJOULES)
