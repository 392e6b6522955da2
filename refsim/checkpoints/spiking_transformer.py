"""From the float checkpoint of a Spiking Transformer that refsim trained to the integers of its network.

Every step is dyadic: a weight w of step 2**-s becomes round(w 2**s), a threshold becomes theta 2**s on the step of the
sums it is held against, and the branches of the residual stream are shifted left to its finest step.
"""

import numpy as np

from refsim.architectures.configuration import STEM_STAGES
from refsim.architectures.parameters import Parameters
from refsim.architectures.spiking_transformer import SpikingTransformerConfig, spiking_transformer
from refsim.checkpoints.description import read_checkpoint
from refsim.checkpoints.quantiser import PIXEL_SHIFT, Quantiser
from refsim.checkpoints.tensors import Affine
from refsim.errors import CheckpointError, ConfigurationError, NetworkError


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
    ConfigurationError, NetworkError
        If its parts do not fit together.
    """
    tensors, description = read_checkpoint(path)
    try:
        config = SpikingTransformerConfig.from_settings(description["config"])
        trained = TrainedQuantiser(path, config, tensors, description["thresholds"])
        return spiking_transformer(config, Parameters(trained.parameters()), name, description["provenance"])
    except (ConfigurationError, NetworkError) as error:
        error.args = (f"{path}: {error}",)
        raise


class TrainedQuantiser:
    """Rounds the tensors of one checkpoint, on the steps that training chose.

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
        self.quantiser = Quantiser(path)

    def parameters(self):
        """Return all integers by site and field."""
        config = self.config
        for stage in range(STEM_STAGES):
            input_shift = PIXEL_SHIFT if stage == 0 and config.input == "image" else 0
            step = self.affine(f"stem.conv{stage}", input_shift)
            self.threshold(f"stem.neuron{stage}", step, config.stem_channels[stage])
        branches = {"stem.residual": self.affine("stem.position")}
        for block in range(config.depth):
            branches[f"block{block}.attention.residual"] = self.attention(f"block{block}.attention")
            branches[f"block{block}.mlp.residual"] = self.mlp(f"block{block}.mlp")
        stream = self.quantiser.stream(int(step[0]), {site: int(branch[0]) for site, branch in branches.items()})
        for block in range(config.depth):
            self.threshold(f"block{block}.attention.input", stream, config.embedding)
            self.threshold(f"block{block}.mlp.input", stream, config.embedding)
        self.threshold("head.input", stream, config.embedding)
        self.quantiser.head("head.linear", self.real("head.linear"), config.tokens, self.take("head.linear.shift"))
        if self.tensors:
            raise CheckpointError(f"{self.path}: {min(self.tensors)}: a tensor that this architecture does not have")
        return self.quantiser.values

    def affine(self, site, input_shift=0):
        """Round one convolution or linear map; return the shifts of the step of its sums."""
        return self.quantiser.affine(site, self.real(site), shift=self.take(f"{site}.shift"), input_shift=input_shift)

    def real(self, site):
        return Affine(self.take(f"{site}.weight"), self.take(f"{site}.bias"))

    def attention(self, site):
        """Round the parts of an attention; return the shifts of its branch."""
        q, k, v = (self.projected(f"{site}.{letter}", getattr(self.config, letter)) for letter in "qkv")
        step = self.map(f"{site}.map", q + k)
        self.threshold(f"{site}.output", step + v, self.config.embedding, self.thresholds["attention"])
        return self.affine(f"{site}.projection")

    def projected(self, site, kind):
        """Round one of q, k and v with its neuron; return the shift of the step of its spikes."""
        step = self.affine(f"{site}_linear")
        if kind != "relu":
            self.threshold(site, step, self.config.embedding)
            return 0
        kept, step = int(self.take(f"{site}.step_shift")), int(step[0])
        if kept > step:
            raise CheckpointError(
                f"{self.path}: {site}: spikes of step 2**-{kept} are finer than their sums, 2**-{step}"
            )
        self.quantiser.values[f"{site}.shift"] = step - kept
        return kept

    def map(self, site, step):
        """Set the neuron on the scores, whose step is given; return the shift of the step of the attention map."""
        if self.config.scores == "identity":
            return step
        if self.config.scores == "relu":
            kept = int(self.take(f"{site}.step_shift"))
            self.quantiser.values[f"{site}.shift"] = step - kept
            return kept
        self.threshold(site, step, self.config.tokens, self.thresholds["attention"])
        return 0

    def mlp(self, site):
        """Round the parts of an MLP; return the shifts of its branch."""
        step = self.affine(f"{site}.fc1")
        self.threshold(f"{site}.hidden", step, self.config.embedding * self.config.mlp_ratio)
        return self.affine(f"{site}.fc2")

    def threshold(self, site, step, channels, threshold=None):
        """Put a real threshold on the step of the sums it is held against."""
        threshold = self.thresholds["neuron"] if threshold is None else threshold
        self.quantiser.threshold(site, np.asarray(step), channels, threshold)

    def take(self, name):
        """Return a tensor, each of which is asked for once."""
        if name not in self.tensors:
            raise CheckpointError(f"{self.path}: {name}: missing")
        return self.tensors.pop(name)
