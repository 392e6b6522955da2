"""What steps of the fast engine share, memory and threads: none sees what another left in them, nor waits for ever."""

import threading
import time

import numpy as np
import pytest
from engine_cases import assert_equal, both_engines, input_of, network_of

import refsim.engine.pool
from refsim.engine.pool import Pool, Worker
from refsim.network import Input, Network, Node
from refsim.ops import LIF, Context, Convolution, Linear, Residual, Scores, Tokens, TokenSum
from refsim.simulator import run


def zeros(count):
    return np.zeros(count, np.int32)


@pytest.mark.parametrize("order", [("narrow", "wide"), ("wide", "narrow")])
def test_maps_of_other_weights_have_sums_of_their_own(order):
    """Weights of 8 bits stand in pairs, in numbers of 16; sums of weights of 16 bits are of 32."""
    channels, outputs = 4, 128
    maps = {
        "narrow": Linear(np.ones((channels, outputs), np.int8), zeros(outputs)),
        "wide": Linear(np.full((channels, outputs), 30000, np.int16), zeros(outputs)),
    }
    nodes = [
        Node("pixels", Convolution(np.ones((1, 1, 1, channels), np.int8), zeros(channels), 1, 0, 8), ("input",)),
        Node("spikes", LIF(np.full(channels, 1, np.int32)), ("pixels",)),
        Node("tokens", Tokens(), ("spikes",)),
        *(Node(name, maps[name], ("tokens",)) for name in order),
        Node("sum", Residual(), ("narrow", "wide")),
        Node("logits", TokenSum(), ("sum",)),
    ]
    network = Network("maps", 1, Input("image", (1, 1, 1)), tuple(nodes), 1)
    expected, found = both_engines(network, np.full((1, 1), 255, np.uint8))
    assert_equal(expected, found)
    assert {4 * 30001} == set(found.logits.tolist())


SEVERAL = [pattern for pattern in range(16) if pattern.bit_count() > 1]
"""Patterns of four timesteps that a place with few channels of them takes apart, each into events of its own."""


def selected(channels, first, last):
    """A neuron on each channel from one to another, which fires where the channel does."""
    weights = np.eye(channels, dtype=np.int8)[np.newaxis, np.newaxis, :, first:last]
    thresholds = np.full(last - first, 1, np.int32)
    return Convolution(weights, zeros(last - first), 1, 0), LIF(thresholds, leak_shift=0, halve_input=False)


@pytest.mark.parametrize("order", [("large", "small"), ("small", "large")])
def test_windows_of_other_taps_have_lists_of_their_own(order):
    """3 x 3 x 12 and 2 x 2 x 27 rows are as many, but of fewer taps a place may list more."""
    first, second = 12, 27
    trains = [SEVERAL * 2 + [1, 2, 4, 8, 1]] + [SEVERAL + [1, 2, 4, 8] * 4] * 5
    frames = np.zeros((4, 2, 3, first + second), np.int8)
    for place, patterns in zip(np.ndindex(2, 3), trains):
        for timestep in range(4):
            frames[timestep, *place, first:] = [pattern >> timestep & 1 for pattern in patterns]
    maps = {
        "large": Convolution(np.ones((3, 3, first, 1), np.int8), zeros(1), 1, 1),
        "small": Convolution(np.arange(4 * second, dtype=np.int8).reshape(2, 2, second, 1), zeros(1), 1, 0),
    }
    nodes = []
    for name, ends in {"large": (0, first), "small": (first, first + second)}.items():
        convolution, neuron = selected(first + second, *ends)
        nodes += [Node(f"{name}_of", convolution, ("input",)), Node(f"{name}_in", neuron, (f"{name}_of",))]
    nodes += [Node(name, maps[name], (f"{name}_in",)) for name in order]
    for name in order:
        nodes += [Node(f"{name}_tokens", Tokens(), (name,)), Node(f"{name}_sum", TokenSum(), (f"{name}_tokens",))]
    nodes.append(Node("logits", Residual(), ("large_sum", "small_sum")))
    network = Network("windows", 4, Input("binary", (2, 3, first + second)), tuple(nodes), 1)
    assert_equal(*both_engines(network, frames, record="small"))


@pytest.mark.parametrize("name", ["context", "neurons", "counting", "gathering", "attention", "pixels"])
def test_a_node_may_be_called_like_memory(name):
    """What a name stands for is never taken for what the engine keeps for itself."""
    channels, random = 8, np.random.default_rng(0)
    weights = random.integers(-127, 128, (1, 1, 1, channels)).astype(np.int8)
    nodes = [
        Node("stem", Convolution(weights, zeros(channels), 1, 0, 8), ("input",)),
        Node("spikes", LIF(np.full(channels, 300, np.int32)), ("stem",)),
        Node("tokens", Tokens(), ("spikes",)),
        Node("scores", Scores(2), ("tokens", "tokens")),
        Node(name, Context(), ("scores", "tokens")),
        Node("fired", LIF(np.full(channels, 3, np.int32)), (name,)),
        Node("logits", TokenSum(), ("fired",)),
    ]
    network = Network("names", 4, Input("image", (3, 3, 1)), tuple(nodes), 1)
    expected, found = both_engines(network, input_of(network, 1))
    assert_equal(expected, found)
    assert found.logits.any()


def busy_seconds(pause):
    """Return how long processors were busy for this process while its main thread slept."""
    before = time.process_time()
    time.sleep(pause)
    return time.process_time() - before


@pytest.mark.parametrize("place", [1, 2])
def test_an_interrupt_leaves_no_thread_waiting(monkeypatch, place):
    """Of three threads none, or one, was given its work; the run after it is right."""
    network = network_of("spikformer")
    image = input_of(network, 0)
    expected = run(network, image, engine="reference")
    monkeypatch.setattr("refsim.engine.pool.PARALLEL_COST", 0)
    run(network, image, threads=3)
    given, original = [], refsim.engine.pool.copy_context

    def interrupted():
        given.append(None)
        if len(given) == place:
            raise KeyboardInterrupt
        return original()

    with monkeypatch.context() as patch:
        patch.setattr("refsim.engine.pool.copy_context", interrupted)
        with pytest.raises(KeyboardInterrupt):
            run(network, image, threads=3)
    assert busy_seconds(0.5) < 0.25
    assert_equal(expected, run(network, image, threads=3))


def test_an_interrupt_while_threads_are_made_leaves_none(monkeypatch):
    """Those that were there already have an end, too."""
    made, original, before = [], Worker.__init__, threading.active_count()
    monkeypatch.setattr("refsim.engine.pool._idle", [])

    def interrupted(worker):
        if len(made) == 2:
            raise KeyboardInterrupt
        original(worker)
        made.append(worker)

    monkeypatch.setattr(Worker, "__init__", interrupted)
    with pytest.raises(KeyboardInterrupt):
        Pool(4)
    for worker in made:
        worker.join(timeout=60)
    assert len(made) == 2 and threading.active_count() <= before
