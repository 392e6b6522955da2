"""Hold an imported network against the PyTorch model that its checkpoint belongs to, spike for spike."""

import numpy as np

from refsim.checkpoints.conventions import Conventions
from refsim.checkpoints.lineage import import_lineage
from refsim.simulator import run

INPUTS = 50
"""How many images every comparison runs."""

PIXELS = {"white": 256.0, "mean": (0.5,), "std": (0.25,)}
"""Pixels as the models see them, p / 64 - 2: dyadic, and with a mean, so that the borders matter."""


def imported(architecture, tensors, folder, **conventions):
    """Import tensors through a file, with nothing that int8 would round."""
    from safetensors.numpy import save_file

    path = folder / "checkpoint.safetensors"
    save_file({name: np.ascontiguousarray(values) for name, values in tensors.items()}, path)
    pixels = {} if "frames" in conventions else PIXELS
    outcome = import_lineage(architecture, path, "imported", Conventions(**pixels, **conventions))
    assert all(rounding.largest_error == 0 for rounding in outcome.roundings)
    return outcome.network


def assert_bit_exact(network, pixels, recording, sites):
    """Run a network on images or spike frames, and compare every neuron and every label.

    Parameters
    ----------
    network : Network
    pixels : ndarray of uint8, shape (B, C, Y, X), or of int8, shape (B, T, C, Y, X)
    recording : recording.Recording
    sites : dict by site
        ndarray of spikes (T, B, ...), in refsim's own order of axes, of every neuron of the network.
    """
    neurons = [node.name for node in network.nodes if node.operator.is_neuron]
    assert sorted(sites) == sorted(neurons)
    for image, values in enumerate(pixels):
        result = run(network, np.ascontiguousarray(np.moveaxis(values, -3, -1)), record=neurons, threads=1)
        for site, expected in sites.items():
            np.testing.assert_array_equal(
                result.trace[site], expected[:, image], err_msg=f"image {image}, {site}", strict=False
            )
        assert result.label == recording.logits[image].argmax()
    assert len(pixels) >= INPUTS


def as_image(spikes):
    """Bring (T, B, C, Y, X) to (T, B, Y, X, C)."""
    return spikes.transpose(0, 1, 3, 4, 2)


def as_tokens(spikes):
    """Bring (T, B, C, Y, X) or (T, B, C, N) to (T, B, N, C)."""
    return spikes.reshape(*spikes.shape[:3], -1).transpose(0, 1, 3, 2)
