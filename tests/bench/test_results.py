"""The table and the JSON hold every line: won, lost and absent."""

import json

import pytest
from reports import line, report

from refsim.bench.results import Comparison, growth_power, milliseconds, report_json, report_text, verdict


def test_the_table_has_every_line():
    """Median, quartiles, additions a second, their share of the ceiling, and the verdict: 2 M additions in 3 ms are
    0.7 G a second, a third of 2 G."""
    text = report_text(report())
    won, lost = [line for line in text if line.startswith("  refsim reference")][:2]
    assert (
        "disturbed" not in won
        and "3.00 ms         2.00 to 4.00 ms       0.7      33.3%  2.00 x faster than PyTorch float32" in won
    )
    assert "9.00 ms" in lost and lost.endswith("LOSES: 1.50 x the time of PyTorch float32, disturbed")
    assert 6 == sum(line.startswith("  spikingjelly           absent: is not installed") for line in text)
    assert 6 == sum("6.00 ms" in line or "4.00 ms         4.00" in line for line in text if "same integers" in line)
    assert "processor P, threads 2, torch absent" == text[0]
    assert "ceiling: 2.0 G additions a second" in text[1]
    assert 6 == text.count("  all equal")


def test_the_table_says_how_time_grows():
    """As T ** 1 for refsim, whose time doubles; as T ** 0 for a time that stays; nothing for an absent peer."""
    text = report_text(report())
    start = text.index("small: time in ms as T grows")
    assert ["1", "2", "4"] == text[start + 1].split()[:3]
    assert ["refsim", "reference", "2.00", "4.00", "8.00", "T", "**", "1.00"] == text[start + 2].split()
    assert "T ** 0.00" in text[start + 3].replace("-", "") and ["spikingjelly"] == text[start + 4].split()


def test_the_json_has_every_line():
    """The same, for a program, and it is JSON."""
    found = json.loads(json.dumps(report_json(report()), allow_nan=False))
    assert [3] * 6 == [len(each["lines"]) for each in found["comparisons"]]
    won, dense, absent = found["comparisons"][0]["lines"]
    assert (0.003, [0.002, 0.004]) == (won["median"], won["quartiles"]) and 5 == len(won["seconds"])
    assert 2_000_000 == won["adds"] and won["share_of_ceiling"] == pytest.approx(1 / 3)
    assert (2, False) == (pytest.approx(won["speedup"]), won["loses"])
    assert found["comparisons"][1]["lines"][0]["loses"] and dense["speedup"] is None and not dense["loses"]
    assert [False, True] == [each["disturbed"] for each in found["comparisons"][:2]]
    assert absent["absent"] and "is not installed" == absent["note"] and "median" not in absent
    assert {"wanted": 0.4, "achieved": 0.4} == found["comparisons"][1]["firing_rate"]
    assert 7 == found["comparisons"][0]["layers"][0]["setting"] and 0.25 == found["comparisons"][1]["other_cores"]
    assert {"reference": 1, "float32": 0} == {
        series["subject"].split()[1]: pytest.approx(series["power"], abs=1e-9)
        for series in found["growth"]
        if series["power"] is not None
    }


def test_without_a_peer_no_verdict_is_given():
    """It says that there was none."""
    alone = Comparison("network", "small", "", 0.1, 0.1, (line("refsim fast", 2, adds=1), line("spikingjelly")))
    assert "no peer here" == verdict(alone, alone.lines[0])


def test_one_point_has_no_growth():
    """A line needs two."""
    assert growth_power([(2, 1.0)]) is None and growth_power([]) is None


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.0012345, "1.23"), (0.1234, "123.4"), (12.3456, "12,346"), (0.0000214, "0.021")]
)
def test_times_are_short(seconds, text):
    """The longer the fewer decimals."""
    assert text == milliseconds(seconds)
