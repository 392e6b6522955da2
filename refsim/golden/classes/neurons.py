"""Classes of wrong spikes and membranes that the charge of the neuron explains: ties at the threshold, resets.

A wrong spike leaves a wrong membrane behind, which makes later values wrong in other ways: only the first wrong value
of each neuron is asked.
"""

from dataclasses import dataclass

import numpy as np

from refsim.errors import GoldenError
from refsim.golden.sites import values_in_time


@dataclass(frozen=True, eq=False)
class History:
    """What leaky integrate-and-fire neurons go through.

    Attributes
    ----------
    charge, level, spike : ndarray of int64, shape (samples, T, ...)
        Before firing; the threshold on the scale of the charge; what is fired (rules N8 and N9).
    """

    charge: np.ndarray
    level: np.ndarray
    spike: np.ndarray


def history(operator, currents):
    """Follow neurons through all timesteps.

    Parameters
    ----------
    operator : LIF
    currents : ndarray, shape (samples, T, ...)
    """
    currents = currents.astype(np.int64)
    charge, level, spike = (np.empty_like(currents) for _ in range(3))
    membrane = np.zeros_like(currents[:, 0])
    for timestep in range(currents.shape[1]):
        charge[:, timestep] = operator.charge(membrane, currents[:, timestep], timestep)
        level[:, timestep] = operator.thresholds.astype(np.int64) << operator.level_shift(timestep)
        now, limit = charge[:, timestep], level[:, timestep]
        fired = (now >= limit).astype(np.int64)
        if operator.spikes == "ternary":
            fired -= now <= -limit
        spike[:, timestep] = fired
        membrane = now - fired * limit if operator.reset == "subtract" else np.where(fired != 0, 0, now)
    return History(charge, level, spike)


def neuron_wrong(evidence):
    """Ties, thresholds of the wrong sign, and resets left out or of the other kind."""
    if evidence.node.operator.kind() != "LIF":
        return
    try:
        neurons = history(evidence.node.operator, values_in_time(evidence.case, evidence.node.inputs[0]))
    except GoldenError:
        return
    first = evidence.up_to_first_differences()
    yield from ties(first, neurons)
    if evidence.site == evidence.node.register_site:
        yield from resets(first, neurons)


def ties(first, neurons):
    """Wrong only where the charge meets the level, or minus the level."""
    met, met_below = neurons.charge == neurons.level, neurons.charge == -neurons.level
    ternary = first.node.operator.spikes == "ternary"
    if first.only_where(met):
        yield "only where the threshold is met exactly"
    elif ternary and first.only_where(met_below):
        yield "only where minus the threshold is met exactly"
    elif ternary and first.only_where(met | met_below):
        yield "only where the threshold or minus the threshold is met exactly"
    elif first.only_where(neurons.charge <= -neurons.level):
        yield "only where the charge is at minus the threshold or below"


def resets(first, neurons):
    """Wrong only after a spike, and as another reset, or none, would leave the membrane."""
    fired = neurons.spike != 0
    if not first.only_where(fired):
        return
    got, charge = first.got[first.unequal], neurons.charge[first.unequal]
    reduced = charge - (neurons.spike * neurons.level)[first.unequal]
    if (got == charge).all():
        yield "not reset after a spike"
    elif (got == 0).all():
        yield "reset to 0 after a spike, not by subtracting the threshold"
    elif (got == reduced).all():
        yield "reset by subtracting the threshold after a spike, not to 0"
    else:
        yield "only after a spike"
