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


def linear(random):
    """196 tokens, 512 channels to 512 outputs."""
    weights, bias = random.integers(-127, 128, (512, 512), np.int8), np.zeros(512, np.int32)
    sums = np.zeros((196, 512), np.int32)
    return (196, 512), 512, lambda spikes: accumulate_spikes(spikes, weights, bias, sums)


def convolution(random):
    """28 x 28 places, 64 channels to 128 outputs, window of 3; an inner event reaches nine places."""
    weights, bias = random.integers(-127, 128, (3, 3, 64, 128), np.int8), np.zeros(128, np.int32)
    sums = np.zeros((28, 28, 128), np.int32)
    return (28, 28, 64), 9 * 128, lambda spikes: convolve_spikes(spikes, weights, bias, 1, 1, 0, sums)


def interleaved_times(function, inputs):
    """Return the times in milliseconds of each input, in turns so that a drift of the machine's speed meets all.

    Weights and sums are the same arrays for all inputs: their alignment in memory changes the speed up to twofold.
    """
    times = [[] for _ in inputs]
    for repeat in range(REPEATS + 1):
        for place, values in enumerate(inputs):
            start = time.perf_counter()
            function(values)
            if repeat:
                times[place].append(1e3 * (time.perf_counter() - start))
    return times


def main():
    random = np.random.default_rng(0)
    for build in (linear, convolution):
        print(f"{build.__name__}: {build.__doc__}")
        print(f"{'density':>8} {'events':>8} {'adds':>12} {'ms':>8} {'quartiles':>15} {'Gadd/s':>7}")
        shape, fan_out, function = build(random)
        inputs = [(random.random(shape) < density).astype(np.int8) for density in DENSITIES]
        events, medians = [int(np.count_nonzero(spikes)) for spikes in inputs], []
        for density, count, times in zip(DENSITIES, events, interleaved_times(function, inputs)):
            lower, median, upper = statistics.quantiles(times, n=4)
            rate = count * fan_out / median / 1e6
            counts = f"{density:>8.0%} {count:>8} {count * fan_out:>12,}"
            print(f"{counts} {median:>8.2f} {lower:>7.2f} {upper:>7.2f} {rate:>7.1f}")
            medians.append(median)
        slope, fixed = np.polyfit(events, medians, 1)
        correlation = np.corrcoef(events, medians)[0, 1]
        print(f"line: {fixed:.2f} ms + {1e6 * slope:.1f} ns an event, R^2 = {correlation**2:.4f}\n")


if __name__ == "__main__":
    main()
