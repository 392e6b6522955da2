"""What every operator is in dense PyTorch, all timesteps at once: one function an operator.

Images are (T, C, Y, X), tokens (T, N, C), attention (T, H, N, N); T is 1 where a value is the same at every timestep.
Weights are the integers as float32, so that sums are exact below 2**24. A function takes the operator, its tensors by
field and the values of its inputs; those of neurons also take the number of timesteps.
"""

from refsim.checkpoints.token_operators import TOKEN_OPERATORS


def convolution(operator, tensors, values):
    """Sums over windows (rules N6 and N7)."""
    from torch.nn.functional import conv2d

    return conv2d(values, tensors["weights"], tensors["bias"], operator.stride, operator.padding)


def tap_bias(operator, tensors, values):
    """The biases of those taps that lie inside the image (rule N18), added up beforehand."""
    return values + tensors["bias"]


def max_pool(operator, tensors, values):
    """The largest value under each window inside the image (rule N12)."""
    from torch.nn.functional import max_pool2d, pad

    padding = operator.padding
    if 2 * padding > operator.window:
        # PyTorch's own padding goes no further than half a window.
        values, padding = pad(values, [padding] * 4, value=float("-inf")), 0
    return max_pool2d(values, operator.window, operator.stride, padding)


def tokens(operator, tensors, values):
    """Places as tokens, row by row (rule N5): a view where the channels lie last in memory."""
    return values.flatten(2).transpose(1, 2)


def grid(operator, tensors, values):
    """Tokens in their places (rule N5)."""
    return values.transpose(1, 2).unflatten(2, (operator.rows, operator.columns))


def residual(operator, tensors, stream, branch):
    """The stream plus the branch on one step (rule N13)."""
    if operator.stream_shift:
        stream = stream * 2**operator.stream_shift
    return stream.add(branch, alpha=2**operator.branch_shift)


def relu(operator, tensors, currents, timesteps):
    """What is positive, shifted right and saturated (rule N10)."""
    if operator.shift:
        currents = (currents * 2.0**-operator.shift).floor_()
    return currents.clamp(0, operator.cap)


def lif(operator, tensors, currents, timesteps):
    """Leaky integrate-and-fire through all timesteps (rules N8 and N9), the membrane in place."""
    import torch

    thresholds, membrane = tensors["thresholds"], torch.zeros_like(currents[0])
    spikes = torch.empty_like(currents) if len(currents) == timesteps else repeated_like(currents, timesteps)
    for timestep in range(timesteps):
        integrate(operator, membrane, currents[timestep if len(currents) > 1 else 0])
        fired = torch.ge(membrane, thresholds, out=spikes[timestep])
        if operator.spikes == "ternary":
            fired.sub_((membrane <= -thresholds).to(fired.dtype))
        if timestep < timesteps - 1:
            reset(operator, membrane, thresholds, fired)
    return spikes


def repeated_like(currents, timesteps):
    """Return room for all timesteps of a static value, laid out in memory as it is."""
    import torch

    repeated = currents.expand(timesteps, *currents.shape[1:])
    channels_last = currents.ndim == 4 and currents.is_contiguous(memory_format=torch.channels_last)
    layout = torch.channels_last if channels_last else torch.contiguous_format
    return torch.empty_like(repeated, memory_format=layout)


def integrate(operator, membrane, currents):
    """Leak and integrate in place: h = 2**-k v + g x, rounded down where the rule says so.

    Rule N9 rounds the leaked membrane down before it adds the whole input: one rounding after both gives the same.
    """
    membrane.mul_(2.0**-operator.leak_shift).add_(currents, alpha=0.5 if operator.halve_input else 1.0)
    if operator.rounding == "floor":
        membrane.floor_()


def reset(operator, membrane, thresholds, fired):
    """Clear the membrane where the neuron fired, or take the threshold away."""
    if operator.reset == "subtract":
        membrane.addcmul_(fired, thresholds, value=-1)
    elif operator.spikes == "ternary":
        membrane.addcmul_(membrane, fired.abs(), value=-1)
    else:
        membrane.addcmul_(membrane, fired, value=-1)


def time_sum(operator, tensors, values, timesteps):
    """The running sum over timesteps (rule N14)."""
    return values.expand(timesteps, *values.shape[1:]).cumsum(0)


STATELESS = TOKEN_OPERATORS | {
    "Convolution": convolution,
    "Grid": grid,
    "MaxPool": max_pool,
    "Residual": residual,
    "TapBias": tap_bias,
    "Tokens": tokens,
}
IN_TIME = {"LIF": lif, "ReLU": relu, "TimeSum": time_sum}
"""The functions by the name of their operator; those that also take the number of timesteps."""
