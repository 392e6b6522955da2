"""What a process imports for kernels whose proof is held."""

import os
import subprocess
import sys
from pathlib import Path

SOURCE = """
def gather(values, out):
    for i in range(values.shape[0]):
        out[0] += values[i]
"""

RUN = """
import sys
import numpy as np
import kernels_of_a_start
from refsim.kernels.kernel import Kernel

kernel, out = Kernel(kernels_of_a_start.gather), np.zeros(1, np.int64)
for name in sys.argv[1:]:
    kernel(np.arange(5, dtype=name), out)
    print(out[0], kernel.reports[-1].passed, "numba.np.npyimpl" in sys.modules)
"""


def test_proved_code_needs_nothing_that_numba_compiles_with(tmp_path):
    """Another process begins at once; what has to be compiled in it is compiled all the same."""
    (tmp_path / "kernels_of_a_start.py").write_text(SOURCE)
    paths = os.pathsep.join([str(tmp_path), str(Path(__file__).parents[2])])
    environment = {**os.environ, "PYTHONPATH": paths, "NUMBA_CACHE_DIR": str(tmp_path / "cache")}

    def printed(*names):
        command = [sys.executable, "-c", RUN, *names]
        return subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout.splitlines()

    assert ["10 True True"] == printed("int64")
    assert ["10 True False", "20 True True"] == printed("int64", "int32")
