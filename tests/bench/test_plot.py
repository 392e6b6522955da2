"""The picture of a report."""

import pytest
from PIL import Image
from reports import report

from refsim.bench.plot import figure_of, plot
from refsim.errors import InputError


def test_every_subject_is_in_the_picture():
    """A row of two panels for network, kernel and growth; units, values as ticks, absent peers named."""
    pytest.importorskip("matplotlib")
    panels = figure_of(report()).axes
    assert 6 == len(panels)
    times, adds = panels[:2]
    assert "time of one image (ms)" == times.get_ylabel() and "log" == times.get_yscale()
    assert "additions a second ($10^9$)" == adds.get_ylabel()
    assert ["10", "40"] == [tick.get_text() for tick in times.get_xticklabels()]
    names = [text.get_text() for text in adds.get_legend().get_texts()]
    assert {"refsim reference", "PyTorch float32", "spikingjelly (absent)"} < set(names) and "ceiling" in names[-1]
    assert "small, 8 x 8 pixels\n(disturbed by other programs)" == times.get_title()
    assert "small, firing rate 10%, T growing" in panels[4].get_title()
    assert "firing rate, wanted (%)" == times.get_xlabel() and "T" == panels[4].get_xlabel()
    assert "time of one product (ms)" == panels[2].get_ylabel()
    drawn = [list(line.get_ydata()) for line in times.get_lines()]
    assert [pytest.approx([3, 9]), pytest.approx([6, 6])] == [drawn[0], drawn[3]], "each with two lines of caps"
    assert [pytest.approx([2 / 3, 2 / 9]), [2, 2]] == [list(line.get_ydata()) for line in adds.get_lines()]


def test_the_picture_is_saved(tmp_path):
    """As a PNG; where it cannot be, it is said."""
    pytest.importorskip("matplotlib")
    plot(report(), tmp_path / "bench.png")
    with Image.open(tmp_path / "bench.png") as picture:
        assert "PNG" == picture.format and min(picture.size) > 500
    with pytest.raises(InputError, match="cannot be written"):
        plot(report(), tmp_path / "missing" / "bench.png")
