"""The audit of compiled kernels: the guilty are refused with their line, the innocent pass."""

import inspect

import gallery
import pytest

from refsim.audit.kernel_audit import audit_kernel

SOURCE = inspect.getsource(gallery).splitlines()
GUILTY_LINES = {number for number, line in enumerate(SOURCE, 1) if line.endswith("# guilty")}


@pytest.mark.parametrize("name", gallery.GUILTY)
def test_the_guilty_are_refused_at_their_line(name):
    """Every violation has a reason and a path, and one of them names a line marked in the source."""
    (report,) = audit_kernel(gallery.compiled(name))
    assert not report.passed
    function = gallery.FUNCTIONS[name]
    first = function.__code__.co_firstlineno
    lines = {line for *_, line in function.__code__.co_lines() if line is not None}
    own = {line for line in GUILTY_LINES if first <= line <= max(lines)} or GUILTY_LINES
    assert own & {violation.line for violation in report.violations}, [
        (violation.line, violation.reason, violation.instruction) for violation in report.violations
    ]


@pytest.mark.parametrize("name", gallery.INNOCENT)
def test_the_innocent_pass(name):
    """No violation, and the address arithmetic is counted."""
    (report,) = audit_kernel(gallery.compiled(name))
    assert report.passed, [(violation.reason, violation.instruction) for violation in report.violations]
