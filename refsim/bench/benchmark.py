"""One network at one firing rate, in every way at hand, every result held against the others."""

import math
from dataclasses import dataclass

import numpy as np

from refsim.architectures.published import build
from refsim.bench.calibrate import calibrate
from refsim.bench.dense import exact_sites
from refsim.bench.machine import OtherWork, disturbance
from refsim.bench.peers import DENSE, SPIKINGJELLY, Absent, dense_peer, set_threads, spikingjelly_peer
from refsim.bench.results import OWN, Comparison, Line
from refsim.bench.seeded import SeededParameters, seeded_image
from refsim.bench.timing import Concurrency, interleaved
from refsim.engine.plan import plannable, planned
from refsim.errors import BenchmarkError, InputError
from refsim.simulator import ENGINES, run, with_logits

FAST = f"{OWN} fast"

TOLERANCE = 0.1
"""A layer further from the wanted rate than this share of it is named."""


@dataclass(frozen=True)
class Settings:
    """How everything is timed.

    Attributes
    ----------
    repeats : int
    threads : int
        The same for all subjects.
    seed : int
        Of weights and image.
    """

    repeats: int = 5
    threads: int = 1
    seed: int = 0


def compare_network(name, config, rate, settings, axis="", value=0.0):
    """Calibrate a network with seeded weights to a firing rate, and time it in every way.

    Parameters
    ----------
    name : str
        Of the network.
    config : Configuration
    rate : float
    settings : Settings
    axis, value : str, int or float
        Where the comparison is a point of a growth.

    Returns
    -------
    comparison : Comparison

    Raises
    ------
    BenchmarkError
        If engines differ in label, logits or spike counts, or a dense network does where float32 is exact.
    """
    if config.input != "image":
        raise InputError(f"{name}: takes {config.input} spike frames; networks are compared on images")
    set_threads(settings.threads)
    network = build(config, SeededParameters(settings.seed), name, {"seed": settings.seed})
    image = seeded_image(network.input.shape, settings.seed)
    calibration = calibrate(network, image, rate, settings.threads)
    concurrency = Concurrency(settings.threads)
    with OtherWork() as others:
        lines, witness, dense = timed_lines(calibration.network, config, image, settings, concurrency)
    remarks = [f"refsim {', '.join(ENGINES)}: label, logits and spike counts of every repeat equal"]
    if dense is not None:
        remarks.append(f"{DENSE}: {dense_remark(dense, image, witness.first)}")
    missed = [f"{layer.site} {layer.rate:.1%}" for layer in calibration.missed(TOLERANCE)]
    if missed:
        remarks.append(f"more than {TOLERANCE:.0%} off the wanted rate, none nearer: {', '.join(missed)}")
    remarks += disturbance(others.cores) + concurrency.remarks
    return Comparison(
        "growth" if axis else "network",
        name,
        f"{' x '.join(map(str, config.image_size))} pixels, T = {config.timesteps}, {config.tokens} tokens",
        rate,
        firing_rate(calibration.network, witness.first),
        tuple(lines),
        tuple(remarks),
        calibration.layers,
        others.cores,
        concurrency.gain,
        axis,
        value,
    )


def timed_lines(network, config, image, settings, concurrency):
    """Time the engines of refsim and all peers in turns.

    Returns
    -------
    lines : list of Line
        One for every engine and every peer, absent ones too.
    witness : Witness
    dense : DenseNetwork or None
    """
    subjects, notes, absent, dense, witness = {}, {}, {}, None, Witness()
    for engine in ENGINES:
        subjects[f"{OWN} {engine}"] = engine_work(network, image, settings.threads, engine)
    try:
        subjects[DENSE], notes[DENSE], dense = dense_peer(network, config, image)
    except Absent as reason:
        absent[DENSE] = str(reason)
    try:
        subjects[SPIKINGJELLY], notes[SPIKINGJELLY] = spikingjelly_peer(network, config, image)
    except Absent as reason:
        absent[SPIKINGJELLY] = str(reason)

    def after(subject, result):
        witness(subject, result)
        concurrency.look()

    times = interleaved(subjects, settings.repeats, after)
    own = {"adds": witness.first.census.adds}
    work = {f"{OWN} {engine}": own for engine in ENGINES} | {FAST: {**own, "gathered": gathered(network)}}
    lines = [Line(name, times[name], note=notes.get(name, ""), **work.get(name, {})) for name in subjects]
    return lines + [Line(name, None, None, reason) for name, reason in absent.items()], witness, dense


def gathered(network):
    """Return how many weights the fast engine added in its last run; None where a network has no plan."""
    if not plannable(network):
        return None
    with planned(network, with_logits(network, ())) as plan:
        return plan.gathered()


def engine_work(network, image, threads, engine):
    """Return the run of one engine."""
    return lambda: run(network, image, threads=threads, engine=engine)


class Witness:
    """Sees every result of refsim, and refuses one that is not the first one over again."""

    def __init__(self):
        self.first = self.subject = None

    def __call__(self, subject, result):
        if not subject.startswith(OWN):
            return
        if self.first is None:
            self.first, self.subject = result, subject
        difference = first_difference(self.first, result)
        if difference:
            raise BenchmarkError(f"{subject} and {self.subject} differ in {difference}: no time counts")


def first_difference(result, other):
    """Return where two results first differ, or an empty text."""
    for site, counts in result.spike_counts.items():
        if not np.array_equal(counts, other.spike_counts.get(site)):
            return f"the spike counts of {site}"
    if not np.array_equal(result.logits, other.logits):
        return "the logits"
    return "the label" if result.label != other.label else ""


def dense_remark(dense, image, result):
    """Hold a dense network against refsim, and say what is equal.

    Raises
    ------
    BenchmarkError
        If a spike count differs at a site up to which float32 is exact in the worst case.
    """
    logits, counts = dense.spike_counts(image)
    network = dense.network
    exact = {node.name for node in network.nodes[: exact_sites(network)]}
    differing = next((site for site, spikes in result.spike_counts.items() if (counts[site] != spikes).any()), None)
    if differing in exact:
        raise BenchmarkError(f"{DENSE}: the spike counts of {differing} are not refsim's, where float32 is exact")
    label = "label equal" if int(logits.argmax()) == result.label else f"label {int(logits.argmax())} differs"
    if differing is not None:
        return f"{label}, spike counts first differ at {differing}, whose worst case float32 cannot hold"
    largest = np.abs(logits - result.logits).max()
    return f"{label}, spike counts equal, logits {'equal' if largest == 0 else f'up to {largest:g} off'}"


def firing_rate(network, result):
    """Return the share of all neurons that fire, over all timesteps."""
    sizes = sum(math.prod(network.signals[site].shape) for site in result.spike_counts)
    return int(sum(counts.sum() for counts in result.spike_counts.values())) / (sizes * network.timesteps)
