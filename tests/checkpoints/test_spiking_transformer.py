"""Importing the twin's checkpoint."""

import json

import numpy as np
import pytest
from safetensors import safe_open
from safetensors.numpy import save_file

import refsim
from refsim import model_file
from refsim.checkpoints.spiking_transformer import import_spiking_transformer
from refsim.cli import main
from refsim.errors import CheckpointError, ConfigurationError
from refsim.shipped import model_names, model_path


@pytest.fixture
def checkpoint_folder():
    """The checkpoints lie in the repository, not in the package."""
    from pathlib import Path

    return Path(__file__).parents[2] / "golden" / "checkpoints"


@pytest.fixture
def altered(checkpoint_folder, tmp_path):
    """Write the digits checkpoint again after a change to its tensors or its description."""

    def write(tensors=lambda tensors: None, description=lambda description: None):
        with safe_open(checkpoint_folder / "digits-a2os2a.safetensors", framework="numpy") as file:
            values = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
            content = json.loads(file.metadata()["refsim"])
        tensors(values)
        description(content)
        save_file(values, tmp_path / "altered.safetensors", metadata={"refsim": json.dumps(content)})
        return tmp_path / "altered.safetensors"

    return write


@pytest.mark.parametrize("name", model_names())
def test_the_shipped_models_come_from_their_checkpoints(checkpoint_folder, tmp_path, name):
    """The same checkpoint gives the shipped file, byte for byte, the accuracy put in."""
    from dataclasses import replace

    network = import_spiking_transformer(checkpoint_folder / f"{name}.safetensors", name)
    accuracy = refsim.load(name).provenance["accuracy_refsim"]
    network = replace(network, provenance={**network.provenance, "accuracy_refsim": accuracy})
    model_file.save(network, tmp_path / "again.npz")
    assert model_path(name).read_bytes() == (tmp_path / "again.npz").read_bytes()


def set_value(name, value):
    def change(tensors):
        tensors[name] = tensors[name].copy()
        tensors[name].reshape(-1)[3] = value

    return change


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (set_value("block1.mlp.fc2.weight", np.nan), "block1.mlp.fc2.weight: holds 1 values not finite"),
        (set_value("head.linear.bias", np.inf), "head.linear.bias: holds 1 values not finite"),
        (lambda t: t.pop("stem.conv2.weight"), "stem.conv2.weight: missing"),
        (
            lambda t: t.update({"block2.mlp.fc1.weight": np.zeros(3, np.float32)}),
            "block2.mlp.fc1.weight: a tensor that this",
        ),
        (
            lambda t: t.update({"block0.mlp.fc1.weight": t["block0.mlp.fc1.weight"].T.copy()}),
            "block0.mlp.fc1.* do not fit|expected int8",
        ),
        (lambda t: t.update({"stem.conv3.shift": np.array([0])}), "not a positive integer: its weights need more bits"),
    ],
)
def test_a_faulty_tensor_is_named(altered, change, message):
    """Missing, unknown, transposed, not finite, too coarse."""
    with pytest.raises(refsim.RefsimError, match=message):
        import_spiking_transformer(altered(change), "model")


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        (
            lambda d: d.update(format="refsim-checkpoint/9.0"),
            CheckpointError,
            "expected the format refsim-checkpoint/1.0",
        ),
        (lambda d: d.pop("config"), CheckpointError, "has no description of a Spiking Transformer"),
        (
            lambda d: d["config"].update(timesteps=0),
            ConfigurationError,
            "timesteps: expected an integer of at least 1, got 0",
        ),
        (lambda d: d["config"].update(dropout=1), ConfigurationError, "altered.safetensors: unknown field 'dropout'"),
        (lambda d: d["config"].pop("image_size"), ConfigurationError, "altered.safetensors: image_size: missing"),
        (
            lambda d: d["config"].update(pooled_stages=[3, 3]),
            ConfigurationError,
            "altered.safetensors: pooled_stages: expected stages 0 to 3, each at most once",
        ),
        (lambda d: d.update(config=3), CheckpointError, "has no description of a Spiking Transformer"),
        (lambda d: d["thresholds"].pop("neuron"), CheckpointError, "has no description of a Spiking Transformer"),
        (
            lambda d: d["thresholds"].update(attention="1"),
            CheckpointError,
            "altered.safetensors: thresholds: attention: expected a number above 0, got '1'",
        ),
    ],
)
def test_a_faulty_description_is_named(altered, change, error, message):
    """Another format, a missing part, a wrong field."""
    with pytest.raises(error, match=message):
        import_spiking_transformer(altered(description=change), "model")


def test_a_foreign_file_is_refused(tmp_path):
    """A .safetensors of somebody else, and a file that is none."""
    save_file({"w": np.zeros(2, np.float32)}, tmp_path / "foreign.safetensors")
    with pytest.raises(CheckpointError, match="has no description of a Spiking Transformer in its metadata"):
        import_spiking_transformer(tmp_path / "foreign.safetensors", "model")
    (tmp_path / "text.safetensors").write_text("no tensors at all")
    with pytest.raises(CheckpointError, match="not a readable .safetensors file"):
        import_spiking_transformer(tmp_path / "text.safetensors", "model")


def test_the_command_writes_nothing_on_a_fault(altered, tmp_path, capsys):
    """A NaN: exit code 2, its tensor named, no model."""
    path = altered(set_value("stem.position.weight", np.nan))
    assert 2 == main(["import", "spiking-transformer", str(path), "-o", str(tmp_path / "model.npz")])
    assert "stem.position.weight: holds 1 values not finite" in capsys.readouterr().err
    assert not (tmp_path / "model.npz").exists()


def test_the_command_writes_the_model(checkpoint_folder, tmp_path, capsys):
    """And says what it wrote."""
    source = checkpoint_folder / "digits-a2os2a.safetensors"
    assert 0 == main(
        ["import", "spiking-transformer", str(source), "-o", str(tmp_path / "digits-a2os2a.npz"), "--json"]
    )
    assert 162882 == json.loads(capsys.readouterr().out)["parameter_count"]
    assert 162882 == model_file.load(tmp_path / "digits-a2os2a.npz").parameter_count
