"""Threads that share the work of a step."""

import os
from concurrent.futures import ThreadPoolExecutor

from refsim.audit.guard import unguarded

PARALLEL_SIZE = 1 << 15
"""Outputs of fewer values than this are computed by one thread: handing work out would cost more."""


class Pool:
    """A fixed number of threads; closed with ``with``.

    Parameters
    ----------
    threads : int, optional
        All cores by default.
    """

    def __init__(self, threads=None):
        self.threads = (os.cpu_count() or 1) if threads is None else threads
        self.executor = ThreadPoolExecutor(self.threads) if self.threads > 1 else None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.executor is not None:
            self.executor.shutdown()

    def split(self, count, size, work):
        """Call ``work(part, first, last)`` for equal parts of a range, side by side where the output is large.

        Parameters
        ----------
        count : int
            Length of the range.
        size : int
            Values of the output.
        work : function
            `part` counts the parts from 0.
        """
        parts = min(self.threads, count) if size >= PARALLEL_SIZE else 1
        bounds = [count * part // parts for part in range(parts + 1)]
        ranges = list(zip(range(parts), bounds, bounds[1:]))
        if parts == 1:
            work(*ranges[0])
        else:
            list(self.executor.map(lambda part: work(*part), ranges))

    def step(self, operator, timestep, inputs, state, output):
        """Compute one operator at one timestep by its plain kernels; return its census."""
        self.split(
            operator.row_count(output),
            output.size,
            lambda _, first, last: operator.step(timestep, inputs, state, output, slice(first, last)),
        )
        return operator.census([unguarded(values) for values in inputs], unguarded(output))
