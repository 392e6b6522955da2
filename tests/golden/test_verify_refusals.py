"""What `refsim golden verify` refuses before it asks anything: code 3, since 2 says that nothing is supported."""

import pytest

from refsim.cli import main


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder with an implementation in Python, a program under two names, a file with a space, links and a folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "answering.py").write_text("from refsim.golden.reference import answer as right\n")
    (tmp_path / "program").write_text("#!/bin/false\n")
    (tmp_path / "program").chmod(0o755)
    (tmp_path / "program.xml").symlink_to("program")
    (tmp_path / "a b.png").write_bytes(b"what a program reads")
    (tmp_path / "x.xml").symlink_to("x.png")
    (tmp_path / "folder.xml").mkdir()
    return tmp_path


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--python", "answering:right", "--cases", "l9.*"], "no case of the selection quick matches 'l9.*'"),
        (["--python", "nowhere:right"], "nowhere"),
        (["--python", "answering:wrong_name"], "wrong_name"),
        (["--exec", "./nothing-there"], "nothing-there"),
        (["--trace", "nothing-there"], "nothing-there"),
        (["--python", "answering:right", "--suite", "nothing-there"], "SUITE.json"),
        (["--python", "answering:right", "--junit", "no/folder/x.xml"], "there is no folder"),
        (["--python", "answering:right", "--junit", "folder.xml"], "--junit folder.xml: is a folder"),
        (
            ["--python", "answering:right", "--junit", "answering.py"],
            "--junit answering.py: expected the name of a .xml file",
        ),
        (["--exec", "./program", "--junit", "./program"], "--junit ./program: expected the name of a .xml file"),
        (["--exec", "./program", "--junit", "program.xml"], "--junit program.xml: is read by this command, and would"),
        (["--exec", "./program 'a b.png'", "--map", "a b.png"], "--map a b.png: is read by this command, and would be"),
        (["--python", "answering:right", "--map", "x.xyz"], "--map x.xyz: expected the name of a .png file"),
        (["--python", "answering:right", "--map", f"{'n' * 300}.png"], "File name too long"),
        (["--python", "answering:right", "--map", ""], "--map : expected the name of a .png file"),
        (["--python", "answering:right", "--junit", "x.xml", "--map", "x.png"], "--junit writes that file"),
        (["--python", "answering:right", "--mode", "events"], "--mode: is for --trace alone"),
        (["--exec", "./nothing-there", "--partial"], "--partial: is for --trace alone"),
        (["--trace", ".", "--timeout", "9"], "--timeout: is for --exec alone"),
        (["--python", ""], "'': expected MODULE:FUNCTION"),
        (["--trace", ""], "'': expected a folder"),
        (["--exec", "it's"], "--exec it's: cannot be split into words: No closing quotation"),
    ],
)
def test_a_harness_error_has_code_3(folder, capsys, options, message):
    """With one line that says what to do, and no traceback; every file stays as it is."""
    before = {path: path.read_bytes() for path in folder.iterdir() if path.is_file()}
    assert 3 == main(["golden", "verify", *options])
    error = capsys.readouterr().err
    assert error.startswith("refsim: error: ") and message in error and error.count("\n") == 1
    assert before == {path: path.read_bytes() for path in folder.iterdir() if path.is_file()}


WRONG_WORDS = [
    [],
    ["--python", "a:b", "--exec", "c"],
    ["--python", "a:b", "--select", "slow"],
    ["--exec", "c", "--timeout", "0"],
    ["--python", "a:b", "--cases", "l1.*", "l2.*"],
    ["--python", "a:b", "--fit"],
]


@pytest.mark.parametrize("words", WRONG_WORDS)
def test_wrong_words_are_harness_errors(words, capsys):
    """No door, two doors, an unknown selection, no time, words left over: 3, since 2 says that nothing is supported."""
    with pytest.raises(SystemExit, match="3"):
        main(["golden", "verify", *words])
    assert "refsim golden verify: error: " in capsys.readouterr().err
