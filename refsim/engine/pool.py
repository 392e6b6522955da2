"""Threads that share the work of a step."""

import os
from contextvars import copy_context
from functools import partial
from itertools import pairwise
from queue import SimpleQueue
from threading import Thread

from refsim.audit.guard import unguarded
from refsim.numerics import require_integer

MOST_THREADS = 1024

PARALLEL_COST = 150_000
"""Work of less than about so many nanoseconds is done by one thread: to wake another takes half as long."""

AWAKE = 4
"""How many times to halve that work where the threads are awake, and only wait for each other."""

PLAIN_COST = 4
"""Nanoseconds, at the least, that a plain kernel takes for a value of its output."""


class Worker(Thread):
    """A thread that does one task after the other; handing it one takes half of what an executor of the library takes.

    Attributes
    ----------
    tasks : SimpleQueue of function, or None at the end
    ends : SimpleQueue of exception or None
        One for each task.
    """

    def __init__(self):
        super().__init__(daemon=True)
        self.tasks, self.ends = SimpleQueue(), SimpleQueue()
        self.start()

    def run(self):
        for task in iter(self.tasks.get, None):
            try:
                task()
                self.ends.put(None)
            except BaseException as fault:
                self.ends.put(fault)

    def come_to_rest(self):
        """Wait until all that it was given is done."""
        done = SimpleQueue()
        self.tasks.put(partial(done.put, None))
        done.get()


_idle = []
"""Workers of pools that were closed: to start a thread takes as long as a small layer."""

if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_idle.clear)


def idle_worker():
    """Return a worker that has nothing to do."""
    try:
        return _idle.pop()
    except IndexError:
        return Worker()


class Pool:
    """A fixed number of threads, the caller's among them; closed with ``with``, which leaves them to the next pool.

    Parameters
    ----------
    threads : int, optional
        All cores by default.

    Raises
    ------
    NetworkError
        If it is not a number of threads.
    """

    def __init__(self, threads=None):
        self.threads = (os.cpu_count() or 1) if threads is None else threads
        require_integer("threads", self.threads, 1, MOST_THREADS)
        self.workers = []
        try:
            while len(self.workers) < self.threads - 1:
                self.workers.append(idle_worker())
        except BaseException as fault:
            self.__exit__(fault)
            raise

    def __enter__(self):
        return self

    def __exit__(self, fault, *_):
        if fault is None:
            _idle.extend(self.workers)
        else:
            # An interrupt may have left an end behind that nobody took.
            for worker in self.workers:
                worker.tasks.put(None)
        self.workers = []

    def threads_for(self, cost):
        """Return how many threads are worth being woken for so much work, in nanoseconds of one."""
        return self.threads if cost >= PARALLEL_COST else 1

    def parts(self, count, cost, awake=False):
        """Return how many parts a range has: one for each thread where the work is long, else one.

        Parameters
        ----------
        count : int
            Length of the range.
        cost : int
            About how many nanoseconds one thread takes for all.
        awake : bool
            Whether the threads are awake.
        """
        return min(self.threads, count) if cost >= PARALLEL_COST >> (AWAKE if awake else 0) else 1

    def bounds(self, count, cost):
        """Return where equal parts of a range begin, and its end; arguments are those of `parts`."""
        parts = self.parts(count, cost)
        return [count * part // parts for part in range(parts + 1)]

    def share(self, works, missing=None):
        """Call functions side by side, at most as many as there are threads, each in the context of the caller.

        Whatever happens, none of them is still running when this is left.

        Parameters
        ----------
        works : sequence of function
            The first is the caller's own.
        missing : function, optional
            Called with the places of those that will not come to their end, or never began: others may wait for them.
        """
        own, *others = works
        helpers, given = self.workers[: len(others)], 0
        try:
            for worker, work in zip(helpers, others):
                worker.tasks.put(partial(copy_context().run, work))
                given += 1
            own()
            faults = [worker.ends.get() for worker in helpers]
        except BaseException:
            if missing is not None:
                missing([0, *range(1 + given, len(works))])
            for worker in helpers:
                worker.come_to_rest()
            raise
        for fault in filter(None, faults):
            raise fault

    def split(self, count, cost, work):
        """Call ``work(part, first, last)`` for the parts of a range, side by side; parts are counted from 0."""
        bounds = self.bounds(count, cost)
        self.share([partial(work, part, *limits) for part, limits in enumerate(pairwise(bounds))])

    def step(self, operator, timestep, inputs, state, output):
        """Compute one operator at one timestep by its plain kernels; return its census."""
        self.split(
            operator.row_count(output),
            output.size * PLAIN_COST,
            lambda _, first, last: operator.step(timestep, inputs, state, output, slice(first, last)),
        )
        return operator.census([unguarded(values) for values in inputs], unguarded(output))
