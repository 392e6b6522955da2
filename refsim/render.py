"""Pictures: spike rasters, attention over the image, where an implementation differs; charts on axes of matplotlib."""

import numpy as np
from PIL import Image, ImageDraw, ImageFont

PAPER, INK, RISE, FALL = (255, 255, 255), (32, 32, 40), (226, 96, 48), (40, 90, 190)
"""RISE is so light a red that eyes which do not see red tell it from INK."""

PANEL_WIDTH, FEWEST_ROWS, MOST_ROWS = 720, 24, 144
LABEL_WIDTH = 240
MARGIN = 12
FONT_SIZE = 14
TILE = 168
ROW_HEIGHT, WIDEST_CELL, LEGEND_WIDTH, ATTENTION_WIDTH = 20, 36, 420, 580
EQUAL, DIFFERING, UNCOMPARED, RULE = (218, 227, 240), (196, 60, 40), (226, 226, 226), (150, 150, 150)
PALEST, DOT = 0.6, 4
"""How much red a cell has at least where values differ, and the side of its white dot: it is seen without colour."""

DARK, RED, LINE, HAIRLINE = "#202028", "#c43c28", "#285abe", "#c8c8c8"
"""Colours of the charts: spikes of +1 and -1, what is measured, and what only guides the eye."""

SHADE, MOST_LINES = 1.6, 32
"""How much paler than the full colour the largest number of a matrix is; up to how many neurons have a line each."""


def raster_picture(trace):
    """Draw the spikes of several sites, or other values of them: time across, neurons down.

    Within a timestep the places or tokens follow each other from left to right; the neurons of one place stand below
    each other, channel by channel. A spike of +1 is dark, one of -1 red. Larger values have a scale for each site: its
    largest, which stands under its name, has the full colour, the others are the paler the smaller. Where a site has
    more places or channels than the picture has pixels, a pixel shows their mean.

    Parameters
    ----------
    trace : dict of ndarray of integers by site, shape (T, ..., C)

    Returns
    -------
    picture : PIL.Image.Image
    """
    panels, font = {site: raster_panel(spikes) for site, spikes in trace.items()}, ImageFont.load_default(FONT_SIZE)
    height = sum(panel.height + MARGIN for panel in panels.values()) + 4 * FONT_SIZE + 2 * MARGIN
    left, top = MARGIN + label_width(panels, font), MARGIN
    picture = Image.new("RGB", (left + PANEL_WIDTH + MARGIN, height), PAPER)
    draw, timesteps = ImageDraw.Draw(picture), max(len(spikes) for spikes in trace.values())
    for timestep in range(timesteps):
        draw.text((left + timestep * PANEL_WIDTH // timesteps, top), f"t = {timestep}", INK, font)
    top += 2 * FONT_SIZE
    for site, panel in panels.items():
        scale = full_colour(trace[site])
        label, lines = (site, 1) if scale == 1 else (f"{site}\nfull colour: {scale:,}", 2)
        draw.text((MARGIN, top + panel.height // 2 - lines * FONT_SIZE // 2), label, INK, font)
        picture.paste(panel, (left, top))
        for timestep in range(timesteps + 1):
            column = left + timestep * PANEL_WIDTH // timesteps
            draw.line((column, top, column, top + panel.height), RULE)
        top += panel.height + MARGIN
    draw.text((left, top), raster_caption(trace.values()), INK, font)
    return picture


def label_width(names, font):
    """Return how wide the column of names is: LABEL_WIDTH, or more where a name needs it."""
    return max(LABEL_WIDTH, *(int(font.getlength(name)) + MARGIN for name in names))


def raster_caption(drawn):
    """Say what the places of a raster are, and what the colours of just these values are."""
    scales = [full_colour(values) for values in drawn]
    spikes_only, negative = max(scales) == 1, any(values.min() < 0 for values in drawn)
    colours = ["dark +1", "red -1"] if spikes_only else ["dark above 0", "red below 0"]
    words = colours[: 1 + negative]
    if not spikes_only:
        words.append("full colour at the number under the name" + ", or else at 1" * (1 in scales))
    sizes = [panel_rows(values).shape for values in drawn]
    mean = "; a pixel may be a mean" * any(rows > MOST_ROWS or columns > PANEL_WIDTH for rows, columns in sizes)
    places = "in a timestep, left to right: tokens or places; below each other: channels, or keys of an attention"
    return f"{places}\n{', '.join(words)}{mean}"


def full_colour(values):
    """Return the magnitude that a panel draws in the full colour: that of its largest value, at least 1."""
    return max(1, int(values.max()), -int(values.min()))


def panel_rows(values):
    """Return the values of a site as its panel has them: a row for each channel, a column for each place and time."""
    return values.reshape(-1, values.shape[-1]).T


def raster_panel(values):
    """Draw one site: a column for each place at each timestep, a row for each channel."""
    columns = panel_rows(values).astype(np.float64)
    shade = (np.abs(columns) / full_colour(values))[..., np.newaxis]
    colour = np.where(columns[..., np.newaxis] < 0, RISE, INK)
    pixels = np.rint(PAPER * (1 - shade) + colour * shade).astype(np.uint8)
    height = max(FEWEST_ROWS, min(MOST_ROWS, len(columns)))
    return Image.fromarray(pixels).resize((PANEL_WIDTH, height), Image.Resampling.BOX)


def attention_picture(image, maps, grid, shown="image"):
    """Draw how much attention each part of an image receives, by block and head.

    Attention is summed over timesteps and queries; red is positive, blue negative, each head on a scale of its own.

    Parameters
    ----------
    image : ndarray of uint8, shape (Y, X, C)
    maps : dict of ndarray by site, shape (T, H, N, N)
        Attention maps, query before key.
    grid : tuple of int
        Rows and columns of tokens, N in all.
    shown : str
        What the image is of, its caption.

    Returns
    -------
    picture : PIL.Image.Image
    """
    heads, caption = max(attention.shape[1] for attention in maps.values()), 3 * FONT_SIZE + MARGIN // 2
    width = max(MARGIN + (heads + 1) * (TILE + MARGIN), ATTENTION_WIDTH)
    height = 2 * MARGIN + len(maps) * (TILE + caption + MARGIN) + FONT_SIZE
    picture = Image.new("RGB", (width, height), PAPER)
    draw, font = ImageDraw.Draw(picture), ImageFont.load_default(FONT_SIZE)
    ground, top = tile(image if image.shape[2] == 3 else np.repeat(image[..., :1], 3, axis=2)), MARGIN
    for site, attention in maps.items():
        draw.text((MARGIN, top), site, INK, font)
        draw.text((MARGIN, top + 3 * FONT_SIZE // 2), shown, INK, font)
        picture.paste(ground, (MARGIN, top + caption))
        received = attention.astype(np.float64).sum(axis=(0, 2)).reshape(-1, *grid)
        for head, weight in enumerate(received):
            left = MARGIN + (head + 1) * (TILE + MARGIN)
            draw.text((left, top + 3 * FONT_SIZE // 2), f"head {head}", INK, font)
            picture.paste(overlay(ground, weight), (left, top + caption))
        top += caption + TILE + MARGIN
    draw.text(
        (MARGIN, top),
        "over all queries and timesteps; red is above 0, blue below, each head on its own scale",
        INK,
        font,
    )
    return picture


def spiking_image(frames):
    """Return spike frames (T, Y, X, C) as one image, uint8 of shape (Y, X, 1): the more spikes, the darker."""
    spikes = np.abs(frames.astype(np.int64)).sum(axis=(0, 3))
    return (255 - 255 * spikes // max(1, spikes.max())).astype(np.uint8)[..., np.newaxis]


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

    Equal cells are pale blue, differing ones red with a white dot, the deeper the more values differ, and cells where
    nothing was compared are hatched.

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
    left, top = MARGIN + label_width([name for name, _ in rows], font), MARGIN + ROW_HEIGHT
    width = min(PANEL_WIDTH, timesteps * WIDEST_CELL)
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
    """Fill one cell; the smallest share is still far darker than none. A cell too narrow for a dot goes without."""
    left, top, right, bottom = box
    if share is None:
        draw.rectangle(box, UNCOMPARED)
        for start in range(left - bottom + top, right, 6):
            first, last = max(start, left), min(start + bottom - top, right)
            draw.line((first, bottom - (first - start), last, bottom - (last - start)), RULE)
        return
    strength = PALEST + (1 - PALEST) * (share / 1000) ** 0.5
    red = tuple(round(paper * (1 - strength) + colour * strength) for paper, colour in zip(PAPER, DIFFERING))
    draw.rectangle(box, red if share else EQUAL)
    if share and right - left >= 3 * DOT:
        column, row = (left + right + 1 - DOT) // 2, (top + bottom + 1 - DOT) // 2
        draw.rectangle((column, row, column + DOT - 1, row + DOT - 1), PAPER)


def difference_legend(draw, font, left, top):
    """Explain the colours."""
    for share, words in ((0, "equal"), (1, "few differ"), (1000, "all differ"), (None, "not compared")):
        difference_cell(draw, (left, top, left + ROW_HEIGHT, top + ROW_HEIGHT - 4), share)
        draw.text((left + ROW_HEIGHT + 6, top), words, INK, font)
        left += ROW_HEIGHT + 6 + int(font.getlength(words)) + MARGIN


def matrix_chart(axes, values, rows=None, columns=None, title=None):
    """Draw a matrix of integers, its number in every cell.

    Zero is white, positive cells are blue and negative ones red, the deeper the larger.

    Parameters
    ----------
    axes : matplotlib.axes.Axes
    values : array_like of int, shape (rows, columns)
    rows, columns : sequence of str, optional
        Names beside and above the cells; indices by default.
    title : str, optional
    """
    from matplotlib.colors import LinearSegmentedColormap

    values = np.asarray(values)
    deepest = SHADE * max(1, np.abs(values).max())
    colours = LinearSegmentedColormap.from_list("signed", [RED, "white", LINE])
    axes.imshow(values, cmap=colours, vmin=-deepest, vmax=deepest, aspect="equal")
    for (row, column), value in np.ndenumerate(values):
        axes.text(column, row, f"{value}".replace("-", "\N{MINUS SIGN}"), ha="center", va="center")
    height, width = values.shape
    axes.set_xticks(range(width), range(width) if columns is None else columns)
    axes.set_yticks(range(height), range(height) if rows is None else rows)
    axes.set_xticks(np.arange(width + 1) - 0.5, minor=True)
    axes.set_yticks(np.arange(height + 1) - 0.5, minor=True)
    axes.grid(which="minor", color=HAIRLINE, linewidth=0.8)
    axes.tick_params(which="both", length=0, labeltop=True, labelbottom=False)
    if title is not None:
        axes.set_title(title)


def spike_chart(axes, spikes, neurons=None, title=None):
    """Draw a raster: time across, neurons down, a bar for each spike.

    +1 is a dark bar above the neuron's line, -1 a red one below it; a graded spike is the taller the larger and bears
    its number.

    Parameters
    ----------
    axes : matplotlib.axes.Axes
    spikes : array_like of int, shape (T, n)
    neurons : sequence of str, optional
        Names of the n neurons; indices by default, as many as there is room for.
    title : str, optional
    """
    spikes = np.asarray(spikes)
    timesteps, count = spikes.shape
    largest = max(1, np.abs(spikes).max())
    if count <= MOST_LINES:
        axes.hlines(range(count), -0.5, timesteps - 0.5, color=HAIRLINE, linewidth=0.8, zorder=1)
    for sign, colour in ((1, DARK), (-1, RED)):
        times, places = np.nonzero(spikes * sign > 0)
        heights = 0.42 * spikes[times, places] / largest
        axes.vlines(times, places, places - heights, color=colour, linewidth=3, zorder=2)
    if largest > 1:
        for time, place in zip(*np.nonzero(spikes)):
            axes.text(time + 0.06, place - 0.1, spikes[time, place], fontsize="small", va="bottom")
    axes.set_ylim(count - 0.4, -0.6)
    if neurons is not None:
        axes.set_yticks(range(count), neurons)
    integer_ticks(axes.yaxis)
    axes.set_ylabel("neuron" if neurons is None else "")
    label_time(axes, timesteps, title)


def membrane_chart(axes, membrane, threshold, charge=None, spikes=None, title=None):
    """Draw a membrane over time: it stays between timesteps, jumps to the charge, and falls to where the reset puts it.

    Dashed lines are the threshold, and minus the threshold where a spike of -1 is given. Triangles are spikes: dark and
    upwards for +1, red and downwards for -1.

    Parameters
    ----------
    axes : matplotlib.axes.Axes
    membrane : array_like, shape (T,)
        After the reset of each timestep; it is 0 before the first.
    threshold : number or array_like, shape (T,)
    charge : array_like, shape (T,), optional
        Before the reset; the membrane itself by default.
    spikes : array_like of int, shape (T,), optional
    title : str, optional
    """
    membrane = np.asarray(membrane)
    timesteps = len(membrane)
    charge = membrane if charge is None else np.asarray(charge)
    spikes = np.zeros(timesteps, int) if spikes is None else np.asarray(spikes)
    levels = np.broadcast_to(threshold, timesteps)
    times = np.arange(timesteps)
    path = np.stack([charge, membrane, membrane], axis=1).ravel()
    axes.plot(np.stack([times, times, times + 1], axis=1).ravel(), path, color=LINE, linewidth=1.8)
    axes.vlines(times, np.concatenate([[0], membrane[:-1]]), charge, color=LINE, linewidth=1.8)
    axes.plot(times, charge, "o", color=LINE, markersize=4, label="charge")
    for sign, colour, marker in ((1, DARK, "^"), (-1, RED, "v")):
        if sign > 0 or (spikes < 0).any():
            axes.stairs(sign * levels, np.arange(timesteps + 1) - 0.5, baseline=None, color=colour, linestyle="--")
        fired = spikes * sign > 0
        axes.plot(times[fired], charge[fired], marker, color=colour, markersize=9)
    axes.axhline(0, color=HAIRLINE, linewidth=0.8, zorder=0)
    integer_ticks(axes.yaxis)
    axes.set_ylabel("membrane")
    label_time(axes, timesteps, title)


def label_time(axes, timesteps, title):
    """Put whole timesteps on the lower axis."""
    axes.set_xlim(-0.6, timesteps - 0.4)
    integer_ticks(axes.xaxis)
    axes.set_xlabel("timestep")
    if title is not None:
        axes.set_title(title)


def integer_ticks(axis):
    """Let an axis that has no names of its own have ticks at integers only."""
    from matplotlib.ticker import FixedLocator, MaxNLocator

    if not isinstance(axis.get_major_locator(), FixedLocator):
        axis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
