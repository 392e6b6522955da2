"""Threads take of long chains what they are fast for; whatever they take, the bits are the same."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from refsim import run
from refsim.engine.balance import LEAST, LONG_COST, WHOLE, Balance
from tests.engine_cases import LINEAGE, assert_equal, input_of, network_of


def taken(balance, speeds, nanoseconds=100_000_000):
    """One run: every thread computes its places of each chain, so many chains a second."""
    balance.begin()
    for turn, (places, _, _) in enumerate(balance.chains):
        if turn and balance.long[turn]:
            balance.look(turn)
        balance.spent[turn] = [
            (last - first) * nanoseconds // (places * speed)
            for (first, last), speed in zip(balance.limits[turn], speeds)
        ]


def counts(limits):
    return [last - first for first, last in limits]


def test_a_slow_thread_gets_less():
    """Three to one: the first chain begins with halves, and soon both take the same time."""
    balance = Balance([(1000, 2, LONG_COST), (12, 2, LONG_COST - 1), (1000, 2, LONG_COST), (1, 1, LONG_COST)], 2)
    assert [500, 500] == counts(balance.limits[0]) == counts(balance.limits[2])
    taken(balance, (3, 1))
    first, heads, second, alone = map(counts, balance.limits)
    assert first == [500, 500] and 600 < second[0] < 750
    for _ in range(6):
        taken(balance, (3, 1))
    first, heads, second, alone = map(counts, balance.limits)
    assert abs(first[0] - 750) <= 1 and abs(second[0] - 750) <= 1
    assert heads == [6, 6] and alone == [1, 0], "what is short, or of one thread alone, stays as it was"


def test_a_thread_that_was_held_up_comes_back():
    """It never gets less than a quarter of an equal share, and all of that once it is as fast as the other."""
    balance = Balance([(1000, 2, LONG_COST)] * 4, 2)
    for _ in range(20):
        taken(balance, (20, 1))
    assert LEAST // 2 == balance.shares[1] < WHOLE - LEAST // 2 <= balance.shares[0] + 2
    for _ in range(20):
        taken(balance, (1, 1))
    assert abs(counts(balance.limits[3])[1] - 500) <= 1


@given(
    st.lists(st.tuples(st.integers(1, 5000), st.sampled_from([0, LONG_COST])), min_size=1, max_size=5),
    st.integers(1, 9),
    st.data(),
)
def test_every_place_is_taken_once(chains, threads, data):
    """Whatever times were noted, none at all among them."""
    balance = Balance([(places, min(threads, places), cost) for places, cost in chains], threads)
    times = st.one_of(st.just(0), st.integers(1, 10**13))
    for _ in range(3):
        balance.begin()
        for turn, (places, _) in enumerate(chains):
            if turn and balance.long[turn]:
                balance.look(turn)
            limits = balance.limits[turn]
            assert len(limits) == threads
            assert [place for first, last in limits for place in range(first, last)] == list(range(places))
            balance.spent[turn] = [data.draw(times) for _ in range(threads)]


@pytest.mark.parametrize("name", sorted(LINEAGE))
def test_the_bits_do_not_depend_on_the_shares(name, monkeypatch):
    """Four threads, and chances so unequal that some take nothing, another at every chain."""
    random, network = np.random.default_rng(4), network_of(name)
    image, seen = input_of(network, 0), set()

    def drawn(balance, limits, spent):
        seen.add(limits[1][1] - limits[1][0])
        balance.shares = [*random.choice([0, 1, 20, 400], len(limits) - 1).tolist(), 1]

    monkeypatch.setattr("refsim.engine.pool.PARALLEL_COST", 0)
    monkeypatch.setattr("refsim.engine.balance.LONG_COST", 0)
    monkeypatch.setattr(Balance, "learn", drawn)
    expected = run(network, image, engine="reference")
    for _ in range(8):
        assert_equal(expected, run(network, image, threads=4))
    assert 0 in seen and len(seen) > 8
