"""Training learns, and the command writes a checkpoint and the model of it."""

import json
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="torch is not installed: pip install .[train]")

from safetensors.numpy import save_file  # noqa: E402

import refsim.training.__main__ as command  # noqa: E402
from refsim import model_file  # noqa: E402
from refsim.checkpoints.description import FORMAT, read_checkpoint  # noqa: E402
from refsim.errors import CheckpointError, RefsimError  # noqa: E402
from refsim.training.augmentation import distort  # noqa: E402
from refsim.training.checkpoint import load_twin  # noqa: E402
from refsim.training.data import load_data  # noqa: E402
from refsim.training.loop import rate_factor  # noqa: E402
from refsim.training.neurons import LeakyIntegrateAndFire, RoundToStep  # noqa: E402


def test_the_command_trains_and_exports(tmp_path):
    """A tiny network on two easy classes: better than chance, the same file twice, twin and integers agree."""
    random = np.random.default_rng(0)
    labels = random.integers(0, 2, 256)
    images = (random.integers(0, 60, (256, 8, 8)) + 190 * (np.arange(8) // 4 == labels[:, None])[:, None, :]).astype(
        np.uint8
    )
    np.savez(tmp_path / "bars.npz", images=images, labels=labels)
    command = [sys.executable, "-m", "refsim.training", "binary", "--data", "bars.npz", "--test", "bars.npz"]
    sizes = [
        "--embedding",
        "16",
        "--heads",
        "2",
        "--depth",
        "1",
        "--epochs",
        "12",
        "--rounded-epochs",
        "2",
        "--threads",
        "1",
    ]
    for name in ("one", "two"):
        outcome = subprocess.run(
            [*command, *sizes, "-o", f"{name}.safetensors"], cwd=tmp_path, check=True, capture_output=True
        )
        assert b"step/s" not in outcome.stderr, "a progress bar where there is no terminal"
        lines = outcome.stdout.decode().splitlines()
        told = [line.split(":")[0] for line in lines]
        assert told[:12] == [f"float epoch {epoch} of 12" for epoch in range(1, 13)] and "loss 0." in lines[11]
        assert lines[12].endswith(f": {name}.safetensors, from which --start goes on")
        assert told[13:15] == ["rounded epoch 1 of 2", "rounded epoch 2 of 2"]
    provenance = model_file.load(tmp_path / "one.npz").provenance
    assert provenance["accuracy_refsim"] == provenance["accuracy_twin"] >= 0.9
    one, two = (
        json.loads(model_file.read_members(tmp_path / f"{name}.npz")["network"].tobytes()) for name in ("one", "two")
    )
    assert one["nodes"] == two["nodes"]
    arrays = [model_file.read_members(tmp_path / f"{name}.npz") for name in ("one", "two")]
    for name, array in arrays[0].items():
        if name != "network":
            np.testing.assert_array_equal(array, arrays[1][name])


def test_the_command_trains_on_frames(tmp_path):
    """Events on the left or on the right, told apart; a checkpoint of frames is gone on with; integers agree."""
    random = np.random.default_rng(0)
    labels = random.integers(0, 2, 256)
    rates = np.where(np.arange(8) // 4 == labels[:, None], 0.7, 0.1)
    frames = random.random((256, 4, 8, 8, 2)) < rates[:, None, None, :, None]
    np.savez(tmp_path / "sides.npz", frames=frames.astype(np.int8), labels=labels)
    data = ["--data", "sides.npz", "--test", "sides.npz", "--threads", "1"]
    sizes = ["--embedding", "16", "--heads", "2", "--depth", "1", "--epochs", "12", "--rounded-epochs", "2"]
    trained = [sys.executable, "-m", "refsim.training", "binary"]
    subprocess.run([*trained, *data, *sizes, "-o", "x.safetensors"], cwd=tmp_path, check=True, capture_output=True)
    start = ["--start", "x.safetensors", "--rounded-epochs", "1", "-o", "y.safetensors"]
    subprocess.run([*trained, *data, *start], cwd=tmp_path, check=True, capture_output=True)
    for name in ("x", "y"):
        network = model_file.load(tmp_path / f"{name}.npz")
        assert ("binary", (8, 8, 2), 4) == (network.input.kind, network.input.shape, network.timesteps)
        assert network.provenance["accuracy_refsim"] == network.provenance["accuracy_twin"] >= 0.9


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["binary", "--data", "none.npz", "--test", "none.npz"], "none.npz: no such file"),
        (["binary", "--data", "none.npz"], "none.npz: no such file"),
        (["softmax"], "invalid choice: 'softmax'"),
        (["binary", "--timesteps", "0"], "timesteps: expected an integer of at least 1, got 0"),
        (["binary", "--neuron-threshold", "0.3"], "neuron: expected a power of two, got 0.3"),
        (["binary", "-o", "none/x.safetensors"], "none: no such folder"),
    ],
)
def test_wrong_words_are_errors(tmp_path, arguments, message):
    """Exit code 2, no traceback, nothing written, before any training."""
    command = [sys.executable, "-m", "refsim.training", "-o", "x.safetensors", *arguments]
    outcome = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert 2 == outcome.returncode and message in outcome.stderr and "Traceback" not in outcome.stderr
    assert [] == list(tmp_path.iterdir())


@pytest.fixture
def data_sets(tmp_path, monkeypatch):
    """Folder with data sets like the digits, and of other forms, where training would be a failure."""
    images = np.zeros((20, 8, 8), np.uint8)
    for name, pixels, labels in (
        ("like", images, np.arange(20) % 10),
        ("wide", np.zeros((20, 8, 9), np.uint8), np.arange(20) % 10),
        ("colour", np.zeros((20, 8, 8, 3), np.uint8), np.arange(20) % 10),
        ("many", images, np.arange(20)),
        ("negative", images, np.arange(20) - 1),
        ("floats", images / 255, np.arange(20) % 10),
        ("planes", np.zeros((20, 3, 8, 8), np.uint8), np.arange(20) % 10),
        ("one", images, np.zeros(20, int)),
        ("from1", images, np.arange(20) % 10 + 1),
    ):
        np.savez(tmp_path / f"{name}.npz", images=pixels, labels=labels)
    frames = np.zeros((20, 4, 8, 8, 1), np.int8)
    for name, value in (("binary", 1), ("ternary", -1), ("graded", 2), ("lost", -2)):
        frames[0, 0, 0, 0, 0] = value
        np.savez(tmp_path / f"{name}.npz", frames=frames, labels=np.arange(20) % 10)
    (tmp_path / "folder.safetensors").mkdir()
    (tmp_path / "beside.npz").mkdir()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(command, "train_phase", lambda *arguments: pytest.fail("trains"))
    return tmp_path


CHECKPOINTS = Path(__file__).parents[2] / "golden" / "checkpoints"
START = ["--start", str(CHECKPOINTS / "digits-binary.safetensors")]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["-o", "x"], "x: expected the name of a .safetensors file; the model is written beside it"),
        (["-o", "x.npz"], "x.npz: expected the name of a .safetensors file"),
        (["-o", "folder.safetensors"], "folder.safetensors: is a directory, expected the name of a file"),
        (["-o", "beside.safetensors"], "beside.npz: is a directory, expected the name of a file"),
        (["-o", "like.safetensors", "--test", "like.npz"], "like.npz: holds the images, and would be lost"),
        (["--epochs", "0"], "--epochs: expected at least 1, got 0"),
        (["--rounded-epochs", "-1"], "--rounded-epochs: expected at least 1, got -1"),
        (["--batch", "0"], "--batch: expected at least 1, got 0"),
        (["--batch", "1438"], "--batch: expected at most 1437, the images of digits, got 1438"),
        (["--threads", "0"], "--threads: expected at least 1, got 0"),
        (["--threads", "2000"], "--threads: expected at most 1024, got 2000"),
        (["--learning-rate", "nan"], "--learning-rate: expected a number above 0, got nan"),
        (["--rounded-learning-rate", "0"], "--rounded-learning-rate: expected a number above 0, got 0.0"),
        (["--weight-decay", "inf"], "--weight-decay: expected a number of at least 0, got inf"),
        (["--seed", "99999999999999999999999"], "--seed: expected 0 to 9223372036854775807, got 9999"),
        (["--pooled-stages", "3", "3"], "pooled_stages: expected stages 0 to 3, each at most once, got (3, 3)"),
        (["--data", "like.npz"], "like.npz: give the images to test on with --test"),
        (["--test", "wide.npz"], "wide.npz: holds images of 8 x 9 x 1, digits images of 8 x 8 x 1"),
        (["--test", "colour.npz"], "colour.npz: holds images of 8 x 8 x 3, digits images of 8 x 8 x 1"),
        (["--test", "many.npz"], "many.npz: labels: expected 0 to 9, the classes of digits, got 19"),
        (["--test", "floats.npz"], "floats.npz: expected images (n, Y, X) or (n, Y, X, C) of uint8"),
        (
            ["--data", "negative.npz", "--test", "like.npz"],
            "negative.npz: labels: expected class numbers from 0, got -1",
        ),
        (
            ["--data", "planes.npz", "--test", "planes.npz"],
            "planes.npz: images of 3 x 8 x 8, rows by columns by channels: expected (n, Y, X, C) or "
            "(n, T, Y, X, C), channels last",
        ),
        (
            ["--data", "one.npz", "--test", "like.npz", "--batch", "4"],
            "like.npz: labels: expected 0 to 0, the classes of one.npz, got 9",
        ),
        (
            ["--data", "one.npz", "--test", "one.npz", "--batch", "4"],
            "one.npz: labels: all are 0, so there is nothing to tell apart",
        ),
        (
            ["--data", "from1.npz", "--test", "like.npz", "--batch", "4"],
            "from1.npz: labels: none is 0, and the largest is 10: number the classes from 0 on, without a gap",
        ),
        (
            ["--data", "wide.npz", "--test", "wide.npz", "--batch", "4", *START],
            "digits-binary.safetensors: takes images of 8 x 8 x 1, wide.npz holds images of 8 x 9 x 1",
        ),
        (
            ["--data", "many.npz", "--test", "many.npz", "--batch", "4", *START],
            "many.npz: labels: expected 0 to 9, the classes of ",
        ),
        (
            ["--data", "binary.npz", "--test", "binary.npz", "--batch", "4", *START],
            "digits-binary.safetensors: takes images of 8 x 8 x 1, binary.npz holds 4 frames of 8 x 8 x 1",
        ),
        (["--test", "binary.npz"], "binary.npz: holds 4 frames of 8 x 8 x 1, digits images of 8 x 8 x 1"),
        (["--data", "binary.npz", "--test", "graded.npz"], "graded.npz: holds graded frames, binary.npz binary ones"),
        (["--data", "graded.npz", "--test", "ternary.npz"], "ternary.npz: holds ternary frames, graded.npz graded"),
        (
            ["--data", "lost.npz", "--test", "lost.npz"],
            "lost.npz: frames: expected values of 0 and 1, of -1 to 1, or of 0 to 127, got -2 to 0",
        ),
        (
            ["--data", "binary.npz", "--test", "binary.npz", "--batch", "4", "--timesteps", "5"],
            "--timesteps: binary.npz holds 4 frames, got 5",
        ),
        (
            ["--embedding", "64", "--epochs", "9", *START],
            "--embedding, --epochs: of a new network; --start goes on with the one of ",
        ),
    ],
)
def test_what_cannot_end_well_is_refused_before_the_first_epoch(data_sets, arguments, message, monkeypatch):
    """In one line that names it, nothing written."""
    before = sorted(data_sets.iterdir())
    monkeypatch.setattr("sys.argv", ["refsim.training", "binary", "-o", "x.safetensors", *arguments])
    with pytest.raises(RefsimError) as caught:
        command.main()
    assert message in str(caught.value) and "\n" not in str(caught.value)
    assert before == sorted(data_sets.iterdir())


def test_both_accuracies_are_on_the_test_that_was_given(data_sets):
    """Digits bring their own only where there is none."""
    assert 20 == len(load_data("digits", "like.npz")[1].images) and 360 == len(load_data("digits", None)[1].images)
    assert 1437 == len(load_data("digits", "like.npz")[0].images)


def test_a_checkpoint_without_a_tensor_is_no_start(tmp_path):
    """It is named, with the tensor."""
    tensors, description = read_checkpoint(START[1])
    tensors.pop("head.linear.bias")
    save_file(tensors, tmp_path / "x.safetensors", {"refsim": json.dumps({"format": FORMAT, **description})})
    with pytest.raises(CheckpointError, match='x.safetensors: does not fit .*: Missing key.*"head.linear.bias"'):
        load_twin(tmp_path / "x.safetensors")


def test_training_goes_on_from_a_checkpoint(tmp_path):
    """On rounded weights only; the provenance holds both commands, another preset is refused."""
    images, labels = np.zeros((64, 8, 8), np.uint8), np.arange(64) % 2
    np.savez(tmp_path / "data.npz", images=images, labels=labels)
    command = [sys.executable, "-m", "refsim.training"]
    data, new = ["--data", "data.npz", "--test", "data.npz"], ["--embedding", "16", "--heads", "2", "--depth", "1"]
    short = ["--rounded-epochs", "1", "--threads", "1", "-o", "x.safetensors"]
    subprocess.run(
        [*command, "binary", *data, *new, "--epochs", "1", *short], cwd=tmp_path, check=True, capture_output=True
    )
    start = ["--start", "x.safetensors"]
    subprocess.run([*command, "binary", *data, *short, *start], cwd=tmp_path, check=True, capture_output=True)
    assert 1 == model_file.load(tmp_path / "x.npz").provenance["command"].count(" && python -m refsim.training binary")
    outcome = subprocess.run([*command, "a2os2a", *data, *short, *start], cwd=tmp_path, capture_output=True, text=True)
    assert 2 == outcome.returncode and "x.safetensors: is not of the preset a2os2a" in outcome.stderr


def test_training_that_diverges_is_stopped(tmp_path):
    """After the epoch, by name, and without a checkpoint of numbers that are none."""
    np.savez(tmp_path / "data.npz", images=np.zeros((64, 8, 8), np.uint8), labels=np.arange(64) % 2)
    command = [sys.executable, "-m", "refsim.training", "binary", "--data", "data.npz", "--test", "data.npz"]
    sizes = ["--embedding", "16", "--heads", "2", "--depth", "1", "--threads", "1", "--learning-rate", "1e30"]
    outcome = subprocess.run([*command, *sizes, "-o", "x.safetensors"], cwd=tmp_path, capture_output=True, text=True)
    assert 2 == outcome.returncode and 1 == len(outcome.stderr.splitlines()), outcome.stderr
    assert "float epoch " in outcome.stderr and "take a smaller learning rate" in outcome.stderr
    assert not (tmp_path / "x.safetensors").exists()


def test_an_interrupt_is_told_in_one_line(tmp_path):
    """With the exit code of an interrupted command, and no traceback."""
    sizes = ["--embedding", "16", "--heads", "2", "--depth", "1", "--threads", "1"]
    command = [sys.executable, "-m", "refsim.training", "binary", "-o", "x.safetensors", *sizes]
    with subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as training:
        assert training.stdout.readline().startswith("float epoch 1 of 60")
        training.send_signal(signal.SIGINT)
        errors = training.communicate()[1]
    assert (130, "refsim.training: interrupted\n") == (training.returncode, errors)


def test_gradient_of_one_step_is_the_surrogate():
    """At the threshold the arctangent surrogate has the slope 1 / threshold, times the gain of the input."""
    currents = torch.tensor([[1.0]], requires_grad=True)
    spikes, _ = LeakyIntegrateAndFire.apply(currents, 0.5, 0.5, 0.5, False, False)
    spikes.sum().backward()
    assert 1.0 == spikes.item() and 0.5 / 0.5 == currents.grad.item()


def test_rounding_passes_the_gradient_inside_the_range_only():
    """Straight through between the limits, nothing beyond them."""
    weights = torch.tensor([0.3, 500.0], requires_grad=True)
    rounded = RoundToStep.apply(weights, torch.tensor(2), -127, 127, False)
    rounded.sum().backward()
    assert [0.25, 31.75] == rounded.tolist() and [1.0, 0.0] == weights.grad.tolist()


def test_distortion_without_strength_is_the_identity():
    """And with strength it gives whole pixels in range, reproducibly."""
    images = torch.randint(0, 256, (4, 1, 8, 8), dtype=torch.uint8)
    still = distort(images, torch.Generator().manual_seed(0), turn=0.0, stretch=0.0, shift=0.0)
    torch.testing.assert_close(still, images.float())
    one, two = (distort(images, torch.Generator().manual_seed(1)) for _ in range(2))
    assert torch.equal(one, two) and torch.equal(one, one.round()) and 0 <= one.min() and one.max() <= 255


def test_all_frames_of_a_sample_are_distorted_alike():
    """As images of as many channels would be; spikes stay spikes."""
    frames = torch.randint(-1, 2, (4, 3, 2, 8, 8), dtype=torch.int8)
    distorted = distort(frames, torch.Generator().manual_seed(1))
    assert torch.equal(distorted.flatten(1, 2), distort(frames.flatten(1, 2), torch.Generator().manual_seed(1)))
    assert {-1, 0, 1} == set(distorted.unique().tolist())


def test_the_rate_rises_and_falls():
    """From a tenth to one in the first tenth of the steps, to zero at the end."""
    factors = [rate_factor(step, 100) for step in range(101)]
    assert factors[0] == pytest.approx(0.1) and max(factors) > 0.97 and factors[100] == pytest.approx(0)
