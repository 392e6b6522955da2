"""Verdicts as JUnit XML, which systems of continuous integration show."""

from dataclasses import dataclass
from xml.etree import ElementTree

from refsim.printable import one_line, printable

ELEMENTS = {"pass": None, "fail": "failure", "error": "error", "unsupported": "skipped"}
"""The element that each status puts into its test case."""


@dataclass(frozen=True)
class VerdictRow:
    """The verdict on one case.

    Attributes
    ----------
    case_id : str
    level : str
    seconds : int or float
    status : {"pass", "fail", "error", "unsupported"}
        ``"fail"`` where an answer is wrong, ``"error"`` where there is none.
    message : str
        One line.
    details : str
        Any number of lines.
    """

    case_id: str
    level: str
    seconds: int | float
    status: str
    message: str = ""
    details: str = ""


def junit_xml(rows, name):
    """Write verdicts as one test suite.

    Parameters
    ----------
    rows : iterable of VerdictRow
    name : str
        Of the suite, such as the implementation.

    Returns
    -------
    content : bytes
        UTF-8. What does not print is there as an escape, so that it is XML whatever an implementation said.

    Raises
    ------
    KeyError
        If a status is not one of those known.
    """
    rows = list(rows)
    elements = [ELEMENTS[row.status] for row in rows]
    counts = {
        "tests": str(len(rows)),
        "failures": str(elements.count("failure")),
        "errors": str(elements.count("error")),
        "skipped": str(elements.count("skipped")),
        "time": f"{sum(row.seconds for row in rows):.3f}",
    }
    root = ElementTree.Element("testsuites", counts)
    suite = ElementTree.SubElement(root, "testsuite", {"name": one_line(name), **counts})
    for row in rows:
        add_case(suite, row)
    ElementTree.indent(root)
    return ElementTree.tostring(root, "utf-8", xml_declaration=True) + b"\n"


def add_case(suite, row):
    """Append the test case of one row."""
    case = ElementTree.SubElement(
        suite,
        "testcase",
        {"classname": one_line(row.level), "name": one_line(row.case_id), "time": f"{row.seconds:.3f}"},
    )
    if ELEMENTS[row.status]:
        outcome = ElementTree.SubElement(case, ELEMENTS[row.status], {"message": one_line(row.message)})
        outcome.text = printable(row.details, kept="\n")
