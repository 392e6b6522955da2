"""What comes with the package."""

import numpy as np
import pytest

import refsim
from refsim.dataset import read_dataset
from refsim.errors import ModelFileError
from refsim.shipped import golden_folder, load_digits, model_names
from refsim.simulator import run

FLOORS = {
    "digits-a2os2a": 0.975,
    "digits-a2os2a-qkv": 0.975,
    "digits-binary": 0.98,
    "digits-relu-attention": 0.98,
    "digits-ternary-qk": 0.98,
    "mnist-a2os2a": 0.99,
    "mnist-a2os2a-qkv": 0.988,
}
"""Accuracy that each model must have, of the integer network itself."""


def test_the_models_are_there():
    """Every one with a floor for its accuracy, and no other."""
    assert set(FLOORS) == set(model_names())


def test_the_digits_are_split_once():
    """1,437 and 360, the test images none of them among the others of the same label by accident of the split."""
    (train, train_labels), (test, test_labels) = load_digits("train"), load_digits("test")
    assert ((1437, 8, 8), (360, 8, 8)) == (train.shape, test.shape)
    assert set(range(10)) == set(train_labels.tolist()) == set(test_labels.tolist())
    assert 0 == min(train.min(), test.min()) and 255 == max(train.max(), test.max())


def test_the_digits_are_those_of_scikit_learn():
    """Rebuilding the embedded file from the source gives the same arrays."""
    datasets = pytest.importorskip("sklearn.datasets")
    data = pytest.importorskip("refsim.training.data")
    digits = datasets.load_digits()
    for name, array in data.split_digits(digits.images, digits.target).items():
        part, what = name.split("_")
        np.testing.assert_array_equal(array, load_digits(part)[("images", "labels").index(what)])


@pytest.mark.parametrize("name", [name for name in FLOORS if name.startswith("digits")])
def test_accuracy_on_the_held_out_digits(name):
    """Measured on all 360 images, and what the provenance says."""
    network, (images, labels) = refsim.load(name), read_dataset("digits")
    correct = sum(run(network, image, threads=1).label == label for image, label in zip(images, labels))
    assert correct / len(images) >= FLOORS[name]
    assert network.provenance["accuracy_refsim"] == correct / len(images)


@pytest.mark.parametrize("name", FLOORS)
def test_provenance(name):
    """Data, seed, command and the three accuracies, of which twin and integers agree."""
    provenance = refsim.load(name).provenance
    assert {"command", "seed", "data", "accuracy_float", "accuracy_twin", "accuracy_refsim"} <= set(provenance)
    assert provenance["accuracy_refsim"] == provenance["accuracy_twin"] >= FLOORS[name]


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("nothing", "nothing: no such file"),
        ("", "'': names no file"),
        (".", ".: is a directory"),
        ("/dev/null", "/dev/null: is no regular file"),
    ],
)
def test_what_is_no_model_is_called_what_it_is(name, found):
    """And the models that there are are listed, the way out."""
    with pytest.raises(ModelFileError) as caught:
        refsim.load(name)
    models = ", ".join(FLOORS)
    assert f"{found}; expected a model file, or a model that comes with refsim ({models})" == str(caught.value)


def test_a_misspelt_name_is_set_right():
    """The name that is most like it comes first."""
    with pytest.raises(ModelFileError, match="; did you mean digits-a2os2a, "):
        refsim.load("digits-a2os2")
    with pytest.raises(ModelFileError, match="; did you mean mnist-a2os2a-qkv, "):
        refsim.load("mnist-a2os2a-qvk")


def test_a_folder_does_not_stand_before_a_model(tmp_path, monkeypatch):
    """A folder that has the name of a model that comes with the package is no model file."""
    monkeypatch.chdir(tmp_path)
    tmp_path.joinpath("digits-a2os2a").mkdir()
    assert "digits-a2os2a" == refsim.load("digits-a2os2a").name


def test_numerics_are_stated_and_cited():
    """The rules that the code cites exist, and the version is the code's."""
    import re
    from pathlib import Path

    from refsim.numerics import NUMERICS_VERSION

    rules = (golden_folder() / "NUMERICS.md").read_text()
    stated = set(re.findall(r"^## (N\d+)\.", rules, re.MULTILINE))
    cited = {
        rule
        for path in Path(refsim.__file__).parent.rglob("*.py")
        if not {"golden_files", "mutants"} & set(path.parts)
        for rule in re.findall(r"\bN\d+\b", path.read_text())
    }
    assert NUMERICS_VERSION in rules
    assert cited <= stated and len(cited) >= 10


def test_a_relu_on_counts_is_the_identity():
    """Binary queries and keys cannot disagree: the row relu-attention has the very weights of the row binary."""
    plain, rectified = refsim.load("digits-binary"), refsim.load("digits-relu-attention")
    maps = {node.name for node in rectified.nodes} - {node.name for node in plain.nodes}
    assert {"block0.attention.map", "block1.attention.map"} == maps
    others = [node for node in rectified.nodes if node.name not in maps]
    for node, other in zip(plain.nodes, others, strict=True):
        assert node.name == other.name
        for field, array in node.operator.parameters().items():
            np.testing.assert_array_equal(array, other.operator.parameters()[field], err_msg=f"{node.name}.{field}")
    assert all(rectified.signals[site.replace("map", "scores")].interval[0] == 0 for site in maps)
