"""The guard on array code: arrays that can be moved, added, compared and shifted, and nothing else."""

import numpy as np
from numba.extending import typeof_impl

from refsim.errors import MultiplicationError

UFUNCS = {
    np.add, np.subtract, np.negative, np.positive, np.absolute,
    np.equal, np.not_equal, np.less, np.less_equal, np.greater, np.greater_equal, np.maximum, np.minimum,
    np.bitwise_and, np.bitwise_or, np.bitwise_xor, np.invert, np.left_shift, np.right_shift,
    np.logical_and, np.logical_or, np.logical_not,
}  # fmt: skip
"""Operations of rule N1."""

SHIFTS = {np.left_shift, np.right_shift}

FUNCTIONS = {
    np.copyto, np.copy, np.empty_like, np.zeros_like, np.reshape, np.ravel, np.transpose, np.swapaxes, np.moveaxis,
    np.concatenate, np.stack, np.split, np.array_split, np.expand_dims, np.squeeze, np.broadcast_to,
    np.flip, np.roll, np.where, np.shape, np.ndim, np.size, np.array_equal,
    np.array_repr, np.array_str, np.array2string, np.max, np.min, np.sum, np.any, np.all, np.argmax, np.argmin,
}  # fmt: skip
"""Movement, selection, and what is made of the ufuncs above."""

METHODS = (
    "dot", "mean", "std", "var", "prod", "cumprod", "trace", "round", "conj", "conjugate", "choose", "ptp",
    "put", "setfield", "getfield", "repeat", "nonzero", "searchsorted", "argsort", "argpartition",
)  # fmt: skip
"""Methods of an array that ask neither protocol, and multiply, divide, or give something else than data under guard."""


class GuardedArray(np.ndarray):
    """An array of data, on which only the operations of rule N1 work.

    It survives slicing, reshaping and views; a single element is an array without axes.

    Attributes
    ----------
    site : str
        Named when something else is tried.
    """

    site = "data"

    __numba_array_subtype_dispatch__ = True
    """Lets numba ask for the type of every array under guard; else it takes one for a plain array that it has seen."""

    def __array_finalize__(self, parent):
        self.site = getattr(parent, "site", self.site)

    def __array_ufunc__(self, ufunc, method, *inputs, out=None, **options):
        if ufunc not in UFUNCS:
            name = ufunc.__name__ if method == "__call__" else f"{ufunc.__name__}.{method}"
            raise MultiplicationError(f"{self.site}: {name} is not among the operations on data (rule N1)")
        amounts = inputs if method in ("reduce", "accumulate", "reduceat") else inputs[1:]
        if ufunc in SHIFTS and any(isinstance(value, GuardedArray) for value in flattened(amounts)):
            raise MultiplicationError(f"{self.site}: {ufunc.__name__} by an amount that comes from data (rule N1)")
        self.refuse_floats((*inputs, *(out or ())))
        self.refuse_other_types(options)
        options = {name: unguarded(value) for name, value in options.items()}
        if out is not None:
            options["out"] = tuple(map(unguarded, out))
        result = getattr(ufunc, method)(*map(unguarded, inputs), **options)
        return guarded(result if out is None else out[0], self.site)

    def __array_function__(self, function, types, arguments, options):
        if function not in FUNCTIONS:
            raise MultiplicationError(f"{self.site}: {function.__name__} is not among the operations on data (rule N1)")
        values = flattened((*arguments, *options.values()))
        self.refuse_floats(value for value in values if isinstance(value, (np.ndarray, np.generic, float, complex)))
        result = super().__array_function__(function, types, arguments, options)
        if isinstance(result, (list, tuple)):
            return type(result)(guarded(part, self.site) for part in result)
        return guarded(result, self.site)

    def refuse_floats(self, values):
        for value in values:
            if np.asarray(unguarded(value)).dtype.kind in "fcO":
                raise MultiplicationError(f"{self.site}: an operand that holds no integers meets data (rule N1)")

    def refuse_other_types(self, options):
        """Refuse to compute in floating point what is stored in integers afterwards, by whatever it is asked for."""
        if options.get("dtype") is not None:
            self.refuse_floats((np.empty(0, options["dtype"]),))
        if options.get("initial") is not None:
            self.refuse_floats((options["initial"],))
        for name in ("signature", "sig"):
            if options.get(name) is not None:
                raise MultiplicationError(f"{self.site}: {name} chooses what is computed with (rule N1); leave it out")

    def __setattr__(self, name, value):
        if name == "dtype":
            self.refuse_floats((np.empty(0, value),))
        super().__setattr__(name, value)

    def __getitem__(self, key):
        return guarded(super().__getitem__(key), self.site)

    def __setitem__(self, key, value):
        self.refuse_floats((value,))
        super().__setitem__(key, value)

    def fill(self, value):
        """Store one integer everywhere."""
        self[...] = value

    def view(self, *arguments):
        """View as integers, under guard or without it."""
        result = super().view(*arguments)
        self.refuse_floats((result,))
        return result

    def astype(self, dtype, *arguments, **options):
        """Convert to another type of integer."""
        if np.dtype(dtype).kind not in "iub":
            raise MultiplicationError(f"{self.site}: astype({np.dtype(dtype).name}) leaves the integers (rule N1)")
        return super().astype(dtype, *arguments, **options)

    def argmax(self, *arguments, **options):
        """Return the first place of the largest, under guard."""
        return guarded(super().argmax(*arguments, **options), self.site)

    def argmin(self, *arguments, **options):
        """Return the first place of the smallest, under guard."""
        return guarded(super().argmin(*arguments, **options), self.site)

    @property
    def flat(self):
        """Refused: what it gives is not under guard."""
        raise MultiplicationError(f"{self.site}: flat gives data without a guard (rule N1)")

    def __float__(self):
        raise MultiplicationError(f"{self.site}: float() leaves the integers (rule N1)")

    __complex__ = __float__


def _refused(method):
    def refuse(self, *_, **__):
        raise MultiplicationError(f"{self.site}: {method} is not among the operations on data (rule N1)")

    return refuse


for _method in METHODS:
    setattr(GuardedArray, _method, _refused(_method))


def flattened(values):
    """Yield values, and what stands in lists and tuples among them."""
    for value in values:
        if isinstance(value, (list, tuple)):
            yield from flattened(value)
        else:
            yield value


def guarded(values, site):
    """Return values under guard; what is no array stays as it is.

    Raises
    ------
    MultiplicationError
        If the values are floating point: data never leaves the integers.
    """
    if not isinstance(values, (np.ndarray, np.generic)):
        return values
    if values.dtype.kind in "fc":
        raise MultiplicationError(f"{site}: a result in {values.dtype.name} leaves the integers (rule N1)")
    if isinstance(values, GuardedArray):
        return values
    array = np.asarray(values).view(GuardedArray)
    array.site = site
    return array


def unguarded(values):
    """Return arrays, or a tuple of them, without guard: for kernels, which have their own proof, and for reports."""
    if isinstance(values, tuple):
        return tuple(map(unguarded, values))
    return values.view(np.ndarray) if isinstance(values, GuardedArray) else values


@typeof_impl.register(GuardedArray)
def _refuse_unproved(values, _):
    raise MultiplicationError(f"{values.site}: handed to a compiled function without a proof")
