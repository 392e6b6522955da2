"""Formats, worst-case intervals and registers: the part of golden/NUMERICS.md that holds before anything runs."""

from dataclasses import dataclass

import numpy as np

from refsim.errors import NetworkError, RegisterError

MOST_CHARACTERS = 1024
"""Of the name of a network, or of a site."""

MAJOR, MINOR = 1, 1
"""A change of any expected value raises the major number of the numerics, a new choice the minor one."""


def numerics_name(minor):
    """Return the name of a version of the numerics, as it stands in files.

    Examples
    --------
    >>> numerics_name(0)
    'refsim-numerics/1.0'
    """
    return f"refsim-numerics/{MAJOR}.{minor}"


NUMERICS_VERSION = numerics_name(MINOR)

COMPUTED_VERSIONS = tuple(map(numerics_name, range(MINOR + 1)))
"""What this refsim computes: values of an older minor version are those of the newest."""

INTERVAL_BITS = 62
"""Worst-case intervals are carried in int64; a bound that could pass 2**62 is refused before it is computed."""


def bits_needed(low, high):
    """Return the width of the narrowest two's complement register that holds all of [low, high].

    Examples
    --------
    >>> bits_needed(-128, 127), bits_needed(0, 128), bits_needed(0, 0)
    (8, 9, 1)
    """
    return max((value if value >= 0 else ~value).bit_length() for value in (int(low), int(high))) + 1


def storage(bits):
    """Return the NumPy type in which a register of the given width is kept."""
    return np.dtype(np.int32 if bits <= 32 else np.int64)


@dataclass(frozen=True, eq=False)
class Signal:
    """What is known of a site before it runs: its format and the worst case of its values.

    Attributes
    ----------
    dtype : numpy.dtype
        uint8 for pixels, int8 for spikes, int32 or int64 for registers.
    shape : tuple of int
        Of one timestep, channels last.
    low, high : ndarray of int64, shape (channels,)
        Smallest and largest possible value of each channel, over all inputs and timesteps.
    """

    dtype: np.dtype
    shape: tuple
    low: np.ndarray
    high: np.ndarray

    @classmethod
    def uniform(cls, dtype, shape, low, high):
        """Make a signal with one interval for all channels."""
        channels = shape[-1]
        return cls(np.dtype(dtype), tuple(shape), np.full(channels, low, np.int64), np.full(channels, high, np.int64))

    @classmethod
    def of(cls, values):
        """Describe values that are there, shape (T, ..., channels), by the smallest and largest of each channel."""
        rows = values.reshape(-1, values.shape[-1])
        return cls(values.dtype, values.shape[1:], rows.min(axis=0).astype(np.int64), rows.max(axis=0).astype(np.int64))

    @property
    def channels(self):
        return self.shape[-1]

    @property
    def interval(self):
        """Smallest and largest value over all channels, as Python integers."""
        return int(self.low.min()), int(self.high.max())

    @property
    def bits(self):
        """Width of the narrowest register that holds every value: unsigned for pixels, else two's complement."""
        return bits_needed(*self.interval) - (self.dtype.kind == "u")

    @property
    def is_spiking(self):
        """Whether every value is -1, 0 or 1, so that it gates additions."""
        low, high = self.interval
        return low >= -1 and high <= 1

    @property
    def plane_count(self):
        """Number of bit planes of a non-negative signal."""
        return max(1, self.interval[1].bit_length())


def register_signal(site, register, bits, shape, low, high):
    """Declare the register of a site and prove that no value can leave it.

    Parameters
    ----------
    site, register : str
        Named in the error.
    bits : int
        Declared width, two's complement.
    shape : tuple of int
    low, high : array_like of int64, shape (channels,)
        Worst case.

    Returns
    -------
    signal : Signal

    Raises
    ------
    RegisterError
        If a worst case leaves the declared width.
    """
    require_integer(f"{site}: bits of the {register}", bits, 2, 64)
    signal = Signal(storage(bits), tuple(shape), np.asarray(low, np.int64), np.asarray(high, np.int64))
    if signal.bits > bits:
        raise RegisterError(site, register, signal.bits, bits)
    return signal


def require_headroom(site, register, bits, peak):
    """Refuse a worst case too large for the int64 arithmetic of the interval analysis itself.

    Parameters
    ----------
    peak : int
        A bound on the magnitude, computed in Python's unbounded integers.
    """
    if int(peak).bit_length() > INTERVAL_BITS:
        raise RegisterError(site, register, int(peak).bit_length() + 1, bits)


def weighted_interval(signal, positive, negative):
    """Carry intervals through weighted sums in which any term may also be absent.

    Parameters
    ----------
    signal : Signal
        Of the inputs.
    positive, negative : ndarray of integers, shape (channels, outputs)
        Sums of the positive and of the negative weights from each input channel to each output.

    Returns
    -------
    low, high : ndarray of int64, shape (outputs,)
        Bounds on the sum and on every partial sum, whatever the order of the additions.
    """
    smallest, largest = np.minimum(signal.low, 0), np.maximum(signal.high, 0)
    low = weighted(smallest, positive) + weighted(largest, negative)
    return low, weighted(largest, positive) + weighted(smallest, negative)


def weighted(bounds, sums):
    """Return ``bounds @ sums`` in int64; where all bounds are alike, as they mostly are, without NumPy's slow product."""
    if (bounds == bounds[0]).all():
        return bounds[0] * sums.sum(axis=0, dtype=np.int64) if bounds[0] else np.zeros(sums.shape[1], np.int64)
    return bounds @ sums.astype(np.int64, copy=False)


def require_array(name, array, dtypes, shape):
    """Check a parameter's type and shape.

    Parameters
    ----------
    name : str
        Site and field, as in ``block0.mlp.fc1.weights``.
    array : ndarray
    dtypes : str or tuple of str
        Names of the accepted types.
    shape : tuple of int or None
        Expected shape; None stands for any size along an axis, but for 0.

    Raises
    ------
    NetworkError
        Naming the expected and the found type and shape.
    """
    dtypes = (dtypes,) if isinstance(dtypes, str) else dtypes
    fits = len(array.shape) == len(shape) and all(want in (None, got) and got for want, got in zip(shape, array.shape))
    if array.dtype.name not in dtypes or not fits:
        expected = "(" + ", ".join("any" if size is None else str(size) for size in shape) + ")"
        raise NetworkError(
            f"{name}: expected {' or '.join(dtypes)} of shape {expected}, got {array.dtype.name} {array.shape}"
        )


def is_integer(value):
    """Tell whether a value is a plain integer, not a truth value or an array."""
    return isinstance(value, (int, np.integer)) and not isinstance(value, bool)


def require_integer(name, value, low, high):
    """Check that a scalar is an integer in [low, high]."""
    if not is_integer(value) or not low <= value <= high:
        raise NetworkError(f"{name}: expected an integer from {low} to {high}, got {value!r}")


def require_name(what, value):
    """Check that something is called by characters that print, and not by too many for a model file.

    Examples
    --------
    >>> require_name("node", "block0.attention.q")
    """
    if not isinstance(value, str) or not value.isprintable() or not 0 < len(value) <= MOST_CHARACTERS:
        shown = repr(value[:20]) + "..." if isinstance(value, str) and len(value) > MOST_CHARACTERS else repr(value)
        raise NetworkError(f"{what}: expected a name of 1 to {MOST_CHARACTERS} characters that print, got {shown}")


def require_truth(name, value):
    """Check that a scalar is a truth value."""
    if not isinstance(value, bool):
        raise NetworkError(f"{name}: expected True or False, got {value!r}")


def require_choice(name, value, choices):
    """Check that a word is one of those known."""
    if not isinstance(value, str) or value not in choices:
        raise NetworkError(f"{name}: expected one of {', '.join(choices)}; got {value!r}")
