"""From the float checkpoint of a Spiking Transformer to the integers of its network.

Every step is dyadic: a weight w of step 2**-s becomes round(w 2**s), a threshold becomes theta 2**s on the step of the
sums it is held against, and the branches of the residual stream are shifted left to its finest step.
"""

import numpy as np

from refsim.architectures.parameters import Parameters
from refsim.architectures.spiking_transformer import STEM_STAGES, SpikingTransformerConfig, spiking_transformer
from refsim.checkpoints.description import read_checkpoint
from refsim.checkpoints.quantisation import rounded_bias, rounded_weights, scaled_threshold
from refsim.errors import CheckpointError

PIXEL_SHIFT = 8
"""The network was trained on pixels p / 2**8."""


def import_spiking_transformer(path, name):
    """Turn a checkpoint written by ``python -m refsim.training`` into a network.

    Parameters
    ----------
    path : str or Path
        A .safetensors file.
    name : str
        Of the network.

    Returns
    -------
    network : Network
        The same checkpoint always gives the same network.

    Raises
    ------
    CheckpointError
        If the checkpoint is unreadable, incomplete, or holds values that cannot become integers.
    """
    tensors, description = read_checkpoint(path)
    config = SpikingTransformerConfig.from_settings(description["config"])
    quantiser = Quantiser(path, config, tensors, description["thresholds"])
    parameters = Parameters(quantiser.parameters())
    return spiking_transformer(config, parameters, name, description["provenance"])


class Quantiser:
    """Rounds the tensors of one checkpoint.

    Parameters
    ----------
    path : str or Path
        Named in errors.
    config : SpikingTransformerConfig
    tensors : dict of ndarray by name
    thresholds : dict
        Real thresholds: ``attention`` of the LIF neurons on the products of attention, ``neuron`` of all others.
    """

    def __init__(self, path, config, tensors, thresholds):
        self.path, self.config, self.tensors, self.thresholds = path, config, dict(tensors), thresholds
        self.values = {}

    def parameters(self):
        """Return all integers by site and field."""
        config = self.config
        for stage in range(STEM_STAGES):
            input_shift = PIXEL_SHIFT if stage == 0 and config.input == "image" else 0
            step = self.affine(f"stem.conv{stage}", input_shift)
            self.threshold(f"stem.neuron{stage}", step, config.stem_channels[stage])
        position = self.affine("stem.position")
        blocks = range(config.depth)
        branches = {f"block{block}.attention": self.attention(f"block{block}.attention") for block in blocks}
        branches |= {f"block{block}.mlp": self.mlp(f"block{block}.mlp") for block in blocks}
        stream = max(int(shift) for shift in (step, position, *branches.values()))
        self.residual("stem.residual", stream, step, position)
        for site, branch in branches.items():
            self.residual(f"{site}.residual", stream, stream, branch)
            self.threshold(f"{site}.input", stream, config.embedding)
        self.threshold("head.input", stream, config.embedding)
        self.head()
        if self.tensors:
            raise CheckpointError(f"{self.path}: {min(self.tensors)}: a tensor that this architecture does not have")
        return self.values

    def affine(self, site, input_shift=0):
        """Round one convolution or linear map; return the shift of the step of its sums."""
        shift = self.take(f"{site}.shift")
        self.values[f"{site}.weights"] = rounded_weights(self.path, site, self.take(f"{site}.weight"), shift)
        bias = self.take(f"{site}.bias")
        self.values[f"{site}.bias"] = rounded_bias(self.path, site, bias, shift + input_shift)
        return shift[0] + input_shift if len(shift) == 1 else shift + input_shift

    def attention(self, site):
        """Round the parts of an attention; return the shift of its branch."""
        q, k, v = (self.projected(f"{site}.{letter}", getattr(self.config, letter)) for letter in "qkv")
        step = self.map(f"{site}.map", q + k)
        attention = self.thresholds["attention"]
        self.threshold(f"{site}.output", step + v, self.config.embedding, attention)
        return self.affine(f"{site}.projection")

    def projected(self, site, kind):
        """Round one of q, k and v with its neuron; return the shift of the step of its spikes."""
        step = self.affine(f"{site}_linear")
        if kind != "relu":
            self.threshold(site, step, self.config.embedding)
            return 0
        kept = int(self.take(f"{site}.step_shift"))
        if kept > step:
            raise CheckpointError(
                f"{self.path}: {site}: spikes of step 2**-{kept} are finer than their sums, 2**-{step}"
            )
        self.values[f"{site}.shift"] = int(step - kept)
        return kept

    def map(self, site, step):
        """Set the neuron on the scores, whose step is given; return the shift of the step of the attention map."""
        if self.config.scores == "identity":
            return step
        if self.config.scores == "relu":
            kept = int(self.take(f"{site}.step_shift"))
            self.values[f"{site}.shift"] = step - kept
            return kept
        self.threshold(site, step, self.config.tokens, self.thresholds["attention"])
        return 0

    def mlp(self, site):
        """Round the parts of an MLP; return the shift of its branch."""
        step = self.affine(f"{site}.fc1")
        self.threshold(f"{site}.hidden", step, self.config.embedding * self.config.mlp_ratio)
        return self.affine(f"{site}.fc2")

    def residual(self, site, stream, *steps):
        """Align two summands to the step of the stream."""
        for name, step in zip(("stream", "branch"), steps):
            self.values[f"{site}.{name}_shift"] = int(stream - step)

    def head(self):
        """Round the classifier; its bias is added once for each token and timestep."""
        self.values["head.linear.step_shift"] = int(self.affine("head.linear"))
        bias = self.values["head.linear.bias"].astype(np.int64) * self.config.tokens
        if np.abs(bias).max() >= 2**31:
            raise CheckpointError(f"{self.path}: head.linear.bias: times {self.config.tokens} tokens leaves int32")
        self.values["head.linear.bias"] = bias.astype(np.int32)

    def threshold(self, site, step, channels, threshold=None):
        """Put a real threshold on the step of the sums it is held against."""
        threshold = self.thresholds["neuron"] if threshold is None else threshold
        steps = np.broadcast_to(step, channels)
        self.values[f"{site}.thresholds"] = scaled_threshold(self.path, site, threshold, steps)

    def take(self, name):
        """Return a tensor, each of which is asked for once."""
        if name not in self.tensors:
            raise CheckpointError(f"{self.path}: {name}: missing")
        return self.tensors.pop(name)
