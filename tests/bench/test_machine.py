"""What a report says of the machine."""

import numpy as np
import pytest

import refsim.bench.machine as machines
from refsim.bench.machine import OtherWork, disturbance, machine


def test_the_machine_is_described(monkeypatch):
    """Versions too, absent ones by that word."""
    monkeypatch.setattr(machines, "VERSIONS", (*machines.VERSIONS, "no-such-distribution"))
    described = machine(2)
    assert 2 == described["threads"] and np.__version__ == described["numpy"]
    assert {"processor", "cores", "torch", "scipy", "spikingjelly"} < set(described)
    assert "absent" == described["no-such-distribution"]


def test_other_programs_are_noticed(monkeypatch):
    """Of 15 busy core seconds in 10 seconds 8 are one's own: others kept 0.7 cores busy."""
    seconds = iter([100.0, 110.0])
    busy, own = iter([1000.0, 1015.0]), iter([50.0, 58.0])
    monkeypatch.setattr(machines.time, "perf_counter", lambda: next(seconds))
    monkeypatch.setattr(machines, "busy_seconds", lambda: next(busy))
    monkeypatch.setattr(machines, "own_seconds", lambda: next(own))
    with OtherWork() as others:
        pass
    assert pytest.approx(0.7) == others.cores
    (remark,) = disturbance(others.cores)
    assert "DISTURBED: other programs kept 0.7 of" in remark


def test_where_the_system_does_not_tell_nothing_is_claimed(monkeypatch):
    """Without /proc/stat; and a quiet machine is not remarked upon."""
    monkeypatch.setattr(machines, "busy_seconds", lambda: None)
    with OtherWork() as others:
        pass
    assert others.cores is None and [] == disturbance(None) == disturbance(0.05)


def test_own_work_is_none_of_others():
    """Both clocks advance with one's own work, in the same unit."""
    if machines.busy_seconds() is None:
        pytest.skip("the system does not tell how busy it is")
    own, busy = machines.own_seconds(), machines.busy_seconds()
    while machines.own_seconds() < own + 0.2:
        pass
    assert machines.busy_seconds() - busy > 0.15
