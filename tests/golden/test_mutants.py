"""What is said of known bugs."""

import subprocess
import sys

from refsim.golden.mutants import EQUIVALENT, MUTANTS, UNTOLD, describe


def test_every_bug_is_described():
    """Each by a line of its own."""
    lines = [describe(bug) for bug in (*MUTANTS, *EQUIVALENT)]
    assert len(lines) == len(set(lines)) and all(lines) and UNTOLD not in lines


def test_without_docstrings_it_is_said_that_they_are_left_out():
    """Python with -OO drops them; the commands that would print them go on."""
    program = [sys.executable, "-OO", "-m", "refsim", "golden", "mutants"]
    outcome = subprocess.run(program, capture_output=True, text=True)
    assert (0, "") == (outcome.returncode, outcome.stderr)
    assert len(MUTANTS) + len(EQUIVALENT) == outcome.stdout.count(UNTOLD)
