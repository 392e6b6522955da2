"""What a benchmark found: one line a subject, none left out, for a person and for a program."""

from dataclasses import dataclass

import numpy as np

from refsim.bench.machine import DISTURBING
from refsim.bench.straight import MEASURES, straight_lines
from refsim.bench.timing import Times

OWN = "refsim"
"""How the names of refsim's own subjects begin."""

RATE = "firing rate"


@dataclass(frozen=True)
class Line:
    """One subject in one comparison.

    Attributes
    ----------
    subject : str
        refsim with the name of an engine, or a peer.
    times : Times or None
        None where the subject is absent.
    adds : int or None
        Additions on data that it did, as the plain kernels do them; None where it does something else.
    note : str
        Why it is absent, or what has to be said of it.
    gathered : int or None
        Weights that the fast engine itself added, each for all timesteps and planes that share its row.
    """

    subject: str
    times: Times | None
    adds: int | None = None
    note: str = ""
    gathered: int | None = None

    @property
    def is_own(self):
        return self.subject.startswith(OWN)

    @property
    def adds_per_second(self):
        return None if self.times is None or self.adds is None else self.adds / self.times.median


@dataclass(frozen=True)
class Comparison:
    """Subjects that did the same work.

    Attributes
    ----------
    kind : {"network", "kernel", "growth"}
    name : str
        Of the network, or of the shape of a kernel.
    details : str
        Sizes that the name does not tell.
    wanted : float
        Firing rate that was asked for.
    achieved : float
        Of all neurons, or of the inputs of a kernel.
    lines : tuple of Line
    remarks : tuple of str
        What was found equal, layers off the wanted rate, whether times were disturbed.
    layers : tuple of Layer
        Of the calibration, where there was one.
    other_cores : float or None
        Cores that other programs kept busy meanwhile.
    thread_gain : float or None
        How many times as fast as one thread all of them added meanwhile.
    axis, value : str, int or float
        What grows, and how far, in a comparison of kind ``"growth"``.
    """

    kind: str
    name: str
    details: str
    wanted: float
    achieved: float
    lines: tuple
    remarks: tuple = ()
    layers: tuple = ()
    other_cores: float | None = None
    thread_gain: float | None = None
    axis: str = ""
    value: float = 0.0

    @property
    def place(self):
        """What is varied, and how far: the firing rate unless something else grows."""
        return (self.axis, self.value) if self.axis else (RATE, self.wanted)

    @property
    def is_disturbed(self):
        """Whether other programs took so much of the machine that the times say little."""
        return self.other_cores is not None and self.other_cores >= DISTURBING

    @property
    def fastest_peer(self):
        """The fastest line that is not refsim's own, or None."""
        peers = [line for line in self.lines if line.times is not None and not line.is_own]
        return min(peers, key=lambda line: line.times.median, default=None)

    def speedup(self, line):
        """Return how many times faster than the fastest peer a line of refsim is; None where there is no peer."""
        peer = self.fastest_peer
        if not line.is_own or line.times is None or peer is None:
            return None
        return peer.times.median / line.times.median


@dataclass(frozen=True)
class Report:
    """All that one call of the benchmark found.

    Attributes
    ----------
    machine : dict
        Processor, threads, versions.
    ceiling : float
        Additions a second of int8 rows onto int32 sums in the first-level cache.
    ceiling_times : Times
    comparisons : tuple of Comparison
    """

    machine: dict
    ceiling: float
    ceiling_times: Times
    comparisons: tuple


def report_text(report):
    """Return a report for a person, as lines."""
    lower, upper = (f"{1e3 * value:.2f}" for value in report.ceiling_times.quartiles)
    lines = [", ".join(f"{name} {value}" for name, value in report.machine.items())]
    lines += [
        f"ceiling: {report.ceiling / 1e9:.1f} G additions a second, int8 rows onto int32 sums in the nearest cache, "
        f"eight rows a pass (the fastest time; median {1e3 * report.ceiling_times.median:.2f} ms, "
        f"quartiles {lower} to {upper})"
    ]
    for comparison in report.comparisons:
        lines += ["", *comparison_text(comparison, report.ceiling)]
    return lines + straight_text(report.comparisons) + growth_text(report.comparisons)


def comparison_text(comparison, ceiling):
    """Return one comparison as lines."""
    return [
        f"{comparison.name}, {comparison.details}: firing rate {comparison.wanted:.0%} wanted, "
        f"{comparison.achieved:.1%} achieved",
        f"  {'':<22} {'median':>12} {'quartiles':>23} {'G adds/s':>9} {'of ceiling':>10}  against the fastest peer",
        *(line_text(comparison, line, ceiling) for line in comparison.lines),
        *(f"  {remark}" for remark in comparison.remarks),
    ]


def line_text(comparison, line, ceiling):
    """Return one subject as a line; where refsim is slower than a peer it says so."""
    if line.times is None:
        return f"  {line.subject:<22} absent: {line.note}"
    quartiles = " to ".join(milliseconds(value) for value in line.times.quartiles)
    adds, share = "", ""
    if line.adds is not None:
        adds, share = f"{line.adds_per_second / 1e9:.1f}", f"{line.adds_per_second / ceiling:.1%}"
    text = f"  {line.subject:<22} {milliseconds(line.times.median):>9} ms {quartiles:>20} ms {adds:>9} {share:>10}"
    return f"{text}  {verdict(comparison, line)}".rstrip()


def verdict(comparison, line):
    """Say how a line of refsim stands to the fastest peer, or what has to be said of a peer."""
    speedup = comparison.speedup(line)
    if speedup is None:
        return "no peer here" if line.is_own else line.note
    note = ", disturbed" if comparison.is_disturbed else ""
    note += f", {line.note}" if line.note else ""
    if speedup < 1:
        return f"LOSES: {1 / speedup:.2f} x the time of {comparison.fastest_peer.subject}{note}"
    return f"{speedup:.2f} x faster than {comparison.fastest_peer.subject}{note}"


def milliseconds(seconds):
    """Return a time in milliseconds, the longer the fewer decimals."""
    value = 1e3 * seconds
    return f"{value:,.0f}" if value >= 1000 else f"{value:.{1 if value >= 100 else 2 if value >= 1 else 3}f}"


def straight_text(comparisons):
    """Return the straight lines of time through work, as lines."""
    found = straight_lines(comparisons)
    heading = ["", f"{'a straight line of time':<44} {'through':<18} {'R^2':>5}    begins at"] if found else []
    return heading + [
        f"  {f'{line.network}, {line.subject}':<42} {MEASURES[line.measure]:<18} {line.r_squared:.3f}    "
        f"{milliseconds(line.fixed)} ms, {line.share:.0%} of the time at {line.rate:.0%}"
        for line in found
    ]


def growth_text(comparisons):
    """Return how the time of each subject grows along each axis, as lines."""
    lines = []
    for (name, axis), points in growth_series(comparisons).items():
        disturbed = any(each.is_disturbed for each in comparisons if (each.name, each.axis) == (name, axis))
        lines += ["", f"{name}: time in ms as {axis} grows{', DISTURBED' if disturbed else ''}"]
        values = sorted({value for series in points.values() for value, _ in series})
        lines += [f"  {'':<22} " + " ".join(f"{value:>9g}" for value in values) + "   time grows as"]
        for subject, series in points.items():
            seconds = dict(series)
            cells = " ".join(f"{milliseconds(seconds[value]) if value in seconds else '':>9}" for value in values)
            power = growth_power(series)
            lines.append(f"  {subject:<22} {cells}   {'' if power is None else f'{axis} ** {power:.2f}'}".rstrip())
    return lines


def growth_series(comparisons):
    """Return the points (value, median seconds) of each subject, by network and axis."""
    found = {}
    for comparison in comparisons:
        if comparison.kind == "growth":
            points = found.setdefault((comparison.name, comparison.axis), {})
            for line in comparison.lines:
                series = points.setdefault(line.subject, [])
                if line.times is not None:
                    series.append((comparison.value, line.times.median))
    return found


def growth_power(series):
    """Return p of the line time = a value ** p through points in logarithms; None below two points.

    Examples
    --------
    >>> round(growth_power([(1, 3.0), (2, 12.0), (4, 48.0)]), 9)
    2.0
    """
    if len({value for value, _ in series}) < 2:
        return None
    values, seconds = (np.log(np.array(column, float)) for column in zip(*series))
    return float(np.polyfit(values, seconds, 1)[0])


def report_json(report):
    """Return a report for a program."""
    return {
        "machine": report.machine,
        "ceiling": {"adds_per_second": report.ceiling, **times_json(report.ceiling_times)},
        "comparisons": [comparison_json(comparison, report.ceiling) for comparison in report.comparisons],
        "straight": [line._asdict() for line in straight_lines(report.comparisons)],
        "growth": [
            {"network": name, "axis": axis, "subject": subject, "points": series, "power": growth_power(series)}
            for (name, axis), points in growth_series(report.comparisons).items()
            for subject, series in points.items()
        ],
    }


def comparison_json(comparison, ceiling):
    """Return one comparison for a program."""
    return {
        "kind": comparison.kind,
        "name": comparison.name,
        "details": comparison.details,
        "axis": comparison.axis or None,
        "value": comparison.value if comparison.axis else None,
        "firing_rate": {"wanted": comparison.wanted, "achieved": comparison.achieved},
        "lines": [line_json(comparison, line, ceiling) for line in comparison.lines],
        "remarks": list(comparison.remarks),
        "other_cores": comparison.other_cores,
        "disturbed": comparison.is_disturbed,
        "thread_gain": comparison.thread_gain,
        "layers": [vars(layer) for layer in comparison.layers],
    }


def line_json(comparison, line, ceiling):
    """Return one subject for a program."""
    speedup = comparison.speedup(line)
    rate = line.adds_per_second
    return {
        "subject": line.subject,
        "absent": line.times is None,
        "note": line.note,
        **({} if line.times is None else times_json(line.times)),
        "adds": line.adds,
        "gathered": line.gathered,
        "adds_per_second": rate,
        "share_of_ceiling": None if rate is None else rate / ceiling,
        "speedup": speedup,
        "loses": speedup is not None and speedup < 1,
    }


def times_json(times):
    """Return times for a program, in seconds."""
    return {"median": times.median, "quartiles": list(times.quartiles), "seconds": list(times.seconds)}
