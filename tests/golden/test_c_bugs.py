"""Every planted bug still compiles, and is seen: first at the operator that has it."""

from dataclasses import replace

import c_template
import pytest
from c_bugs import BUGS
from template_cases import valid_cases

from refsim.golden.comparison import compare
from refsim.golden.reference import answer

pytestmark = pytest.mark.skipif(c_template.COMPILER is None, reason="there is no gcc to build the C template with")
CASES = [case for case in valid_cases() if not case.draws]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder with every case, and with every object of the C template without a bug."""
    folder = tmp_path_factory.mktemp("bugs")
    c_template.build(folder, "-std=c11")
    c_template.write_cases(CASES, folder / "cases")
    return folder


@pytest.fixture(scope="module")
def answered():
    """Every case with its expected values."""
    return [replace(case, expected=answer(case, threads=1)) for case in CASES]


def planted(bug, folder):
    """Build the C template with one line changed."""
    source = (c_template.SOURCES / bug.file).read_text()
    lines = source.split("\n")
    assert [line.strip() for line in lines].count(bug.old) == 1
    changed = [line.replace(bug.old, bug.new) if line.strip() == bug.old else line for line in lines]
    (folder / bug.name).mkdir()
    (folder / bug.name / bug.file).write_text("\n".join(changed))
    stem = bug.file.removesuffix(".c")
    patched = c_template.compile_object(folder / bug.name / bug.file, folder / bug.name / f"{stem}.o", "-std=c11")
    others = [path for path in folder.glob("*.o") if path.stem != stem]
    return c_template.link([patched, *others], folder / bug.name / "a2os2a")


def operator_of(case, site):
    """Return the operator whose output or register a site is."""
    (node,) = [
        node for node in case.nodes if site in (node["name"], f"{node['name']}.membrane", f"{node['name']}.total")
    ]
    return node["operator"]


def test_names_and_lines_are_given_once():
    """The table says each thing once."""
    assert len({bug.name for bug in BUGS}) == len(BUGS) >= 20
    assert len({(bug.file, bug.new) for bug in BUGS}) == len(BUGS)


@pytest.mark.parametrize("bug", BUGS, ids=lambda bug: bug.name)
def test_a_planted_bug_is_seen_first_where_it_is(bug, folder, answered):
    """Over all cases, the first differing sites are those of the operators that the table names, and of no other."""
    executable, first = planted(bug, folder), set()
    replies = c_template.ask(executable, len(CASES), folder / "cases", folder / bug.name / "out")
    for case, (status, got) in zip(answered, replies, strict=True):
        assert status == "answered"
        comparison = compare(case, got)
        if not comparison.equal:
            assert comparison.first.problem == "values"
            first.add(operator_of(case, comparison.first.site))
    assert first == set(bug.operators)
