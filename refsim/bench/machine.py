"""The machine that times are taken on, and what else it did meanwhile."""

import os
import platform
import time
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

VERSIONS = ("numpy", "numba", "torch", "scipy", "spikingjelly")

DISTURBING = 0.1
"""Cores kept busy by other programs from which on times are said to be disturbed."""


def machine(threads):
    """Describe where a report comes from; what is not installed is called absent."""
    versions = {name: module_version(name) or "absent" for name in VERSIONS}
    here = {"processor": processor(), "cores": os.cpu_count(), "threads": threads, "python": platform.python_version()}
    return here | versions


def module_version(module):
    """Return the version of an installed distribution, or None."""
    try:
        return version(module)
    except PackageNotFoundError:
        return None


def processor():
    """Return the processor's own name where the system tells it."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        lines = []
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


class OtherWork:
    """How many cores other programs kept busy while a block ran: they disturb every time, of threads above all.

    Threads that wait for each other after every operation, as PyTorch's do, wait for the one that lost its core: a time
    may grow a hundredfold.

    Attributes
    ----------
    cores : float or None
        A mean over the block; None where the system does not tell.
    """

    cores = None

    def __enter__(self):
        self.before = (time.perf_counter(), busy_seconds(), own_seconds())
        return self

    def __exit__(self, *_):
        wall, busy, own = self.before
        now = busy_seconds()
        if busy is not None and now is not None:
            elapsed = time.perf_counter() - wall
            self.cores = max(0.0, (now - busy - (own_seconds() - own)) / elapsed)


def busy_seconds():
    """Return how long all cores were busy since the system started, or None where Linux does not tell."""
    try:
        fields = Path("/proc/stat").read_text().splitlines()[0].split()[1:9]
    except OSError:
        return None
    user, nice, system, _idle, _waiting, interrupts, soft_interrupts, stolen = map(int, fields)
    return (user + nice + system + interrupts + soft_interrupts + stolen) / os.sysconf("SC_CLK_TCK")


def own_seconds():
    """Return how long this process kept cores busy."""
    times = os.times()
    return times.user + times.system


def disturbance(cores):
    """Say that times were disturbed, as a list of no or one remark."""
    if cores is None or cores < DISTURBING:
        return []
    return [f"DISTURBED: other programs kept {cores:.1f} of {os.cpu_count()} cores busy meanwhile; times are too long"]
