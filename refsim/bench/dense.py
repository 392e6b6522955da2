"""The same network as a user of PyTorch would run it: dense float32, timesteps folded into the batch."""

import numpy as np

from refsim.bench.dense_operators import IN_TIME, STATELESS
from refsim.errors import NetworkError
from refsim.network import INPUT_SITE
from refsim.simulator import input_frames

EXACT = 1 << 24
"""float32 holds every integer up to here."""

IMAGES = {"Convolution", "Grid", "MaxPool", "TapBias"}
"""Operators whose output is an image, (Y, X, C)."""

SAME_FORM = {"LIF", "ReLU", "Residual"}
"""Operators whose output has the form of their first input."""


class DenseNetwork:
    """A network in dense float32, of the same integers.

    Convolutions, linear maps and products of attention take all timesteps in one batch; what does not change over time,
    as the first convolution of an image, is computed once; neurons go through time in place.

    Parameters
    ----------
    network : Network
    channels_last : bool
        Whether images lie in memory with their channels last, which needs no copy where they become tokens, or in the
        order of their axes.

    Raises
    ------
    NetworkError
        If an operator has no dense form here.
    """

    def __init__(self, network, channels_last=True):
        import torch

        self.network, self.layout = network, torch.channels_last if channels_last else torch.contiguous_format
        self.images = image_sites(network)
        self.tensors = {node.name: self.tensors_of(node) for node in network.nodes}
        self.spent = spent_sites(network)

    def tensors_of(self, node):
        """Return the parameters of a node by field, as its function takes them."""
        arrays, on_images = node.operator.parameters(), node.name in self.images
        kind = node.operator.kind()
        if kind not in STATELESS and kind not in IN_TIME:
            raise NetworkError(f"{node.name}: {kind} has no dense form")
        if kind == "TapBias":
            return {"bias": self.tap_sums(node.operator)}
        if kind == "Convolution":
            return {"weights": self.image(arrays["weights"].transpose(3, 2, 0, 1)), "bias": tensor(arrays["bias"])}
        if kind == "Linear":
            return {"weights": tensor(arrays["weights"].T), "bias": tensor(arrays["bias"])}
        return {
            field: tensor(array.reshape(-1, 1, 1) if on_images else array.reshape(1, -1))
            for field, array in arrays.items()
        }

    def image(self, array):
        """Return an array of four axes as a tensor in the layout of images."""
        return tensor(array).contiguous(memory_format=self.layout)

    def tap_sums(self, operator):
        """Return the tap biases added up at every place: a convolution of an image of ones."""
        import torch
        from torch.nn.functional import conv2d

        ones = torch.ones((1, 1, operator.image_rows, operator.image_columns))
        taps = tensor(operator.bias.transpose(2, 0, 1)[:, np.newaxis])
        return conv2d(ones, taps, None, operator.stride, operator.padding).contiguous(memory_format=self.layout)

    def run(self, image, watch=None):
        """Run one image.

        Parameters
        ----------
        image : ndarray
            As for `refsim.run`.
        watch : callable, optional
            Called with the site and the values of every node, as they are computed.

        Returns
        -------
        logits : ndarray of float32, shape (classes,)
            Of the last timestep, on the scale of refsim's integers.
        """
        import torch

        with torch.inference_mode():
            frames = torch.from_numpy(input_frames(self.network, image)).permute(0, 3, 1, 2)
            values = {INPUT_SITE: frames.to(torch.float32).contiguous(memory_format=self.layout)}
            for node in self.network.nodes:
                outcome = values[node.name] = self.compute(node, [values[site] for site in node.inputs])
                if watch is not None:
                    watch(node.name, outcome)
                for site in self.spent[node.name]:
                    del values[site]
            return outcome[-1, 0].numpy()

    def compute(self, node, inputs):
        """Return the output of a node at all timesteps."""
        operator, kind = node.operator, node.operator.kind()
        if kind in IN_TIME:
            return IN_TIME[kind](operator, self.tensors[node.name], *inputs, self.network.timesteps)
        return STATELESS[kind](operator, self.tensors[node.name], *inputs)

    def spike_counts(self, image):
        """Run one image and count.

        Returns
        -------
        logits : ndarray of float32
        spike_counts : dict of ndarray by site, int64 of shape (T,)
            As in `refsim.simulator.Result`.
        """
        neurons = {node.name for node in self.network.nodes if node.operator.is_neuron}
        counts = {}

        def watch(site, values):
            if site in neurons:
                counts[site] = values.count_nonzero(dim=tuple(range(1, values.ndim))).numpy()

        return self.run(image, watch), counts


def tensor(array):
    """Return integers as a float32 tensor."""
    import torch

    return torch.from_numpy(np.ascontiguousarray(array, np.float32))


def image_sites(network):
    """Return the sites whose values are images."""
    images = {INPUT_SITE}
    for node in network.nodes:
        kind = node.operator.kind()
        if kind in IMAGES or (kind in SAME_FORM and node.inputs[0] in images):
            images.add(node.name)
    return images


def spent_sites(network):
    """Return, for each node, the sites that nothing reads after it."""
    last_reader = {site: node.name for node in network.nodes for site in node.inputs}
    spent = {node.name: [] for node in network.nodes}
    for site, reader in last_reader.items():
        spent[reader].append(site)
    return spent


def exact_sites(network):
    """Return how many of the first nodes are exact in float32 whatever the input: their worst case is below 2**24.

    A membrane counts with the fractions that its leak leaves: its register holds them as whole numbers. The worst case
    of sums bounds every partial sum too, in any order.
    """
    for place, node in enumerate(network.nodes):
        sites = [node.name] if node.register_site is None else [node.name, node.register_site]
        if any(max(map(abs, network.signals[site].interval)) > EXACT for site in sites):
            return place
    return len(network.nodes)
