"""The integers of a network by name, handed to an architecture that knows their shapes."""

import numpy as np

from refsim.errors import ConfigurationError
from refsim.numerics import is_integer, require_array


class Parameters:
    """Integers by site and field, as in ``block0.mlp.fc1.weights``; each must be asked for exactly once.

    Parameters
    ----------
    values : dict
        Arrays, and plain integers for shifts.
    """

    def __init__(self, values):
        self.values, self.asked = values, set()

    def take(self, name):
        if name not in self.values:
            raise ConfigurationError(f"{name}: missing among the parameters")
        self.asked.add(name)
        return self.values[name]

    def array(self, name, dtype, shape):
        """Return an array after checking its type and shape."""
        array = self.take(name)
        require_array(name, array, dtype, shape)
        return np.ascontiguousarray(array)

    def integer(self, name):
        """Return a plain integer, such as a shift."""
        value = self.take(name)
        if not is_integer(value):
            raise ConfigurationError(f"{name}: expected an integer, got {value!r}")
        return int(value)

    def require_all_taken(self):
        """Refuse parameters that no operator asked for."""
        unknown = sorted(set(self.values) - self.asked)
        if unknown:
            raise ConfigurationError(f"{unknown[0]}: not a parameter of this architecture ({len(unknown)} such)")
