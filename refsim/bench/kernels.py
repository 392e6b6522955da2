"""One linear map of spikes, in every way at hand: the same spikes, the same weights, the same sums."""

from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

import numpy as np

from refsim.bench.machine import OtherWork, disturbance
from refsim.bench.peers import Absent, require_module
from refsim.bench.results import Comparison, Line
from refsim.bench.timing import Concurrency, interleaved
from refsim.engine.listing import list_scratch, listed, listing
from refsim.engine.packing import Packed
from refsim.engine.pool import Pool
from refsim.errors import BenchmarkError
from refsim.kernels.accumulate import accumulate_spikes
from refsim.kernels.fast.accumulate import gather_sums
from refsim.kernels.row import Row
from refsim.ops import Linear

SHAPES = {"768 to 3072": (196, 768, 3072), "3072 to 768": (196, 3072, 768), "384 to 384": (64, 384, 384)}
"""Tokens, channels and outputs: both maps of an MLP at ImageNet size, and a projection at CIFAR size."""

MAPS = 24
"""So many times the fast kernel does its map when it is called, as many maps as the blocks of Spikformer-4-384 have: to
wake a thread takes as long as a small map, and a network wakes it once."""


def reference_kernel(spikes, weights, threads):
    """refsim's reference: a row of weights for every spike, token by token, tokens shared out among threads."""
    sums, bias = np.empty((len(spikes), weights.shape[1]), np.int32), np.zeros(weights.shape[1], np.int32)
    bounds = [len(spikes) * part // threads for part in range(threads + 1)]
    pool = ThreadPoolExecutor(threads)

    def part(start, stop):
        accumulate_spikes(spikes[start:stop], weights, bias, sums[start:stop])

    def work():
        list(pool.map(part, bounds, bounds[1:]))
        return sums

    return work


def fast_kernel(spikes, weights, threads):
    """refsim's fast engine on one timestep: search for spikes and gathering, tokens shared out among threads.

    As in a network, threads are woken once for many maps, and each takes its tokens from one to the next.
    """
    packed = Packed([Linear(weights, np.zeros(weights.shape[1], np.int32))])
    planes = np.ascontiguousarray(spikes).view(np.uint8)[np.newaxis]
    lists, pool = listed(planes, 1, 1), Pool(threads)
    sums = np.empty((1, len(spikes), weights.shape[1]), np.int32)
    bounds, works = pool.bounds(len(spikes), sums.size * MAPS), []
    for first, last in pairwise(bounds):
        search = list_scratch(spikes.shape[1], lists.runs.shape[-1], lambda _, dtype, shape: np.zeros(shape, dtype))
        arguments = lists.of_group(0), (len(spikes), 1), *packed.arguments, *packed.scratch(lists)
        calls = [*listing(planes, 1, search, lists), gather_sums.ranged(*arguments, sums)]
        works.append(Row([call.over(first, last) for call in calls] * MAPS))

    def work():
        pool.share(works)
        return sums[0]

    return work


def numpy_kernel(spikes, weights, threads):
    """NumPy's product of integers, int8 widened to int32 by NumPy; one thread, as NumPy has no other."""
    return lambda: np.matmul(spikes, weights, dtype=np.int32)


def sparse_kernel(spikes, weights, threads):
    """scipy's product of spikes in CSR form, made beforehand, and dense int32 weights; one thread."""
    require_module("scipy")
    from scipy.sparse import csr_array

    sparse, wide = csr_array(spikes.astype(np.int32)), weights.astype(np.int32)
    return lambda: sparse @ wide


def dense_kernel(spikes, weights, threads):
    """PyTorch's linear map in float32, spikes and weights as floats beforehand."""
    require_module("torch")
    import torch
    from torch.nn.functional import linear

    values = torch.from_numpy(spikes.astype(np.float32))
    matrix = torch.from_numpy(np.ascontiguousarray(weights.T, np.float32))

    def work():
        with torch.inference_mode():
            return linear(values, matrix)

    return work


KERNELS = {
    "refsim fast": (fast_kernel, f"threads woken for {MAPS} maps", MAPS),
    "refsim reference": (reference_kernel, "", 1),
    "PyTorch float32": (dense_kernel, "floats made beforehand", 1),
    "scipy CSR int32": (sparse_kernel, "CSR made beforehand, one thread", 1),
    "NumPy int8 to int32": (numpy_kernel, "one thread", 1),
}
"""Makers of the work by subject, what is to be said of each, and how many maps a call of the work does. They take
spikes (M, C), weights (C, D), threads."""


def compare_kernels(shape, density, repeats, threads, seed=0):
    """Time every kernel on the same spikes and hold their sums against each other.

    Parameters
    ----------
    shape : str
        One of `SHAPES`.
    density : float
    repeats, threads, seed : int

    Returns
    -------
    comparison : Comparison

    Raises
    ------
    BenchmarkError
        If two kernels give different sums.
    """
    random, (tokens, channels, outputs) = np.random.default_rng(seed), SHAPES[shape]
    spikes = (random.random((tokens, channels)) < density).astype(np.int8)
    weights = random.integers(-127, 128, (channels, outputs), np.int8)
    subjects, absent, sums = {}, {}, {}
    for subject, (make, *_) in KERNELS.items():
        try:
            subjects[subject] = make(spikes, weights, threads)
        except Absent as reason:
            absent[subject] = str(reason)
    concurrency = Concurrency(threads)

    def after(subject, found):
        sums[subject] = found
        concurrency.look()

    with OtherWork() as others:
        times = interleaved(subjects, repeats, after)
    for subject, found in sums.items():
        if not np.array_equal(np.asarray(found), sums["refsim reference"]):
            raise BenchmarkError(f"{shape} at {density:.0%}: the sums of {subject} are not those of refsim reference")
    events = int(np.count_nonzero(spikes))
    lines = [
        Line(subject, times[subject].of_each(maps), events * outputs if subject.startswith("refsim") else None, note)
        if subject in times
        else Line(subject, None, None, absent[subject])
        for subject, (_, note, maps) in KERNELS.items()
    ]
    return Comparison(
        "kernel",
        f"linear map {shape}",
        f"{tokens} tokens",
        density,
        events / spikes.size,
        tuple(lines),
        tuple(disturbance(others.cores) + concurrency.remarks),
        (),
        others.cores,
        concurrency.gain,
    )
