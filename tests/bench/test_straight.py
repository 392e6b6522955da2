"""Straight lines of time through work: fitted where there are points enough, told and written."""

import json

import pytest
from reports import report

from refsim.bench.results import Comparison, Line, Report, report_json, report_text
from refsim.bench.straight import straight_lines
from refsim.bench.timing import Times


def seen(rate, adds, gathered, milliseconds, kind="network"):
    """A comparison of one network at one rate: the fast engine, and a peer of whose work nothing is known."""
    own = Line("refsim fast", Times((milliseconds / 1000,)), adds, gathered=gathered)
    return Comparison(kind, "small", "", rate, rate, (own, Line("peer", Times((1.0,)))))


POINTS = [seen(0.05, 100, 50, 6.0), seen(0.12, 200, 90, 10.0), seen(0.4, 900, 140, 15.0)]
"""1 ms and a tenth of what is gathered; the additions bend."""


def test_lines_of_each_measure():
    """What is gathered: all on one line, that begins at 1 ms, a tenth of the time at the rate nearest to 10 %."""
    bent, straight = straight_lines(POINTS)
    assert ("small", "refsim fast", "adds") == bent[:3] and ("small", "refsim fast", "gathered") == straight[:3]
    assert (1, 0.001, 0.1, 0.12) == tuple(pytest.approx(value) for value in straight[3:])
    assert 0.7 < bent.r_squared < 0.9


def test_two_points_and_growth_give_none():
    """Any two points lie on a line, however often they are seen; what grows otherwise is no matter of events."""
    assert (
        []
        == straight_lines(POINTS[:2])
        == straight_lines(POINTS[:2] * 2)
        == straight_lines([seen(0.1, n, n, n, "growth") for n in (1, 2, 3)])
    )


def test_they_are_told_and_written():
    """At the end of the table and in the JSON; a report of two rates has none."""
    found = Report({}, 1e9, Times((0.01,)), tuple(POINTS))
    (line,) = [line for line in report_text(found) if "weights gathered" in line]
    assert line.split() == "small, refsim fast weights gathered 1.000 1.00 ms, 10% of the time at 12%".split()
    assert ["adds", "gathered"] == [each["measure"] for each in json.loads(json.dumps(report_json(found)))["straight"]]
    assert [] == report_json(report())["straight"] and not any("straight" in line for line in report_text(report()))
