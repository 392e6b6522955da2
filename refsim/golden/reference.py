"""The reference as an implementation: what the compiled kernels answer to a case."""

import hashlib

import numpy as np

from refsim.errors import RefsimError
from refsim.golden.case import DIGEST_SITE, Rejected
from refsim.simulator import run_fragment


def answer(case, threads=None):
    """Run a case on refsim itself.

    Parameters
    ----------
    case : Case
    threads : int, optional
        The bits do not depend on it.

    Returns
    -------
    sites : dict of ndarray by site
        Every site, in order of computation.

    Raises
    ------
    Rejected
        If the case is not valid.
    """
    if case.draws:
        return {DIGEST_SITE: digest(case, answer)}
    try:
        fragment = case.fragment
        for name, values in case.inputs.items():
            require_frames(case, name, values)
    except (RefsimError, ValueError) as error:
        raise Rejected(str(error)) from error
    answers = []
    for sample in case.by_sample(case.inputs):
        frames = {name: values[np.newaxis] if name in case.static_inputs else values for name, values in sample.items()}
        answers.append(run_fragment(fragment, frames, threads))
    if case.samples == 1:
        return answers[0]
    return {site: np.stack([each[site] for each in answers]) for site in answers[0]}


def require_frames(case, name, values):
    """Refuse inputs that are not one frame a timestep, or outside the range that the registers were proved for."""
    leading = (case.samples,) * (case.samples > 1) + (case.timesteps,) * (name not in case.static_inputs)
    if values.shape[: len(leading)] != leading:
        raise ValueError(f"{name}: expected {leading} samples and timesteps before all other axes, got {values.shape}")
    low, high = case.ranges[name]
    if values.size and not low <= values.min() <= values.max() <= high:
        raise ValueError(f"{name}: expected values from {low} to {high}")


def digest(case, function):
    """Return the SHA-256 over the outputs of all chunks of a digest case, as 32 bytes.

    For each chunk and each of the case's outputs in order: the bytes of the array, C order, little endian.

    Parameters
    ----------
    case : Case
    function : callable
        Called with each chunk; returns arrays by site.
    """
    total = hashlib.sha256()
    for chunk in case.chunks():
        sites = function(chunk)
        for site in case.outputs:
            total.update(np.ascontiguousarray(sites[site]).tobytes())
    return np.frombuffer(total.digest(), np.uint8)
