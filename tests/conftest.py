"""Settings for all tests."""

from hypothesis import settings

pytest_plugins = ["pytester"]

settings.register_profile("refsim", deadline=None, print_blob=True)
settings.load_profile("refsim")
