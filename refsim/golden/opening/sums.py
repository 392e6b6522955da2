"""The sums opened: linear maps, convolutions, attention, residuals and running totals, term by term.

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


def scores(question):
    """Add up a query and a key over the channels of one head (N11)."""
    head, query, key = question.place
    width = question.values().shape[1] // question.operator.heads
    terms = []
    for channel in range(head * width, (head + 1) * width):
        operands = question.read(0, (query, channel)), question.read(1, (key, channel))
        terms += product(*operands)
    opened = f"head {head} owns the channels {head * width} to {(head + 1) * width - 1}"
    lines, total = term_lines(terms)
    return [f"{opened}; {len(terms)} of them have both operands", *lines], total


def context(question):
    """Add up one row of the attention map and one channel of V over the keys (N11)."""
    query, channel = question.place
    heads, keys, _ = question.values().shape
    width = question.values(1).shape[1] // heads
    head = channel // width
    terms = []
    for key in range(keys):
        terms += product(question.read(0, (head, query, key)), question.read(1, (key, channel)))
    opened = f"channel {channel} belongs to head {head} ({heads} heads of {width} channels)"
    lines, total = term_lines(terms)
    return [f"{opened}; {len(terms)} of {keys} keys have both operands", *lines], total


def product(left, right):
    """Return the term of two operands, of which one gates the other, or none where one is 0."""
    (left_value, left_words), (right_value, right_words) = left, right
    if left_value == 0 or right_value == 0:
        return []
    return [Term(f"{left_words} = {left_value}, {right_words} = {right_value}", left_value * right_value)]


def residual(question):
    """Add stream and branch on one step (N13)."""
    terms = []
    for position, shift in enumerate((question.operator.stream_shift, question.operator.branch_shift)):
        value, words = question.read(position, question.place)
        terms.append(Term(f"{words} = {value}, << {shift}", value << shift))
    return term_lines(terms)


def token_sum(question):
    """Add up the spikes of one channel over all tokens (N14)."""
    channel = question.place[-1]
    spikes = question.values()
    terms = []
    for token in spikes[:, channel].nonzero()[0].tolist():
        value, words = question.read(0, (token, channel))
        terms.append(Term(f"{words} = {value:+d}", value))
    lines, total = term_lines(terms)
    return [f"{len(terms)} of {len(spikes)} tokens spike", *lines], total


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
