"""The fast engine gives the bits of the plain kernels: every site, every census, any threads, any recording."""

import gc
import pickle
import weakref
from concurrent.futures import ThreadPoolExecutor
from itertools import combinations
from queue import SimpleQueue
from threading import Thread

import numpy as np
import pytest
from engine_cases import NETWORKS, assert_equal, both_engines, input_of, network_of
from hypothesis import given, settings
from hypothesis import strategies as st

from refsim.audit.guard import unguarded
from refsim.engine.gathering import GatherStep
from refsim.engine.listing import ListStep
from refsim.engine.plan import MOST_ROWS, Plan, planned
from refsim.engine.pool import PARALLEL_COST, Pool
from refsim.engine.program import Program
from refsim.engine.trains import PoolStep
from refsim.errors import NetworkError
from refsim.kernels.row import Row
from refsim.network import Input, Network, Node
from refsim.ops import LIF, Context, Convolution, KeyValue, MaxPool, Residual, Retrieval, Scores, Tokens, TokenSum
from refsim.simulator import run, with_logits

PATTERNS = ("*", "*attention*", "*residual*", "*.membrane", "*linear*", "stem.*", "stage*", "*context", "*scores")


@pytest.mark.parametrize("name", NETWORKS)
def test_every_site_is_equal(name):
    """Recorded throughout, and with nothing recorded, where sums are fused away; twice, on used memory."""
    network = network_of(name)
    for seed in range(3):
        image = input_of(network, seed)
        assert_equal(*both_engines(network, image, record="*"))
        assert_equal(*both_engines(network, image))


@settings(max_examples=60)
@given(
    st.sampled_from(sorted(NETWORKS)),
    st.integers(1, 9),
    st.integers(0, 2**16),
    st.sets(st.sampled_from(PATTERNS), max_size=3),
    st.integers(1, 3),
)
def test_engines_are_equal_whatever_is_recorded(name, timesteps, seed, patterns, threads):
    """Any number of timesteps (beyond 8 the plain kernels run), weights, sites to record, and threads for any step."""
    network = network_of(name, timesteps=timesteps, seed=seed)
    known = [pattern for pattern in patterns if any(matches(site, pattern) for site in network.signals)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("refsim.engine.pool.PARALLEL_COST", 0)
        patch.setattr("refsim.engine.balance.LONG_COST", 0)
        assert_equal(*both_engines(network, input_of(network, seed), record=known, threads=threads))


def matches(site, pattern):
    from fnmatch import fnmatchcase

    return fnmatchcase(site, pattern)


def arrays_of(arguments):
    """Return all arrays of a call, those of tuples too."""
    for argument in arguments:
        if isinstance(argument, tuple):
            yield from arrays_of(argument)
        elif isinstance(argument, np.ndarray):
            yield np.asarray(unguarded(argument))


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize("timesteps", [4, 6])
def test_arrays_of_tuned_kernels_are_apart(name, timesteps, monkeypatch):
    """What LLVM is told: an array that a tuned kernel writes shares no memory with another of its arrays."""
    calls, original = [], Row.__call__

    def compared(row):
        for call in row.calls:
            arrays, apart = list(arrays_of(call.arguments)), call.kernel.apart
            pairs = [pair for pair in combinations(arrays, 2) if apart and np.may_share_memory(*pair)]
            before = [[array.copy() for array in pair] for pair in pairs]
            original(Row([call]))
            calls.append(apart)
            for pair, copies in zip(pairs, before):
                for array, copy in zip(pair, copies):
                    np.testing.assert_array_equal(array, copy, err_msg=call.kernel.__name__)

    monkeypatch.setattr(Row, "__call__", compared)
    network = network_of(name, timesteps=timesteps)
    run(network, input_of(network, 0))
    assert any(calls)


@pytest.mark.parametrize("cost, works", [(1 << 40, 1), (0, 3)], ids=["too little", "enough"])
def test_no_thread_is_woken_for_little_work(monkeypatch, cost, works):
    """A network that takes less than it takes to wake a thread is computed by the caller's; the answer is the same."""
    shared, original = [], Pool.share
    monkeypatch.setattr("refsim.engine.pool.PARALLEL_COST", cost)
    monkeypatch.setattr(
        Pool, "share", lambda pool, parts, *more: shared.append(len(parts)) or original(pool, parts, *more)
    )
    network = network_of("spikformer")
    result = run(network, input_of(network, 0), threads=3)
    assert works == max(shared)
    assert_equal(run(network, input_of(network, 0), engine="reference"), result)


def test_threads_that_are_awake_share_smaller_work():
    """A sixteenth of what a thread is woken for."""
    with Pool(2) as pool:
        assert 1 == pool.parts(10, PARALLEL_COST - 1) == pool.parts(10, (PARALLEL_COST >> 4) - 1, awake=True)
        assert 2 == pool.parts(10, PARALLEL_COST) == pool.parts(10, PARALLEL_COST >> 4, awake=True)
        assert [0, 10] == pool.bounds(10, PARALLEL_COST - 1) and [0, 5, 10] == pool.bounds(10, PARALLEL_COST)


@pytest.mark.parametrize("elsewhere", [False, True], ids=["own thread", "another"])
def test_a_fault_in_one_thread_is_raised_and_holds_nobody_up(monkeypatch, elsewhere):
    """Of three threads the caller's own fails, or both others, before it meets them; the network still works after."""
    network, original = network_of("spikformer"), Row.__call__
    expected = run(network, input_of(network, 0), engine="reference")
    monkeypatch.setattr("refsim.engine.pool.PARALLEL_COST", 0)

    def planted(row):
        if any(call.kernel.__name__ == "pool_trains" and (call.arguments[4] > 0) == elsewhere for call in row.calls):
            raise ValueError("a fault on purpose")
        original(row)

    ends = SimpleQueue()

    def run_into_the_fault():
        try:
            ends.put(run(network, input_of(network, 0), threads=3))
        except ValueError as fault:
            ends.put(fault)

    with monkeypatch.context() as patch:
        patch.setattr(Row, "__call__", planted)
        Thread(target=run_into_the_fault, daemon=True).start()
        assert str(ends.get(timeout=60)) == "a fault on purpose"
    assert_equal(expected, run(network, input_of(network, 0), threads=3))


def test_images_side_by_side():
    """Eight images by four threads at once, on one network: each gets its own answer."""
    network = network_of("spikformer")
    images = [input_of(network, seed) for seed in range(8)]
    alone = [run(network, image, engine="reference") for image in images]
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(lambda image: run(network, image, threads=1), images * 3))
    for place, result in enumerate(together):
        assert_equal(alone[place % 8], result)


@pytest.mark.parametrize("name", ["spikformer", "spike-driven"])
def test_a_result_can_be_sent_elsewhere(name):
    """To another process, with a census that nobody has asked for yet."""
    network = network_of(name)
    sent = pickle.loads(pickle.dumps(run(network, input_of(network, 0))))
    assert_equal(run(network, input_of(network, 0), engine="reference"), sent)


def test_an_earlier_result_is_not_overwritten():
    """What a run recorded stays as it was when the network runs again."""
    network = network_of("spike-driven")
    first = run(network, input_of(network, 0), record="*")
    kept = {site: values.copy() for site, values in first.trace.items()}
    run(network, input_of(network, 1), record="*")
    for site, values in kept.items():
        np.testing.assert_array_equal(values, first.trace[site])


def test_a_network_that_has_run_can_be_freed():
    """Packed weights and plans go with it."""
    network = network_of("spikformer")
    run(network, input_of(network, 0))
    gone = weakref.ref(network)
    del network
    gc.collect()
    assert gone() is None


def test_maps_of_other_paddings_are_gathered_apart():
    """Two convolutions of one input with neurons on both, alike but for the padding, or the width of their weights."""
    random, thresholds = np.random.default_rng(0), np.full(4, 90, np.int32)
    weights, bias = random.integers(-127, 128, (3, 3, 2, 4), np.int8), np.zeros(4, np.int32)
    wide = random.integers(-30_000, 30_000, (3, 3, 2, 4)).astype(np.int16)
    maps = {"a": (weights, 1), "b": (weights[::-1].copy(), 0), "c": (wide, 1)}
    nodes = [Node("first", Convolution(random.integers(-9, 9, (1, 1, 1, 2), np.int8), bias[:2], 1, 0, 8), ("input",))]
    nodes.append(Node("spikes", LIF(thresholds[:2]), ("first",)))
    for name, (taps, padding) in maps.items():
        nodes.append(Node(name, Convolution(taps, bias, 1, padding), ("spikes",)))
        nodes.append(Node(f"{name}_neuron", LIF(thresholds), (name,)))
        nodes.append(Node(f"{name}_tokens", Tokens(), (f"{name}_neuron",)))
        nodes.append(Node(f"{name}_count", TokenSum(), (f"{name}_tokens",)))
    nodes.append(Node("ab", Residual(), ("a_count", "b_count")))
    nodes.append(Node("logits", Residual(1, 0), ("ab", "c_count")))
    network = Network("maps", 4, Input("image", (6, 7, 1)), tuple(nodes), 1)
    for seed in range(3):
        assert_equal(*both_engines(network, input_of(network, seed)))


def test_an_unknown_engine_is_named():
    """With those that there are."""
    network = network_of("binary")
    with pytest.raises(NetworkError, match="engine: expected one of fast, reference; got 'turbo'"):
        run(network, input_of(network, 0), engine="turbo")


@pytest.mark.parametrize("name", NETWORKS)
def test_what_is_gathered_is_no_more_than_what_is_added(name):
    """At one timestep every spike is a row of its own, but for channels alike in two planes; at four some share."""
    for timesteps in (1, 4):
        network = network_of(name, timesteps=timesteps)
        run(network, input_of(network, 1))  # leaves lists behind that the next run does not have
        census = run(network, input_of(network, 0)).census_by_site
        with planned(network, with_logits(network, ())) as plan:
            programs = [program for program in plan.steps if isinstance(program, Program)]
            steps = [step for program in programs for step in program.steps if isinstance(step, GatherStep)]
            assert plan.gathered() == sum(step.gathered(plan.values) for step in steps)
            assert timesteps == 1 or not steps or plan.gathered() > 0
            for step in steps:
                added = sum(census[node.name].adds for node in step.affine)
                assert step.gathered(plan.values) <= added
                if timesteps == 1 and network.signals[step.site].plane_count == 1:
                    assert step.gathered(plan.values) == added


def test_a_window_waits_for_the_lists_of_its_neighbours():
    """A site whose lists are made in a later chain than itself: the convolution that reads them is in yet another."""
    random, thresholds = np.random.default_rng(0), np.full(4, 90, np.int32)
    weights, bias = random.integers(-127, 128, (3, 3, 4, 4), np.int8), np.zeros(4, np.int32)
    nodes = (
        Node("first", Convolution(random.integers(-9, 9, (1, 1, 1, 4), np.int8), bias, 1, 0, 8), ("input",)),
        Node("spikes", LIF(thresholds), ("first",)),
        Node("pooled", MaxPool(3, 1, 1), ("spikes",)),
        Node("sums", Convolution(weights, bias, 1, 1), ("spikes",)),
        Node("neuron", LIF(thresholds), ("sums",)),
        Node("both", Residual(), ("pooled", "neuron")),
        Node("tokens", Tokens(), ("both",)),
        Node("count", TokenSum(), ("tokens",)),
    )
    network = Network("window", 4, Input("image", (8, 8, 1)), nodes, 1)
    programs = [step for step in Plan(network, ["count"]).steps if isinstance(step, Program)]
    chains = [chain.steps for program in programs for chain in program.chains]
    listing = next(steps for steps in chains if any(isinstance(step, ListStep) for step in steps))
    assert [PoolStep, ListStep] == [type(step) for step in listing]


@pytest.mark.parametrize("channels", [300, (1 << 16) - 1, 1 << 16])
def test_as_many_rows_as_16_bits_count(channels):
    """All channels fire at all timesteps, a single code: what counts them must not begin anew at 0."""
    bias = np.zeros(2, np.int32)
    nodes = (
        Node(
            "first",
            Convolution(np.ones((1, 1, 1, channels), np.int8), np.zeros(channels, np.int32), 1, 0, 8),
            ("input",),
        ),
        Node("spikes", LIF(np.full(channels, 2, np.int32)), ("first",)),
        Node("sums", Convolution(np.array([[[[1, -1]] * channels]], np.int8), bias, 2, 0), ("spikes",)),
        Node("neuron", LIF(np.full(2, channels // 2, np.int32)), ("sums",)),
        Node("tokens", Tokens(), ("neuron",)),
        Node("count", TokenSum(), ("tokens",)),
    )
    network = Network("rows", 4, Input("image", (3, 3, 1)), nodes, 1)
    assert_equal(*both_engines(network, np.full((3, 3, 1), 255, np.uint8), record="sums"))
    with planned(network, with_logits(network, ())) as plan:
        plan.run(np.full((1, 3, 3, 1), 255, np.uint8), Pool(1))
        rows = channels if channels <= MOST_ROWS else 0  # with more it is not gathered
        assert plan.gathered() == 4 * 2 * rows  # at four places, once for all timesteps


@pytest.mark.parametrize("threads", [0, -1, 1 << 20, 2.0])
def test_what_is_no_number_of_threads_is_refused(threads):
    """By either engine, however small the network."""
    network = network_of("binary")
    for engine in ("reference", "fast"):
        with pytest.raises(NetworkError, match="threads: expected an integer from 1 to 1024, got"):
            run(network, input_of(network, 0), threads=threads, engine=engine)


@pytest.mark.parametrize(
    "products, wide, few",
    [
        ([Node("product", Scores(2), ("q", "k")), Node("context", Context(), ("product", "v"))], "v", ""),
        ([Node("product", KeyValue(2), ("k", "v")), Node("context", Retrieval(), ("q", "product"))], "", "q"),
    ],
    ids=["wide values", "few queries"],
)
def test_attention_over_operands_of_different_shapes(products, wide, few):
    """V of more channels than K, or queries of fewer tokens: they are computed as the plain kernels have it."""
    random, nodes = np.random.default_rng(0), []
    for name in "qkv":
        channels = 12 if name in wide else 8
        weights = random.integers(-99, 100, (1, 1, 1, channels)).astype(np.int8)
        nodes.append(Node(f"{name}_map", Convolution(weights, np.zeros(channels, np.int32), 1, 0, 8), ("input",)))
        nodes.append(Node(f"{name}_neuron", LIF(np.full(channels, 900, np.int32)), (f"{name}_map",)))
        if name in few:
            nodes.append(Node(f"{name}_pool", MaxPool(2, 2, 0), (f"{name}_neuron",)))
        nodes.append(Node(name, Tokens(), (nodes[-1].name,)))
    nodes += [*products, Node("count", TokenSum(), ("context",))]
    network = Network("cross", 4, Input("image", (4, 4, 1)), tuple(nodes), 1)
    for seed in range(3):
        assert_equal(*both_engines(network, input_of(network, seed)))


def test_products_of_different_attentions_are_computed_apart():
    """K^T V, where it has the shape of a map, read as the scores of a context: as the plain kernels have it."""
    weights = np.arange(1, 5, dtype=np.int8).reshape(1, 1, 1, 4)
    pixels = Convolution(weights, np.zeros(4, np.int32), padding=0, planes=8)
    nodes = [Node("pixels", pixels, ("input",)), Node("neuron", LIF(np.full(4, 300, np.int32)), ("pixels",))]
    nodes += [Node("spikes", Tokens(), ("neuron",)), Node("product", KeyValue(1), ("spikes", "spikes"))]
    nodes += [Node("context", Context(), ("product", "spikes")), Node("count", TokenSum(), ("context",))]
    network = Network("mixed", 3, Input("image", (2, 2, 1)), tuple(nodes), 1)
    for seed in range(5):
        assert_equal(*both_engines(network, input_of(network, seed)))
