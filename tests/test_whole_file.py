"""Files and folders that are written whole or not at all."""

import os

import pytest

from refsim.whole_file import whole_folder, write_whole


@pytest.mark.parametrize(("umask", "mode"), [(0o022, 0o644), (0o027, 0o640), (0o077, 0o600)])
def test_a_file_has_the_rights_of_any_new_one(tmp_path, umask, mode):
    """Those that the umask leaves: in a shared folder others read it where they read the rest."""
    before = os.umask(umask)
    try:
        write_whole(tmp_path / "file", b"content")
    finally:
        os.umask(before)
    assert (mode, b"content") == ((tmp_path / "file").stat().st_mode & 0o777, (tmp_path / "file").read_bytes())


def test_what_was_there_stays_where_writing_fails(tmp_path, monkeypatch):
    """The old file as it was, and no part of the new one."""
    (tmp_path / "file").write_bytes(b"old")

    def fail(*_):
        raise OSError("no space left")

    monkeypatch.setattr("os.replace", fail)
    with pytest.raises(OSError, match="no space left"):
        write_whole(tmp_path / "file", b"new")
    assert ["file"] == os.listdir(tmp_path) and b"old" == (tmp_path / "file").read_bytes()


def filled(path):
    """Write two files in a folder and one beside it, whole."""
    with whole_folder(path) as part:
        assert not path.exists() or [part.name] == os.listdir(path)
        (part / "inner").mkdir()
        for name in ("inner/first", "inner/second", "third"):
            (part / name).write_text(name)


def files_under(root):
    return sorted(str(path.relative_to(root)) for path in root.rglob("*"))


@pytest.mark.parametrize("place", ["new", "deep/er", "empty", "link"])
def test_a_folder_is_filled_at_once(tmp_path, place):
    """New, in new folders, or empty; what was there is the same folder after it, with the rights that it had."""
    (tmp_path / "empty").mkdir(mode=0o750)
    (tmp_path / "link").symlink_to("empty")
    before = (tmp_path / "empty").stat()
    filled(tmp_path / place)
    assert ["inner", "inner/first", "inner/second", "third"] == files_under(tmp_path / place)
    after = (tmp_path / "empty").stat()
    assert (before.st_ino, before.st_mode) == (after.st_ino, after.st_mode)
    assert not [name for name in files_under(tmp_path) if name.endswith(".part")]


@pytest.mark.parametrize("place", ["new", "deep/er", "empty"])
def test_nothing_of_a_folder_stays_after_an_interrupt(tmp_path, place):
    """While it is filled."""
    (tmp_path / "empty").mkdir()
    with pytest.raises(KeyboardInterrupt), whole_folder(tmp_path / place) as part:
        (part / "first").write_text("whole")
        raise KeyboardInterrupt
    assert ["empty"] == files_under(tmp_path)


@pytest.mark.parametrize("done", [0, 1])
def test_an_interrupt_while_an_empty_folder_gets_its_files_leaves_it_empty(tmp_path, monkeypatch, done):
    """What was moved is moved back, whether the interrupt comes before or after the second move is done."""
    rename, calls = os.rename, []

    def interrupted(source, target):
        calls.append(source)
        if len(calls) != 2 or done:
            rename(source, target)
        if len(calls) == 2:
            raise KeyboardInterrupt

    monkeypatch.setattr("os.rename", interrupted)
    with pytest.raises(KeyboardInterrupt):
        filled(tmp_path)
    assert [] == files_under(tmp_path)


def test_what_came_to_a_folder_meanwhile_stays(tmp_path):
    """It is no longer empty: nothing is put over it, and nothing beside it."""
    with pytest.raises(OSError), whole_folder(tmp_path / "new") as part:
        (part / "inner").mkdir()
        (tmp_path / "new" / "inner").mkdir(parents=True)
        (tmp_path / "new" / "inner" / "theirs").write_text("theirs")
    assert ["new", "new/inner", "new/inner/theirs"] == files_under(tmp_path)
