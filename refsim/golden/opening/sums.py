"""The sums opened: linear maps, convolutions, biases of taps, residuals and running totals, term by term.

Each function returns the lines of the arithmetic and the value that they come to.
"""

from dataclasses import dataclass

from refsim.golden.opening.numbers import address, aligned, cut


@dataclass(frozen=True)
class Term:
    """What one term of a sum is, and what it adds."""

    words: str
    amount: int


def term_lines(terms):
    """Add up terms.

    Returns
    -------
    lines : list of str
        What each term is, what it adds, and the sum so far; of more than twelve, the first six and the last three.
    total : int
    """
    rows, total = [], 0
    for term in terms:
        total += term.amount
        rows.append((term.words, f"{term.amount:+d}", str(total)))
    rows = cut(rows, lambda left_out: (f"... {len(left_out)} more", more(left_out), left_out[-1][2]))
    return aligned([("term", "adds", "sum"), *rows]), total


def more(rows):
    """Add up what rows that are left out add."""
    return f"{sum(int(row[1]) for row in rows):+d}"


@dataclass(frozen=True)
class Tap:
    """A non-zero input of a gather, and the weight that it meets."""

    words: str
    weight_words: str
    value: int
    weight: int


def linear(question):
    """Gather the channels of one token (N6, N7)."""
    *token, output = question.place
    weights, row = question.operator.weights, question.values()[tuple(token)]
    taps = []
    for channel in row.nonzero()[0].tolist():
        value, words = question.read(0, (*token, channel))
        weight_words = address("weights", (channel, output))
        taps.append(Tap(words, weight_words, value, int(weights[channel, output])))
    return gather(question.operator, output, taps, len(row))


def convolution(question):
    """Gather the window of one place (N6, N7)."""
    row, column, output = question.place
    operator, image = question.operator, question.values()
    window_rows, window_columns, channels, _ = operator.weights.shape
    taps = []
    for i in range(window_rows):
        for j in range(window_columns):
            y, x = (operator.stride * place + offset - operator.padding for place, offset in ((row, i), (column, j)))
            if 0 <= y < image.shape[0] and 0 <= x < image.shape[1]:
                for channel in image[y, x].nonzero()[0].tolist():
                    value, words = question.read(0, (y, x, channel))
                    weight_words = address("weights", (i, j, channel, output))
                    taps.append(Tap(words, weight_words, value, int(operator.weights[i, j, channel, output])))
    top, left = (operator.stride * place - operator.padding for place in (row, column))
    lines, total = gather(operator, output, taps, window_rows * window_columns * channels)
    return [f"window of {window_rows} x {window_columns} from row {top}, column {left}", *lines], total


def tap_bias(question):
    """Add to one sum the biases of the taps inside the image (N18)."""
    row, column, output = question.place
    operator = question.operator
    window_rows, window_columns, _ = operator.bias.shape
    value, words = question.read(0, question.place)
    terms = [Term(f"{words} = {value}", value)]
    for i in range(window_rows):
        for j in range(window_columns):
            y, x = (operator.stride * place + offset - operator.padding for place, offset in ((row, i), (column, j)))
            if 0 <= y < operator.image_rows and 0 <= x < operator.image_columns:
                bias = int(operator.bias[i, j, output])
                terms.append(Term(f"{address('bias', (i, j, output))} = {bias} lies over ({y}, {x})", bias))
    top, left = (operator.stride * place - operator.padding for place in (row, column))
    opened = f"window of {window_rows} x {window_columns} from row {top}, column {left}"
    lines, total = term_lines(terms)
    return [f"{opened}; {len(terms) - 1} of {window_rows * window_columns} taps inside", *lines], total


def gather(operator, output, taps, size):
    """Add up the taps of one output, as spikes or plane by plane."""
    bias = Term(f"{address('bias', (output,))} = {operator.bias[output]}", int(operator.bias[output]))
    if operator.planes:
        return gather_planes(operator.planes, bias, taps, size)
    terms = [
        Term(f"{tap.words} = {tap.value:+d}, {tap.weight_words} = {tap.weight}", tap.value * tap.weight) for tap in taps
    ]
    lines, total = term_lines([bias, *terms])
    return [f"{len(taps)} of {size} inputs spike", *lines], total


def gather_planes(planes, bias, taps, size):
    """Add up the taps bit by bit of their values, the most significant first, and the bias at the end."""
    listed = [
        f"{tap.words} = {tap.value} = 0b{tap.value:0{planes}b}, {tap.weight_words} = {tap.weight}" for tap in taps
    ]
    lines = [f"{len(taps)} of {size} inputs are not 0"]
    lines += cut(listed, lambda left_out: f"... {len(left_out)} more")
    total = 0
    for plane in reversed(range(planes)):
        weights = [tap.weight for tap in taps if tap.value >> plane & 1]
        gathered = sum(weights)
        shown = cut([f"{weight:+d}" for weight in weights], lambda left_out: f"... {len(left_out)} more ...")
        after = (total << 1) + gathered
        words = f"  gathers {' '.join(shown)}" if len(weights) > 1 else ""
        lines.append(f"plane {plane}: ({total} << 1) {signed(gathered)} = {after}{words}")
        total = after
    lines.append(f"{bias.words}: {total} {signed(bias.amount)} = {total + bias.amount}")
    return lines, total + bias.amount


def signed(amount):
    """Write what is added, with its sign apart."""
    return f"{'-' if amount < 0 else '+'} {abs(amount)}"


def residual(question):
    """Add stream and branch on one step (N13)."""
    terms = []
    for position, shift in enumerate((question.operator.stream_shift, question.operator.branch_shift)):
        value, words = question.read(position, question.place)
        terms.append(Term(f"{words} = {value}, << {shift}", value << shift))
    return term_lines(terms)


def token_sum(question):
    """Add up the spikes, or the integers, of one channel over all tokens (N14)."""
    channel = question.place[-1]
    values = question.values()
    terms = []
    for token in values[:, channel].nonzero()[0].tolist():
        value, words = question.read(0, (token, channel))
        terms.append(Term(f"{words} = {value:+d}", value))
    lines, total = term_lines(terms)
    spiking = question.case.fragment.signals[question.node.inputs[0]].is_spiking
    return [f"{len(terms)} of {len(values)} tokens {'spike' if spiking else 'are not 0'}", *lines], total


def time_sum(question):
    """Add up one value over the timesteps so far (N14)."""
    values, words = question.in_time(), address(question.node.inputs[0], question.place)
    terms = [
        Term(
            f"timestep {timestep}: {words} = {values[timestep][question.place]}", int(values[timestep][question.place])
        )
        for timestep in range(question.timestep + 1)
    ]
    return term_lines(terms)
