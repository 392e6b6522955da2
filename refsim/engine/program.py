"""Chains that the same threads compute one after the other, without being handed out one by one."""

import os
from functools import partial
from itertools import groupby

import numpy as np

from refsim.engine.balance import Balance
from refsim.engine.chain import Chain, PlacewiseStep
from refsim.engine.step import Step
from refsim.kernels.fast.barrier import APART, meet
from refsim.kernels.row import Bound, Row

PATIENCE = 50_000
"""Looks at the other threads before the processor is offered to somebody else, some 100 microseconds; it is one look
where there are more threads than processors."""

GONE = 1 << 62
"""The turn of a thread that failed: nobody waits for it."""


class Program(Step):
    """Chains between which threads wait for each other.

    Parameters
    ----------
    chains : list of Chain
    """

    def __init__(self, chains):
        super().__init__(*(node for chain in chains for node in chain.nodes))
        self.chains, self.works = chains, {}
        self.steps = [step for chain in chains for step in chain.steps]
        self.cost = sum(chain.cost for chain in chains)

    def prepare(self, values):
        for chain in self.chains:
            chain.prepare(values)
        self.always = {name: counted for step in self.steps for name, counted in step.always().items()}
        self.counting = [step for step in self.steps if type(step).counted is not PlacewiseStep.counted]

    def run(self, values, pool):
        if pool.threads not in self.works:
            self.works[pool.threads] = self.shared_out(values, pool)
        balance, turns, works = self.works[pool.threads]
        balance.begin()
        turns.fill(0)
        pool.share(works, partial(call_off, turns))
        counted = dict(self.always)
        for step in self.counting:
            counted.update(step.counted(values))
        return counted

    def shared_out(self, values, pool):
        """Return the balance of the threads, the turns that they have come to, and the work of each."""
        threads = pool.threads_for(self.cost)
        parts = [pool.parts(chain.places, chain.cost, awake=True) if threads > 1 else 1 for chain in self.chains]
        balance = Balance([(chain.places, count, chain.cost) for chain, count in zip(self.chains, parts)], threads)
        turns = np.zeros(threads << APART, np.int64)
        calls = (self.calls(values, part, turns, balance) for part in range(threads))
        return balance, turns, [partial(take_part, own, part, turns) for part, own in enumerate(calls)]

    def calls(self, values, part, turns, balance):
        """Return what one thread does: its places of every chain, and the meetings between them, if it is not alone."""
        calls, threads = [], len(turns) >> APART
        patience = PATIENCE if threads <= (os.cpu_count() or 1) else 1
        for turn, chain in enumerate(self.chains):
            if turn and threads > 1:
                if part == 0 and balance.long[turn]:
                    calls.append(partial(balance.look, turn))
                calls.append(meet.bound(part, turn, patience, turns))
            first, last = balance.limits[turn][part]
            if balance.long[turn]:
                calls.append(partial(balance.compute, turn, part, Row(chain.calls(values, part))))
            elif first < last:
                calls += [call.over(first, last) for call in chain.calls(values, part)]
        return in_rows(calls)


def in_rows(calls):
    """Return calls with the bound kernels between others in one row each."""
    rows = []
    for are_bound, found in groupby(calls, lambda call: isinstance(call, Bound)):
        rows += [Row(found)] if are_bound else found
    return rows


def take_part(calls, part, turns):
    """Do what one thread does; if it fails, let the others go on, so that the fault can be raised."""
    try:
        for call in calls:
            call()
    except BaseException:
        call_off(turns, [part])
        raise


def call_off(turns, parts):
    """Say that the threads of some parts will not come."""
    for part in parts:
        turns[part << APART] = GONE


def programmed(steps):
    """Return steps with the chains between others in one program each."""
    found = []
    for step in steps:
        if isinstance(step, Chain) and found and isinstance(found[-1], Program):
            found[-1] = Program([*found[-1].chains, step])
        else:
            found.append(Program([step]) if isinstance(step, Chain) else step)
    return found
