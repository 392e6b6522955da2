"""Classes of wrong values that each right value explains by itself: signs, registers too narrow, shifts, offsets."""

import numpy as np

REGISTER_WIDTHS = range(4, 33)
UNSIGNED_WIDTHS = range(2, 33)
SHIFTS = range(1, 9)
WORD_BYTES = (2, 4, 8)
SHIFT_KINDS = {
    "shifted left by {}": np.left_shift,
    "shifted right by {}": np.right_shift,
    "shifted right by {}, rounded towards 0": lambda values, count: np.sign(values) * (np.abs(values) >> count),
    "the lowest {} cleared": lambda values, count: values >> count << count,
}


def all_zero(evidence):
    """Nothing arrives."""
    if evidence.is_silent:
        yield "all zero"


def off_by_constant(evidence):
    """The same is added everywhere."""
    delta = (evidence.got - evidence.expected)[evidence.unequal]
    if (delta == delta[0]).all() and bool((evidence.unequal == evidence.counted).all()):
        amount = int(delta[0])
        yield f"off by one everywhere ({amount:+d})" if abs(amount) == 1 else f"off by a constant ({amount:+d})"


def bias_wrong(evidence):
    """A sum without its bias, or with it twice."""
    bias = getattr(evidence.node.operator, "bias", None)
    if bias is not None and bias.ndim == 1:
        bias = bias.astype(np.int64)
        if evidence.matches(evidence.expected - bias):
            yield "the bias is left out"
        if evidence.matches(evidence.expected + bias):
            yield "the bias is added twice"


def sign_wrong(evidence):
    """Negative values lose their minus, all values change it, or negative ones vanish."""
    if evidence.by_value(np.abs):
        yield "sign lost: negative values became positive"
    if evidence.by_value(np.negative):
        yield "negated"
    if evidence.by_value(np.maximum, 0):
        yield "spikes of -1 dropped" if evidence.is_spiking else "negative values became 0"


def read_unsigned(evidence):
    """Negative values appear larger by 2^n."""
    widths = [bits for bits in UNSIGNED_WIDTHS if evidence.by_value(unsigned, bits)]
    if widths:
        yield f"negative values read as unsigned, {widths_words(widths)}"


def unsigned(values, bits):
    """Read two's complement without its sign."""
    return np.where(values < 0, values + (1 << bits), values)


def bytes_swapped(evidence):
    """Words that were written in one order of bytes and read in the other."""
    for size in WORD_BYTES:
        if evidence.by_value(swapped, size):
            yield f"bytes swapped in words of {8 * size} bits"


def swapped(values, size):
    """Reverse the bytes of the lowest bits, as two's complement."""
    words = np.ascontiguousarray(values).astype(f"<i{size}")
    return words.byteswap().astype(np.int64)


def wrapped(evidence):
    """A two's complement register that is too narrow and wraps."""
    widths = [bits for bits in REGISTER_WIDTHS if evidence.by_value(wrap, bits)]
    if widths:
        yield f"wrapped at {widths_words(widths)}"


def wrap(values, bits):
    """Keep the lowest bits, as two's complement."""
    half = 1 << bits - 1
    return ((values + half) & (2 * half - 1)) - half


def saturated(evidence):
    """A two's complement register that is too narrow and saturates, at both ends or alike in magnitude."""
    for bits in REGISTER_WIDTHS:
        half = 1 << bits - 1
        if evidence.by_value(np.clip, -half, half - 1):
            yield f"saturated at {bits} bits"
        elif evidence.by_value(np.clip, 1 - half, half - 1):
            yield f"saturated at {bits} bits, from {1 - half} to {half - 1}"


def shifted(evidence):
    """A shift too many or too few, or low bits lost; of several amounts that explain the same, the smallest."""
    if evidence.is_silent or evidence.is_spiking:
        return
    for words, transform in SHIFT_KINDS.items():
        count = next((count for count in SHIFTS if evidence.by_value(transform, count)), 0)
        if count:
            yield words.format(f"{count} bit{'s' * (count > 1)}")


def binarised(evidence):
    """Whether there is something, but not how much."""
    if evidence.is_spiking:
        return
    if evidence.by_value(np.not_equal, 0):
        yield "binarised: 1 wherever it is not 0"
    elif evidence.by_value(np.greater, 0):
        yield "binarised: 1 wherever it is positive"
    elif evidence.by_value(np.sign):
        yield "only the sign is left"


def capped(evidence):
    """Nothing above a constant."""
    counted = evidence.got[evidence.counted]
    largest = int(counted.max())
    if counted.min() < largest and evidence.by_value(np.minimum, largest):
        yield f"capped at {largest}"


def only_negative(evidence):
    """Right wherever the right value is positive, which some must be to tell."""
    right = (evidence.expected > 0) & ~evidence.unequal & evidence.counted
    if right.any() and evidence.only_where(evidence.expected < 0):
        yield "only where the expected value is negative"


def off_by_one_in_places(evidence):
    """Some values are one more or one less; where values are rounded, as another rounding would have them."""
    delta = (evidence.got - evidence.expected)[evidence.counted]
    if evidence.is_spiking or np.abs(delta).max() > 1 or abs(int(delta.sum())) == delta.size:
        return
    ways = {1: "one more", -1: "one less"}
    found = " or ".join(words for amount, words in ways.items() if (delta == amount).any())
    yield f"{found} in places" + ": rounded differently" * rounds(evidence.node.operator)


def rounds(operator):
    """Tell whether an operator drops bits: a membrane floored as it leaks (rule N9), a shifted ReLU (rule N10)."""
    if operator.kind() == "LIF":
        return operator.rounding == "floor" and operator.leak_shift > 0
    return operator.kind() == "ReLU" and operator.shift > 0


def widths_words(widths):
    """Name the widths that explain the same values, which follow each other."""
    return f"{widths[0]} bits" if len(widths) == 1 else f"{widths[0]} to {widths[-1]} bits"
