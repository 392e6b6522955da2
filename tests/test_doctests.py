"""The examples in docstrings are right, and every kernel has one."""

import doctest
import importlib
import pkgutil

import pytest

import refsim
from refsim.kernels.kernel import Kernel

MODULES = [
    importlib.import_module(name)
    for name in ("refsim", *(name for _, name, _ in pkgutil.walk_packages(refsim.__path__, "refsim.")))
    if not name.startswith(("refsim.training", "refsim.golden_files", "refsim.__main__"))
]
KERNELS = [
    value
    for module in MODULES
    for value in vars(module).values()
    if isinstance(value, Kernel) and value.__module__ == module.__name__
]


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.__name__)
def test_examples_of_modules(module):
    """Each prints what it says."""
    assert 0 == doctest.testmod(module).failed


@pytest.mark.parametrize("kernel", KERNELS, ids=lambda kernel: kernel.__name__)
def test_examples_of_kernels(kernel):
    """There is one, run as machine code, and it prints what it says."""
    (example,) = doctest.DocTestFinder().find(kernel.python, kernel.__name__, globs={kernel.__name__: kernel})
    outcome = doctest.DocTestRunner().run(example)
    assert outcome.attempted >= 3 and 0 == outcome.failed
