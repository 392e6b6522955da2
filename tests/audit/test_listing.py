"""The listing of optimised code: what computes is in it, and nothing that differs between builds."""

import re

import gallery
import numba
import pytest

from refsim.audit.kernel_audit import audit_kernel
from refsim.audit.listing import listing, plain
from refsim.errors import MultiplicationError


def test_registers_are_numbered_in_order_and_arrays_have_the_names_of_arguments():
    """By hand: debug information and alignment go, the parts of an array are named, flags and constants stay."""
    texts = [
        "%.227.us = load i32, ptr %arg.x.4, align 4, !dbg !60, !alias.scope !61",
        "%0 = mul nsw i64 %arg.width, %arg.x.5.1, !dbg !60",
        "%wide = add <4 x i32> %.227.us, splat (i32 41)",
        "br i1 %0, label %B96, label %B48.preheader, !llvm.loop !3",
        "store ptr null, ptr %retptr, align 8",
    ]
    assert plain(texts, {"B96": "block2", "B48.preheader": "block1"}) == [
        "%1 = load i32, ptr %x",
        "%2 = mul nsw i64 %width, %x.shape[1]",
        "%3 = add <4 x i32> %1, splat (i32 41)",
        "br i1 %2, label %block2, label %block1",
        "store ptr null, ptr %retptr",
    ]


@pytest.mark.parametrize("name", ["guilty_plain", "guilty_repeated_addition", "innocent_gated_rows"])
def test_the_listing_is_the_code_that_the_audit_judges(name):
    """Blocks in order, jumps to blocks that are there, and a multiplier where one was found."""
    dispatcher = gallery.compiled(name)
    lines = listing(dispatcher)
    assert lines[0] == "block0:" and not any("!" in line or ", align" in line or "arg." in line for line in lines)
    labels = [line[:-1] for line in lines if not line.startswith(" ")]
    assert labels == [f"block{number}" for number in range(len(labels))]
    targets = {target for line in lines for target in re.findall(r"label %(\w+)", line)}
    assert targets < set(labels)
    multipliers = [line for line in lines if re.search(r"= mul (nsw |nuw )*(i\d+|<)", line)]
    assert multipliers or audit_kernel(dispatcher).passed


def test_what_is_not_compiled_is_refused():
    """There is no code to list."""
    with pytest.raises(MultiplicationError, match="not compiled yet"):
        listing(numba.njit(gallery.FUNCTIONS["guilty_plain"]))
