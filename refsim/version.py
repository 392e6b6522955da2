"""The version of the package; formats and numerics have versions of their own."""

VERSION = "0.2.0"
