"""Files that are written whole or not at all."""

import os

import pytest

from refsim.whole_file import write_whole


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
