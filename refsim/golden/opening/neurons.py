"""The neurons opened: every timestep of a membrane, and the ReLU.

Each function returns the lines of the arithmetic and the value that they come to.
"""

from dataclasses import dataclass

from refsim.golden.opening.numbers import address, aligned, cut

EXACT_COLUMNS = ("t", "membrane", "input", "shift", "charge", "level", "margin", "spike", "membrane after")
FLOOR_COLUMNS = ("t", "membrane", "leaked", "input", "charge", "level", "margin", "spike", "membrane after")


@dataclass(frozen=True)
class Step:
    """One timestep of a neuron: a row of the table, and what comes out of it."""

    row: tuple
    spike: int
    membrane: int


def lif(question):
    """Follow one leaky integrate-and-fire neuron from timestep 0 (N8, N9)."""
    operator, currents = question.operator, question.in_time()
    threshold = int(operator.thresholds[question.place[-1]])
    advance, columns = (exact_step, EXACT_COLUMNS) if operator.rounding == "exact" else (floor_step, FLOOR_COLUMNS)
    steps, membrane = [], 0
    for timestep in range(question.timestep + 1):
        current = int(currents[timestep][question.place])
        steps.append(advance(operator, threshold, timestep, membrane, current))
        membrane = steps[-1].membrane
        require_expected(question, timestep, steps[-1])
    register = question.site == question.node.register_site
    rows = [(*step.row, "") for step in steps]
    if question.got is not None:
        rows[-1] = (*steps[-1].row, f"<- got {'membrane' if register else 'spike'} {question.got}")
    rows = cut(rows, lambda left_out: (f"... {len(left_out)} more", *[""] * len(columns)))
    table = aligned([(*columns, ""), *rows])
    return [*rule_lines(question, threshold), *table], steps[-1].membrane if register else steps[-1].spike


def require_expected(question, timestep, step):
    """Hold each timestep of the derivation against the right values that the case has of it."""
    index = (question.sample,) * (question.case.samples > 1) + (timestep, *question.place)
    for site, value in ((question.node.name, step.spike), (question.node.register_site, step.membrane)):
        if site in question.case.expected:
            found = int(question.case.expected[site][index])
            assert value == found, f"{address(site, index)}: derived {value}, the case expects {found}"


def rule_lines(question, threshold):
    """Say by which rule the neuron runs."""
    operator, leak = question.operator, question.operator.leak_shift
    source, channel = address(question.node.inputs[0], question.place), question.place[-1]
    margin = "|charge| - level" if operator.spikes == "ternary" else "charge - level"
    if operator.rounding == "exact":
        shift = {0: "0", 1: "t"}.get(leak, f"{leak} t")
        charge = f"charge = membrane + (input << {shift})"
        level = f"level = {threshold} << ({shift}{' + 1' if operator.halve_input else ''})"
    else:
        charge = f"charge = (membrane >> {leak}) + input"
        if operator.halve_input:
            charge = f"charge = ((membrane >> {leak - 1}) + input) >> 1"
        level = f"level = {threshold}"
    profile = (
        f"{operator.spikes}, leak_shift {leak}, input {'halved' if operator.halve_input else 'not halved'}, "
        f"reset {operator.reset}, rounding {operator.rounding}; input {source}, threshold[{channel}] = {threshold}"
    )
    return [profile, f"{charge}; {level}; margin = {margin}, from 0 on it fires"]


def exact_step(operator, threshold, timestep, membrane, current):
    """Advance by one timestep without rounding (N8)."""
    shift = operator.leak_shift * timestep
    charge = membrane + (current << shift)
    level = threshold << shift + int(operator.halve_input)
    return fire(operator, (timestep, membrane, current, shift), charge, level)


def floor_step(operator, threshold, timestep, membrane, current):
    """Advance by one timestep, rounding down (N9)."""
    leaked = membrane >> operator.leak_shift - int(operator.halve_input)
    charge = leaked + current >> int(operator.halve_input)
    return fire(operator, (timestep, membrane, leaked, current), charge, threshold)


def fire(operator, before, charge, level):
    """Fire and reset."""
    ternary = operator.spikes == "ternary"
    margin = (abs(charge) if ternary else charge) - level
    sign = -1 if ternary and charge < 0 else 1
    spike = sign if margin >= 0 else 0
    after = charge
    if spike:
        after = charge - spike * level if operator.reset == "subtract" else 0
    row = (*before, charge, level, f"{margin:+d}", spike, after)
    return Step(tuple(map(str, row)), spike, after)


def relu(question):
    """Cut off what is negative, shift, and cap (N10)."""
    operator = question.operator
    value, words = question.read(0, question.place)
    positive = max(value, 0)
    shifted = positive >> operator.shift
    lost = positive - (shifted << operator.shift)
    lines = [
        f"{words} = {value}",
        f"max({value}, 0) = {positive}",
        f"{positive} >> {operator.shift} = {shifted}" + (f" (the bits of {lost} are lost)" if lost else ""),
        f"min({shifted}, {operator.cap}) = {min(shifted, operator.cap)}",
    ]
    return lines, min(shifted, operator.cap)
