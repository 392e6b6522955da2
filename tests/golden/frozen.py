"""The frozen suite for tests, read once."""

from functools import cache

from refsim.golden.suite import load_suite


@cache
def suite():
    return load_suite()


@cache
def quick_cases():
    """Every case of the quick selection, by id."""
    return {entry["id"]: suite().read(entry) for entry in suite().entries("quick")}


def valid_cases():
    """The quick cases that have an answer."""
    return [case for case in quick_cases().values() if case.reject_reason is None]
