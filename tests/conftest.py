"""Settings for all tests."""

from pathlib import Path

import pytest
from hypothesis import settings

pytest_plugins = ["pytester"]

settings.register_profile("refsim", deadline=None, print_blob=True)
settings.load_profile("refsim")


def pytest_addoption(parser):
    """Name the folder of notebooks that were just run."""
    parser.addoption(
        "--executed-notebooks",
        type=Path,
        metavar="FOLDER",
        help="compare the notebooks in git with those that pytest --nbmake --overwrite left in FOLDER",
    )


@pytest.fixture
def executed_notebooks(request):
    """The folder with notebooks of a fresh run."""
    return request.config.getoption("--executed-notebooks")


def pytest_collection_modifyitems(config, items):
    """Leave the comparison with a fresh run out where there is none."""
    if config.getoption("--executed-notebooks") is None:
        items[:] = [item for item in items if "executed_notebooks" not in getattr(item, "fixturenames", ())]
