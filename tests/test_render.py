"""Pictures."""

import numpy as np
import pytest
from PIL import ImageChops

from refsim.render import (
    FALL,
    FONT_SIZE,
    INK,
    LABEL_WIDTH,
    MARGIN,
    PANEL_WIDTH,
    PAPER,
    RISE,
    TILE,
    attention_picture,
    full_colour,
    matrix_chart,
    membrane_chart,
    raster_caption,
    raster_panel,
    raster_picture,
    spike_chart,
)


def test_a_panel_shows_each_spike_in_its_place():
    """Two timesteps of one place and 24 channels: +1 dark, -1 red, silence white, time to the right."""
    spikes = np.zeros((2, 1, 24), np.int8)
    spikes[0, 0, 0], spikes[1, 0, 23] = 1, -1
    panel = raster_panel(spikes)
    assert (PANEL_WIDTH, 24) == panel.size
    assert INK == panel.getpixel((10, 0)) and RISE == panel.getpixel((PANEL_WIDTH - 10, 23))
    assert PAPER == panel.getpixel((PANEL_WIDTH - 10, 0)) == panel.getpixel((10, 23))


def test_graded_spikes_are_darker_the_larger():
    """127 is full ink, 64 about half."""
    panel = raster_panel(np.array([[[127]], [[64]], [[0]]], np.int8).repeat(24, axis=2))
    full, half, none = (sum(panel.getpixel((PANEL_WIDTH * place // 6, 5))) for place in (1, 3, 5))
    assert full < half < none


def test_a_raster_has_a_panel_for_each_site():
    """One below the other, none outside the picture."""
    trace = {name: np.ones((4, 2, 30), np.int8) for name in ("one", "two")}
    picture = raster_picture(trace)
    column = [picture.getpixel((LABEL_WIDTH + MARGIN + 5, row)) for row in range(picture.height)]
    assert 2 * 30 == column.count(INK)


FEW, MANY = (4, 2, 3), (4, 2, 145)


@pytest.mark.parametrize(
    ("panels", "colours"),
    [
        ([(0, 1, FEW)], "dark +1"),
        ([(0, 0, FEW)], "dark +1"),
        ([(0, 1, FEW), (-1, 1, FEW)], "dark +1, red -1"),
        ([(0, 1, MANY)], "dark +1; a pixel may be a mean"),
        ([(0, 1, (4, 181, 3))], "dark +1; a pixel may be a mean"),
        ([(0, 127, FEW)], "dark above 0, full colour at the number under the name"),
        ([(-9, 4, FEW)], "dark above 0, red below 0, full colour at the number under the name"),
        (
            [(0, 255, FEW), (-1, 1, FEW)],
            "dark above 0, red below 0, full colour at the number under the name, or else at 1",
        ),
    ],
)
def test_the_caption_of_a_raster_is_true_of_its_panels(panels, colours):
    """+1 and -1 are named where nothing is larger; red where something is negative; means where pixels are too few."""
    drawn = []
    for lowest, highest, shape in panels:
        drawn.append(np.full(shape, lowest, np.int32))
        drawn[-1].flat[0] = highest
    places, below = raster_caption(drawn).split("\n")
    assert places.startswith("in a timestep, left to right: ") and below == colours


def test_what_has_the_full_colour_stands_under_the_name():
    """Membranes of -128 in int8 too; spikes of one size have no number."""
    assert [128, 1, 1] == [full_colour(np.array([[[value]]], np.int8)) for value in (-128, 1, 0)]
    labels = []
    for largest in (1, 5):
        picture = raster_picture({"neuron": np.full((1, 1, 30), largest, np.int32)})
        labels.append(np.array(picture.crop((0, 0, LABEL_WIDTH, picture.height)).convert("L")))
    rows = [np.flatnonzero((label < 200).any(axis=1)) for label in labels]
    assert np.ptp(rows[0]) < FONT_SIZE + 4 < np.ptp(rows[1])


def test_the_longest_name_of_a_raster_is_seen_whole():
    """The panels begin behind it: what is drawn left of them has a blank strip before their first column."""
    site = "stage3.block17.attention.query_key_value.convolution.projection.neuron"
    picture = raster_picture({site: np.ones((1, 1, 30), np.int8)})
    left = picture.width - PANEL_WIDTH - MARGIN
    names = np.array(picture.crop((0, 0, left, picture.height)).convert("L"))
    inked = np.flatnonzero((names < 128).any(axis=0))
    assert LABEL_WIDTH < inked.max() < left - MARGIN // 2
    assert (INK, PAPER) == (picture.getpixel((left + 5, 50)), picture.getpixel((left - 2, 50)))


def test_attention_colours_what_is_attended():
    """All attention on token 3 of 2 x 2: the lower right quarter turns red; negative weight turns blue."""
    image = np.full((8, 8, 1), 128, np.uint8)
    attention = np.zeros((4, 1, 4, 4), np.int32)
    attention[:, :, :, 3], attention[:, :, :, 0] = 5, -5
    picture = attention_picture(image, {"block0.attention.map": attention}, (2, 2))
    left, top = MARGIN + TILE + MARGIN, picture.height - 2 * MARGIN - FONT_SIZE - TILE
    corner = picture.getpixel((left + TILE - 5, top + TILE - 5)), picture.getpixel((left + 5, top + 5))
    assert corner[0][0] > corner[0][2] + 50 and corner[1][2] > corner[1][0] + 50
    assert (128, 128, 128) == picture.getpixel((left + TILE - 5, top + 5))
    of_spikes = attention_picture(image, {"block0.attention.map": attention}, (2, 2), "spikes")
    changed = ImageChops.difference(picture, of_spikes).getbbox()
    assert changed[0] >= MARGIN and changed[2] < left and changed[3] < top  # the caption of the image alone
    assert RISE[0] > RISE[2] and FALL[2] > FALL[0]


@pytest.fixture
def axes():
    """Axes of a figure that needs no display."""
    figure = pytest.importorskip("matplotlib.figure", reason="matplotlib is not installed: pip install '.[notebooks]'")
    return figure.Figure().subplots()


def colour(patch_or_line):
    from matplotlib.colors import to_hex

    return to_hex(patch_or_line)


def bars(axes):
    """Return the bars of a raster by colour: (time, from, to)."""
    return {
        colour(lines.get_color()[0]): [(float(x), float(a), float(b)) for (x, a), (_, b) in lines.get_segments()]
        for lines in axes.collections
    }


def test_a_matrix_has_its_number_in_every_cell(axes):
    """In reading order, minus as a minus; zero is white, positive blue, negative red, named rows and columns."""
    matrix_chart(axes, [[5, 0], [-3, 1], [2, -5]], rows=["a", "b", "c"], columns=["x", "y"], title="scores")
    assert ["5", "0", "\N{MINUS SIGN}3", "1", "2", "\N{MINUS SIGN}5"] == [text.get_text() for text in axes.texts]
    assert [(0, 0), (1, 0), (0, 1)] == [text.get_position() for text in axes.texts[:3]]
    (image,) = axes.images
    (five, zero), _, (_, minus_five) = image.to_rgba(image.get_array())
    assert [1, 1, 1, 1] == pytest.approx(list(zero), abs=0.01)
    assert five[2] > five[0] + 0.2 and minus_five[0] > minus_five[2] + 0.2
    assert ["a", "b", "c"] == [tick.get_text() for tick in axes.get_yticklabels()]
    assert ["x", "y"] == [tick.get_text() for tick in axes.get_xticklabels()]
    assert "scores" == axes.get_title()


def test_a_matrix_of_zeros_can_be_drawn(axes):
    """White, and nothing is divided by zero."""
    matrix_chart(axes, np.zeros((2, 2), int))
    (image,) = axes.images
    assert np.allclose(image.to_rgba(image.get_array()), 1, atol=0.01)


def test_a_raster_shows_the_sign_by_colour_and_side(axes):
    """+1 of neuron 0 at timestep 2 stands above its line and is dark, -1 of neuron 1 at timestep 0 hangs and is red."""
    spike_chart(axes, [[0, -1], [0, 0], [1, 0]])
    drawn = bars(axes)
    assert [(2, 0, pytest.approx(-0.42))] == drawn["#202028"] and [(0, 1, pytest.approx(1.42))] == drawn["#c43c28"]
    assert axes.get_ylim()[0] > axes.get_ylim()[1], "neurons go down"
    assert not axes.texts
    assert "timestep" == axes.get_xlabel() and all(tick == int(tick) for tick in axes.get_xticks())


def test_graded_spikes_bear_their_number(axes):
    """And the largest is the tallest; names stand in the place of indices."""
    spike_chart(axes, [[0, 8], [4, 0]], neurons=["first", "second"], title="graded")
    heights = {time: start - end for time, start, end in bars(axes)["#202028"]}
    assert {0: pytest.approx(0.42), 1: pytest.approx(0.21)} == heights
    assert {"8", "4"} == {text.get_text() for text in axes.texts}
    assert ["first", "second"] == [tick.get_text() for tick in axes.get_yticklabels()]


def test_a_membrane_jumps_to_its_charge_and_falls_to_its_reset(axes):
    """Charges 3, 7, -6 at a threshold of 5; +1 and -1 fire there, and the membrane is 3, then 0, then 0."""
    membrane_chart(axes, [3, 0, 0], 5, charge=[3, 7, -6], spikes=[0, 1, -1], title="ternary")
    path, charges, rise, fall = axes.lines[:4]
    assert [0, 0, 1, 1, 1, 2, 2, 2, 3] == path.get_xdata().tolist()
    assert [3, 3, 3, 7, 0, 0, -6, 0, 0] == path.get_ydata().tolist()
    assert [3, 7, -6] == charges.get_ydata().tolist()
    assert [(1, 7)] == list(zip(rise.get_xdata(), rise.get_ydata())) and "^" == rise.get_marker()
    assert [(2, -6)] == list(zip(fall.get_xdata(), fall.get_ydata())) and "v" == fall.get_marker()
    assert [[5, 5, 5], [-5, -5, -5]] == [patch.get_data().values.tolist() for patch in axes.patches]
    assert "membrane" == axes.get_ylabel() and "timestep" == axes.get_xlabel()


def test_levels_that_grow_are_steps(axes):
    """One level a timestep; without a spike of -1 there is none below zero."""
    membrane_chart(axes, [1, 2, 3], [4, 8, 16])
    (levels,) = axes.patches
    assert [4, 8, 16] == levels.get_data().values.tolist()
    assert [1, 2, 3] == axes.lines[1].get_ydata().tolist(), "the charge is the membrane where nothing else is given"
