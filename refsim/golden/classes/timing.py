"""Classes of right values at wrong timesteps: delays, a state that stays, timesteps left out."""

import numpy as np

MOST_DELAY = 16


def delayed(evidence):
    """Every value k timesteps late; before it nothing, or the first value."""
    for count in delays(evidence):
        for fill, words in ((0, ""), (evidence.expected[:, :1], ", the first value held")):
            candidate = evidence.expected.copy()
            candidate[:, count:] = evidence.expected[:, :-count]
            candidate[:, :count] = fill
            if evidence.matches(candidate):
                yield f"delayed by {timesteps_words(count)}{words}"
                break


def early(evidence):
    """Every value k timesteps early; after it nothing, or the last value."""
    for count in delays(evidence):
        for fill, words in ((0, ""), (evidence.expected[:, -1:], ", the last value held")):
            candidate = evidence.expected.copy()
            candidate[:, :-count] = evidence.expected[:, count:]
            candidate[:, -count:] = fill
            if evidence.matches(candidate):
                yield f"early by {timesteps_words(count)}{words}"
                break


def delays(evidence):
    """Return the delays that leave something to be seen."""
    if evidence.is_silent:
        return range(0)
    return range(1, min(evidence.expected.shape[1], MOST_DELAY + 1))


def stuck(evidence):
    """The first timestep's values at every timestep."""
    if not evidence.is_silent and evidence.matches(evidence.expected[:, :1]):
        yield "stuck at its values of timestep 0"


def timestep_left_out(evidence):
    """Zero, or wrong in whatever way, at the first or at the last timestep only."""
    timesteps = evidence.expected.shape[1]
    if timesteps == 1:
        return
    for timestep, words in ((0, "first"), (timesteps - 1, "last")):
        there = (np.arange(timesteps) == timestep).reshape(1, -1, *[1] * len(evidence.axes))
        if evidence.matches(np.where(there, 0, evidence.expected)):
            yield f"0 at the {words} timestep, right at the others"
        elif evidence.only_where(np.broadcast_to(there, evidence.expected.shape)):
            yield f"only at the {words} timestep"


def timesteps_words(count):
    return f"{count} timestep{'s' * (count > 1)}"
