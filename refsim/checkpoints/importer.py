"""What the importers of all published architectures share: reading layers, rounding them, thresholds and streams."""

from refsim.checkpoints.conventions import suggested_image_size
from refsim.checkpoints.quantiser import Quantiser
from refsim.errors import CheckpointError


class Importer:
    """Turns the tensors of one checkpoint into the integers of its network.

    A subclass knows the keys of its architecture; `configuration` and `quantise` are all it must have.

    Parameters
    ----------
    tensors : Tensors
    conventions : Conventions
    keep : bool
        Whether to keep the real values too, for a comparison.
    """

    def __init__(self, tensors, conventions, keep=False):
        self.tensors, self.conventions = tensors, conventions
        self.quantiser = Quantiser(tensors.path, conventions.bits, keep)
        self.classes, self.width = self.shape("head.weight", 2)
        self.config = self.configuration()
        self.statistics = conventions.pixel_statistics(self.config.classes, self.config.channels)

    def configuration(self):
        """Return the configuration that the shapes of the tensors tell."""
        raise NotImplementedError

    def quantise(self):
        """Round every layer."""
        raise NotImplementedError

    def values(self):
        """Return all integers by site and field.

        Raises
        ------
        CheckpointError
            If a tensor is missing, of another shape, unknown, or cannot become integers.
        """
        self.quantise()
        self.tensors.require_all_taken()
        return self.quantiser.values

    def shape(self, name, axes):
        """Return the shape of a tensor that must have so many axes."""
        shape = self.tensors.shape(name)
        if len(shape) != axes:
            raise CheckpointError(f"{self.tensors.path}: {name}: expected {axes} axes, got shape {shape}")
        return shape

    def common_fields(self, channels):
        """Return the fields that every configuration has."""
        conventions = self.conventions
        mean, _ = conventions.pixel_statistics(self.classes, channels)
        return {
            "image_size": conventions.image_size or suggested_image_size(self.classes),
            "channels": channels,
            "classes": self.classes,
            "centred": any(mean),
            "timesteps": conventions.timesteps,
            **conventions.neurons,
        }

    def given_heads(self, known):
        """Return the number of heads: as given, or of a published size."""
        heads = self.conventions.heads or known
        if heads is None:
            raise CheckpointError(
                f"{self.tensors.path}: {self.width} channels are of no published size, and a checkpoint does not hold "
                "the number of heads: give --heads"
            )
        return heads

    def image_affine(self, site, affine, per_channel=True):
        """Round the first convolution, which sees pixels; return the shifts of its step."""
        mean, std = self.statistics
        return self.quantiser.centred(site, affine, self.conventions.white, mean, std, per_channel)

    def neuron(self, site, step, channels, count=1):
        """Set the thresholds of a layer of neurons."""
        self.quantiser.threshold(site, step, channels, self.conventions.threshold, count)

    def spiking(self, site, affine, neuron=None):
        """Round a layer that ends in neurons."""
        self.neuron(
            neuron or site, self.quantiser.affine(site if neuron else f"{site}_linear", affine), len(affine.bias)
        )

    def branch(self, site, affine):
        """Round a layer that ends in a residual stream; return the shift of its step."""
        return int(self.quantiser.affine(site, affine, per_channel=False)[0])

    def product_neuron(self, site, channels):
        """Set the thresholds of the neurons on Q K^T V, which hold its factor."""
        conventions = self.conventions
        threshold = conventions.attention_threshold / conventions.attention_scale
        self.quantiser.threshold(site, 0, channels, threshold)

    def gate_neuron(self, site, channels):
        """Set the thresholds of the gates of spike-driven self-attention, whose input is not halved."""
        conventions = self.conventions
        self.quantiser.threshold(site, 0, channels, conventions.attention_threshold * (1 + conventions.halve_input))
