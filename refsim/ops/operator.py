"""What every operator answers: the form of its output, its state, one timestep, and its share of the census."""

from dataclasses import dataclass, fields, replace

import numpy as np

from refsim.audit.census import Census


@dataclass(frozen=True, eq=False)
class Operator:
    """One operation of a network: parameters and rules, no state.

    A subclass is a frozen dataclass. Its array fields are the parameters kept in a model file; its other fields are
    words and integers.

    Attributes
    ----------
    input_count : int
        How many sites it reads.
    is_neuron : bool
        Whether the output is spikes of which a firing rate can be told.
    register : str or None
        Name of the register kept between timesteps; None for a stateless operator.
    since_minor : int
        Minor version of the numerics that first has the operator.
    """

    input_count = 1
    is_neuron = False
    register = None
    since_minor = 0

    def output(self, site, inputs, timesteps):
        """Check the parameters and return the form of the output.

        Parameters
        ----------
        site : str
            Named in errors.
        inputs : sequence of Signal
        timesteps : int

        Returns
        -------
        signal : Signal

        Raises
        ------
        NetworkError
            Where a parameter does not fit; RegisterError where a register could overflow.
        """
        raise NotImplementedError

    def minor_version(self, inputs):
        """Return the lowest minor version of the numerics that has this operator on inputs of the given forms."""
        return self.since_minor

    def state(self, site, inputs, timesteps):
        """Return the form of the register, for an operator that has one; raises as `output` does."""
        raise NotImplementedError

    def step(self, timestep, inputs, state, output, rows):
        """Compute one timestep.

        Parameters
        ----------
        timestep : int
            Counted from 0.
        inputs : list of ndarray
        state : ndarray or None
            The register, advanced in place; all zero before the first timestep.
        output : ndarray
            Filled.
        rows : slice
            The part of the output's leading axis to compute, within `row_count`; parts may run side by side.
        """
        raise NotImplementedError

    def row_count(self, output):
        """Return into how many parts along the leading axis a timestep may be cut; 1 where it cannot."""
        return output.shape[0]

    def census(self, inputs, output):
        """Return the census of one timestep, given the values that went in and came out."""
        return Census()

    def dense_macs(self, inputs, output):
        """Return how many multiply-accumulates a dense network would do here, given the two forms or values."""
        return 0

    @classmethod
    def kind(cls):
        """Name of the operator in a model file."""
        return cls.__name__

    def parameters(self):
        """Return the array fields by name."""
        return {
            field.name: value for field in fields(self) if isinstance(value := getattr(self, field.name), np.ndarray)
        }

    def settings(self):
        """Return the other fields by name: words, integers, truth values."""
        arrays = self.parameters()
        return {field.name: getattr(self, field.name) for field in fields(self) if field.name not in arrays}

    def settled(self):
        """Return the operator as it stays: arrays that nobody writes, in C order, and plain integers."""
        changes = {field.name: settled_value(getattr(self, field.name)) for field in fields(self)}
        return replace(self, **{name: value for name, value in changes.items() if value is not getattr(self, name)})


def settled_value(value):
    """Return a parameter or setting as it stays; the same object where it may."""
    if isinstance(value, np.integer):
        return int(value)
    if isinstance(value, np.bool_):
        return bool(value)
    if not isinstance(value, np.ndarray) or (value.flags.c_contiguous and value.dtype.isnative and is_frozen(value)):
        return value
    settled = np.array(value, value.dtype.newbyteorder("="), order="C")
    settled.flags.writeable = False
    return settled


def is_frozen(array):
    """Tell whether neither an array nor what it is a view of can be written."""
    while isinstance(array, np.ndarray):
        if array.flags.writeable:
            return False
        array = array.base
    return not isinstance(array, memoryview) or array.readonly


def as_rows(array):
    """View an array of channels-last values as a matrix (rows, channels)."""
    return array.reshape(-1, array.shape[-1])


def nonzero_count(spikes):
    """Count the spikes of an array."""
    return int(np.count_nonzero(spikes))
