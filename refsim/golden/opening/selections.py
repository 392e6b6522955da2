"""What is selected, not added: max pooling, masks, the numbering of tokens and the way back, the label.

Each function returns the lines of the selection and the value that it comes to.
"""

from refsim.golden.opening.numbers import cut


def max_pool(question):
    """Take the largest value under one window (N12)."""
    row, column, channel = question.place
    operator, image = question.operator, question.values()
    top, left = (operator.stride * place - operator.padding for place in (row, column))
    found = [
        question.read(0, (y, x, channel))
        for y in range(max(0, top), min(image.shape[0], top + operator.window))
        for x in range(max(0, left), min(image.shape[1], left + operator.window))
    ]
    largest = max(value for value, _ in found)
    outside = operator.window * operator.window - len(found)
    lines = [f"window of {operator.window} x {operator.window} from row {top}, column {left}; {outside} places outside"]
    lines += listed(found, largest, "the largest")
    return lines, largest


def listed(found, chosen, words):
    """List values with their addresses, and mark those that are chosen."""
    lines = [f"{name} = {value}" + (f"  <- {words}" if value == chosen else "") for value, name in found]
    return cut(lines, lambda left_out: f"... {len(left_out)} more" + chosen_among(left_out, words))


def chosen_among(lines, words):
    """Name the lines left out that are chosen."""
    names = [line.split(" = ")[0] for line in lines if "<-" in line]
    return f", {words} among them: {', '.join(names)}" if names else ""


def tokens(question):
    """Find the place of one token (N5)."""
    token, channel = question.place
    columns = question.values().shape[1]
    y, x = divmod(token, columns)
    value, words = question.read(0, (y, x, channel))
    return [f"token {token} is row {y}, column {x}: {y} * {columns} + {x} = {token}", f"{words} = {value}"], value


def grid(question):
    """Find the token of one place (N5)."""
    y, x, channel = question.place
    columns = question.operator.columns
    token = y * columns + x
    value, words = question.read(0, (token, channel))
    return [f"row {y}, column {x} is token {y} * {columns} + {x} = {token}", f"{words} = {value}"], value


def mask(question):
    """Let one spike pass, or not (N16)."""
    token, channel = question.place
    one_for_all = len(question.values(1)) == 1
    row = 0 if one_for_all else token
    (spike, spike_words), (gate, gate_words) = question.read(0, question.place), question.read(1, (row, channel))
    row_words = " (one row for all tokens)" if one_for_all else ""
    outcome = f"{spike} passes" if gate else "nothing passes"
    return [f"{spike_words} = {spike}", f"{gate_words} = {gate}{row_words}: {outcome}"], spike * gate


def argmax(question):
    """Take the class of the largest logit, the lowest of equals (N15)."""
    row = question.place[0]
    logits = question.values()[row].tolist()
    largest = max(logits)
    tied = [label for label, logit in enumerate(logits) if logit == largest]
    found = [question.read(0, (row, label)) for label in range(len(logits))]
    lines = listed(found, largest, "the largest")
    if len(tied) > 1:
        lines.append(f"classes {' and '.join(map(str, tied))} tie at {largest}: the lowest is taken")
    return lines, tied[0]
