"""The command line, as its users meet it."""

import configparser
import json
import os
import subprocess
import sys
from pathlib import Path

import faults
import numpy as np
import pytest
from PIL import Image
from strategies import seeded_network

from refsim import model_file
from refsim.cli import main
from refsim.shipped import load_digits


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder with a model, an image that fits it and one that does not, and labels of another task."""
    monkeypatch.chdir(tmp_path)
    model_file.save(seeded_network(), "model.npz")
    Image.fromarray(np.arange(64, dtype=np.uint8).reshape(8, 8)).save("image.png")
    Image.new("RGB", (20, 10)).save("wide.png")
    np.savez("labels.npz", images=np.zeros((3, 8, 8), np.uint8), labels=[3, 4, 5])
    return tmp_path


def test_demo_classifies_a_digit(capsys):
    """The label, no multiplication, a picture of the digit."""
    assert 0 == main(["demo"])
    text = capsys.readouterr().out
    label = int(load_digits("test")[1][0])
    assert f"label {label}" in text and f"a handwritten {label}" in text
    assert "multiplies               0" in text and "█" in text


def test_the_digit_of_the_demo_can_be_run_by_oneself(folder, capsys):
    """Its picture has the same answer."""
    assert 0 == main(["demo", "--index", "3", "--digit", "digit.png", "--json"])
    shown = json.loads(capsys.readouterr().out)
    assert 0 == main(["run", "digits-a2os2a", "digit.png", "--json"])
    assert shown == json.loads(capsys.readouterr().out) | {"expected": shown["expected"]}


def test_run_json_has_its_keys(folder, capsys):
    """Every key that a program relies on, with its type."""
    assert 0 == main(["run", "model.npz", "image.png", "--json"])
    result = json.loads(capsys.readouterr().out)
    assert {"adds", "compares", "shifts", "selects", "logic", "multiplies"} == set(result["census"])
    assert 0 == result["census"]["multiplies"]
    assert 64 == len(result["certificate"])
    assert 0 == main(["audit", "model.npz", "--json"])
    assert result["certificate"] == json.loads(capsys.readouterr().out)["certificate"]
    assert result["energy_pj"] == pytest.approx(0.9 * result["census"]["adds"])
    assert result["label"] == int(np.argmax(result["logits"]))
    assert all(0 <= rate <= 1 for rate in result["firing_rates"].values())
    assert 1 <= result["logit_denominator"]


def test_eval_counts(folder, capsys):
    """Accuracy, correct, total and speed agree with each other."""
    np.savez("data.npz", images=load_digits("test")[0], labels=np.arange(360) % 4)
    assert 0 == main(["eval", "model.npz", "--data", "data.npz", "--limit", "5", "--json"])
    result = json.loads(capsys.readouterr().out)
    assert 5 == result["total"] and result["accuracy"] == result["correct"] / 5 and result["images_per_second"] > 0


def test_eval_reads_a_data_set(folder, capsys):
    """Images and labels from a file; labels that are what the network says give 100 %."""
    images = np.random.default_rng(0).integers(0, 256, (3, 8, 8), np.uint8)
    for place, image in enumerate(images):
        Image.fromarray(image).save(f"{place}.png")
    labels = []
    for place in range(3):
        main(["run", "model.npz", f"{place}.png", "--json"])
        labels.append(json.loads(capsys.readouterr().out)["label"])
    np.savez("data.npz", images=images, labels=labels)
    assert 0 == main(["eval", "model.npz", "--data", "data.npz", "--json"])
    assert 1.0 == json.loads(capsys.readouterr().out)["accuracy"]


def test_inspect_lists_every_site(folder, capsys):
    """Text and JSON name each site of the network."""
    assert 0 == main(["inspect", "model.npz", "--json"])
    sites = [site["site"] for site in json.loads(capsys.readouterr().out)["sites"]]
    assert sites == list(seeded_network().signals)
    assert 0 == main(["inspect", "model.npz"])
    text = capsys.readouterr().out
    assert all(site in text for site in sites)


def test_pictures_are_drawn(folder):
    """Both pictures are images, and only what was asked for is written."""
    before = set(folder.iterdir())
    assert 0 == main(["run", "model.npz", "image.png", "--raster", "raster.png", "--attention", "attention.png"])
    assert {folder / "raster.png", folder / "attention.png"} == set(folder.iterdir()) - before
    for name in ("raster.png", "attention.png"):
        with Image.open(name) as picture:
            assert picture.size > (300, 150) and len(picture.getcolors(1 << 24)) > 10


def test_raster_of_chosen_sites_is_smaller(folder):
    """A pattern chooses the panels."""
    main(["run", "model.npz", "image.png", "--raster", "all.png"])
    main(["run", "model.npz", "image.png", "--raster", "some.png", "--sites", "*.q", "*.k"])
    assert Image.open("some.png").height < Image.open("all.png").height


FAULTS = [
    (["run", "model.npz", "none.png"], "none.png: no such file"),
    (["run", "n" * 300, "image.png"], "nnn...: File name too long"),
    (["run", "none.npz", "image.png"], "none.npz: no such file; expected a model file, or a model that"),
    (["run", "model.npz", "wide.png"], "wide.png: is 20 x 10 pixels of mode RGB; seeded-a2os2a takes 8 x 8 of mode L"),
    (["run", "image.png", "image.png"], "image.png: not a refsim model"),
    (["run", "model.npz", "model.npz"], "model.npz: not an image that Pillow reads"),
    (["run", "model.npz", "image.png", "--raster", "r.png", "--sites", "block9.*"], "has no site 'block9.*'"),
    (["run", "model.npz", "image.png", "--sites", "block0.*"], "--sites: are those of a raster; name its file with"),
    (["eval", "model.npz", "--data", "labels.npz"], "labels.npz: labels[1] is 4; expected 0 to 3, a class of seeded-"),
    (["golden", "mutants", "--csv", "--json"], "--csv: prints another form than --json"),
    (["eval", "model.npz", "--data", "none.npz"], "none.npz: no such file"),
    (["eval", "model.npz", "--limit", "0"], "--limit: expected at least 1, got 0"),
    (
        ["run", "model.npz", "wide.png"],
        "of mode L (greyscale): convert it, or add --fit to have it turned upright, its",
    ),
    (["audit", "--interpret", "model.npz", "wide.png"], "takes 8 x 8 of mode L (greyscale): convert it\n"),
    (["eval", "mnist-a2os2a"], "got (8, 8) of uint8: give images of its own size with --data FILE.npz"),
    (["eval", "mnist-a2os2a", "--data", "labels.npz"], "(28, 28, 1) and type uint8, got (8, 8) of uint8\n"),
    (["demo", "--index", "360"], "--index: expected 0 to 359, got 360"),
    (["inspect", "none.npz"], "none.npz: no such file"),
    (["import", "spiking-transformer", "none.safetensors", "-o", "new.npz"], "none.safetensors: no such file"),
    (
        ["import", "spiking-transformer", "image.png", "-o", "new.npz"],
        "image.png: expected a checkpoint (.safetensors, ",
    ),
]


@pytest.mark.parametrize(("arguments", "message"), FAULTS, ids=[message for _, message in FAULTS])
def test_each_fault_has_its_error(folder, capsys, arguments, message):
    """Exit code 2, one line on the error stream, nothing on the other, nothing written."""
    before = {path: path.read_bytes() for path in folder.iterdir() if path.is_file()}
    assert 2 == main(arguments)
    output = capsys.readouterr()
    assert message in output.err and output.err.startswith("refsim: error: ") and 1 == output.err.count("\n")
    assert "" == output.out
    assert before == {path: path.read_bytes() for path in folder.iterdir() if path.is_file()}


def test_audit_proves_a_model(folder, capsys):
    """Kernels with their verdicts, ranges, census and one certificate, which does not depend on the image."""
    assert 0 == main(["audit", "model.npz", "--json"])
    audit = json.loads(capsys.readouterr().out)
    assert all(kernel["passed"] and 0 == kernel["data_multiplications"] for kernel in audit["kernels"])
    assert {"refsim.kernels.lif.lif_exact", "refsim.kernels.attention.accumulate_heads"} <= {
        kernel["name"] for kernel in audit["kernels"]
    }
    assert list(seeded_network().signals) == list(audit["ranges"])
    assert 0 == main(["audit", "model.npz"])
    text = capsys.readouterr().out
    assert audit["certificate"] in text and "passed" in text and "no register can overflow" in text


def test_audit_interprets_a_model(folder, capsys):
    """The Python source on integers that cannot multiply gives the census of the machine code."""
    assert 0 == main(["audit", "--interpret", "model.npz", "image.png", "--json"])
    interpreted = json.loads(capsys.readouterr().out)
    assert 0 == main(["run", "model.npz", "image.png", "--json"])
    assert json.loads(capsys.readouterr().out) == interpreted


YOURS = """
import numba
print("imported")

@numba.njit("(int64[::1], int64[::1])")
def guilty(a, out):
    for i in range(a.shape[0]):
        x = a[i]
        out[i] = x * 555

@numba.njit("(int64[::1], int64[::1])")
def innocent(a, out):
    for i in range(a.shape[0]):
        out[i] = a[i] + 1
"""


def test_audit_shows_the_path_to_the_multiplier(folder, capsys):
    """For anybody's function: source lines from the load to the multiplication, exit code 2; 0 for an innocent one."""
    (folder / "yours.py").write_text(YOURS)
    assert 2 == main(["audit", "--show", "yours:guilty"])
    output = capsys.readouterr()
    assert "line 9: a value loaded from memory is multiplied" in output.out and "line 8: " in output.out
    assert output.err == "imported\nrefsim: error: yours:guilty: a value loaded from memory is multiplied\n"
    assert 0 == main(["audit", "--show", "yours:innocent"])
    assert "passed" in capsys.readouterr().out
    assert 0 == main(["audit", "--show", "yours:innocent", "--json"])
    assert json.loads(capsys.readouterr().out)[0]["passed"]


@pytest.mark.parametrize(
    ("function", "message"),
    [
        ("idle:lazy", "not compiled yet"),
        ("idle:none", "idle:none: idle has no none"),
        ("math:pi", "not a numba function: decorate it with numba.njit"),
        ("YOURS:x", "no module YOURS"),
        ("yours", "expected MODULE:FUNCTION"),
        ("", "'': expected MODULE:FUNCTION"),
        (".yours:x", ".yours:x: cannot be imported: TypeError"),
        ("raising:x", "raising:x: cannot be imported: RuntimeError: no (raising.py:1)"),
        ("unreadable:x", "unreadable:x: cannot be imported: SyntaxError"),
        ("leaving:x", "leaving:x: cannot be imported: SystemExit"),
    ],
)
def test_what_cannot_be_audited_is_an_error(folder, capsys, monkeypatch, function, message):
    """Exit code 2 and one line, whatever the import of the module does."""
    monkeypatch.syspath_prepend(folder)
    (folder / "idle.py").write_text("import numba\n\n@numba.njit\ndef lazy(a):\n    return a\n")
    (folder / "raising.py").write_text("raise RuntimeError('no')")
    (folder / "unreadable.py").write_text("def (")
    (folder / "leaving.py").write_text("import sys; sys.exit()")
    assert 2 == main(["audit", "--show", function])
    error = capsys.readouterr().err
    assert message in error and 1 == error.count("\n")


def truncate(path):
    path.write_bytes(path.read_bytes()[:5000])


def flip_a_bit(path):
    content = bytearray(path.read_bytes())
    content[5000] ^= 4
    path.write_bytes(content)


def bias_at_the_end_of_int32(members):
    members["block0.mlp.fc1.bias"] = np.full_like(members["block0.mlp.fc1.bias"], 2**31 - 1)


SPOILED = [
    (truncate, "a truncated one"),
    (flip_a_bit, "damaged: its bytes have the SHA-256"),
    (lambda path: faults.plant_pickle(path, "stem.conv0.bias", {}), "stem.conv0.bias.npy: holds pickled objects"),
    (
        lambda path: faults.alter(path, faults.alter_description(lambda d: d.update(format="refsim-model/2.0"))),
        "upgrade refsim",
    ),
    (
        lambda path: faults.alter(path, faults.alter_description(lambda d: d.update(timesteps=0))),
        "timesteps: expected an integer from 1",
    ),
    (
        lambda path: faults.alter(path, lambda m: m.update({"stem.conv0.weights": np.zeros((3, 3, 1, 2), np.float32)})),
        "got float32",
    ),
    (
        lambda path: faults.alter(path, lambda m: m.update({"stem.conv0.bias": np.zeros(3, np.int32)})),
        "stem.conv0.bias: expected",
    ),
    (lambda path: faults.alter(path, bias_at_the_end_of_int32), "block0.mlp.fc1: the accumulator needs 33 bits"),
]


@pytest.mark.parametrize("command", ["run", "eval", "inspect", "audit"])
@pytest.mark.parametrize(("spoil", "message"), SPOILED, ids=[message for _, message in SPOILED])
def test_a_spoiled_model_is_an_error(folder, capsys, command, spoil, message):
    """Whatever the command: exit code 2, one line that names the file, nothing written."""
    spoil(folder / "model.npz")
    before = set(folder.iterdir())
    assert 2 == main([command, "model.npz", *(["image.png"] if command == "run" else [])])
    output = capsys.readouterr()
    assert message in output.err and "model.npz" in output.err and 1 == output.err.count("\n") and "" == output.out
    assert before == set(folder.iterdir())


def test_a_decompression_bomb_is_an_error(folder, capsys):
    """Refused before it is decoded, with --fit too."""
    Image.new("1", (20000, 20000)).save("bomb.png")
    for fit in ([], ["--fit"]):
        assert 2 == main(["run", "model.npz", "bomb.png", *fit])
        assert "bomb.png: more pixels than the 64,000,000 that are decoded at most" in capsys.readouterr().err


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["dance"],
        ["run", "model.npz"],
        ["import", "resnet", "x", "-o", "y"],
        ["audit", "--show", "yours:innocent", "digits-a2os2a"],
        ["audit", "digits-a2os2a", "--interpret", "digits-a2os2a", "image.png"],
        ["golden", "build", "--check", "--threads", "0"],
        ["golden", "list", "--cases", "l1.*", "l2.*"],
        ["demo", "--index", "1", "2"],
    ],
)
def test_wrong_words_exit_with_2(arguments, capsys):
    """The parser's own errors have the same code."""
    with pytest.raises(SystemExit, match="2"):
        main(arguments)


def test_a_reader_that_leaves_early_is_no_error(folder):
    """As with ``refsim inspect MODEL | head -1``; and a terminal without Unicode gets question marks."""
    command = [sys.executable, "-m", "refsim", "inspect", "model.npz"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    process.stdout.close()
    assert b"" == process.stderr.read() and 141 == process.wait()
    environment = {**os.environ, "PYTHONIOENCODING": "ascii"}
    demo = subprocess.run([sys.executable, "-m", "refsim", "demo"], env=environment, capture_output=True)
    assert 0 == demo.returncode and b"label" in demo.stdout


def test_an_interrupt_while_the_commands_are_imported_is_no_fault():
    """The entry point of setup.cfg catches it: exit code 130, one line."""
    settings = configparser.ConfigParser()
    settings.read(Path(__file__).parents[1] / "setup.cfg")
    module, function = settings["options.entry_points"]["console_scripts"].removeprefix("\nrefsim = ").split(":")
    program = f"""
import importlib, sys
class Impatient:
    def find_spec(self, name, path, target=None):
        if name == "refsim.cli":
            raise KeyboardInterrupt
sys.meta_path.insert(0, Impatient())
sys.exit(importlib.import_module("{module}").{function}())
"""
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert (130, "refsim: interrupted\n") == (ended.returncode, ended.stderr)


def test_the_help_keeps_the_names_of_languages(capsys):
    """Only the first letter of a description is made large."""
    with pytest.raises(SystemExit, match="0"):
        main(["golden", "export", "--help"])
    assert "Write cases as hex and Verilog, C headers, plain text." in " ".join(capsys.readouterr().out.split())
