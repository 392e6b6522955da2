"""Known bugs, each a subclass of the mutable twin; the golden path knows nothing of them.

The name of the class is the bug's id for ever, the first line of its docstring the bug. Ids up to N29, W07, A06, B03,
S09, P04, T16, R06 and H05 are those of the catalogue that the suite began with; the others were suggested by our own
kernels, by the neurons of A2OS2A, and by its lineage: M masks and gates, K attention through K^T V, C biases of taps, G
tokens put back in their places.
"""

import inspect

from refsim.golden.mutants import (
    attention,
    equivalent,
    firing,
    gathers,
    images,
    linear_attention,
    masks,
    membranes,
    readout,
    relu,
    residual,
    taps,
)

SUBJECTS = (
    firing,
    membranes,
    relu,
    gathers,
    images,
    attention,
    residual,
    readout,
    masks,
    linear_attention,
    taps,
)


def bugs_of(module):
    """Return the bugs that a module defines, in its order."""
    return [value for value in vars(module).values() if inspect.isclass(value) and value.__module__ == module.__name__]


MUTANTS = {bug.__name__: bug for module in SUBJECTS for bug in bugs_of(module)}
"""Every bug that the suite must catch, by id."""

EQUIVALENT = {bug.__name__: bug for bug in bugs_of(equivalent)}
"""Changes that can never be seen, by id; the docstring holds the proof."""

UNTOLD = "(what it is, Python with -OO leaves out)"
"""Stands for the first line of a docstring where there is none."""


def describe(identity):
    """Return the first line of what a bug is.

    Examples
    --------
    >>> describe("N01")
    'Fires only above the threshold: > for >=.'
    """
    text = inspect.getdoc({**MUTANTS, **EQUIVALENT}[identity])
    return UNTOLD if text is None else text.splitlines()[0]
