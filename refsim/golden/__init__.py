"""The golden suite: cases that catch known bugs, and the means to hold an implementation against them."""

from refsim.golden.case import Case, Rejected, Unsupported

__all__ = ["Case", "Rejected", "Unsupported"]
