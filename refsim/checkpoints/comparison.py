"""An imported network held against the checkpoint that it was rounded from: labels, logits, and spikes layer by layer.

The checkpoint runs as the same graph on its real weights and thresholds, with BatchNorms and chains fused: what is
compared is the rounding alone. A neuron set to round down is compared with one that does not.
"""

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

import numpy as np
from tqdm import tqdm

from refsim.checkpoints.float_network import FloatNetwork
from refsim.checkpoints.quantiser import PIXEL_SHIFT
from refsim.errors import InputError
from refsim.network import INPUT_SITE
from refsim.simulator import input_frames, run

BATCH = 8
"""Images that run side by side: what an ImageNet network keeps of so many fits in about two gigabytes."""


@dataclass(frozen=True)
class LayerComparison:
    """One layer of neurons, counted over neurons, timesteps and images.

    Attributes
    ----------
    site : str
    outputs : int
        How many neurons, timesteps and images there are in all.
    equal : int
        How many of these gave the same spike, or none, on both sides.
    float_spike_count, integer_spike_count : int
    common_spike_count : int
        Spikes that both sides give.
    """

    site: str
    outputs: int
    equal: int
    float_spike_count: int
    integer_spike_count: int
    common_spike_count: int

    @property
    def agreement(self):
        return self.equal / self.outputs

    @property
    def float_rate(self):
        return self.float_spike_count / self.outputs

    @property
    def integer_rate(self):
        return self.integer_spike_count / self.outputs

    @property
    def either_spike_count(self):
        """How many spikes there are on one side or both."""
        return self.float_spike_count + self.integer_spike_count - self.common_spike_count

    @property
    def overlap(self):
        """Spikes that both sides give among those that either gives; None where neither does.

        Where few neurons fire, nearly all agree on silence, whatever becomes of the spikes.
        """
        return self.common_spike_count / self.either_spike_count if self.either_spike_count else None


@dataclass(frozen=True)
class Comparison:
    """What rounding changed on a set of images.

    Attributes
    ----------
    precision : {"float32", "float64"}
        Of the checkpoint's run.
    images : int
    equal_labels : int
        How many images are given the same label by both.
    float_correct, integer_correct : int or None
        How many are given their own label; None where that is not known.
    logit_difference : float
        Largest difference between a real logit and the one that the integers stand for.
    logit_spread : float
        Largest less smallest real logit of an image, the mean over images.
    layers : tuple of LayerComparison
        In order of computation.
    """

    precision: str
    images: int
    equal_labels: int
    float_correct: int | None
    integer_correct: int | None
    logit_difference: float
    logit_spread: float
    layers: tuple

    @property
    def label_agreement(self):
        return self.equal_labels / self.images

    @property
    def float_accuracy(self):
        return None if self.float_correct is None else self.float_correct / self.images

    @property
    def integer_accuracy(self):
        return None if self.integer_correct is None else self.integer_correct / self.images

    @property
    def relative_logit_difference(self):
        """The largest difference of logits in units of their spread; None where all logits of an image are equal."""
        return self.logit_difference / self.logit_spread if self.logit_spread else None

    @property
    def first_departure(self):
        """The first layer with a spike that differs; None where all are equal."""
        return next((layer for layer in self.layers if layer.equal < layer.outputs), None)


class Outcome(NamedTuple):
    """One image: both labels, how far the logits differ and spread, and the counts of each layer, (layers, 5)."""

    float_label: int
    integer_label: int
    logit_difference: float
    logit_spread: float
    counts: np.ndarray


def compare(imported, images, labels=None, batch=BATCH, precision="float32"):
    """Run a network and its checkpoint on the same images, with a progress bar on a terminal.

    Parameters
    ----------
    imported : Imported
        By ``import_lineage(..., keep=True)``.
    images : ndarray of uint8, shape (n, Y, X) or (n, Y, X, C)
    labels : ndarray of int64, shape (n,), optional
    batch : int
        Images whose spikes are kept at once; the checkpoint runs on all of them, the integers on all cores.
    precision : {"float32", "float64"}
        Of the checkpoint's run.

    Returns
    -------
    comparison : Comparison

    Raises
    ------
    CheckpointError
        If PyTorch is missing, or the import kept no real values.
    InputError
        If the images do not fit the network, or there are none, or not one label for each.
    """
    if not len(images) or labels is not None and len(labels) != len(images):
        raise InputError(
            f"expected images, and one label for each, got {len(images)} images and "
            f"{'no' if labels is None else len(labels)} labels"
        )
    neurons = [node.name for node in imported.network.nodes if node.operator.is_neuron]
    counts, answers = np.zeros((len(neurons), 5), np.int64), []
    found = outcomes(imported, images, neurons, batch, precision)
    for outcome in tqdm(found, total=len(images), unit="image", disable=None):
        counts += outcome.counts
        answers.append(outcome[:-1])
    layers = tuple(LayerComparison(site, *map(int, row)) for site, row in zip(neurons, counts))
    float_labels, integer_labels, differences, spreads = map(np.array, zip(*answers))
    return Comparison(
        precision=precision,
        images=len(images),
        equal_labels=int(np.count_nonzero(float_labels == integer_labels)),
        float_correct=None if labels is None else int(np.count_nonzero(float_labels == labels)),
        integer_correct=None if labels is None else int(np.count_nonzero(integer_labels == labels)),
        logit_difference=float(differences.max()),
        logit_spread=float(spreads.mean()),
        layers=layers,
    )


def outcomes(imported, images, neurons, batch, precision):
    """Yield the outcome of each image in order; only the spikes of one batch are kept at a time."""
    network, floating = imported.network, FloatNetwork(imported.network, imported.reals, precision)
    logits, denominator = network.nodes[-1].name, float_denominator(imported)
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for start in range(0, len(images), batch):
            chunk = images[start : start + batch]
            frames = np.stack([input_frames(network, image) for image in chunk])
            reals = np.ldexp(frames.astype(np.float64), -PIXEL_SHIFT * network.input.is_static)
            trace = floating.run({INPUT_SITE: reals}, [*neurons, logits])
            float_logits = trace.pop(logits)[-1, :, 0].astype(np.float64) / denominator
            yield from pool.map(partial(image_outcome, network, trace), range(len(chunk)), chunk, float_logits)


def float_denominator(imported):
    """Return what a sum of real logits is divided by: the denominator of the integer ones without their step."""
    network = imported.network
    classifier = network.nodes[-1].inputs[0]
    (shift,) = (rounding.finest_shift for rounding in imported.roundings if rounding.site == classifier)
    return np.ldexp(float(network.logit_denominator), -shift)


def image_outcome(network, trace, place, image, float_logits):
    """Run the integers on one image, and hold them against what the checkpoint gave at its place in the batch."""
    result = run(network, image, record=list(trace), threads=1)
    integer_logits = result.logits / result.logit_denominator
    return Outcome(
        float_label=int(float_logits.argmax()),
        integer_label=result.label,
        logit_difference=float(np.abs(integer_logits - float_logits).max()),
        logit_spread=float(np.ptp(float_logits)),
        counts=np.array([layer_counts(spikes[:, place], result.trace[site]) for site, spikes in trace.items()]),
    )


def layer_counts(float_spikes, integer_spikes):
    """Return the counts of a `LayerComparison` for one image, in the order of its fields."""
    equal = float_spikes == integer_spikes
    spikes = [np.count_nonzero(fired) for fired in (float_spikes, integer_spikes, equal & (float_spikes != 0))]
    return [equal.size, np.count_nonzero(equal), *spikes]
