"""Where an answer differs: the map of sites and timesteps."""

from collections import Counter
from dataclasses import dataclass
from itertools import groupby

import numpy as np

MOST_ROWS, ROWS_BEFORE, SHORTEST_FOLD = 25, 2, 3
"""With more sites than this, what lies long before the first difference and long runs of equal sites are folded."""

MOST_COLUMNS, COLUMNS_BEFORE = 64, 4

LEGEND = {
    ".": "equal",
    "+": "under a tenth differs",
    "*": "under a half",
    "#": "a half or more",
    "?": "not observed",
    "!": "missing, or of another type or shape",
}
EQUAL, DIFFERS, UNOBSERVED, MALFORMED = "equal", "differ", "not observed", "malformed"


@dataclass(frozen=True)
class Row:
    """One site of the map.

    Attributes
    ----------
    site : str
    status : {"equal", "differ", "not observed", "malformed"}
        Over all timesteps. Malformed: missing though the case asks for it, or of another type or shape.
    counts : tuple of int
        How many values differ at each timestep; empty where nothing can be compared.
    size : int
        How many values there are at a timestep.
    """

    site: str
    status: str
    counts: tuple
    size: int

    def symbol(self, timestep):
        """Return the character of one timestep."""
        if not self.counts:
            return "?" if self.status == UNOBSERVED else "!"
        count = self.counts[timestep]
        if count == 0:
            return "."
        return "+" if 10 * count < self.size else "*" if 2 * count < self.size else "#"

    @property
    def note(self):
        """Say where the differences of the site begin, or why there is nothing to compare."""
        if not self.counts:
            return self.status
        first = next((timestep for timestep, count in enumerate(self.counts) if count), None)
        return "" if first is None else f"timestep {first}: {self.counts[first]} of {self.size} differ"


def map_sample(comparison):
    """Return the sample that the map is of: the first in which a value differs."""
    firsts = [difference.first for difference in comparison.differences if difference.first is not None]
    return min((first[0] for first in firsts), default=0) if comparison.case.samples > 1 else 0


def map_rows(comparison):
    """Hold each site against the answer, timestep by timestep.

    Parameters
    ----------
    comparison : Comparison

    Returns
    -------
    rows : list of Row
        In order of computation, of the first sample in which a value differs. None for a digest: it has no timesteps.
    """
    case = comparison.case
    if case.draws:
        return []
    sample = map_sample(comparison)
    malformed = {difference.site for difference in comparison.differences if difference.problem != "values"}
    return [site_row(comparison, site, sample, site in malformed) for site in case.expected]


def site_row(comparison, site, sample, is_malformed):
    """Compare one site."""
    case = comparison.case
    expected = case.expected[site][sample] if case.samples > 1 else case.expected[site]
    size = int(np.prod(expected.shape[1:]))
    if is_malformed or site not in comparison.got:
        return Row(site, MALFORMED if is_malformed else UNOBSERVED, (), size)
    got = comparison.got[site][sample] if case.samples > 1 else comparison.got[site]
    counts = tuple((expected != got).reshape(len(expected), -1).sum(axis=1).tolist())
    return Row(site, DIFFERS if any(counts) else EQUAL, counts, size)


def map_text(comparison):
    """Draw the map with characters.

    Parameters
    ----------
    comparison : Comparison

    Returns
    -------
    lines : list of str
        A row for each site in order of computation, a column for each timestep. Of more than 25 sites only those around
        and after the first difference, runs of equal or unobserved ones in one line; of more than 64 timesteps only
        those around and after it. Empty for a digest.
    """
    rows = map_rows(comparison)
    if not rows:
        return []
    window = column_window(rows, comparison.case.timesteps)
    lines = folded(rows)
    names = max((len(line.site) for line in lines if isinstance(line, Row)), default=0)
    drawn = [line if isinstance(line, str) else drawn_row(line, names, window) for line in lines]
    return [*header(comparison, names, window), *drawn, legend(rows, window)]


def drawn_row(row, names, window):
    """Draw one site."""
    return f"{row.site.ljust(names)}  {''.join(map(row.symbol, window))}  {row.note}".rstrip()


def header(comparison, names, window):
    """Number the timesteps, upright where they have several digits."""
    case = comparison.case
    words = f"sample {map_sample(comparison)} of {case.samples}, " if case.samples > 1 else ""
    words += f"timesteps {window[0]} to {window[-1]} of {case.timesteps}"
    digits = [str(timestep).rjust(len(str(window[-1]))) for timestep in window]
    return [words, *(" " * (names + 2) + "".join(line) for line in zip(*digits))]


def legend(rows, window):
    """Explain the characters that occur."""
    used = {row.symbol(timestep) for row in rows for timestep in window}
    return ", ".join(f"{symbol} {words}" for symbol, words in LEGEND.items() if symbol in used)


def column_window(rows, timesteps):
    """Return the timesteps to draw."""
    if timesteps <= MOST_COLUMNS:
        return range(timesteps)
    counts = np.array([row.counts for row in rows if row.status == DIFFERS]).reshape(-1, timesteps)
    first = int(counts.any(axis=0).argmax())
    start = max(0, min(first - COLUMNS_BEFORE, timesteps - MOST_COLUMNS))
    return range(start, start + MOST_COLUMNS)


def folded(rows):
    """Leave out what says little of many sites.

    Returns
    -------
    lines : list of Row or str
    """
    if len(rows) <= MOST_ROWS:
        return rows
    begin = max(0, first_place(rows) - ROWS_BEFORE)
    lines = [census(rows[:begin], "before")] if begin else []
    for status, run in groupby(rows[begin:], key=lambda row: row.status):
        run = list(run)
        is_long = len(run) >= SHORTEST_FOLD and status in (EQUAL, UNOBSERVED)
        lines += [f"{len(run)} sites {status}"] if is_long else run
    return lines if len(lines) <= MOST_ROWS else shortened(lines, rows)


def first_place(rows):
    """Return the place of the first difference in order of timesteps, then sites; else of the first malformed site."""
    differing = [
        (next(timestep for timestep, count in enumerate(row.counts) if count), place)
        for place, row in enumerate(rows)
        if row.status == DIFFERS
    ]
    malformed = [place for place, row in enumerate(rows) if row.status == MALFORMED]
    return min(differing)[1] if differing else min(malformed, default=0)


def shortened(lines, rows):
    """Count the sites after the last row that is drawn."""
    kept = lines[:MOST_ROWS]
    last = next(line for line in reversed(kept) if isinstance(line, Row))
    kept = kept[: kept.index(last) + 1]
    return [*kept, census(rows[rows.index(last) + 1 :], "after")]


def census(rows, where):
    """Count sites by what became of them."""
    counts = Counter(row.status for row in rows)
    words = ", ".join(
        f"{counts[status]} {status}" for status in (EQUAL, DIFFERS, UNOBSERVED, MALFORMED) if counts[status]
    )
    return f"{len(rows)} {'site' if len(rows) == 1 else 'sites'} {where}: {words}"


def picture_rows(comparison):
    """Return the map as plain data, for a picture.

    Returns
    -------
    rows : list of tuple
        (name, cells); a cell for each timestep: how many thousandths of the values differ, at least 1 where any does,
        and None where nothing was compared.
    """
    rows = []
    for row in map_rows(comparison):
        name = f"{row.site} ({row.status})" if row.status == MALFORMED else row.site
        cells = [-(-1000 * count // row.size) for count in row.counts]
        rows.append((name, cells or [None] * comparison.case.timesteps))
    return rows
