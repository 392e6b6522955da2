"""Event cameras: streams of events, and the spike frames that they are gathered into."""

import numpy as np

from refsim.errors import InputError
from refsim.named_arrays import read_named_arrays
from refsim.network import FRAME_KINDS, INPUT_KINDS, MOST_TIMESTEPS
from refsim.numerics import require_choice, require_integer

FIELDS = ("t", "x", "y", "p")
"""Names of the arrays of a stream, as spikingjelly and Tonic have them."""

SPLITS = ("number", "time")
POLARITIES = 2


def event_frames(t, x, y, p, image_size, timesteps, kind="binary", split="number"):
    """Gather the events of a camera into spike frames.

    Parameters
    ----------
    t : ndarray of integers, shape (n,)
        Time stamps in order, in any unit.
    x, y : ndarray of integers, shape (n,)
        Columns and rows.
    p : ndarray of integers or bool, shape (n,)
        Polarities: 1 where it grew brighter (ON), 0 or -1 where darker (OFF).
    image_size : tuple of int
        (Y, X).
    timesteps : int
        How many frames.
    kind : {"binary", "graded", "ternary"}
        Binary: 1 where any event was. Graded: how many. Ternary, of one channel: 1 where more were ON than OFF, -1 where
        fewer.
    split : {"number", "time"}
        Whether frames have equally many events, or take equally long; what does not divide falls to the last. This is
        `integrate_events_by_fixed_frames_number` of spikingjelly.

    Returns
    -------
    frames : ndarray of int8, shape (T, Y, X, C)
        OFF is channel 0, ON channel 1; ternary frames have one channel.

    Raises
    ------
    InputError
        If the arrays are no stream of events of such an image, or a place has more events in a frame than a graded spike
        holds.
    NetworkError
        If there is no such kind or split, or no such number of timesteps.

    Examples
    --------
    >>> t, x, y, p = [3, 5, 8, 9], [0, 1, 1, 0], [0, 0, 0, 0], [1, 0, 0, 1]
    >>> event_frames(t, x, y, p, (1, 2), 2).tolist()  # OFF and ON of two columns, twice
    [[[[0, 1], [1, 0]]], [[[0, 1], [1, 0]]]]
    >>> event_frames(t, x, y, p, (1, 2), 1, "ternary").tolist()
    [[[[1], [-1]]]]
    """
    require_choice("kind", kind, FRAME_KINDS)
    require_choice("split", split, SPLITS)
    require_integer("timesteps", timesteps, 1, MOST_TIMESTEPS)
    t, x, y, p = require_stream(dict(zip(FIELDS, map(np.asarray, (t, x, y, p)))), image_size)
    rows, columns = image_size
    places = ((frame_of_events(t, timesteps, split) * rows + y) * columns + x) * POLARITIES + p
    counts = np.bincount(places, minlength=timesteps * rows * columns * POLARITIES)
    counts = counts.reshape(timesteps, rows, columns, POLARITIES)
    if kind == "ternary":
        return np.sign(counts[..., 1:] - counts[..., :1]).astype(np.int8)
    if kind == "binary":
        return (counts > 0).astype(np.int8)
    most = INPUT_KINDS[kind][2]
    if counts.max() > most:
        frame, row, column, _ = np.unravel_index(counts.argmax(), counts.shape)
        raise InputError(
            f"events: {counts.max()} at row {row}, column {column} of frame {frame}, a graded spike counts at most {most}: "
            "take more frames, or binary ones"
        )
    return counts.astype(np.int8)


def frame_of_events(t, timesteps, split):
    """Return for each event the frame that it falls into, as an ndarray of int64."""
    if split == "number":
        ordinals, each = np.arange(len(t)), len(t) // timesteps
    else:
        ordinals, each = t - t[0], int(t[-1] - t[0]) // timesteps
    return np.minimum(ordinals // each, timesteps - 1) if each else np.full(len(t), timesteps - 1)


def require_stream(stream, image_size):
    """Return a checked stream as ndarrays of int64: t, x, y, and p of 0 and 1."""
    for name, values in stream.items():
        if values.ndim != 1 or values.dtype.kind not in "iub" or len(values) != len(stream["t"]):
            found = ", ".join(f"{name} {values.shape} of {values.dtype}" for name, values in stream.items())
            raise InputError(f"events: expected integers t, x, y and p of one length, got {found}")
    if not len(stream["t"]):
        raise InputError("events: there are none")
    t, x, y, p = (stream[name] for name in FIELDS)
    for name, values, size in (("x", x, image_size[1]), ("y", y, image_size[0])):
        outside = np.flatnonzero((values < 0) | (values >= size))
        if len(outside):
            place = int(outside[0])
            raise InputError(f"events: {name}: expected 0 to {size - 1}, got {values[place]} for event {place}")
    wrong = np.flatnonzero((p < -1) | (p > 1))
    if len(wrong):
        raise InputError(f"events: p: expected 0 or -1, and 1, got {p[wrong[0]]} for event {int(wrong[0])}")
    backwards = np.flatnonzero(t[1:] < t[:-1])
    if len(backwards):
        raise InputError(f"events: t: expected time stamps in order, event {int(backwards[0]) + 1} is before the last")
    return *(values.astype(np.int64) for values in (t, x, y)), (p > 0).astype(np.int64)


def read_events(path):
    """Read a stream of events from an .npz file with the arrays t, x, y and p.

    Returns
    -------
    stream : dict of ndarray by name

    Raises
    ------
    InputError
        If the file is unreadable, or one of the arrays is missing.
    """
    return read_named_arrays(path, FIELDS, "events as an .npz with t, x, y and p")
