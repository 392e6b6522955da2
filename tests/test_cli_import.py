"""The commands on checkpoints and published sizes, as their users see them."""

import json
import shlex
from pathlib import Path

import numpy as np
import official_keys
import pytest
from safetensors.numpy import save_file
from synthetic import synthetic

from refsim import load
from refsim.cli import main

SMALL = ["--heads", "4", "--image-size", "32", "32"]


@pytest.fixture
def checkpoint(tmp_path):
    """A seeded Spikformer with the keys of its authors' CIFAR code."""
    path = tmp_path / "spikformer.safetensors"
    save_file(synthetic(official_keys.spikformer_cifar(32, 1), 1), path)
    return path


def imported(checkpoint, *options):
    """Import to ``model.npz`` beside the checkpoint; return the exit code."""
    output = ["-o", str(checkpoint.with_name("model.npz"))]
    return main(["import", "spikformer", str(checkpoint), *output, *SMALL, *options])


def test_the_report_tells_of_every_layer(checkpoint, capsys):
    """Step, error, thresholds and registers of each, then the worst of all, and the size."""
    assert imported(checkpoint) == 0
    printed = capsys.readouterr().out
    assert "spikformer (authors, CIFAR), as trained: T = 4, input 32x32x3, 10 classes, refsim-numerics/1.1" in printed
    network = load(checkpoint.with_name("model.npz"))
    layers = [node.name for node in network.nodes if node.operator.kind() in ("Convolution", "Linear", "LIF")]
    assert [line.split()[0] for line in printed.splitlines()[3 : 3 + len(layers)]] == layers
    for line in ("largest error of a weight: ", "smallest threshold: ", "widest register: "):
        assert line in printed


def test_the_report_tells_what_no_checkpoint_holds(checkpoint, capsys):
    """Heads, stages, pixels and thresholds, given or by default: a wrong guess of them is no error."""
    assert imported(checkpoint) == 0
    printed = capsys.readouterr().out
    assert "read with: heads 4, stages that pool 2 3\n" in printed
    assert "pixels (p / 255 - mean) / std, mean 0.4914 0.4822 0.4465, std 0.247 0.2435 0.2616\n" in printed
    assert "threshold 1, of attention 0.5 on Q K^T V times 0.125, halved inputs\n" in printed
    given = ("--pooled-stages", "1", "3", "--attention-threshold", "0.75", "--attention-scale", "0.25", "--whole-input")
    assert imported(checkpoint, *given, "--mean", "0.5", "--std", "0.25", "--json") == 0
    report = json.loads(capsys.readouterr().out)
    assert report["settings"] == {
        "heads": 4,
        "pooled_stages": [1, 3],
        "threshold": 1.0,
        "attention_threshold": 0.75,
        "attention_scale": 0.25,
        "halve_input": False,
    }
    assert (report["pixel_white"], report["pixel_mean"], report["pixel_std"]) == (255.0, [0.5] * 3, [0.25] * 3)


def test_json_has_the_errors_of_the_weights(checkpoint, capsys):
    """Each at most half a step."""
    assert imported(checkpoint, "--json") == 0
    report = json.loads(capsys.readouterr().out)
    rounded = [layer for layer in report["layers"] if "weights" in layer]
    assert len(rounded) == 4 + 1 + 6 + 1
    for layer in rounded:
        assert 0 < layer["largest_error"] <= 0.5 * 2.0 ** -layer["coarsest_shift"]
    assert report["architecture"] == "spikformer" and report["weight_bits"] == 8


def test_the_same_checkpoint_gives_the_same_bytes(checkpoint):
    """Another run: the model file is equal, byte for byte; under another name it is another model."""
    contents = []
    for name in ("model", "model", "other"):
        imported(checkpoint, "-o", str(checkpoint.with_name(f"{name}.npz")))
        contents.append(checkpoint.with_name(f"{name}.npz").read_bytes())
    assert contents[0] == contents[1] != contents[2]


@pytest.mark.parametrize(
    ("page", "made"),
    [
        ("README.md", "models/digits-a2os2a.npz"),
        ("golden/README.md", "suite/networks/tiny-spikformer.npz"),
        ("golden/README.md", "suite/networks/tiny-spike-driven-transformer.npz"),
    ],
)
def test_the_commands_on_the_pages_make_the_files_that_are_shipped(page, made, tmp_path, monkeypatch):
    """Byte for byte, in the root of the repository, but for the folder of the output."""
    monkeypatch.chdir(Path(__file__).parents[1])
    shipped, output = Path("golden", made), f"/tmp/{Path(made).name}"
    lines = Path(page).read_text().replace("\\\n", " ").splitlines()
    (command,) = [line for line in lines if line.startswith("refsim import ") and output in line]
    own = command.replace(output, str(tmp_path / shipped.name))
    assert 0 == main(shlex.split(own)[1:])
    assert shipped.read_bytes() == (tmp_path / shipped.name).read_bytes()


def test_an_imported_model_runs_and_is_certified(checkpoint, tmp_path, capsys):
    """refsim run on it, with 0 multiplications."""
    from PIL import Image

    imported(checkpoint)
    pixels = np.random.default_rng(0).integers(0, 256, (32, 32, 3), np.uint8)
    Image.fromarray(pixels).save(tmp_path / "image.png")
    capsys.readouterr()
    assert main(["run", str(checkpoint.with_name("model.npz")), str(tmp_path / "image.png"), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["census"]["multiplies"] == 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ["import", "meta-spikeformer", "spikformer.safetensors"],
            "is a checkpoint of spikformer (authors, CIFAR), not",
        ),
        (["import", "spikformer", "spikformer.safetensors", "--image-size", "32", "32"], "give --heads"),
        (["import", "spikformer", "spikformer.safetensors", *SMALL, "--mean", "0", "0", "--std", "1"], "expected 3 "),
        (["import", "spikformer", "spikformer.safetensors", *SMALL, "--mean", "0"], "mean: is given without std"),
        (["import", "spikformer", "spikformer.safetensors", *SMALL, "--std", "0"], "std: expected numbers above 0"),
        (["import", "spikformer", "spikformer.safetensors", *SMALL, "--ema"], "state_dict_ema"),
        (
            ["import", "spikformer", "spikformer.safetensors", *SMALL, "--pooled-stages", "2", "3", "3"],
            "spikformer.safetensors: pooled_stages: expected stages 0 to 3, each at most once, got (2, 3, 3)",
        ),
        (
            ["import", "spikformer", "spikformer.safetensors", "--heads", "3"],
            "32 must be a multiple of 8 and of 3 heads",
        ),
        (
            ["import", "spiking-transformer", "spikformer.safetensors", "--bits", "4"],
            "--bits: a checkpoint of spiking-",
        ),
        (
            ["import", "spiking-transformer", "spikformer.safetensors", "--whole-input"],
            "--whole-input: a checkpoint of",
        ),
        (
            ["import", "spikformer", "spikformer.safetensors", *SMALL, "--limit", "3"],
            "--limit: counts the images of --compare",
        ),
        (["import", "spikformer", "spikformer.safetensors", *SMALL, "--test", "data.npz"], "data.npz: labels[0] is 99"),
    ],
)
def test_faults_are_said_in_one_line(checkpoint, arguments, message, monkeypatch, capsys):
    """With exit code 2, and nothing written."""
    monkeypatch.chdir(checkpoint.parent)
    np.savez("data.npz", images=np.zeros((1, 32, 32, 3), np.uint8), labels=[99])
    assert main([*arguments, "-o", "model.npz"]) == 2
    error = capsys.readouterr().err
    assert message in error and len(error.splitlines()) == 1
    assert not checkpoint.with_name("model.npz").exists()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["-o", "spikformer.safetensors"], "--output spikformer.safetensors: expected the name of a .npz file"),
        (["-o", "photo.png"], "--output photo.png: expected the name of a .npz file"),
        (["-o", "./same.npz"], "--output ./same.npz: is read by this command, and would be lost; name another"),
        (["-o", "data.npz", "--test", "data.npz"], "--output data.npz: is read by this command, and would be lost"),
        (["-o", "data.npz", "--compare", "data.npz"], "--output data.npz: is read by this command, and would be lost"),
        (["-o", "."], "--output .: expected the name of a .npz file"),
        (["-o", "folder.npz"], "--output folder.npz: is a folder; name a file to write"),
        (["-o", "none/model.npz"], "--output none/model.npz: there is no folder none to write it in"),
        (["-o", "new.npz", "--compare", "data.npz", "--limit", "-1"], "--limit: expected at least 1, got -1"),
        (["-o", "new.npz", "--compare", "data.npz", "--limit", "0"], "--limit: expected at least 1, got 0"),
        (["-o", "new.npz", "--limit", "3"], "--limit: counts the images of --compare, which is not given"),
        (["-o", "new.npz", "--test", "data.npz"], "data.npz: new takes an image of shape (32, 32, 3)"),
        (["-o", "new.npz", "--compare", "data.npz"], "data.npz: new takes an image of shape (32, 32, 3)"),
        (["-o", "new.npz", "--test", "none.npz"], "none.npz: no such file"),
    ],
)
def test_what_is_read_stays_as_it_is(checkpoint, options, message, monkeypatch, capsys):
    """Every file of the folder, whatever is wrong; one line says it."""
    if "--compare" in options:
        pytest.importorskip("torch")
    monkeypatch.chdir(checkpoint.parent)
    np.savez("data.npz", images=np.zeros((3, 8, 8), np.uint8), labels=np.arange(3))
    checkpoint.with_name("photo.png").write_bytes(b"a photo")
    checkpoint.with_name("same.npz").symlink_to(checkpoint)
    checkpoint.with_name("folder.npz").mkdir()
    before = {path: path.read_bytes() for path in checkpoint.parent.iterdir() if path.is_file()}
    assert main(["import", "spikformer", str(checkpoint), *SMALL, *options]) == 2
    error = capsys.readouterr().err
    assert message in error and len(error.splitlines()) == 1
    assert before == {path: path.read_bytes() for path in checkpoint.parent.iterdir() if path.is_file()}


def test_the_comparison_is_printed_and_in_json(checkpoint, tmp_path, capsys):
    """Labels and accuracy, the logits, and each layer of neurons."""
    pytest.importorskip("torch")
    random = np.random.default_rng(0)
    np.savez(tmp_path / "data.npz", images=random.integers(0, 256, (5, 32, 32, 3), np.uint8), labels=np.arange(5))
    compared = ("--compare", str(tmp_path / "data.npz"), "--limit", "3")
    assert imported(checkpoint, *compared) == 0
    printed = capsys.readouterr().out
    assert "integers beside the checkpoint in float32, on 3 images" in printed and "block0.mlp.output  " in printed
    assert imported(checkpoint, *compared, "--json") == 0
    assert json.loads(capsys.readouterr().out)["comparison"]["images"] == 3


def test_published_sizes_are_listed(capsys):
    """For a person and for a program."""
    assert main(["published"]) == 0
    assert "spikformer-8-768                      66.34 M" in capsys.readouterr().out
    assert main(["published", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["meta-spikeformer-55M"]["trained_parameters"] == 55_350_248
