"""``refsim bench`` as its users meet it, on a configuration that takes no time."""

import json

import pytest

import refsim.bench.kernels as kernels
import refsim.bench.plot as drawing
import refsim.cli.bench as bench
from refsim.cli import main

SHORT = ["--rates", "0.1", "0.3", "--repeats", "2", "--threads", "1"]
TINY = ["--set", "image_size=[16,16]", "embedding=16", "depth=1", "heads=2", "classes=4", "timesteps=2", *SHORT]


@pytest.fixture(autouse=True)
def small_kernels(monkeypatch):
    """Linear maps of few tokens, in place of those of ImageNet size, and times that nobody reads."""
    monkeypatch.setattr("refsim.bench.timing.SHORT_SECONDS", 0.001)
    monkeypatch.setattr("refsim.bench.timing.REST_SECONDS", 0)
    shapes = {"tiny": (4, 8, 8)}
    monkeypatch.setattr(kernels, "SHAPES", shapes)
    monkeypatch.setattr(bench, "SHAPES", shapes)


def bench_json(capsys, *arguments):
    assert 0 == main(["bench", *arguments, "--json"])
    return json.loads(capsys.readouterr().out)


def test_two_networks_at_two_rates(capsys):
    """Each with the reference engine, dense PyTorch and spikingjelly, there or absent."""
    found = bench_json(capsys, "spikformer-2-384", "a2os2a-2-256", *TINY)
    places = [(each["name"], each["firing_rate"]["wanted"]) for each in found["comparisons"]]
    assert [(name, rate) for name in ("spikformer-2-384", "a2os2a-2-256") for rate in (0.1, 0.3)] == places
    for each in found["comparisons"]:
        assert {"refsim reference", "PyTorch float32", "spikingjelly"} <= {line["subject"] for line in each["lines"]}
        assert all(2 == len(line["seconds"]) for line in each["lines"] if not line["absent"])
        assert "16 x 16 pixels, T = 2" in each["details"] and each["layers"]
    assert found["ceiling"]["adds_per_second"] > 0 and 1 == found["machine"]["threads"] and not found["growth"]


def test_kernels_alone(capsys):
    """No network unless one is named."""
    found = bench_json(capsys, "--kernels", *SHORT)
    assert ["kernel", "kernel"] == [each["kind"] for each in found["comparisons"]]
    named = bench_json(capsys, "spikformer-2-384", "--kernels", *TINY)
    assert ["network"] * 2 + ["kernel"] * 2 == [each["kind"] for each in named["comparisons"]]


def test_growth(capsys):
    """Along rate, tokens, width and T; the series of every subject with them."""
    found = bench_json(capsys, "spikformer-2-384", "--growth", *TINY)
    assert {"firing rate", "tokens", "width", "T"} == {each["axis"] for each in found["comparisons"]}
    (series,) = [each for each in found["growth"] if (each["axis"], each["subject"]) == ("T", "refsim reference")]
    assert [1, 2, 4, 8] == [value for value, _ in series["points"]] and series["power"] is not None


def test_the_table(capsys):
    """For a person: one row a subject."""
    assert 0 == main(["bench", "spikformer-2-384", *TINY])
    text = capsys.readouterr().out
    assert "spikformer-2-384, 16 x 16 pixels, T = 2, 16 tokens: firing rate 10% wanted" in text
    assert 2 == text.count("\n  PyTorch float32    ") == text.count("\n  refsim reference    ")


def test_a_picture(tmp_path, capsys):
    """Beside the table."""
    pytest.importorskip("matplotlib")
    assert 0 == main(["bench", "--kernels", *SHORT, "--plot", str(tmp_path / "bench.png")])
    assert (tmp_path / "bench.png").read_bytes().startswith(b"\x89PNG")
    assert "linear map tiny" in capsys.readouterr().out


def test_a_picture_without_matplotlib(tmp_path, capsys, monkeypatch):
    """Is refused before anything is timed."""

    def missing():
        raise drawing.InputError("--plot needs matplotlib: pip install 'refsim[bench]'")

    monkeypatch.setattr(bench, "require_matplotlib", missing)
    monkeypatch.setattr(bench, "measured_ceiling", None)
    assert 2 == main(["bench", *TINY, "--plot", str(tmp_path / "bench.png")])
    assert "--plot needs matplotlib" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["resnet-50"], "no published size 'resnet-50'; there are spikformer-8-384"),
        (["--rates", "0.1", "1.5"], "--rates: expected numbers above 0 and below 1, got 1.5"),
        (["--repeats", "0"], "--repeats: expected at least 1, got 0"),
        (["--threads", "0"], "--threads: expected at least 1, got 0"),
        (["--threads", "100000"], "--threads: expected at most 1024, got 100000"),
        (["--seed", "-1"], "--seed: expected at least 0, got -1"),
        (["--set", "timesteps"], "--set: expected FIELD=VALUE, got 'timesteps'"),
        (["--set", "depths=3"], "unknown field 'depths'"),
        (["--set", "timesteps=many"], "timesteps: expected an integer of at least 1, got 'many'"),
        (["--set", "pooled=nothing"], "pooled: expected one of spikes, membranes; got 'nothing'"),
        (["--plot", "bench.jpg"], "--plot bench.jpg: expected the name of a .png file"),
        (["--plot", "missing/bench.png"], "missing/bench.png: there is no folder missing to write it in"),
        (["--kernels", "--growth"], "--growth: grows a network, and --kernels alone times none"),
        (["--kernels", "--set", "timesteps=1"], "--set: exchanges fields of a network, and --kernels alone times none"),
        (["--set", "image_size=5"], "image_size: expected (rows, columns), got 5"),
        (["--set", "pooled_stages=[[1]]"], "pooled_stages: expected stages 0 to 3, each at most once, got ([1],)"),
        (
            ["--set", "timesteps=100"],
            "timesteps: 100 with leak_shift 1 and rounding exact need membranes of more than 62 bits: take fewer, or "
            "rounding floor where it can be chosen",
        ),
    ],
)
def test_faults_are_told_before_anything_runs(arguments, message, capsys, monkeypatch):
    """In one line, with exit code 2."""
    monkeypatch.setattr(bench, "measured_ceiling", None)
    assert 2 == main(["bench", *arguments])
    assert message in capsys.readouterr().err
