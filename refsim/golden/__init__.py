"""The golden suite: cases that catch known bugs, and the means to hold an implementation against them."""

import importlib

__all__ = ["Case", "Rejected", "Unsupported"]


def __getattr__(name):
    """Import a name of `refsim.golden.case` when it is first used: pytest imports this package in every run."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = globals()[name] = getattr(importlib.import_module("refsim.golden.case"), name)
    return value


def __dir__():
    """Name what can be imported beside what has been."""
    return sorted({*globals(), *__all__})
