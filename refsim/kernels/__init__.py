"""Explicit gather-accumulate loops, compiled by numba: the only code that touches data."""
