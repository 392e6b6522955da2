"""What linear maps and convolutions share: how they take their inputs, how wide their sums grow, what they cost."""

from dataclasses import replace

import numpy as np

from refsim.audit.census import Census
from refsim.errors import NetworkError
from refsim.numerics import register_signal, require_headroom, require_integer, weighted_interval

WEIGHT_TYPES = ("int8", "int16")


def weights_minor_version(weights):
    """Return the minor version of the numerics that first has weights of this type."""
    return 0 if weights.dtype.itemsize == 1 else 1


def require_gathering(site, signal, planes):
    """Check that an input can be gathered by additions: spikes, or non-negative integers through bit planes.

    Parameters
    ----------
    site : str
    signal : Signal
        Of the input.
    planes : int
        0 where spikes gate the additions, else the number of bit planes.

    Raises
    ------
    NetworkError
    """
    require_integer(f"{site}.planes", planes, 0, 31)
    low, high = signal.interval
    if planes == 0 and not signal.is_spiking:
        raise NetworkError(f"{site}: input ranges over [{low}, {high}], not -1, 0 or 1: give it bit planes")
    if planes > 0 and (low < 0 or signal.plane_count > planes):
        raise NetworkError(f"{site}: input ranges over [{low}, {high}], which {planes} bit planes cannot hold")


def gathered_register(site, operator, signal, shape):
    """Prove the accumulator of an operator with `weights`, `bias`, `planes` and `accumulator_bits`.

    Parameters
    ----------
    site : str
    operator : Linear or Convolution
        Weights of shape (..., channels, outputs).
    signal : Signal
        Of the input.
    shape : tuple of int
        Of the output.

    Returns
    -------
    output : Signal
        Its interval holds every finished sum; the check covers every partial sum too.
    """
    weights, bias, bits = operator.weights, operator.bias.astype(np.int64), operator.accumulator_bits
    taps = weights.reshape(-1, *weights.shape[-2:])
    peak = max(abs(bound) for bound in signal.interval)
    require_headroom(
        site, "accumulator", bits, peak * (-int(np.iinfo(weights.dtype).min)) * len(taps) * signal.channels
    )
    low, high = weighted_interval(signal, over_taps(np.maximum(taps, 0)), over_taps(np.minimum(taps, 0)))
    require_headroom(site, "accumulator", bits, max(abs(int(bias.min())), abs(int(bias.max()))))
    late_bias = operator.planes > 0
    partial_low = low + (np.minimum(bias, 0) if late_bias else bias)
    partial_high = high + (np.maximum(bias, 0) if late_bias else bias)
    register = register_signal(site, "accumulator", bits, shape, partial_low, partial_high)
    return replace(register, low=low + bias, high=high + bias)


def over_taps(weights):
    """Sum weights (taps, channels, outputs) over the taps; those of one tap as they are, for they may be many."""
    return weights[0] if len(weights) == 1 else weights.sum(axis=0, dtype=np.int64)


def gathering_census(planes, scanned, ones, places, outputs):
    """Count the operations of one timestep.

    Parameters
    ----------
    planes : int
    scanned : int
        Inputs looked at, each once for every output place whose window holds it.
    ones : int
        Those of them that are spikes, or the set bits among them.
    places, outputs : int
        Output places, and channels of each.
    """
    if planes == 0:
        return Census(adds=ones * outputs, compares=scanned + ones)
    return Census(
        adds=ones * outputs + places * outputs,
        compares=planes * scanned,
        logic=planes * scanned,
        shifts=planes * places * outputs,
    )


def ones_by_place(values, planes):
    """Count the spikes, or the set bits, of each place: shape values.shape[:-1]."""
    return np.count_nonzero(values, axis=-1) if planes == 0 else np.bitwise_count(values).sum(axis=-1, dtype=np.int64)
