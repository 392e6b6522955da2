"""The commands beside `refsim golden verify`: list, show, mutants and export."""

import json

import pytest
from frozen import suite

from refsim.__main__ import main as entry_point
from refsim.cli import main
from refsim.errors import GoldenError
from refsim.golden.faces.export import export
from refsim.golden.mutants import MUTANTS
from refsim.shipped import golden_folder


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_other_commands(folder, capsys):
    """list, show, mutants and export say what they should."""
    assert 0 == main(["golden", "list", "--cases", "l1.lif.leak", "--json"])
    assert ["l1.lif.leak"] == [entry["id"] for entry in json.loads(capsys.readouterr().out)]
    assert 0 == main(["golden", "show", "l1.lif.leak"])
    page = capsys.readouterr().out
    assert "# l1.lif.leak" in page and "N14: No leak." in page and "charge = membrane + (input << t)" in page
    assert 0 == main(["golden", "mutants"])
    assert "N30" in capsys.readouterr().out
    assert 0 == main(["golden", "mutants", "--json"])
    assert set(MUTANTS) == set(json.loads(capsys.readouterr().out))
    assert 0 == main(["golden", "export", "--cases", "l1.lif.leak", "-o", "out"])
    assert capsys.readouterr().out.startswith("out: 1 case, ")
    assert {"case.h", "case.vh", "case.txt"} <= {path.name for path in (folder / "out").rglob("*")}
    assert 2 == main(["golden", "export", "--cases", "l1.lif.leak", "-o", "out"])
    assert "not an empty folder" in capsys.readouterr().err
    assert 0 == main(["golden", "show", "l6.lif.binary-zero-exact-100"])
    assert "`currents` <i4 (6, 100, 1) from -100 to 110" in capsys.readouterr().out
    assert 2 == main(["golden", "show", "l1.lif.nothing"])
    assert "no such case (refsim golden list)" in capsys.readouterr().err


@pytest.mark.parametrize("there", [True, False])
@pytest.mark.parametrize("fault", [KeyboardInterrupt, GoldenError("neuron: expected values from -4 to 3")])
def test_an_export_is_whole_or_not_there(folder, capsys, monkeypatch, there, fault):
    """An interrupt or a fault at the second case leaves nothing, or the folder empty as it was; the next run works."""
    if there:
        (folder / "out").mkdir()
    before, calls = sorted(folder.rglob("*")), []

    def failing(*arguments):
        calls.append(export(*arguments))
        if len(calls) == 2:
            raise fault
        return calls[-1]

    command = ["golden", "export", "--cases", "l1.lif.leak-of*", "-o", "out", "--json"]
    with monkeypatch.context() as patched:
        patched.setattr("refsim.cli.golden.export", failing)
        patched.setattr("sys.argv", ["refsim", *command])
        assert (130 if fault is KeyboardInterrupt else 2) == entry_point()
    assert 2 == len(calls) and before == sorted(folder.rglob("*"))
    capsys.readouterr()
    assert 0 == main(command)
    written = set(json.loads(capsys.readouterr().out))
    assert written == {str(path.relative_to(folder)) for path in (folder / "out").rglob("*") if path.is_file()}


def test_an_export_that_cannot_be_written_is_said_before_it_begins(folder, capsys):
    """A file among the folders above."""
    (folder / "file").write_text("")
    assert 2 == main(["golden", "export", "--cases", "l1.lif.leak", "-o", "file/out"])
    assert "refsim: error: file/out: cannot be written: Not a directory\n" == capsys.readouterr().err


def test_cases_of_one_profile_are_found_in_the_list(capsys):
    """Each line, and each entry of the JSON, has every choice that the case makes; the guide says how many there are."""
    assert 0 == main(["golden", "list", "--cases", "l1.lif.leak", "--cases", "l1.key-value.value-gates"])
    first, second = capsys.readouterr().out.splitlines()
    assert ["l1.key-value.value-gates", "key_value", "quick"] == first.split()[:3]
    assert ["accumulator_bits=32", "gate=v", "heads=1", "samples=1", "timesteps=1"] == first.split()[3:]
    assert {"halve_input=1", "leak_shift=1", "reset=zero", "rounding=exact", "spikes=binary"} <= set(second.split())
    assert 0 == main(["golden", "list", "--json"])
    entries = json.loads(capsys.readouterr().out)
    guide = (golden_folder() / "README.md").read_text()
    assert f"`refsim golden list` lists the {len(entries)} of the selection `quick`" in guide
    floor = {entry["id"] for entry in entries if entry["profile"].get("rounding") == "floor"}
    assert "l0.lif.binary-zero-floor-halved" in floor and "l1.lif.leak" not in floor


def test_the_page_of_a_case_is_the_frozen_one(capsys):
    """What `show` prints is what lies in the folder."""
    entry = suite().entries("quick", "l1.lif.leak")[0]
    assert 0 == main(["golden", "show", "l1.lif.leak"])
    assert (suite().folder / entry["path"] / "CASE.md").read_text() == capsys.readouterr().out
