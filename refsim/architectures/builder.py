"""The parts that the architectures are put together from: each takes its integers by site and adds its nodes."""

from refsim.network import INPUT_SITE, Assembly, Input
from refsim.ops import (
    LIF,
    Context,
    Convolution,
    KeyValue,
    Linear,
    Mask,
    MaxPool,
    ReLU,
    Residual,
    Retrieval,
    Scores,
    TapBias,
    TimeSum,
    Tokens,
    TokenSum,
)

WEIGHTS, REGISTERS = ("int8", "int16"), ("int32", "int64")


class Builder:
    """A network under construction, and the parameters for it.

    Parameters
    ----------
    config : Configuration
    parameters : Parameters
        Weights, biases, thresholds and shifts by site.
    """

    def __init__(self, config, parameters):
        self.config, self.parameters = config, parameters
        self.network = Assembly(Input(config.input, (*config.image_size, config.channels)), config.timesteps)

    def finish(self, name, denominator, provenance):
        """Return the network; a parameter that nothing asked for is an error."""
        self.parameters.require_all_taken()
        return self.network.finish(name, denominator, provenance or {})

    def channels(self, site):
        return self.network.signals[site].channels

    def convolution(self, site, values, outputs, window=3, stride=1):
        """A convolution that keeps the size, or divides it by the stride; the mean of centred pixels follows it."""
        signal = self.network.signals[values]
        weights = self.parameters.array(f"{site}.weights", WEIGHTS, (window, window, signal.channels, outputs))
        operator = Convolution(weights, self.bias(site, outputs), stride, window // 2, planes_of(signal))
        sums = self.network.add(site, operator, values)
        if values != INPUT_SITE or not self.config.centred:
            return sums
        taps = self.parameters.array(f"{site}.centred.bias", REGISTERS, (window, window, outputs))
        return self.network.add(f"{site}.centred", TapBias(taps, *signal.shape[:2], stride, window // 2), sums)

    def linear(self, site, values, outputs):
        signal = self.network.signals[values]
        weights = self.parameters.array(f"{site}.weights", WEIGHTS, (signal.channels, outputs))
        return self.network.add(site, Linear(weights, self.bias(site, outputs), planes=planes_of(signal)), values)

    def bias(self, site, outputs):
        return self.parameters.array(f"{site}.bias", REGISTERS, (outputs,))

    def neuron(self, site, currents, kind="binary"):
        """A layer of LIF neurons, or of ReLU neurons."""
        config = self.config
        if kind == "relu":
            return self.network.add(site, ReLU(self.parameters.integer(f"{site}.shift"), config.relu_cap), currents)
        thresholds = self.parameters.array(f"{site}.thresholds", REGISTERS, (self.channels(currents),))
        operator = LIF(thresholds, kind, config.leak_shift, config.halve_input, config.reset, config.rounding)
        return self.network.add(site, operator, currents)

    def pool(self, site, values):
        """Max pooling that halves the image."""
        return self.network.add(site, MaxPool(), values)

    def residual(self, site, stream, branch):
        shifts = (self.parameters.integer(f"{site}.{name}_shift") for name in ("stream", "branch"))
        return self.network.add(site, Residual(*shifts), stream, branch)

    def spike_add(self, site, stream, spikes):
        """A residual of spikes: both are integers of step 1."""
        return self.network.add(site, Residual(), stream, spikes)

    def context(self, site, q, k, v):
        """Q K^T V of spikes, in the association of the configuration."""
        if self.config.association == "key-value":
            key_value = self.network.add(f"{site}.key_value", KeyValue(self.config.heads), k, v)
            return self.network.add(f"{site}.context", Retrieval(), q, key_value)
        scores = self.network.add(f"{site}.scores", Scores(self.config.heads), q, k)
        return self.network.add(f"{site}.context", Context(), scores, v)

    def masked(self, site, q, k, v):
        """Q masked by a neuron on the column sums of K * V, in each channel."""
        return self.gated(site, q, self.network.add(f"{site}.both", Mask(), k, v))

    def gated(self, site, spikes, counted):
        """Spikes masked by a neuron that counts others over all tokens.

        Its threshold is half a spike on a halved input, which in whole numbers is a whole spike on the whole input.
        """
        counts = self.network.add(f"{site}.count", TokenSum(), counted)
        thresholds = self.parameters.array(f"{site}.gate.thresholds", REGISTERS, (self.channels(counts),))
        config = self.config
        gate = LIF(thresholds, "binary", config.leak_shift, False, config.reset, config.rounding)
        return self.network.add(f"{site}.output", Mask(), spikes, self.network.add(f"{site}.gate", gate, counts))

    def summed_head(self, site, values):
        """Values added up over tokens, a linear map of the sums, logits added up over time (rule N14)."""
        tokens = self.network.shape(values)[0]
        sums = self.network.add(f"{site}.count", TokenSum(), values)
        logits = self.linear(f"{site}.linear", sums, self.config.classes)
        return self.logits(site, logits, tokens)

    def neuron_head(self, site, membranes):
        """Membranes added up over tokens, a neuron on the sums, a linear map of its spikes (rule N14)."""
        spikes = self.neuron(f"{site}.neuron", self.network.add(f"{site}.sum", TokenSum(), membranes))
        return self.logits(site, self.linear(f"{site}.linear", spikes, self.config.classes), 1)

    def logits(self, site, values, tokens):
        """Add up over time and return the denominator of the logits."""
        self.network.add(f"{site}.logits", TimeSum(), values)
        return (self.config.timesteps * tokens) << self.parameters.integer(f"{site}.linear.step_shift")


def planes_of(signal):
    """Return the bit planes that an input is gathered through; 0 for spikes."""
    return 0 if signal.is_spiking else signal.plane_count


class PatchBuilder(Builder):
    """Parts of the architectures with a stem of four convolutions that split the image into patches."""

    def membrane_stem(self, image):
        """Four stages of patch splitting, the last pooled on membranes, plus the position branch: membranes."""
        config, values = self.config, image
        for stage, channels in enumerate(config.stem_channels):
            values = self.convolution(f"stem.conv{stage}", values, channels)
            if channels < config.embedding:
                values = self.neuron(f"stem.neuron{stage}", values)
            if stage in config.pooled_stages:
                values = self.pool(f"stem.pool{stage}", values)
        spikes = self.neuron("stem.neuron3", values)
        position = self.convolution("stem.position", spikes, config.embedding)
        return self.network.add("stem.tokens", Tokens(), self.residual("stem.residual", values, position))

    def mlp(self, site, stream):
        """Two linear maps, each after a neuron, onto the membrane stream."""
        hidden = self.linear(f"{site}.fc1", self.neuron(f"{site}.input", stream), self.hidden)
        branch = self.linear(f"{site}.fc2", self.neuron(f"{site}.hidden", hidden), self.config.embedding)
        return self.residual(f"{site}.residual", stream, branch)

    @property
    def hidden(self):
        """Width of the hidden layer of an MLP."""
        return self.config.embedding * self.config.mlp_ratio
