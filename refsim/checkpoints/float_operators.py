"""What every operator of an imported network is on real numbers, in PyTorch: one function an operator.

Values are batches (B, Y, X, C), (B, N, C) or (B, H, N, N), as refsim lays them out. Sums have no step, so that shifts,
bit planes and widths play no part, and a neuron never rounds. A function takes the operator, its real parameters by
field and the values of its inputs; one that keeps a register takes that as well, None at first, and gives it back.
"""

from refsim.checkpoints.token_operators import TOKEN_OPERATORS


def convolution(operator, reals, values):
    """Sums over windows, weights (outputs, channels, rows, columns) (rules N6 and N7)."""
    from torch.nn.functional import conv2d

    sums = conv2d(as_planes(values), reals["weights"], reals["bias"], operator.stride, operator.padding)
    return as_places(sums)


def tap_bias(operator, reals, values):
    """The biases of those taps that lie inside the image (rule N18): a convolution of an image of ones."""
    from torch.nn.functional import conv2d

    ones = values.new_ones((1, 1, operator.image_rows, operator.image_columns))
    taps = reals["bias"].permute(2, 0, 1).unsqueeze(1)
    return values + as_places(conv2d(ones, taps, None, operator.stride, operator.padding))


def max_pool(operator, reals, values):
    """The largest value under each window inside the image (rule N12)."""
    from torch.nn.functional import max_pool2d, pad

    # PyTorch's own padding goes no further than half a window.
    padded = pad(as_planes(values), [operator.padding] * 4, value=float("-inf"))
    return as_places(max_pool2d(padded, operator.window, operator.stride))


def tokens(operator, reals, values):
    """Places as tokens, row by row (rule N5)."""
    return values.flatten(1, 2)


def grid(operator, reals, values):
    """Tokens in their places (rule N5)."""
    return values.unflatten(1, (operator.rows, operator.columns))


def residual(operator, reals, stream, branch):
    """The stream plus the branch (rule N13)."""
    return stream + branch


def lif(operator, reals, currents, membrane):
    """Leaky integrate-and-fire: h = 2**-k v + g x, fired at the threshold, then reset (rule N8).

    Returns
    -------
    spikes, membrane : Tensor
    """
    thresholds = reals["thresholds"]
    charge = currents / 2 if operator.halve_input else currents
    if membrane is not None:
        charge = membrane / 2**operator.leak_shift + charge
    spikes = (charge >= thresholds).to(charge.dtype)
    if operator.spikes == "ternary":
        spikes -= (charge <= -thresholds).to(charge.dtype)
    if operator.reset == "subtract":
        return spikes, charge - spikes * thresholds
    return spikes, charge.masked_fill(spikes != 0, 0)


def time_sum(operator, reals, values, total):
    """The running sum over timesteps (rule N14).

    Returns
    -------
    output, total : Tensor
        The same.
    """
    total = values if total is None else total + values
    return total, total


STATELESS = TOKEN_OPERATORS | {
    "Convolution": convolution,
    "Grid": grid,
    "MaxPool": max_pool,
    "Residual": residual,
    "TapBias": tap_bias,
    "Tokens": tokens,
}
STATEFUL = {"LIF": lif, "TimeSum": time_sum}
"""The functions by the name of their operator: from inputs to the output, and with a register to the register too."""


def as_planes(values):
    """View (B, Y, X, C) as (B, C, Y, X)."""
    return values.permute(0, 3, 1, 2)


def as_places(planes):
    """View (B, C, Y, X) as (B, Y, X, C)."""
    return planes.permute(0, 2, 3, 1)
