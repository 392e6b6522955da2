"""What to write instead, where LLVM makes something forbidden of source that looks harmless."""

import re

CHOICE = re.compile(r"= (zext <?(\d+ x )?i1\b|select )")
SIZE_OF_ARGUMENT = re.compile(r"%arg\.(\w+?)\.[56]\.\d")

A_CHOICE_OF_SHIFTS = (
    "where the source shifts by a constant on a condition, LLVM made one shift of it, by an amount that the condition "
    "chooses: write what is shifted in a loop of its own, and choose in a second"
)
A_SIZE = (
    "where the source has no product, an index or a bound of a loop was loaded, and rows of `{array}` begin at products "
    "with a size of it: keep in a table where they begin, loop over all and test each, or pass the bound as an integer"
)
AN_OVERLAP = (
    "LLVM asks whether an array that is made inside overlaps another: pass it as an argument, or make the function a "
    "tuned_kernel, which counts on arrays being apart"
)
A_RESHAPE = "reshape an array before the call, or loop over its axes"


def advice(violation):
    """Return what to write instead of what breaks the rule; an empty text where there is nothing to say.

    Parameters
    ----------
    violation : Violation

    Examples
    --------
    >>> from refsim.audit.taint import Violation
    >>> advice(Violation(7, "%r = call i32 @numba_attempt_nocopy_reshape", "unknown: numba_attempt_nocopy_reshape", ()))
    'reshape an array before the call, or loop over its axes'
    """
    texts = [text for _, text in violation.path[-3:]] or [violation.instruction]
    if violation.reason.startswith("a value loaded from memory says how far"):
        return A_CHOICE_OF_SHIFTS if any(map(CHOICE.search, texts[:-1])) else ""
    if violation.reason.startswith("a value loaded from memory is multiplied"):
        sizes = [found.group(1) for found in map(SIZE_OF_ARGUMENT.search, reversed(texts)) if found]
        return A_SIZE.format(array=sizes[0]) if sizes else ""
    if violation.reason.startswith("a product is compared") and "%diff.check" in violation.instruction:
        return AN_OVERLAP
    return A_RESHAPE if "numba_attempt_nocopy_reshape" in violation.reason else ""
