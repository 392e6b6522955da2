"""What the importers of all published architectures share: reading layers, rounding them, thresholds and streams."""

from refsim.checkpoints.conventions import suggested_image_size
from refsim.checkpoints.quantiser import Quantiser
from refsim.errors import CheckpointError


class Importer:
    """Turns the tensors of one checkpoint into the integers of its network.

    A subclass knows the keys of its architecture: ``FIRST`` is the convolution of the pixels, ``LAST`` the one whose
    outputs are as wide as what the head sees. `configuration` and `quantise` are all else that it must have. ``SCALE``
    is the factor of Q K^T V in the published code.

    Parameters
    ----------
    tensors : Tensors
    conventions : Conventions
    keep : bool
        Whether to keep the real values too, for a comparison.
    """

    WINDOW, SCALE = 3, 0.125

    def __init__(self, tensors, conventions, keep=False):
        self.tensors, self.conventions = tensors, conventions
        self.quantiser = Quantiser(tensors.path, conventions.bits, keep)
        self.classes, self.width = self.shape("head.weight", 2)
        self.require_fitting_head()
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
        """Return the shape of a tensor that must have so many axes and hold something."""
        shape = self.tensors.shape(name)
        if len(shape) != axes or 0 in shape:
            raise CheckpointError(f"{self.tensors.path}: {name}: expected {axes} axes, none empty, got shape {shape}")
        return shape

    def require_fitting_head(self):
        """Refuse a head that reads another number of channels than there are, such as a transposed one."""
        last = self.shape(self.LAST, 4)
        if last[0] != self.width:
            raise CheckpointError(
                f"{self.tensors.path}: head.weight: has shape ({self.classes}, {self.width}), expected "
                f"(classes, {last[0]}) after {self.LAST} of shape {last}"
            )

    def channels(self):
        """Return the channels of the image, which the first convolution shows."""
        shape = self.shape(self.FIRST, 4)
        if shape[2:] != (self.WINDOW, self.WINDOW):
            raise CheckpointError(
                f"{self.tensors.path}: {self.FIRST}: expected shape (outputs, channels, {self.WINDOW}, {self.WINDOW}), "
                f"got {shape}"
            )
        return shape[1]

    def mlp_ratio(self, name, width):
        """Return how much wider than its input a layer is; where its shape tells nothing, 1: it is named when taken."""
        shape = self.tensors.shape(name)
        return max(1, shape[0] // width) if shape else 1

    def common_fields(self, channels):
        """Return the fields that every configuration has."""
        conventions = self.conventions
        mean, _ = conventions.pixel_statistics(self.classes, channels)
        return {
            "image_size": conventions.image_size or suggested_image_size(self.classes, conventions.frames),
            "channels": channels,
            "classes": self.classes,
            "input": conventions.frames or "image",
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
        """Round the first convolution, which sees pixels or spike frames; return the shifts of its step."""
        if self.conventions.frames:
            return self.quantiser.affine(site, affine, per_channel)
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
        self.count_neuron(site, channels, self.conventions.attention_threshold / self.attention_scale)

    @property
    def attention_scale(self):
        """The factor of Q K^T V; None where an architecture has no such product."""
        return self.conventions.attention_scale or self.SCALE

    def gate_neuron(self, site, channels):
        """Set the thresholds of the gates of spike-driven self-attention, whose input is not halved.

        A gate that counts spikes against a threshold of at most one fires at any spike, and a reset to zero leaves it
        nothing: whatever the threshold, it is exactly a gate of threshold one.
        """
        conventions = self.conventions
        threshold = conventions.attention_threshold * (1 + conventions.halve_input)
        self.count_neuron(site, channels, max(1, threshold) if conventions.reset == "zero" else threshold)

    def count_neuron(self, site, channels, threshold):
        """Set the thresholds of neurons on whole numbers, the products of attention."""
        if threshold < 1 or threshold % 1:
            raise CheckpointError(
                f"{self.tensors.path}: {site}: products of attention are whole numbers, their threshold here is "
                f"{threshold:g}, expected a whole number of at least 1: give another --attention-threshold or "
                "--attention-scale"
            )
        self.quantiser.threshold(site, 0, channels, threshold)
