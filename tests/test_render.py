"""Pictures."""

import numpy as np

from refsim.render import (
    FALL,
    INK,
    LABEL_WIDTH,
    MARGIN,
    PANEL_WIDTH,
    PAPER,
    RISE,
    TILE,
    attention_picture,
    raster_panel,
    raster_picture,
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


def test_attention_colours_what_is_attended():
    """All attention on token 3 of 2 x 2: the lower right quarter turns red; negative weight turns blue."""
    image = np.full((8, 8, 1), 128, np.uint8)
    attention = np.zeros((4, 1, 4, 4), np.int32)
    attention[:, :, :, 3], attention[:, :, :, 0] = 5, -5
    picture = attention_picture(image, {"block0.attention.map": attention}, (2, 2))
    left, top = MARGIN + TILE + MARGIN, picture.height - MARGIN - TILE
    corner = picture.getpixel((left + TILE - 5, top + TILE - 5)), picture.getpixel((left + 5, top + 5))
    assert corner[0][0] > corner[0][2] + 50 and corner[1][2] > corner[1][0] + 50
    assert (128, 128, 128) == picture.getpixel((left + TILE - 5, top + 5))
    assert RISE[0] > RISE[2] and FALL[2] > FALL[0]
