"""The report as a picture: time, and additions a second against the ceiling."""

from refsim.bench.results import OWN, RATE
from refsim.errors import InputError

OWN_COLOURS = ("#c0392b", "#e59866", "#7b241c")
PEER_COLOURS = ("#1f4e79", "#2e8b57", "#7d3c98", "#7f8c8d")
MARKERS = "os^Dv"
CEILING = "ceiling: int8 rows onto int32\nsums in the nearest cache"


def require_matplotlib():
    """Return matplotlib's Figure, which needs no display.

    Raises
    ------
    InputError
        If matplotlib is missing.
    """
    try:
        from matplotlib.figure import Figure
    except ImportError:
        raise InputError("--plot needs matplotlib: pip install 'refsim[bench]'") from None
    return Figure


def plot(report, path):
    """Save the picture of a report.

    Parameters
    ----------
    report : Report
    path : str or Path
        Of a .png file.

    Raises
    ------
    InputError
        If matplotlib is missing, or the file cannot be written.
    """
    try:
        figure_of(report).savefig(path, dpi=130)
    except OSError as error:
        raise InputError(f"{path}: cannot be written: {error.strerror}") from error


def figure_of(report):
    """Draw a report.

    One row of two panels for each network or kernel, and for each axis along which one grows: the time of every subject
    with its quartiles, and the additions a second of refsim's subjects below the ceiling.

    Returns
    -------
    figure : matplotlib.figure.Figure
    """
    rows = grouped(report.comparisons)
    figure = require_matplotlib()(figsize=(12.5, 4.2 * len(rows)), layout="constrained")
    figure.get_layout_engine().set(hspace=0.06, h_pad=0.1)
    here = f"{report.machine['processor']}, {report.machine['threads']} threads"
    figure.suptitle(f"{here}: medians, bars from the lower to the upper quartile", fontsize=11)
    panels = figure.subplots(len(rows), 2, squeeze=False)
    for (left, right), ((name, axis), comparisons) in zip(panels, rows.items()):
        styles = styles_of(comparisons)
        draw_times(left, name, axis, comparisons, styles)
        draw_adds(right, axis, comparisons, styles, report.ceiling)
    return figure


def grouped(comparisons):
    """Return the comparisons that make one row, by name and axis, each in the order of its values."""
    rows = {}
    for comparison in comparisons:
        rows.setdefault((comparison.name, comparison.place[0]), []).append(comparison)
    return {key: sorted(row, key=lambda comparison: comparison.place[1]) for key, row in rows.items()}


def styles_of(comparisons):
    """Return how each subject of a row is drawn; refsim in warm colours and whole lines."""
    subjects = list(dict.fromkeys(line.subject for comparison in comparisons for line in comparison.lines))
    own = [subject for subject in subjects if subject.startswith(OWN)]
    peers = [subject for subject in subjects if not subject.startswith(OWN)]
    styles = {}
    for group, colours, dashes, width in ((own, OWN_COLOURS, "-", 2.4), (peers, PEER_COLOURS, "--", 1.6)):
        for place, subject in enumerate(group):
            colour, marker = colours[place % len(colours)], MARKERS[place % len(MARKERS)]
            styles[subject] = {"color": colour, "linestyle": dashes, "linewidth": width, "marker": marker}
    return styles


def points_of(comparisons, subject):
    """Return the values of a row and the lines of a subject where it was timed."""
    found = [
        (comparison.place[1], line)
        for comparison in comparisons
        for line in comparison.lines
        if line.subject == subject and line.times is not None
    ]
    return [value for value, _ in found], [line for _, line in found]


def draw_times(panel, name, axis, comparisons, styles):
    """Draw the time of every subject, logarithmic, the quartiles as bars."""
    from matplotlib.ticker import LogLocator

    for subject, style in styles.items():
        values, lines = points_of(comparisons, subject)
        if not lines:
            panel.plot([], [], label=f"{subject} (absent)", **style)
            continue
        medians = [1e3 * line.times.median for line in lines]
        quartiles = [line.times.quartiles for line in lines]
        below = [median - 1e3 * lower for median, (lower, _) in zip(medians, quartiles)]
        above = [1e3 * upper - median for median, (_, upper) in zip(medians, quartiles)]
        panel.errorbar(values, medians, (below, above), label=subject, capsize=3, **style)
    panel.set_yscale("log")
    kernel = comparisons[0].kind == "kernel"
    panel.set_ylabel(f"time of one {'product' if kernel else 'image'} (ms)")
    panel.set_title(row_title(name, axis, comparisons), fontsize=10)
    label_axis(panel, axis, comparisons)
    panel.yaxis.set_major_locator(LogLocator(base=10, subs=(1, 2, 5)))
    panel.yaxis.set_major_formatter(lambda value, _: f"{value:,g}")
    panel.yaxis.set_minor_formatter("")


def row_title(name, axis, comparisons):
    """Say what a row shows: the network or kernel, and what does not change along it."""
    fixed = comparisons[0].details if axis == RATE else f"firing rate {comparisons[0].wanted:.0%}, {axis} growing"
    disturbed = "\n(disturbed by other programs)" if any(each.is_disturbed for each in comparisons) else ""
    return f"{name}, {fixed}{disturbed}"


def draw_adds(panel, axis, comparisons, styles, ceiling):
    """Draw the additions a second of refsim's subjects below the ceiling; the row's legend stands beside it."""
    for subject, style in styles.items():
        values, lines = points_of(comparisons, subject)
        if lines and lines[0].adds is not None:
            panel.plot(values, [line.adds_per_second / 1e9 for line in lines], **style)
    panel.axhline(ceiling / 1e9, color="black", linewidth=1.2, linestyle=":", label=CEILING)
    panel.set_ylim(0, 1.1 * max(ceiling / 1e9, panel.get_ylim()[1]))
    panel.set_ylabel("additions a second ($10^9$)")
    panel.set_title("additions on data, all threads", fontsize=10)
    label_axis(panel, axis, comparisons)
    drawn = panel.figure.axes[panel.figure.axes.index(panel) - 1].get_legend_handles_labels()
    own = panel.get_legend_handles_labels()
    panel.legend(
        drawn[0] + own[0], drawn[1] + own[1], loc="upper left", bbox_to_anchor=(1.02, 1), fontsize=9, frameon=False
    )


def label_axis(panel, axis, comparisons):
    """Name what is varied, and mark exactly the values that it took."""
    values = sorted({comparison.place[1] for comparison in comparisons})
    panel.set_xscale("log")
    labels = [f"{100 * value:g}" if axis == RATE else f"{value:g}" for value in values]
    panel.set_xticks(values, labels)
    panel.set_xticks([], minor=True)
    panel.set_xlabel("firing rate, wanted (%)" if axis == RATE else axis)
    panel.grid(True, which="major", alpha=0.3)
