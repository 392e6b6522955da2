"""The temporary folder: removed whatever was done to it, and nothing beyond it."""

import os
import resource
import tempfile

import pytest

from refsim.golden.doors.asking import Fault
from refsim.golden.doors.scratch import scratch_folder


@pytest.fixture(autouse=True)
def temporary(tmp_path, monkeypatch):
    """A place for temporary folders, empty at the end."""
    place = tmp_path / "temporary"
    place.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(place))
    yield place
    assert list(place.iterdir()) == []


@pytest.fixture
def few_files():
    """At most a few more files may be open than are."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    next_one = os.open(os.devnull, os.O_RDONLY)
    os.close(next_one)
    resource.setrlimit(resource.RLIMIT_NOFILE, (next_one + 12, hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_a_deep_folder_is_removed(tmp_path, monkeypatch, few_files):
    """Deeper than paths may be long, and than files may be open, with folders beside folders."""
    monkeypatch.chdir(tmp_path)
    with scratch_folder() as folder:
        os.chdir(folder)
        for _ in range(20):
            os.mkdir("beside")
            os.mkdir("x" * 240)
            os.chdir("x" * 240)
            open("file", "w").close()
        os.chdir(tmp_path)


def test_a_closed_folder_is_removed():
    """Though its owner had no right left."""
    with scratch_folder() as folder:
        (folder / "a" / "b").mkdir(parents=True)
        (folder / "a" / "b" / "file").touch(0)
        for closed in (folder / "a" / "b", folder / "a", folder):
            closed.chmod(0)


def test_links_are_removed_and_not_followed(tmp_path):
    """A link inside, and one in place of the folder itself."""
    outside = tmp_path / "outside"
    outside.mkdir(0o750)
    (outside / "kept").touch()
    with scratch_folder() as folder:
        (folder / "inner").mkdir()
        (folder / "inner" / "link").symlink_to(outside)
        (folder / "link").symlink_to(outside)
    with scratch_folder() as folder:
        folder.rmdir()
        folder.symlink_to(outside)
    assert [path.name for path in outside.iterdir()] == ["kept"] and outside.stat().st_mode & 0o777 == 0o750


def test_what_is_gone_is_a_fault():
    """A program that removed its folder has done something odd, and it is said."""
    with pytest.raises(Fault, match="cannot be removed: No such file"), scratch_folder() as folder:
        folder.rmdir()
