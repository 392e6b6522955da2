"""Time and additions of the accumulate kernels against spike density: ``python tests/bench_density.py``.

A measurement, not a test: it decides nothing.
"""

import statistics
import time

import numpy as np

from refsim.kernels.accumulate import accumulate_spikes
from refsim.kernels.convolution import convolve_spikes

DENSITIES = (0.0, 0.02, 0.05, 0.1, 0.2, 0.4, 0.8)
REPEATS = 31


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


def interleaved_times(functions):
    """Return each function's times in milliseconds, taken in turns so that a drift of the machine's speed meets all."""
    times = [[] for _ in functions]
    for repeat in range(REPEATS + 1):
        for place, function in enumerate(functions):
            start = time.perf_counter()
            function()
            if repeat:
                times[place].append(1e3 * (time.perf_counter() - start))
    return times


def main():
    random = np.random.default_rng(0)
    for build in (linear, convolution):
        print(f"{build.__name__}: {build.__doc__}")
        print(f"{'density':>8} {'events':>8} {'adds':>12} {'ms':>8} {'quartiles':>15} {'Gadd/s':>7}")
        cases = [build(random, density) for density in DENSITIES]
        medians = []
        for density, (events, fan_out, _), times in zip(
            DENSITIES, cases, interleaved_times([function for *_, function in cases])
        ):
            lower, median, upper = statistics.quantiles(times, n=4)
            rate = events * fan_out / median / 1e6
            counts = f"{density:>8.0%} {events:>8} {events * fan_out:>12,}"
            print(f"{counts} {median:>8.2f} {lower:>7.2f} {upper:>7.2f} {rate:>7.1f}")
            medians.append(median)
        events = [events for events, *_ in cases]
        slope, fixed = np.polyfit(events, medians, 1)
        correlation = np.corrcoef(events, medians)[0, 1]
        print(f"line: {fixed:.2f} ms + {1e6 * slope:.1f} ns an event, R^2 = {correlation**2:.4f}\n")


if __name__ == "__main__":
    main()
