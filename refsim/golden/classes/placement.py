"""Classes of right values in wrong places: axes exchanged, heads interleaved, lanes reversed, tokens misnumbered."""

from itertools import permutations

import numpy as np

from refsim.golden.sites import values_in_time

WORDS = (4, 8, 16, 32)
"""Numbers of lanes that are packed into one word."""

TOKEN_AXES = ("token", "query", "key")


def other_site(evidence):
    """The values of another site stand here."""
    if evidence.is_silent:
        return
    for name in (*evidence.case.inputs, *evidence.case.expected):
        if name != evidence.site:
            values = values_in_time(evidence.case, name)
            if values.shape == evidence.got.shape and evidence.matches(values):
                yield f"holds the values of {name}"


def axes_permuted(evidence):
    """The axes of a timestep in another order, or memory that was written in another order."""
    shape = evidence.expected.shape
    names = evidence.axes
    for order in list(permutations(range(len(names))))[1:]:
        axes = (0, 1, *map(evidence.axis, order))
        if evidence.by_place(rewritten, axes):
            moved = [name for name, place in zip(names, order) if names[place] != name]
            if tuple(shape[axis] for axis in axes) != shape:
                yield f"written in the order {', '.join(names[place] for place in order)}, not {', '.join(names)}"
            elif len(moved) == 2:
                yield f"transposed: {moved[0]} and {moved[1]} exchanged"
            else:
                yield f"axes permuted: {', '.join(names[place] for place in order)} instead of {', '.join(names)}"
            return


def rewritten(values, axes):
    """Write memory in another order of axes, and read it in the order of before."""
    return values.transpose(axes).reshape(values.shape)


def heads_interleaved(evidence):
    """Channel h E + e found at e H + h, for any number of heads; its inverse is the same with H and E exchanged."""
    if evidence.axes[-1] != "channel":
        return
    last = evidence.expected.ndim - 1
    for heads, width in factor_pairs(evidence.expected.shape[last]):
        if evidence.by_place(exchanged, last, heads, width):
            yield f"heads interleaved: channel h*{width}+e found at e*{heads}+h ({heads} heads of {width} channels)"


def tokens_by_column(evidence):
    """Tokens numbered down the columns of the image, for any grid that has their number."""
    axes = [evidence.axis(place) for place, name in enumerate(evidence.axes) if name in TOKEN_AXES]
    if not axes:
        return
    for rows, columns in factor_pairs(evidence.expected.shape[axes[0]]):
        if evidence.by_place(by_column, axes, rows, columns):
            yield f"tokens numbered column by column ({rows} rows, {columns} columns)"


def by_column(values, axes, rows, columns):
    """Renumber the tokens of all given axes."""
    for axis in axes:
        values = exchanged(values, axis, rows, columns)
    return values


def reversed_order(evidence):
    """An axis backwards, or the lanes of each packed word."""
    for place, name in enumerate(evidence.axes):
        if evidence.by_place(np.flip, evidence.axis(place)):
            yield f"reversed along the {plural(name)}"
    lanes = evidence.expected.shape[-1]
    for word in WORDS:
        if lanes > word and lanes % word == 0 and evidence.by_place(words_reversed, word):
            yield f"lanes reversed in words of {word}"


def reversed_whole(evidence):
    """A timestep's values in one packed vector, printed from its other end."""
    if sum(size > 1 for size in evidence.expected.shape[-len(evidence.axes) :]) > 1 and evidence.by_place(
        frames_reversed
    ):
        yield "reversed as a whole: the last value of a timestep first, as of a packed vector read from its other end"


def frames_reversed(values):
    """Reverse the values of each timestep."""
    return values.reshape(*values.shape[:2], -1)[..., ::-1].reshape(values.shape)


def words_reversed(values, word):
    """Reverse each run of `word` values along the last axis."""
    return values.reshape(*values.shape[:-1], -1, word)[..., ::-1].reshape(values.shape)


def first_everywhere(evidence):
    """The values of position 0 at every position of an axis, as of an index that is tied to 0."""
    for place, name in enumerate(evidence.axes):
        if evidence.by_place(first_of, evidence.axis(place)):
            yield f"every {name} holds the values of {name} 0"


def first_of(values, axis):
    """Repeat position 0 along an axis."""
    return np.broadcast_to(values.take([0], axis), values.shape)


def rolled(evidence):
    """An axis one place on, or one back, cyclically."""
    for place, name in enumerate(evidence.axes):
        for step, words in ((1, "after"), (-1, "before")):
            if evidence.by_place(np.roll, step, evidence.axis(place)):
                yield f"rolled by one along the {plural(name)}: each value in the place {words} its own"
                break


def masked(evidence):
    """Scores of 0 for every key after its query, or before it."""
    if evidence.axes[-2:] != ("query", "key"):
        return
    tokens = np.arange(evidence.expected.shape[-1])
    query, key = tokens[:, np.newaxis], tokens
    if evidence.matches(np.where(key > query, 0, evidence.expected)):
        yield "masked causally: 0 wherever the key comes after the query"
    elif evidence.only_where(np.broadcast_to(key > query, evidence.expected.shape)):
        yield "only where the key comes after the query"


def at_the_border(evidence):
    """Wrong only at places whose window reaches outside the image, of which some must be wrong and others right."""
    form = window_form(evidence.node.operator, evidence.case.fragment.signals[evidence.node.inputs[0]].shape)
    if form is None:
        return
    rows, columns = (reaches_outside(*along) for along in form)
    outside = rows[:, np.newaxis] | columns
    border = np.broadcast_to(outside[..., np.newaxis], evidence.expected.shape)
    if border.any() and not border.all() and evidence.only_where(border):
        yield "only where the window reaches outside the image"


def window_form(operator, shape):
    """Return (length of the image, window, stride, padding) along rows and columns; None for what has no windows."""
    forms = {
        "Convolution": lambda: (shape, operator.weights.shape),
        "MaxPool": lambda: (shape, (operator.window, operator.window)),
        "TapBias": lambda: ((operator.image_rows, operator.image_columns), operator.bias.shape),
    }
    if operator.kind() not in forms:
        return None
    image, window = forms[operator.kind()]()
    return [(length, size, operator.stride, operator.padding) for length, size in zip(image[:2], window[:2])]


def reaches_outside(length, window, stride, padding):
    """Tell for each place along one axis whether its window reaches outside the image."""
    first = np.arange((length + 2 * padding - window) // stride + 1) * stride - padding
    return (first < 0) | (first + window > length)


def samples_mixed(evidence):
    """The answer of another sample."""
    samples = len(evidence.expected)
    if samples == 1 or evidence.is_silent:
        return
    before = evidence.expected[np.maximum(np.arange(samples) - 1, 0)]
    if evidence.matches(before):
        yield "holds the sample before"
    if evidence.matches(evidence.expected[::-1]):
        yield "samples swapped" if samples == 2 else "samples in reverse order"
    elif evidence.matches(np.roll(evidence.expected, 1, 0)):
        yield "samples rolled by one: each holds the sample before, the first the last"
    elif evidence.matches(np.roll(evidence.expected, -1, 0)):
        yield "samples rolled by one: each holds the sample after, the last the first"


def exchanged(values, axis, outer, inner):
    """Renumber an axis: position o inner + i goes to i outer + o."""
    split = values.reshape(*values.shape[:axis], outer, inner, *values.shape[axis + 1 :])
    return split.swapaxes(axis, axis + 1).reshape(values.shape)


def plural(name):
    """Name all positions of an axis."""
    return {"query": "queries"}.get(name, f"{name}s")


def factor_pairs(number):
    """Return every way to write a number as a product of two from 2 on."""
    return [(first, number // first) for first in range(2, number // 2 + 1) if number % first == 0]
