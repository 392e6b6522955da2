"""Accuracy of the integer network on labelled images."""

import os
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
from tqdm import tqdm

from refsim.errors import InputError
from refsim.simulator import run


def count_correct(network, images, labels):
    """Run labelled images side by side on all cores, with a progress bar on a terminal.

    Parameters
    ----------
    network : Network
    images : ndarray, shape (n, ...)
    labels : ndarray of int64, shape (n,)

    Returns
    -------
    correct : int
    seconds : float
        Wall time of all images, after one run that may compile.
    """
    run(network, images[0])
    start = time.perf_counter()
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        results = pool.map(lambda image: run(network, image, threads=1).label, images)
        progress = tqdm(zip(results, labels), total=len(images), unit="image", disable=None)
        correct = sum(int(found == expected) for found, expected in progress)
    return correct, time.perf_counter() - start


def require_labels(network, labels, source):
    """Refuse labels that are no class of a network, which could never be right.

    Raises
    ------
    InputError
        Naming the source and the first such label.
    """
    for place in np.flatnonzero((labels < 0) | (labels >= network.classes)):
        raise InputError(
            f"{source}: labels[{place}] is {labels[place]}; expected 0 to {network.classes - 1}, a class of {network.name}"
        )


def with_accuracy(network, images, labels):
    """Return the network with its accuracy on labelled images in its provenance."""
    correct, _ = count_correct(network, images, labels)
    return replace(network, provenance={**network.provenance, "accuracy_refsim": correct / len(images)})
