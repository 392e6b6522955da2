"""The products of attention opened, term by term.

Each function returns the lines of the arithmetic and the value that they come to.
"""

from refsim.golden.opening.sums import Term, term_lines


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


def key_value(question):
    """Add up one channel of K and one of V over the tokens (N17)."""
    head, key_channel, value_channel = question.place
    tokens, width = question.values().shape[0], question.values().shape[1] // question.operator.heads
    terms = []
    for token in range(tokens):
        operands = (
            question.read(place, (token, head * width + channel)) for place, channel in enumerate(question.place[1:])
        )
        terms += product(*operands)
    opened = f"head {head}: channel {head * width + key_channel} of K and {head * width + value_channel} of V"
    lines, total = term_lines(terms)
    return [f"{opened}; {len(terms)} of {tokens} tokens have both", *lines], total


def retrieval(question):
    """Add up one token of Q and one column of K^T V over the channels of a head (N17)."""
    token, channel = question.place
    heads, width, _ = question.values(1).shape
    head, value_channel = divmod(channel, width)
    terms = []
    for key_channel in range(width):
        terms += product(
            question.read(0, (token, head * width + key_channel)), question.read(1, (head, key_channel, value_channel))
        )
    opened = f"channel {channel} is channel {value_channel} of head {head} ({heads} heads of {width} channels)"
    lines, total = term_lines(terms)
    return [f"{opened}; {len(terms)} of {width} terms have both operands", *lines], total


def product(left, right):
    """Return the term of two operands, of which one gates the other, or none where one is 0."""
    (left_value, left_words), (right_value, right_words) = left, right
    if left_value == 0 or right_value == 0:
        return []
    return [Term(f"{left_words} = {left_value}, {right_words} = {right_value}", left_value * right_value)]
