"""What a case makes happen: counters that show whether it can test what it claims."""

from collections import Counter

import numpy as np

from refsim.golden.twin import Twin


class CountingTwin(Twin):
    """The twin, counting what its neurons and sums meet on the way."""

    def __init__(self, case, given=None):
        super().__init__(case, given)
        self.counts = Counter()

    def fire(self, node, choices, charge, level):
        spikes = super().fire(node, choices, charge, level)
        self.note("charges that meet the level exactly", np.abs(charge) == level)
        self.note("charges one below the level", charge == level - 1)
        self.note("negative charges", charge < 0)
        self.note("spikes", spikes > 0)
        self.note("negative spikes", spikes < 0)
        last = self.case.timesteps - 1
        fired_before = self.registers.get((node.name, "fired"), False)
        if last == len(self.history.get(node.name, ())):
            self.note("first spikes in the last timestep", (spikes != 0) & ~np.asarray(fired_before))
        self.registers[node.name, "fired"] = (spikes != 0) | fired_before
        return spikes

    def capped(self, values, cap):
        self.note("graded spikes at the cap", values > cap)
        return super().capped(values, cap)

    def accumulated(self, rows, weights, bias):
        self.note("rows without a spike", ~rows.any(axis=1))
        self.note("rows without a silent place", rows.all(axis=1))
        sums = super().accumulated(rows, weights, bias)
        self.note("sums beyond 8 bits", (sums > 127) | (sums < -128))
        return sums

    def product(self, query, key):
        scores = super().product(query, key)
        self.note("negative scores", scores < 0)
        self.note("scores above 3", scores > 3)
        return scores

    def largest(self, views):
        pooled = super().largest(views)
        self.note("windows without a positive value", pooled <= 0)
        return pooled

    def first_largest(self, logits):
        self.note("tied logits", (logits == logits.max(axis=1, keepdims=True)).sum(axis=1) > 1)
        return super().first_largest(logits)

    def masked(self, spikes, mask):
        self.note("spikes that a mask takes away", (spikes != 0) & (mask == 0))
        return super().masked(spikes, mask)

    def key_product(self, key, value):
        products = super().key_product(key, value)
        self.note("negative values of K^T V", products < 0)
        return products

    def taps_inside(self, operator, biases):
        inside = super().taps_inside(operator, np.ones_like(biases))[..., 0]
        self.note("places whose window reaches outside the image", inside < biases.shape[0] * biases.shape[1])
        return super().taps_inside(operator, biases)

    def summed(self, values):
        sums = super().summed(values)
        self.note("negative sums over tokens", sums < 0)
        return sums

    def note(self, what, where):
        self.counts[what] += int(np.sum(where))


def counters(case):
    """Return the counters of a case that are not zero.

    Returns
    -------
    counts : dict of int by what happened
    """
    if case.draws or case.reject_reason:
        return {}
    twin = CountingTwin(case)
    twin.all_samples()
    return {what: count for what, count in sorted(twin.counts.items()) if count}


def silent_sites(case, sites):
    """Return those of the given sites that hold nothing but zeros in the expected values."""
    return [site for site in sites if not case.expected[site].any()]
