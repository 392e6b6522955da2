"""Times are taken in turns."""

import pytest

import refsim.bench.timing as timing
from refsim.bench.timing import Concurrency, Times, ceiling_work, interleaved, measured_ceiling


class Clock:
    """A clock that only moves when somebody works."""

    def __init__(self):
        self.now, self.calls = 0.0, []

    def __call__(self):
        return self.now

    def worker(self, name, *durations):
        """Return work that takes the given times, one after the other."""
        remaining = iter(durations)

        def work():
            self.calls.append(name)
            self.now += next(remaining)
            return name.upper()

        return work


def test_subjects_take_turns():
    """Once each untimed, then round by round, each round begun by the next subject; every time is the subject's own."""
    clock, seen = Clock(), []
    subjects = {"a": clock.worker("a", 50, 1, 2, 3), "b": clock.worker("b", 70, 10, 20, 30)}

    def after(name, outcome):
        clock.now += 1000
        seen.append((name, outcome))

    times = interleaved(subjects, 3, after, clock)
    assert list("abbaabba") == clock.calls
    assert {"a": (1, 2, 3), "b": (10, 20, 30)} == {name: found.seconds for name, found in times.items()}
    assert [(name, name.upper()) for name in "abbaabba"] == seen


def test_what_is_short_is_called_again_in_its_turn():
    """First untimed for a tenth of a second, a slow first call among them, then timed for as long; what is long, once."""
    clock = Clock()
    first, second = [0.09, 0.05, 0.04, 0.03, 0.05], [0.06, 0.03, 0.02, 0.025, 0.025, 0.025, 0.05]
    times = interleaved({"a": clock.worker("a", 9, *first, *second, 0.125)}, 3, clock=clock)
    assert [pytest.approx(0.04), pytest.approx(0.125 / 4), 0.125] == list(times["a"].seconds)
    assert 1 + len(first) + len(second) + 1 == len(clock.calls)


def test_median_and_quartiles():
    """Of 1 to 5: 3, 2 and 4; of one time, itself."""
    assert (3, (2, 4)) == (Times((5, 1, 3, 2, 4)).median, Times((5, 1, 3, 2, 4)).quartiles)
    assert (7, (7, 7)) == (Times((7,)).median, Times((7,)).quartiles)


def test_times_of_each():
    """Of four things in 8 and 12 seconds, each took 2 and 3."""
    assert (2, 3) == Times((8, 12)).of_each(4).seconds


@pytest.mark.parametrize("threads", [1, 3])
def test_the_ceiling_counts_every_addition(threads):
    """Its fastest time took two seconds: half its additions a second."""
    work, adds = ceiling_work(threads)
    work()
    ticks = iter([0, 9, 10, 14, 20, 22, 30, 33])
    found, times = measured_ceiling(threads, 3, lambda: next(ticks))
    assert (4, 2, 3) == times.seconds and adds / 2 == found
    assert threads * 24 * 768 * 6000 == adds


@pytest.mark.parametrize(
    ("together", "gain", "remarks"),
    [
        ((99, 10, 10, 20), 1.0, ["SHARED CORES: 2 threads add 1.0 times as fast as one at its best (0.5 to 1.0)"]),
        ((99, 6, 6, 5), 10 / 6, []),
    ],
)
def test_cores_that_are_one_are_told_from_two(together, gain, remarks, monkeypatch):
    """By the median of what two threads add beside one that takes 5 seconds at best; the first call may compile."""
    clock, rested = Clock(), []
    works = {1: clock.worker("alone", 99, 7, 5, 6), 2: clock.worker("together", *together)}
    monkeypatch.setattr(timing, "ceiling_work", lambda threads: (works[threads], None))
    looks = Concurrency(2, clock, rested.append)
    assert looks.gain is None and [] == looks.remarks
    for _ in range(3):
        looks.look()
    assert pytest.approx(gain) == looks.gain and 3 == len(rested)
    assert len(remarks) == len(looks.remarks)
    assert all(found.startswith(wanted) for found, wanted in zip(looks.remarks, remarks))


def test_one_thread_has_no_other_beside_it():
    """Nothing is looked at, nothing is said."""
    looks = Concurrency(1, rest=None)
    looks.look()
    assert looks.gain is None and [] == looks.remarks
