"""The training loop: float weights with BatchNorm first, then folded and rounded ones."""

import math

import torch
from torch.nn import functional
from tqdm import tqdm

from refsim.errors import ConfigurationError
from refsim.training.augmentation import distort


def rate_factor(step, steps):
    """Rise to 1 over the first tenth of the steps, then fall to 0 along a cosine."""
    return min(1.0, (step + 1) / (0.1 * steps)) * 0.5 * (1.0 + math.cos(math.pi * step / steps))


def train_phase(
    twin, images, labels, epochs, batch, learning_rate, weight_decay, generator, title, bfloat16=False, tell=None
):
    """Train in place for some epochs, with a progress bar on a terminal; return the mean loss of the last one.

    Parameters
    ----------
    twin : Twin
    images : Tensor of uint8, shape (n, C, Y, X), or of int8, shape (n, T, C, Y, X)
    labels : Tensor of int64, shape (n,)
    epochs : int
    batch : int
        Images of a step; those that are left over are left out.
    learning_rate, weight_decay : float
        Of AdamW; the rate rises, and falls to 0 at the end.
    generator : torch.Generator
        Source of the order of images and of the distortions.
    title : str
        Of the progress bar.
    bfloat16 : bool
        Whether convolutions and products run in bfloat16, which processors with such instructions do faster; spikes,
        pixels and rounded weights are exact in it.
    tell : callable, optional
        Takes a line after each epoch: for logs, in which a progress bar is none.

    Returns
    -------
    loss : float

    Raises
    ------
    ConfigurationError
        If training diverged: the loss of an epoch is no finite number.
    """
    optimiser = torch.optim.AdamW(twin.parameters(), lr=learning_rate, weight_decay=weight_decay)
    steps = epochs * (len(images) // batch)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimiser, lambda step: rate_factor(step, steps))
    twin.train()
    progress = tqdm(total=steps, desc=title, unit="step", disable=None)
    for epoch in range(1, epochs + 1):
        order = torch.randperm(len(images), generator=generator)
        losses = []
        for chosen in order[: len(order) // batch * batch].split(batch):
            pixels = distort(images[chosen], generator)
            with torch.autocast("cpu", torch.bfloat16, enabled=bfloat16):
                sums = twin(time_first(pixels))
            loss = functional.cross_entropy(sums.float() / twin.logit_denominator, labels[chosen])
            optimiser.zero_grad(set_to_none=True)
            loss.backward()
            optimiser.step()
            schedule.step()
            losses.append(loss.detach())
            progress.update()
        mean_loss = float(torch.stack(losses).mean())
        progress.set_postfix(loss=f"{mean_loss:.4f}")
        if not math.isfinite(mean_loss):
            progress.close()
            raise ConfigurationError(f"{title} epoch {epoch}: the loss is {mean_loss}: take a smaller learning rate")
        if tell:
            tell(f"{title} epoch {epoch} of {epochs}: loss {mean_loss:.4f}")
    progress.close()
    return mean_loss


@torch.no_grad()
def accuracy(twin, images, labels, batch=500):
    """Return the share of images whose label the twin gets right."""
    twin.eval()
    correct = 0
    for pixels, expected in zip(images.split(batch), labels.split(batch)):
        real = time_first(pixels.to(next(twin.parameters()).dtype))
        correct += int((twin(real).argmax(1) == expected).sum())
    return correct / len(images)


def time_first(batch):
    """Bring spike frames (B, T, C, Y, X) to (T, B, C, Y, X); images (B, C, Y, X) stay."""
    return batch.transpose(0, 1) if batch.dim() == 5 else batch
