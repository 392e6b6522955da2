"""Comparisons: every subject has a line, and no time counts where results differ."""

from dataclasses import replace

import numpy as np
import pytest
from strategies import LINEAGE, SMALL

import refsim.bench.kernels as kernels
import refsim.bench.peers as peers
from refsim import run
from refsim.architectures.published import build
from refsim.architectures.spike_driven_transformer import SpikeDrivenTransformerConfig
from refsim.architectures.spikformer import SpikformerConfig
from refsim.bench.benchmark import Settings, Witness, compare_network
from refsim.bench.kernels import compare_kernels
from refsim.bench.seeded import SeededParameters, seeded_image
from refsim.errors import BenchmarkError, InputError, NetworkError
from refsim.kernels.row import Row
from refsim.simulator import ENGINES

SETTINGS = Settings(repeats=2, threads=1)
CONFIG = LINEAGE["spikformer"]


@pytest.fixture
def nothing_installed(monkeypatch):
    """No peer can be imported."""
    monkeypatch.setattr(peers, "find_spec", lambda module: None)


@pytest.fixture
def small_kernels(monkeypatch):
    """A linear map of few tokens."""
    monkeypatch.setitem(kernels.SHAPES, "tiny", (5, 16, 24))


def test_absent_peers_have_a_line(nothing_installed):
    """Each with its reason; refsim is timed all the same, with the census of the run as its additions."""
    comparison = compare_network("tiny", CONFIG, 0.2, SETTINGS)
    lines = {line.subject: line for line in comparison.lines}
    assert {f"refsim {engine}" for engine in ENGINES} | {"PyTorch float32", "spikingjelly"} == set(lines)
    assert "torch is not installed (pip install 'refsim[bench]')" == lines["PyTorch float32"].note
    assert "spikingjelly is not installed (pip install 'refsim[bench]')" == lines["spikingjelly"].note
    assert lines["spikingjelly"].times is None
    for engine in ENGINES:
        assert 2 == len(lines[f"refsim {engine}"].times.seconds) and lines[f"refsim {engine}"].adds > 10_000
    assert 0 < lines["refsim fast"].gathered < lines["refsim fast"].adds and lines["refsim reference"].gathered is None
    assert comparison.wanted == 0.2 and 0.1 < comparison.achieved < 0.3
    assert "label, logits and spike counts of every repeat equal" in comparison.remarks[0]


def test_peers_that_are_there_are_timed():
    """The dense network, held against refsim; spikingjelly's Spikformer of the same size."""
    pytest.importorskip("torch")
    pytest.importorskip("spikingjelly")
    comparison = compare_network("tiny", CONFIG, 0.2, SETTINGS)
    assert all(line.times is not None for line in comparison.lines)
    assert "PyTorch float32: label equal, spike counts equal, logits equal" in comparison.remarks


@pytest.mark.parametrize(
    "config",
    [
        SpikformerConfig(**SMALL, channels=2),
        SpikformerConfig(**{**SMALL, "image_size": (32, 48)}, pooled_stages=(0, 1, 2, 3), timesteps=2),
        SpikeDrivenTransformerConfig(**SMALL, pooled_stages=(0, 3)),
    ],
    ids=repr,
)
def test_spikingjelly_models_have_the_same_size(config):
    """As many numbers as the configuration counts, but for biases that only one of the two has; logits of one image."""
    torch = pytest.importorskip("torch")
    pytest.importorskip("spikingjelly")
    model = peers.spikingjelly_model(config)
    matrices = sum(parameter.numel() for parameter in model.parameters() if parameter.ndim > 1)
    network = build(config, SeededParameters(0), "same")
    assert matrices == sum(node.operator.weights.size for node in network.nodes if hasattr(node.operator, "weights"))
    work, note = peers.spikingjelly_peer(network, config, seeded_image(network.input.shape))
    assert torch.Size([config.classes]) == work().shape[-1:] and "random weights" in note


@pytest.mark.parametrize(
    ("config", "reason"),
    [
        (LINEAGE["meta-sdsa-3"], "has no model of this architecture"),
        (replace(CONFIG, pooled_stages=(0, 3)), "has no Spikformer that pools stages"),
    ],
)
def test_what_spikingjelly_lacks_is_said(config, reason):
    """Another architecture, another stem."""
    with pytest.raises(peers.Absent, match=reason):
        peers.spikingjelly_model(config)


@pytest.mark.parametrize("change", ["label", "logits", "spike_counts"])
def test_engines_that_differ_are_an_error(change):
    """In label, logits, or one spike of one layer at one timestep."""
    network = build(CONFIG, SeededParameters(0), "tiny")
    result = run(network, seeded_image(network.input.shape))
    counts = {site: values.copy() for site, values in result.spike_counts.items()}
    counts["block0.attention.q"][1] += 1
    other = {"label": result.label + 1, "logits": result.logits + 1, "spike_counts": counts}[change]
    witness = Witness()
    witness("refsim reference", result)
    witness("refsim other", replace(result))
    witness("PyTorch float32", None)
    with pytest.raises(BenchmarkError, match="refsim other and refsim reference differ in the"):
        witness("refsim other", replace(result, **{change: other}))


def test_an_unknown_engine_is_refused():
    """With those that there are."""
    network = build(CONFIG, SeededParameters(0), "tiny")
    with pytest.raises(NetworkError, match="engine: expected one of .*reference"):
        run(network, seeded_image(network.input.shape), engine="slow")


def test_spike_frames_are_refused():
    """There is no image to draw."""
    with pytest.raises(InputError, match="takes binary spike frames"):
        compare_network("frames", replace(CONFIG, input="binary"), 0.2, SETTINGS)


def test_every_kernel_has_a_line(small_kernels):
    """Timed or absent; only refsim's own have additions, one for each spike and output."""
    comparison = compare_kernels("tiny", 0.3, 2, 2)
    assert list(kernels.KERNELS) == [line.subject for line in comparison.lines]
    spikes = round(comparison.achieved * 5 * 16)
    assert [spikes * 24] * 2 == [line.adds for line in comparison.lines[:2]]
    assert all(line.adds is None for line in comparison.lines[2:])


def test_absent_kernels_have_a_line(small_kernels, nothing_installed):
    """NumPy and refsim are always there."""
    notes = {line.subject: line.note for line in compare_kernels("tiny", 0.3, 1, 1).lines if line.times is None}
    assert {"PyTorch float32": "torch is", "scipy CSR int32": "scipy is"} == {
        subject: " ".join(note.split()[:2]) for subject, note in notes.items()
    }


def test_a_time_is_that_of_one_map(monkeypatch):
    """The fast kernel does as many maps, on all tokens, as its time is divided by; every other does one."""
    original, computed = Row.__call__, []

    def noted(row):
        limits = [call.arguments[call.range_place :][:2] for call in row.calls if call.kernel is kernels.gather_sums]
        computed.extend(last - first for first, last in limits)
        original(row)

    monkeypatch.setattr(Row, "__call__", noted)
    spikes, weights = np.eye(5, 16, dtype=np.int8), np.arange(16 * 24).reshape(16, 24).astype(np.int8)
    make, _, maps = kernels.KERNELS["refsim fast"]
    assert np.array_equal(make(spikes, weights, 2)(), weights[:5])
    assert maps > 1 and sum(computed) == 5 * maps
    assert all(count == 1 for subject, (_, _, count) in kernels.KERNELS.items() if subject != "refsim fast")


def test_a_kernel_with_other_sums_is_an_error(small_kernels, monkeypatch):
    """One sum of one token suffices."""

    def wrong(spikes, weights, threads):
        sums = spikes.astype(np.int32) @ weights.astype(np.int32)
        sums[-1, -1] += 1
        return lambda: sums

    monkeypatch.setitem(kernels.KERNELS, "wrong", (wrong, "", 1))
    with pytest.raises(BenchmarkError, match="tiny at 30%: the sums of wrong"):
        compare_kernels("tiny", 0.3, 1, 1)
