"""A report with made-up times, in which refsim wins, loses while disturbed, and meets an absent peer."""

from refsim.bench.calibrate import Layer
from refsim.bench.results import Comparison, Line, Report
from refsim.bench.timing import Times


def line(subject, *milliseconds, adds=None, note=""):
    return Line(subject, Times(tuple(value / 1000 for value in milliseconds)) if milliseconds else None, adds, note)


def comparison(kind, name, rate, own, dense, axis="", value=0.0, others=0.0):
    """One comparison in which refsim takes `own` and PyTorch `dense` milliseconds."""
    lines = (
        line("refsim reference", *own, adds=2_000_000),
        line("PyTorch float32", *dense, note="same integers"),
        line("spikingjelly", note="is not installed"),
    )
    layers = (Layer("stem.neuron0", "thresholds", 7, rate, rate),)
    return Comparison(kind, name, "8 x 8 pixels", rate, rate, lines, ("all equal",), layers, others, 1.9, axis, value)


def report():
    """Two rates of one network, one kernel, three timesteps: 1, 2 and 4 take 2, 4 and 8 ms."""
    comparisons = [
        comparison("network", "small", 0.1, (1, 2, 3, 4, 5), (6, 6, 6, 6, 6)),
        comparison("network", "small", 0.4, (9, 9, 9, 9, 9), (6, 6, 6, 6, 6), others=0.25),
        comparison("kernel", "linear map", 0.1, (2,), (4,)),
        *(comparison("growth", "small", 0.1, (2 * steps,), (6,), "T", steps) for steps in (1, 2, 4)),
    ]
    return Report({"processor": "P", "threads": 2, "torch": "absent"}, 2e9, Times((0.01,)), tuple(comparisons))
