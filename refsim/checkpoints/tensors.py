"""The tensors of a checkpoint by name: each is asked for once, with its shape, and none may be left over."""

import re
from typing import NamedTuple

import numpy as np

from refsim.checkpoints.fusion import batch_norm, fold
from refsim.errors import CheckpointError

COUNTER_SHAPES = ((), (1,))
"""Of one number; containers that have no scalars hold it as an array of one."""


class Affine(NamedTuple):
    """A linear map or convolution with its BatchNorm folded in.

    Attributes
    ----------
    weight : ndarray of float64, shape (outputs, inputs) or (outputs, inputs, rows, columns)
    bias : ndarray of float64, shape (outputs,)
    """

    weight: np.ndarray
    bias: np.ndarray

    def of_window_one(self):
        """Return a convolution of window 1 as a linear map."""
        return self._replace(weight=self.weight.reshape(self.weight.shape[:2]))

    def as_image(self):
        """Return a layer of window 1 as a convolution of an image."""
        return self._replace(weight=self.weight.reshape(*self.weight.shape[:2], 1, 1))


class Tensors:
    """The tensors of one checkpoint.

    Parameters
    ----------
    path : str or Path
        Named in errors.
    tensors : dict of ndarray by name
    epsilon : float
        Of every BatchNorm.
    """

    def __init__(self, path, tensors, epsilon=1e-5):
        self.path, self.left, self.epsilon = path, dict(tensors), epsilon

    def take(self, name, shape):
        """Return a tensor after checking its shape, and never again.

        Raises
        ------
        CheckpointError
            If it is missing or of another shape.
        """
        if name not in self.left:
            raise CheckpointError(f"{self.path}: {name}: missing; expected a tensor of shape {shape}")
        tensor = self.left.pop(name)
        if tensor.shape != tuple(shape):
            raise CheckpointError(f"{self.path}: {name}: expected shape {tuple(shape)}, got {tensor.shape}")
        return tensor

    def layer(self, name, shape, bias):
        """Return the weight of a layer in float64, and its bias or None."""
        weight = self.take(f"{name}.weight", shape).astype(np.float64)
        return weight, self.take(f"{name}.bias", shape[:1]).astype(np.float64) if bias else None

    def norm(self, name, channels):
        """Return scale and shift of a BatchNorm, in float64."""
        fields = ("weight", "bias", "running_mean", "running_var")
        statistics = [self.take(f"{name}.{field}", (channels,)).astype(np.float64) for field in fields]
        self.drop_counter(f"{name}.num_batches_tracked")
        return batch_norm(f"{self.path}: {name}", *statistics, self.epsilon)

    def drop_counter(self, name):
        """Leave out the counter of batches of a BatchNorm, which nothing reads: one number, that may be missing."""
        counter = self.left.pop(name, None)
        if counter is not None and counter.shape not in COUNTER_SHAPES:
            raise CheckpointError(f"{self.path}: {name}: expected shape () or (1,), got {counter.shape}")

    def affine(self, layer, norm, shape, bias=False):
        """Return a layer with its BatchNorm folded in.

        Parameters
        ----------
        layer, norm : str
            Names without ``.weight`` and the like.
        shape : tuple of int
            Of the weight, output channels first.
        bias : bool
            Whether the layer has a bias.
        """
        return Affine(*fold(*self.layer(layer, shape, bias), *self.norm(norm, shape[0])))

    def blocks(self, stem):
        """Return the number of blocks ``stem.0``, ``stem.1``, ...; at least 1, so that a missing one is named."""
        numbers = {int(found[1]) for name in self.left if (found := re.match(rf"{re.escape(stem)}\.(\d+)\.", name))}
        return max(numbers, default=0) + 1

    def shape(self, name):
        """Return the shape of a tensor without taking it.

        Raises
        ------
        CheckpointError
            If it is missing.
        """
        if name not in self.left:
            raise CheckpointError(f"{self.path}: {name}: missing")
        return self.left[name].shape

    def ignore(self, *patterns):
        """Leave out tensors that the released code holds and never uses: those whose whole name a pattern matches."""
        self.left = {
            name: tensor
            for name, tensor in self.left.items()
            if not any(re.fullmatch(pattern, name) for pattern in patterns)
        }

    def require_all_taken(self):
        """Refuse a tensor that nothing asked for.

        Raises
        ------
        CheckpointError
        """
        if self.left:
            raise CheckpointError(
                f"{self.path}: {min(self.left)}: a tensor that this architecture does not have "
                f"({len(self.left)} such in all)"
            )
