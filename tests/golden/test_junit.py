"""Verdicts as JUnit XML: counted by status, and XML whatever an implementation said."""

from xml.etree import ElementTree

import pytest

from refsim.golden.junit import VerdictRow, junit_xml

ROWS = [
    VerdictRow("l1.lif.a", "L1", 0.25, "pass"),
    VerdictRow("l1.lif.b", "L1", 1, "fail", "neuron: first at (0, 1)", "expected 1\ngot 0"),
    VerdictRow("l2.lif.c", "L2", 0, "error", "killed by SIGSEGV"),
    VerdictRow("l6.lif.d", "L6", 0.5, "unsupported", "no digests"),
    VerdictRow("l1.lif.e", "L1", 0, "fail", "shape"),
]


def test_each_status_has_its_element():
    """Counts, times, levels and messages as a reader of JUnit finds them."""
    root = ElementTree.fromstring(junit_xml(ROWS, "my kernels"))
    suite = root.find("testsuite")
    for element in (root, suite):
        counts = [element.get(name) for name in ("tests", "failures", "errors", "skipped", "time")]
        assert counts == ["5", "2", "1", "1", "1.750"]
    assert suite.get("name") == "my kernels"
    cases = [
        (case.get("classname"), case.get("name"), case.get("time"), [child.tag for child in case]) for case in suite
    ]
    assert cases == [
        ("L1", "l1.lif.a", "0.250", []),
        ("L1", "l1.lif.b", "1.000", ["failure"]),
        ("L2", "l2.lif.c", "0.000", ["error"]),
        ("L6", "l6.lif.d", "0.500", ["skipped"]),
        ("L1", "l1.lif.e", "0.000", ["failure"]),
    ]
    assert suite[1][0].get("message") == "neuron: first at (0, 1)" and suite[1][0].text == "expected 1\ngot 0"


def test_any_text_is_xml():
    """Control characters, markup, lone surrogates and what is not in XML at all."""
    hostile = "".join(map(chr, range(128))) + "\x80\ud800\ufffe\uffff\u202e</failure>&amp;]]>"
    content = junit_xml([VerdictRow(hostile, hostile, 0, "fail", hostile, hostile)], hostile)
    case = ElementTree.fromstring(content).find("testsuite/testcase")
    text = case[0].text
    assert text.endswith("\\x80\\ud800\\ufffe\\uffff\\u202e</failure>&amp;]]>")
    assert "\\x00\\x01" in text and "\\t\n\\x0b" in text
    assert case.get("name").startswith("\\x00\\x01") and len(case.get("name")) <= 200


def test_the_same_rows_are_the_same_bytes():
    """No date, no host."""
    assert junit_xml(ROWS, "x") == junit_xml(iter(ROWS), "x")


def test_an_unknown_status_is_refused():
    """It would be counted as a pass."""
    with pytest.raises(KeyError, match="skipped"):
        junit_xml([VerdictRow("a", "L1", 0, "skipped")], "x")
