"""Time taken in turns, and the ceiling: how many additions a second this machine does at all."""

import statistics
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from refsim.kernels.ceiling import add_rows

CEILING_ROWS, CEILING_WIDTH, CEILING_REPEATS = 24, 768, 6_000
"""Rows of int8 and sums of int32 that together take 21 KiB, so that they stay in a first-level cache of 32."""


SHORT_SECONDS = 0.1
"""What takes less is called again and again for so long, and then timed for as long."""

REST_SECONDS = 0.05


@dataclass(frozen=True)
class Times:
    """Seconds of one subject.

    Attributes
    ----------
    seconds : tuple of float
        In the order in which they were taken.
    """

    seconds: tuple

    @property
    def median(self):
        return statistics.median(self.seconds)

    @property
    def quartiles(self):
        """Lower and upper quartile; the value itself where there is only one."""
        if len(self.seconds) == 1:
            return self.seconds[0], self.seconds[0]
        lower, _, upper = statistics.quantiles(self.seconds, n=4, method="inclusive")
        return lower, upper

    def of_each(self, count):
        """Return the times of one of so many things that a subject did each time."""
        return Times(tuple(seconds / count for seconds in self.seconds))


def interleaved(subjects, repeats, after=None, clock=time.perf_counter, rest=time.sleep):
    """Time subjects in turns, so that a drift of the machine's speed meets them all.

    Each runs once beforehand, untimed: it may compile. Every round begins with another subject. What is short is called
    again and again in its turn, at first untimed, while caches hold the data of the subject before and threads wake up:
    the time is that of a call among others.

    Parameters
    ----------
    subjects : dict of callable by name
        Called without arguments.
    repeats : int
    after : callable, optional
        Called with the name and what the subject returned last after every turn, outside of the time.
    clock : callable
        Gives seconds.
    rest : callable
        Lets so many seconds pass.

    Returns
    -------
    times : dict of Times by name
    """
    names, seconds = list(subjects), {name: [] for name in subjects}
    for turn in range(repeats + 1):
        for place in range(len(names)):
            name = names[(place + turn) % len(names)]
            rest(REST_SECONDS)
            taken, outcome = timed(subjects[name], clock, turn > 0)
            if turn > 0:
                seconds[name].append(taken)
            if after is not None:
                after(name, outcome)
    return {name: Times(tuple(values)) for name, values in seconds.items()}


def timed(subject, clock, again):
    """Call a subject; return the seconds of a call, and what the last one returned.

    Parameters
    ----------
    subject, clock : callable
    again : bool
        Whether what is short is called again and again.
    """
    taken, outcome, calls = called_for(0, subject, clock)
    if again and taken < SHORT_SECONDS:
        called_for(SHORT_SECONDS - taken, subject, clock)
        taken, outcome, calls = called_for(SHORT_SECONDS, subject, clock)
    return taken / calls, outcome


def called_for(seconds, subject, clock):
    """Call a subject, once at least, until some time has passed; return how much, what it returned last, and calls."""
    start, taken, calls = clock(), 0.0, 0
    while calls == 0 or taken < seconds:
        outcome = subject()
        calls += 1
        taken = clock() - start
    return taken, outcome, calls


def ceiling_work(threads):
    """Make the work of the ceiling: every thread adds int8 rows onto int32 sums that lie in its first-level cache.

    Returns
    -------
    work : callable
        Does it once.
    adds : int
        Additions that it does.
    """
    random = np.random.default_rng(0)
    rows = [random.integers(-127, 128, (CEILING_ROWS, CEILING_WIDTH), np.int8) for _ in range(threads)]
    sums = [np.zeros(CEILING_WIDTH, np.int32) for _ in range(threads)]
    pool = ThreadPoolExecutor(threads)

    def work():
        for sums_of_thread in sums:
            sums_of_thread.fill(0)
        list(pool.map(add_rows, rows, [CEILING_REPEATS] * threads, sums))

    return work, threads * CEILING_REPEATS * CEILING_ROWS * CEILING_WIDTH


class Concurrency:
    """Looks at how much threads add together beside one of them alone; on a rented machine that changes by the minute.

    What a system calls two cores may at times be one, with two threads of its hardware: then what only adds, from the
    nearest cache, takes twice as long in two threads, and what waits for memory does not.

    Parameters
    ----------
    threads : int
    clock, rest : callable
        As for `interleaved`.

    Attributes
    ----------
    alone, together : list of float
        Seconds of one thread, and of all of them for as much each, look by look; none where there is one only.
    """

    LITTLE = 0.75
    """Less of the number of threads than this is remarked upon."""

    def __init__(self, threads, clock=time.perf_counter, rest=time.sleep):
        self.threads, self.clock, self.rest, self.alone, self.together = threads, clock, rest, [], []
        if threads > 1:
            self.works = [ceiling_work(1)[0], ceiling_work(threads)[0]]
            for work in self.works:
                work()

    def look(self):
        """Let one thread add, and all of them; after a rest, for threads of others may still be awake."""
        if self.threads > 1:
            self.rest(REST_SECONDS)
            for work, seconds in zip(self.works, (self.alone, self.together)):
                seconds.append(called_for(0, work, self.clock)[0])

    def gain_of(self, seconds):
        """Return how many times as fast as one thread at its best all of them added that took so long."""
        return self.threads * min(self.alone) / seconds

    @property
    def gain(self):
        """That of the median look, or None where there was none."""
        return self.gain_of(statistics.median(self.together)) if self.together else None

    @property
    def remarks(self):
        """What has to be said of it, as a list of no or one remark."""
        if self.gain is None or self.gain >= self.LITTLE * self.threads:
            return []
        least, most = (self.gain_of(seconds) for seconds in (max(self.together), min(self.together)))
        return [
            f"SHARED CORES: {self.threads} threads add {self.gain:.1f} times as fast as one at its best "
            f"({least:.1f} to {most:.1f}): the cores are parts of fewer, or others have a share"
        ]


def measured_ceiling(threads, repeats, clock=time.perf_counter):
    """Measure the ceiling: by the fastest of the repeats, for it is the most that the machine does.

    Returns
    -------
    adds_per_second : float
    times : Times
    """
    work, adds = ceiling_work(threads)
    times = interleaved({"ceiling": work}, repeats, clock=clock)["ceiling"]
    return adds / min(times.seconds), times
