"""Time and additions of the accumulate kernels against spike density: ``python tests/bench_density.py``.

A measurement, not a test: it decides nothing.
"""

import statistics
import time

import numpy as np

from refsim.kernels.accumulate import accumulate_spikes
from refsim.kernels.convolution import convolve_spikes

DENSITIES = (0.0, 0.02, 0.05, 0.1, 0.2, 0.4, 0.8)
REPEATS = 15


def linear(random, density):
    """196 tokens, 512 channels to 512 outputs."""
    spikes = (random.random((196, 512)) < density).astype(np.int8)
    weights = random.integers(-127, 128, (512, 512), np.int8)
    sums = np.zeros((196, 512), np.int32)
    return np.count_nonzero(spikes), 512, lambda: accumulate_spikes(spikes, weights, np.zeros(512, np.int32), sums)


def convolution(random, density):
    """28 x 28 places, 64 channels to 128 outputs, window of 3; an inner event reaches nine places."""
    spikes = (random.random((28, 28, 64)) < density).astype(np.int8)
    weights = random.integers(-127, 128, (3, 3, 64, 128), np.int8)
    sums = np.zeros((28, 28, 128), np.int32)
    bias = np.zeros(128, np.int32)
    return np.count_nonzero(spikes), 9 * 128, lambda: convolve_spikes(spikes, weights, bias, 1, 1, 0, sums)


def median_time(function):
    """Return the median and the spread (quartiles) of the time of a call, in milliseconds."""
    function()
    times = []
    for _ in range(REPEATS):
        start = time.perf_counter()
        function()
        times.append(1e3 * (time.perf_counter() - start))
    lower, median, upper = statistics.quantiles(times, n=4)
    return median, upper - lower


def main():
    random = np.random.default_rng(0)
    for build in (linear, convolution):
        print(f"{build.__name__}: {build.__doc__}")
        print(f"{'density':>8} {'events':>8} {'adds':>12} {'ms':>8} {'spread':>7} {'Gadd/s':>7}")
        events_seen, times = [], []
        for density in DENSITIES:
            events, fan_out, function = build(random, density)
            milliseconds, spread = median_time(function)
            rate = events * fan_out / milliseconds / 1e6
            print(
                f"{density:>8.0%} {events:>8} {events * fan_out:>12,} {milliseconds:>8.2f} {spread:>7.2f} {rate:>7.1f}"
            )
            events_seen.append(events)
            times.append(milliseconds)
        slope, fixed = np.polyfit(events_seen, times, 1)
        correlation = np.corrcoef(events_seen, times)[0, 1]
        print(f"line: {fixed:.2f} ms + {1e6 * slope:.1f} ns an event, R^2 = {correlation**2:.4f}\n")


if __name__ == "__main__":
    main()
