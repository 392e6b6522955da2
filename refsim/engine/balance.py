"""How many places of a chain each thread takes: of a long one, as many as it was fast lately."""

import time
from itertools import accumulate, pairwise

LONG_COST = 10_000_000
"""Nanoseconds of one thread from which on a chain is shared out by speed, and tells of it. In shorter ones threads are
slow by chance, and what is shared out differently has to be bound anew."""

HORIZON = 10_000_000
"""Nanoseconds of a chain that count as much as all before."""

WHOLE = 1 << 20
"""What shares add up to, but for what rounding leaves."""

PRECISION = 50
"""Bits by which counts are shifted before they are divided by nanoseconds: some thirteen days."""

LEAST = WHOLE >> 2
"""What all threads together have at the least, each as much as the others: one that was held up once can show that it
is fast again."""


class Balance:
    """The places that each thread of a program takes of each chain.

    Two processors of one machine may differ by half: a rented one may be half of a core whose other half is somebody
    else's, and many a machine has cores of two sizes. With equal shares the fast one would wait for the slow one.

    Parameters
    ----------
    chains : list of tuple of int
        Of each chain its places, by how many threads they are computed, and its cost.
    threads : int

    Attributes
    ----------
    long : list of bool
        Which chains are shared out by speed.
    shares : list of int
        Of each thread; WHOLE is all.
    limits : list of list of tuple of int
        By chain and thread: its first place, and the one after its last.
    spent : list of list of int
        By chain and thread: the nanoseconds that it took, written by itself.
    """

    def __init__(self, chains, threads):
        self.chains, self.shares, self.heard = chains, [WHOLE // threads] * threads, len(chains)
        self.long = [parts == threads > 1 and cost >= LONG_COST for _, parts, cost in chains]
        self.spent = [[0] * threads for _ in chains]
        self.limits = [self.shared_out(turn) for turn in range(len(chains))]

    def begin(self):
        """Share out the first chain of a run, by what was not yet heard of the run before."""
        self.listen(len(self.chains))
        self.heard = 0
        if self.long[0]:
            self.limits[0] = self.shared_out(0)

    def look(self, turn):
        """Share out a long chain, by what the chains told that all threads have done.

        One thread does, before it meets the others for that chain: nobody waits for it. They may still be at the chain
        before, but at none before that.
        """
        self.listen(turn - 1)
        self.limits[turn] = self.shared_out(turn)

    def compute(self, turn, part, row):
        """Compute the places of one thread, and note how long that took."""
        start = time.perf_counter_ns()
        row.limit(*self.limits[turn][part])
        row()
        self.spent[turn][part] = time.perf_counter_ns() - start

    def listen(self, turn):
        """Learn from the long chains before a turn."""
        for earlier in range(self.heard, turn):
            if self.long[earlier]:
                self.learn(self.limits[earlier], self.spent[earlier])
        self.heard = max(self.heard, turn)

    def learn(self, limits, spent):
        """Let shares follow how fast each thread computed its places, the more the longer all of them took."""
        counts, weight = [last - first for first, last in limits], min(spent)
        if min(counts) > 0 and weight > 0:
            rates = [(count << PRECISION) // taken for count, taken in zip(counts, spent)]
            found = [rate * WHOLE // sum(rates) for rate in rates]
            mixed = [(old * HORIZON + new * weight) // (HORIZON + weight) for old, new in zip(self.shares, found)]
            self.shares = [max(share, LEAST // len(mixed)) for share in mixed]

    def shared_out(self, turn):
        """Return the limits of a chain: by the shares of now if it is long, else as equal as can be."""
        places, parts, _ = self.chains[turn]
        ends = list(accumulate(self.shares if self.long[turn] else [1] * parts))
        limits = list(pairwise([0, *(places * end // ends[-1] for end in ends)]))
        return limits + [(0, 0)] * (len(self.shares) - parts)
