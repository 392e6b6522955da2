"""The files that commands write: where they can be written, and never over what is read."""

import os
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image
from strategies import seeded_lineage, seeded_network

from refsim import model_file
from refsim.architectures.meta_spikeformer import ATTENTIONS
from refsim.cli import main


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder with a model, an image that fits it under three names, the model as a picture, and a folder."""
    monkeypatch.chdir(tmp_path)
    model_file.save(seeded_network(), "model.npz")
    Image.fromarray(np.arange(64, dtype=np.uint8).reshape(8, 8)).save("image.png")
    (tmp_path / "soft.png").symlink_to("image.png")
    (tmp_path / "hard.png").hardlink_to("image.png")
    (tmp_path / "model.png").symlink_to("model.npz")
    (tmp_path / "folder.png").mkdir()
    return tmp_path


LOST = "is read by this command, and would be lost; name another"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--raster", "raster.jpg"], "--raster raster.jpg: expected the name of a .png file"),
        (["--raster", ""], "--raster : expected the name of a .png file"),
        (["--raster", "none/r.png"], "--raster none/r.png: there is no folder none to write it in"),
        (["--raster", "folder.png"], "--raster folder.png: is a folder; name a file to write"),
        (
            ["--raster", "r.png", "--attention", "folder.png/../r.png"],
            "--attention folder.png/../r.png: --raster writes that file; name another",
        ),
        (["--raster", "image.png"], f"--raster image.png: {LOST}"),
        (
            ["--raster", "r.png", "--attention", "folder.png/../image.png"],
            f"--attention folder.png/../image.png: {LOST}",
        ),
        (["--raster", "soft.png"], f"--raster soft.png: {LOST}"),
        (["--attention", "hard.png"], f"--attention hard.png: {LOST}"),
        (["--attention", "model.png"], f"--attention model.png: {LOST}"),
    ],
)
def test_a_picture_that_cannot_be_is_refused(folder, capsys, options, message):
    """In one line, with exit code 2; every file stays as it is, whatever name leads to it."""
    before = {path: path.read_bytes() for path in folder.iterdir() if path.is_file()}
    assert 2 == main(["run", "model.npz", "image.png", *options])
    output = capsys.readouterr()
    assert f"refsim: error: {message}\n" == output.err and "" == output.out
    assert before == {path: path.read_bytes() for path in folder.iterdir() if path.is_file()}


NO_MAP = "has no attention with a map of tokens by tokens to draw"


@pytest.mark.parametrize(
    ("network", "reason"),
    [
        (seeded_lineage("spike-driven"), f"--attention: seeded-spike-driven {NO_MAP}"),
        *((seeded_lineage(f"meta-{each}"), f"--attention: seeded-meta-{each} {NO_MAP}") for each in ATTENTIONS),
    ],
)
def test_attention_that_cannot_be_drawn_is_told_from_none(folder, capsys, network, reason):
    """Gates of channels, and K^T V, are no map of tokens by tokens."""
    rows, columns, channels = network.input.shape
    model_file.save(network, "other.npz")
    Image.new("L" if channels == 1 else "RGB", (columns, rows)).save("picture.png")
    assert 2 == main(["run", "other.npz", "picture.png", "--attention", "attention.png"])
    assert f"refsim: error: {reason}\n" == capsys.readouterr().err


def test_a_picture_may_be_drawn_anew(folder):
    """What an earlier run wrote is no input."""
    for _ in range(2):
        assert 0 == main(["run", "model.npz", "image.png", "--raster", "raster.png"])


VERIFY = "-m refsim golden verify --python refsim.golden.reference:answer --cases l1.lif.leak"


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs a device that is always full")
@pytest.mark.parametrize(
    ("command", "code", "message"),
    [
        ("-m refsim published > /dev/full", 2, "the output cannot be written: No space left on device"),
        ("-u -m refsim golden mutants --csv > /dev/full", 2, "the output cannot be written: No space left on device"),
        (f"{VERIFY} > /dev/full", 3, "the output cannot be written: No space left on device"),
        ("-m refsim published >&-", 2, "the standard output is closed; where it is not wanted, send it to /dev/null"),
    ],
)
def test_an_output_that_cannot_be_written_is_an_error(command, code, message):
    """On a full disk, with a buffer and without (-u), and closed: the code of a fault, and one line."""
    ended = subprocess.run(f"{sys.executable} {command}", shell=True, stderr=subprocess.PIPE, text=True)
    assert (code, f"refsim: error: {message}\n") == (ended.returncode, ended.stderr)
