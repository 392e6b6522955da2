"""What can go wrong, as one small tree of exceptions.

Every message names what was wrong, where, what was expected and what was found.
"""

from difflib import get_close_matches


def did_you_mean(name, known):
    """Return what to add to an error about an unknown name: the known ones that are like it, if any.

    Examples
    --------
    >>> did_you_mean("head.inptu", ["stem.pool", "head.input"])
    '; did you mean head.input?'
    """
    near = get_close_matches(str(name), known, n=3)
    return f"; did you mean {', '.join(near)}?" if near else ""


class RefsimError(Exception):
    """Any fault that the caller can mend."""


class InputError(RefsimError):
    """An image or a set of spike frames that the network does not take."""


class ModelFileError(RefsimError):
    """A model file that is damaged, foreign, or of a newer format."""


class CheckpointError(RefsimError):
    """A training checkpoint that cannot become integers."""


class ConfigurationError(RefsimError):
    """An architecture that cannot be built, or cannot be built by additions."""


class NetworkError(RefsimError):
    """Operators that do not fit together, or parameters that do not fit an operator."""


class RegisterError(NetworkError):
    """A register that could leave its format.

    Attributes
    ----------
    site, register : str
        Where, and which register there.
    bits_needed, bits_declared : int
        Width in two's complement that the worst case asks for, and the width that is there.
    """

    def __init__(self, site, register, bits_needed, bits_declared):
        self.site, self.register = site, register
        self.bits_needed, self.bits_declared = bits_needed, bits_declared
        super().__init__(
            f"{site}: the {register} needs {bits_needed} bits in the worst case, its register has {bits_declared}"
        )


class GoldenError(RefsimError):
    """A golden case or suite that is damaged, hostile or vacuous, or an implementation that cannot be asked."""


class BenchmarkError(RefsimError):
    """Engines, or a dense network of the same integers, that do not give the same bits: no time of theirs counts."""


class MultiplicationError(RefsimError):
    """An operation outside the contract (multiply, divide, float, ...) reached the data."""
