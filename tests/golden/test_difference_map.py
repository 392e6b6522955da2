"""The map of sites and timesteps, in characters and as a picture."""

from dataclasses import replace

import numpy as np
import pytest
from golden_cases import make

from refsim.golden.comparison import compare
from refsim.golden.difference_map import map_rows, map_text, picture_rows
from refsim.render import (
    DIFFERING,
    EQUAL,
    LABEL_WIDTH,
    MARGIN,
    PAPER,
    ROW_HEIGHT,
    UNCOMPARED,
    WIDEST_CELL,
    difference_picture,
)

ANY = make("ReLU", {"x": ("currents", (1, 20))})


def case_of_sites(names, timesteps=3, samples=1, size=20):
    """Return a case whose sites are all 0; the map asks nothing else of it."""
    leading = (samples,) * (samples > 1) + (timesteps,)
    expected = {name: np.zeros((*leading, 1, size), np.int32) for name in names}
    return replace(ANY, timesteps=timesteps, samples=samples, expected=expected, outputs=(names[-1],))


def answer_with(case, changes):
    """Return the answer 0 with ones put in: {(site, *leading index): how many}."""
    got = {site: values.copy() for site, values in case.expected.items()}
    for (site, *index), count in changes.items():
        got[site][(*index, 0, slice(count))] = 1
    return got


def test_every_symbol_stands_where_it_belongs():
    """1, 9 and 10 of 20 are +, * and #; a site that was not given is ?, one of another type !."""
    case = case_of_sites(["a", "long.name", "c", "d"])
    got = answer_with(case, {("a", 1): 1, ("a", 2): 9, ("d", 2): 10})
    del got["long.name"]
    got["c"] = got["c"].astype(np.int64)
    legend = ". equal, + under a tenth differs, * under a half, # a half or more, ? not observed, "
    assert [
        "timesteps 0 to 2 of 3",
        "           012",
        "a          .+*  timestep 1: 1 of 20 differ",
        "long.name  ???  not observed",
        "c          !!!  malformed",
        "d          ..#  timestep 2: 10 of 20 differ",
        legend + "! missing, or of another type or shape",
    ] == map_text(compare(case, got))


def test_counts_are_those_of_each_timestep():
    """Hand-placed differences, 0 elsewhere; shares round up, so that no difference looks like none."""
    case = case_of_sites(["a", "b", "c"], size=3000)
    got = answer_with(case, {("a", 0): 1, ("a", 2): 3000, ("b", 1): 1500})
    del got["c"]
    comparison = compare(case, got)
    assert [(1, 0, 3000), (0, 1500, 0), ()] == [row.counts for row in map_rows(comparison)]
    assert ["differ", "differ", "malformed"] == [row.status for row in map_rows(comparison)]
    assert [("a", [1, 0, 1000]), ("b", [0, 500, 0]), ("c (malformed)", [None] * 3)] == picture_rows(comparison)


def test_the_map_is_of_the_first_differing_sample():
    """Sample 0 is equal; sample 2 differs everywhere, sample 1 first."""
    case = case_of_sites(["a", "b"], samples=3)
    lines = map_text(compare(case, answer_with(case, {("b", 1, 2): 20, ("a", 2, 0): 20})))
    assert "sample 1 of 3, timesteps 0 to 2 of 3" == lines[0]
    assert ["a  ...", "b  ..#  timestep 2: 20 of 20 differ"] == lines[2:4]


def test_sites_long_before_the_first_difference_and_long_equal_runs_are_folded():
    """Of 40 sites s20 differs first, at timestep 1: two sites before it are shown, runs of three after it fold."""
    case = case_of_sites([f"s{place}" for place in range(40)])
    got = answer_with(case, {("s20", 1): 20, ("s22", 2): 20, ("s30", 2): 20, ("s31", 2): 20})
    for place in (3, 24, 25, 26):
        del got[f"s{place}"]
    assert [
        "18 sites before: 17 equal, 1 not observed",
        "s18  ...",
        "s19  ...",
        "s20  .#.  timestep 1: 20 of 20 differ",
        "s21  ...",
        "s22  ..#  timestep 2: 20 of 20 differ",
        "s23  ...",
        "3 sites not observed",
        "3 sites equal",
        "s30  ..#  timestep 2: 20 of 20 differ",
        "s31  ..#  timestep 2: 20 of 20 differ",
        "8 sites equal",
    ] == map_text(compare(case, got))[2:-1]


def test_the_first_difference_is_that_of_the_earliest_timestep():
    """s30 differs at timestep 0 and s5 at 1: the map begins before s30, and counts s5."""
    case = case_of_sites([f"s{place}" for place in range(40)])
    lines = map_text(compare(case, answer_with(case, {("s30", 0): 20, ("s5", 1): 20})))
    assert ["28 sites before: 27 equal, 1 differ", "s28  ..."] == lines[2:4]


def test_a_map_fits_a_screen():
    """A hundred sites that all differ: 25 are shown, and the others counted."""
    case = case_of_sites([f"s{place}" for place in range(100)])
    lines = map_text(compare(case, answer_with(case, {(site, 1): 20 for site in case.expected})))
    assert 2 + 25 + 1 + 1 == len(lines)
    assert lines[-3].startswith("s24") and "75 sites after: 75 differ" == lines[-2]


def test_of_many_timesteps_those_around_the_first_difference_are_shown():
    """Timestep 500 of 1024 is the fifth column of 64; timesteps are numbered upright."""
    case = case_of_sites(["a", "b"], timesteps=1024)
    lines = map_text(compare(case, answer_with(case, {("b", 500): 20})))
    assert "timesteps 496 to 559 of 1024" == lines[0]
    assert ["4444555", "9999000", "6789012"] == [line[3:10] for line in lines[1:4]]
    assert "b  ....#" + "." * 59 + "  timestep 500: 20 of 20 differ" == lines[5]


def test_an_equal_answer_has_an_equal_map():
    """One line for forty equal sites, and points for few."""
    case = case_of_sites([f"s{place}" for place in range(40)])
    assert "40 sites equal" == map_text(compare(case, answer_with(case, {})))[2]
    case = case_of_sites(["a"])
    assert ["a  ...", ". equal"] == map_text(compare(case, answer_with(case, {})))[2:]


def test_a_digest_has_no_map():
    """It has no timesteps."""
    case = replace(ANY, draws=object(), expected={"digest": np.zeros(32, np.uint8)}, outputs=("digest",))
    assert [] == map_text(compare(case, {"digest": np.ones(32, np.uint8)}))


def cell(picture, row, timestep, middle=False):
    """Return the colour of a cell, near its left border or in the middle."""
    left, top = MARGIN + LABEL_WIDTH + timestep * WIDEST_CELL, MARGIN + ROW_HEIGHT + row * ROW_HEIGHT
    return picture.getpixel((left + (WIDEST_CELL // 2 if middle else 5), top + ROW_HEIGHT // 2 - 1))


def luminance(colour):
    """Return how light a colour is, from 0 to 1 (Rec. 709, without its curve)."""
    return sum(share * level / 255 for share, level in zip((0.2126, 0.7152, 0.0722), colour))


def test_a_picture_colours_each_cell():
    """Pale blue where equal, full red where all differ, lighter where few do; hatched lines on grey where unknown."""
    picture = difference_picture([("a", [0, 1, 1000]), ("b", [None, 0, 500])], 3)
    assert [EQUAL, DIFFERING, EQUAL] == [cell(picture, 0, 0), cell(picture, 0, 2), cell(picture, 1, 1)]
    few, half = cell(picture, 0, 1), cell(picture, 1, 2)
    assert DIFFERING[1] < half[1] < few[1] < 210 and few[0] > few[1] + 30
    left, top = MARGIN + LABEL_WIDTH, MARGIN + 2 * ROW_HEIGHT
    hatched = {picture.getpixel((left + x, top + 5)) for x in range(WIDEST_CELL - 2)}
    assert UNCOMPARED in hatched and 2 <= len(hatched)


def test_a_difference_is_seen_without_colour():
    """The least one is much darker than an equal cell, and has a white dot in the middle; an equal cell has none."""
    picture = difference_picture([("a", [0, 1, 1000])], 3)
    equal, few, every = (luminance(cell(picture, 0, timestep)) for timestep in range(3))
    assert equal - few > 0.2 < few - every
    assert [EQUAL, PAPER, PAPER] == [cell(picture, 0, timestep, middle=True) for timestep in range(3)]


@pytest.mark.parametrize("timesteps", [1, 16, 1024])
def test_a_single_difference_is_seen_among_any_number_of_timesteps(timesteps):
    """The last timestep is red though several share a pixel; nothing is drawn outside, long names widen the margin."""
    cells = [0] * (timesteps - 1) + [1000]
    picture = difference_picture([("a.very.long.name.of.a.site.in.a.deep.network.membrane", cells)], timesteps)
    row = [picture.getpixel((x, MARGIN + ROW_HEIGHT + 5)) for x in range(picture.width)]
    assert DIFFERING in row and DIFFERING not in row[: LABEL_WIDTH + MARGIN]
