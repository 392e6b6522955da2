"""Pictures: spike rasters, attention over the image, and where an implementation differs."""

import numpy as np
from PIL import Image, ImageDraw, ImageFont

PAPER, INK, RISE, FALL = (255, 255, 255), (32, 32, 40), (196, 60, 40), (40, 90, 190)
PANEL_WIDTH = 720
LABEL_WIDTH = 240
MARGIN = 12
FONT_SIZE = 14
TILE = 168
ROW_HEIGHT, WIDEST_CELL, LEGEND_WIDTH = 20, 36, 420
EQUAL, UNCOMPARED, RULE = (200, 220, 204), (226, 226, 226), (150, 150, 150)


def raster_picture(trace):
    """Draw the spikes of several sites: time across, neurons down.

    Within a timestep the places or tokens follow each other from left to right; the neurons of one place stand below
    each other, channel by channel. A spike of +1 is dark, one of -1 red, a graded one the darker the larger. Where a
    site has more places than the picture has pixels, a pixel shows their mean.

    Parameters
    ----------
    trace : dict of ndarray of int8 by site, shape (T, ..., C)

    Returns
    -------
    picture : PIL.Image.Image
    """
    panels = {site: raster_panel(spikes) for site, spikes in trace.items()}
    height = sum(panel.height + MARGIN for panel in panels.values()) + 2 * FONT_SIZE + 2 * MARGIN
    picture = Image.new("RGB", (LABEL_WIDTH + PANEL_WIDTH + 2 * MARGIN, height), PAPER)
    draw, font = ImageDraw.Draw(picture), ImageFont.load_default(FONT_SIZE)
    timesteps = max(len(spikes) for spikes in trace.values())
    left, top = LABEL_WIDTH + MARGIN, MARGIN
    for timestep in range(timesteps):
        draw.text((left + timestep * PANEL_WIDTH // timesteps, top), f"t = {timestep}", INK, font)
    top += 2 * FONT_SIZE
    for site, panel in panels.items():
        draw.text((MARGIN, top + panel.height // 2 - FONT_SIZE // 2), site, INK, font)
        picture.paste(panel, (left, top))
        for timestep in range(timesteps + 1):
            column = left + timestep * PANEL_WIDTH // timesteps
            draw.line((column, top, column, top + panel.height), (150, 150, 150))
        top += panel.height + MARGIN
    return picture


def raster_panel(spikes):
    """Draw one site: a column for each place at each timestep, a row for each channel."""
    channels = spikes.shape[-1]
    columns = spikes.reshape(-1, channels).T.astype(np.float64)
    shade = np.clip(np.abs(columns) / max(1, np.abs(columns).max()), 0, 1)[..., np.newaxis]
    colour = np.where(columns[..., np.newaxis] < 0, RISE, INK)
    pixels = np.rint(PAPER * (1 - shade) + colour * shade).astype(np.uint8)
    height = max(24, min(144, channels))
    return Image.fromarray(pixels).resize((PANEL_WIDTH, height), Image.Resampling.BOX)


def attention_picture(image, maps, grid):
    """Draw how much attention each part of an image receives, by block and head.

    Attention is summed over timesteps and queries; red is positive, blue negative, each picture on its own scale.

    Parameters
    ----------
    image : ndarray of uint8, shape (Y, X, C)
    maps : dict of ndarray by site, shape (T, H, N, N)
        Attention maps, query before key.
    grid : tuple of int
        Rows and columns of tokens, N in all.

    Returns
    -------
    picture : PIL.Image.Image
    """
    heads = max(attention.shape[1] for attention in maps.values())
    width = MARGIN + (heads + 1) * (TILE + MARGIN)
    picture = Image.new("RGB", (width, MARGIN + len(maps) * (TILE + 2 * FONT_SIZE + MARGIN)), PAPER)
    draw, font = ImageDraw.Draw(picture), ImageFont.load_default(FONT_SIZE)
    ground = tile(image if image.shape[2] == 3 else np.repeat(image[..., :1], 3, axis=2))
    for row, (site, attention) in enumerate(maps.items()):
        top = MARGIN + row * (TILE + 2 * FONT_SIZE + MARGIN)
        draw.text((MARGIN, top), site, INK, font)
        picture.paste(ground, (MARGIN, top + 2 * FONT_SIZE))
        received = attention.astype(np.float64).sum(axis=(0, 2)).reshape(-1, *grid)
        for head, weight in enumerate(received):
            left = MARGIN + (head + 1) * (TILE + MARGIN)
            draw.text((left, top), f"head {head}", INK, font)
            picture.paste(overlay(ground, weight), (left, top + 2 * FONT_SIZE))
    return picture


def tile(pixels):
    return Image.fromarray(np.ascontiguousarray(pixels)).resize((TILE, TILE), Image.Resampling.NEAREST)


def overlay(ground, weight):
    """Colour an image by a weight for each token."""
    scaled = weight / max(1.0, np.abs(weight).max())
    strength = tile(np.rint(np.abs(scaled) * 190).astype(np.uint8))
    colour = np.where(scaled[..., np.newaxis] < 0, FALL, RISE).astype(np.uint8)
    return Image.composite(tile(colour), ground, strength)


def difference_picture(rows, timesteps):
    """Draw where an implementation differs: timesteps across, sites down.

    Equal cells are green-grey, differing ones red, the deeper the more values differ, and cells where nothing was
    compared are hatched.

    Parameters
    ----------
    rows : sequence of tuple
        (name, cells); a cell for each timestep: thousandths of the values that differ, or None.
    timesteps : int

    Returns
    -------
    picture : PIL.Image.Image
    """
    font = ImageFont.load_default(FONT_SIZE)
    label_width = max(LABEL_WIDTH, *(int(font.getlength(name)) + MARGIN for name, _ in rows))
    left, top, width = MARGIN + label_width, MARGIN + ROW_HEIGHT, min(PANEL_WIDTH, timesteps * WIDEST_CELL)
    edges = [left + timestep * width // timesteps for timestep in range(timesteps + 1)]
    right = max(edges[-1], left + LEGEND_WIDTH)
    picture = Image.new("RGB", (right + MARGIN, top + (len(rows) + 1) * ROW_HEIGHT + 2 * MARGIN), PAPER)
    draw = ImageDraw.Draw(picture)
    label_every = -(-timesteps * FONT_SIZE * 3 // width) if width < timesteps * FONT_SIZE * 2 else 1
    for timestep in range(0, timesteps, label_every):
        if edges[timestep] + font.getlength(str(timestep)) < right:
            draw.text((edges[timestep] + 4, MARGIN), str(timestep), INK, font)
    draw.text((MARGIN, MARGIN), "timestep", INK, font)
    for place, (name, cells) in enumerate(rows):
        row_top = top + place * ROW_HEIGHT
        draw.text((MARGIN, row_top + 2), name, INK, font)
        for timestep in sorted(range(timesteps), key=lambda timestep: cells[timestep] or 0):
            box = (edges[timestep], row_top, max(edges[timestep], edges[timestep + 1] - 2), row_top + ROW_HEIGHT - 2)
            difference_cell(draw, box, cells[timestep])
    difference_legend(draw, font, left, top + len(rows) * ROW_HEIGHT + MARGIN)
    return picture


def difference_cell(draw, box, share):
    """Fill one cell; the smallest share is still clearly red."""
    if share is None:
        draw.rectangle(box, UNCOMPARED)
        left, top, right, bottom = box
        for start in range(left - bottom + top, right, 6):
            first, last = max(start, left), min(start + bottom - top, right)
            draw.line((first, bottom - (first - start), last, bottom - (last - start)), RULE)
        return
    strength = 0.35 + 0.65 * (share / 1000) ** 0.5
    red = tuple(round(paper * (1 - strength) + colour * strength) for paper, colour in zip(PAPER, RISE))
    draw.rectangle(box, red if share else EQUAL)


def difference_legend(draw, font, left, top):
    """Explain the colours."""
    for share, words in ((0, "equal"), (1, "few differ"), (1000, "all differ"), (None, "not compared")):
        difference_cell(draw, (left, top, left + ROW_HEIGHT, top + ROW_HEIGHT - 4), share)
        draw.text((left + ROW_HEIGHT + 6, top), words, INK, font)
        left += ROW_HEIGHT + 6 + int(font.getlength(words)) + MARGIN
