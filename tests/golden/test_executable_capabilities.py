"""What an executable says of itself before it is asked, and what is no executable at all."""

import pytest
from door_cases import neuron_case

from refsim.errors import GoldenError
from refsim.golden.doors.executable import ExecutableDoor

GOOD = '{"protocol": "refsim-exec/1", "operators": ["LIF"], "requires": [], "batch": false}'


@pytest.mark.parametrize(
    ("script", "message"),
    [
        ("echo hello", "impl --capabilities: expected JSON, got 'hello"),
        ("echo '[1]'", "expected a JSON object, got list"),
        ("echo '{}'", "expected 'protocol' as str, got None"),
        (f"echo '{GOOD}' | sed s,exec/1,exec/2,", "expected the protocol refsim-exec/1, got refsim-exec/2"),
        (f"echo '{GOOD}' | sed 's/false/\"no\"/'", "expected 'batch' as bool, got 'no'"),
        (f"echo '{GOOD}' | sed 's/\"LIF\"/1/'", "expected 'operators' as a list of words"),
        ("head -c 60000 /dev/zero | tr '\\0' '['", "expected JSON, got .*maximum recursion depth"),
        ("head -c 70000 /dev/zero", "printed more than 65536 bytes"),
        (f"echo '{GOOD}'; echo oh no >&2; exit 4", "exit code 4: oh no"),
        ("kill -9 $$", "killed by SIGKILL"),
        ("sleep 600", "no end within 1 s; killed"),
        ("yes", "no end within 1 s; killed"),
    ],
)
def test_an_executable_without_capabilities_cannot_be_asked(tmp_path, script, message):
    """Nothing is run, and the reason says what came instead."""
    path = tmp_path / "impl"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    with pytest.raises(GoldenError, match=message):
        list(ExecutableDoor(path, timeout_seconds=1).answers([neuron_case()]))


def test_what_is_no_executable_cannot_be_asked(tmp_path):
    """Missing, a folder, not executable, without an interpreter, empty."""
    plain, headless = tmp_path / "plain", tmp_path / "headless"
    plain.write_text("#!/bin/sh\n")
    headless.write_bytes(b"\0\1\2\3")
    headless.chmod(0o755)
    for command, message in [
        (tmp_path / "missing", "no such program"),
        ("no-such-program-on-the-path", "no such program"),
        (tmp_path, "not a program that may be executed"),
        (plain, "is it chmod"),
        ([], "an empty command"),
        ("", "an empty command"),
    ]:
        with pytest.raises(GoldenError, match=message):
            ExecutableDoor(command)
    with pytest.raises(GoldenError, match="headless --capabilities: cannot be started: .*Exec format error"):
        list(ExecutableDoor(headless).answers([neuron_case()]))


def test_a_program_is_found_where_it_stands(tmp_path, monkeypatch):
    """Given without a folder, in the current directory."""
    (tmp_path / "impl").write_text(f"#!/bin/sh\necho '{GOOD}'\n")
    (tmp_path / "impl").chmod(0o755)
    monkeypatch.chdir(tmp_path)
    assert ExecutableDoor("impl").capabilities()["operators"] == ["LIF"]
