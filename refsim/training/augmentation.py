"""Small random shifts, turns and stretches of training images and spike frames."""

import torch
from torch.nn import functional


def distort(images, generator, turn=0.17, stretch=0.1, shift=0.08):
    """Distort each image by a random affine map, and round back to whole pixel values.

    Parameters
    ----------
    images : Tensor of uint8, shape (n, C, Y, X), or of int8, shape (n, T, C, Y, X)
        All frames of a sample are distorted alike.
    generator : torch.Generator
    turn : float
        Largest rotation, in radians.
    stretch : float
        Largest relative stretch along each axis.
    shift : float
        Largest shift, as a part of the half side.

    Returns
    -------
    pixels : Tensor of float32, of the same shape
        Whole numbers, within the range of the images.
    """
    count = len(images)

    def uniform(limit):
        return (torch.rand(count, generator=generator) * 2 - 1) * limit

    angle = uniform(turn)
    columns, rows = 1 + uniform(stretch), 1 + uniform(stretch)
    maps = torch.stack(
        [
            torch.stack([angle.cos() * columns, -angle.sin() * rows, uniform(shift)], 1),
            torch.stack([angle.sin() * columns, angle.cos() * rows, uniform(shift)], 1),
        ],
        1,
    )
    planes = images.float().flatten(1, -3)
    grid = functional.affine_grid(maps, planes.shape, align_corners=False)
    return functional.grid_sample(planes, grid, align_corners=False).round().view(images.shape)
