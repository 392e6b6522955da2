"""Model files: the same bytes from the same network, and nothing else is let in."""

import hashlib
from pathlib import Path

import faults
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import seeded_network

from refsim import model_file
from refsim.errors import ModelFileError, NetworkError, RegisterError
from refsim.simulator import run


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    """A model file."""
    path = tmp_path_factory.mktemp("model") / "model.npz"
    model_file.save(seeded_network(), path)
    return path


@pytest.fixture
def copied(saved, tmp_path):
    """A copy to spoil."""
    path = tmp_path / "copied.npz"
    path.write_bytes(saved.read_bytes())
    return path


def test_round_trip(saved, tmp_path):
    """What was saved is loaded, runs alike, and is saved again as the same bytes."""
    network = model_file.load(saved)
    image = np.arange(64, dtype=np.uint8).reshape(8, 8)
    np.testing.assert_array_equal(run(seeded_network(), image).logits, run(network, image).logits)
    model_file.save(network, tmp_path / "again.npz")
    assert saved.read_bytes() == (tmp_path / "again.npz").read_bytes()


def test_a_model_is_written_whole_or_not_at_all(copied, monkeypatch):
    """Where the disk is full, the old file stays, and nothing is left beside it."""
    before = copied.read_bytes()

    def full(path, content):
        path.open("wb").close()
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(ModelFileError, match="cannot be written: No space left"):
        model_file.save(seeded_network(seed=1), copied)
    assert copied.read_bytes() == before and [copied] == list(copied.parent.iterdir())


def test_a_link_and_a_device_stay_what_they_are(saved, tmp_path):
    """What a link points to is replaced; a device is written to."""
    (tmp_path / "linked.npz").write_bytes(b"old")
    (tmp_path / "link.npz").symlink_to("linked.npz")
    model_file.save(seeded_network(), tmp_path / "link.npz")
    assert (tmp_path / "link.npz").is_symlink() and (tmp_path / "linked.npz").read_bytes() == saved.read_bytes()
    (tmp_path / "null").symlink_to("/dev/null")
    model_file.save(seeded_network(), tmp_path / "null")
    assert (tmp_path / "null").is_char_device()


def test_numpy_reads_it(saved):
    """It is an ordinary .npz."""
    with np.load(saved, allow_pickle=False) as arrays:
        assert (3, 3, 1, 2) == arrays["stem.conv0.weights"].shape


@settings(max_examples=200)
@given(st.data())
def test_every_flipped_bit_is_noticed(saved, data):
    """Wherever it is: in an array, a header, the directory or the checksum itself."""
    content = bytearray(saved.read_bytes())
    position = data.draw(st.integers(0, 8 * len(content) - 1))
    content[position // 8] ^= 1 << position % 8
    path = saved.with_name("flipped.npz")
    path.write_bytes(content)
    with pytest.raises(ModelFileError, match="damaged|does not end in a checksum"):
        model_file.load(path)


@pytest.mark.parametrize("kept", [0, 1, 1000, -1, -100])
def test_a_truncated_file_is_refused(saved, tmp_path, kept):
    """At any length."""
    path = tmp_path / "short.npz"
    path.write_bytes(saved.read_bytes()[:kept])
    with pytest.raises(ModelFileError, match="truncated"):
        model_file.load(path)


def test_a_pickle_is_never_read(copied):
    """An object array inside the archive is refused before it is touched."""

    class Bomb:
        def __reduce__(self):
            return (pytest.fail, ("unpickled",))

    faults.plant_pickle(copied, "stem.conv0.weights", Bomb())
    with pytest.raises(ModelFileError, match="stem.conv0.weights.npy: holds pickled objects, which are never read"):
        model_file.load(copied)


def test_an_encrypted_member_is_refused(copied):
    """With a right checksum over it, too."""
    content = bytearray(copied.read_bytes()[: -model_file.SEAL_LENGTH])
    local, directory = content.index(b"PK\3\4"), content.index(b"PK\1\2")
    content[local + 6] |= 1
    content[directory + 8] |= 1
    copied.write_bytes(content + model_file.SEAL + hashlib.sha256(content).hexdigest().encode())
    with pytest.raises(ModelFileError, match="copied.npz: not a readable archive: File 'network.npy' is encrypted"):
        model_file.load(copied)


FAULTS = [
    (
        lambda m: m.update({"stem.conv0.weights": m["stem.conv0.weights"].astype(np.float32)}),
        "expected integers .* got float32",
    ),
    (
        lambda m: m.update({"stem.conv1.weights": m["stem.conv1.weights"].swapaxes(2, 3)}),
        r"shape \(any, any, 2, any\), got int8 \(3, 3, 4, 2\)",
    ),
    (
        lambda m: m.update({"stem.conv1.weights": m["stem.conv1.weights"][..., :1]}),
        "stem.conv1.bias: expected .* got int32",
    ),
    (
        lambda m: m.update({"stem.conv0.weights": m["stem.conv0.weights"].astype(np.int32)}),
        "expected int8 or int16 of shape .* got int32",
    ),
    (lambda m: m.pop("stem.conv0.bias"), "stem.conv0.bias: missing"),
    (lambda m: m.update(extra=np.zeros(3, np.int8)), "extra: an array that no operator of the network has"),
    (lambda m: m.pop("network"), "has no member 'network'"),
    (lambda m: m.update(network=np.frombuffer(b"{not json", np.uint8)), "description of the network is malformed"),
    (
        faults.alter_description(lambda d: d.update(format="refsim-model/2.0")),
        "has the format refsim-model/2.0; .*: upgrade refsim",
    ),
    (faults.alter_description(lambda d: d.update(format="other/1.0")), "expected the format refsim-model"),
    (faults.alter_description(lambda d: d.update(numerics="refsim-numerics/2.0")), "was made for refsim-numerics/2.0"),
    (faults.alter_description(lambda d: d.update(timesteps=0)), "timesteps: expected an integer from 1 to 1024, got 0"),
    (faults.alter_description(lambda d: d.update(timesteps="4")), "timesteps: expected an integer"),
    (faults.alter_description(lambda d: d.pop("nodes")), "malformed: KeyError"),
    (faults.alter_description(lambda d: d.update(nodes=[{}])), "malformed: KeyError"),
    (faults.alter_description(lambda d: d.update(nodes=3)), "malformed: TypeError"),
    (
        faults.alter_description(lambda d: d["nodes"][0].update(operator="Multiply")),
        "stem.conv0: unknown operator 'Multiply'",
    ),
    (
        faults.alter_description(lambda d: d["nodes"][0]["settings"].update(stride=1.5)),
        "stem.conv0.stride: expected int, got float",
    ),
    (
        faults.alter_description(lambda d: d["nodes"][0]["settings"].update(stride=True)),
        "stem.conv0.stride: expected int, got bool",
    ),
    (
        faults.alter_description(lambda d: d["nodes"][0]["settings"].update(dilation=2)),
        "stem.conv0.dilation: expected no such field",
    ),
    (lambda m: m.update(network=np.frombuffer(b"[" * 10**5, np.uint8)), "malformed: RecursionError"),
    (lambda m: m.update(network=np.frombuffer(b"9" * 5000, np.uint8)), "malformed: ValueError"),
    (faults.alter_description(lambda d: d.update(format="refsim-model/2\x1b[31m")), r"format refsim-model/2\\x1b\[31m"),
    (faults.alter_description(lambda d: d.update(name=3)), "name: expected text, got 3"),
    (
        faults.alter_description(lambda d: d["nodes"][-1].update(name=True)),
        "name of a node: expected text, got True",
    ),
    (
        faults.alter_description(lambda d: d["nodes"][-1].update(name="a\nb")),
        "name of a node: expected characters that print, got 'a",
    ),
    (faults.alter_description(lambda d: d["nodes"][-1].update(name="")), "name of a node: expected characters that"),
    (
        faults.alter_description(lambda d: d["nodes"][0].update(settings="text")),
        "stem.conv0.settings: expected an object, got 'text'",
    ),
    (
        faults.alter_description(lambda d: d["nodes"][0].update(inputs="input")),
        "stem.conv0.inputs: expected a list, got 'input'",
    ),
    (
        faults.alter_description(lambda d: d["nodes"][0].update(inputs=["\x1b[31m"])),
        r"stem.conv0: reads \\x1b\[31m, which no earlier node gives",
    ),
    (faults.alter_description(lambda d: d.update(provenance=[1])), "provenance: expected an object, got .1."),
    (
        faults.alter_description(lambda d: d.update(provenance={"seen": [0, float("nan")]})),
        "provenance.seen: expected finite numbers, got nan",
    ),
]


@pytest.mark.parametrize(("change", "message"), FAULTS, ids=[message for _, message in FAULTS])
def test_each_fault_has_its_error(copied, change, message):
    """A right checksum does not make a wrong model right; every error names the file."""
    faults.alter(copied, change)
    with pytest.raises((ModelFileError, NetworkError), match=message) as caught:
        model_file.load(copied)
    assert str(copied) in str(caught.value) and str(caught.value).isprintable()


def test_what_does_not_print_is_escaped(copied):
    """In the name and in words of the provenance, which a terminal would obey; numbers and truth stay as they are."""
    provenance = {"a\nb": "\x1b[2J", "seeds": [1, 0.5, True, None, "\x07"], "of": {"\r": "é"}}
    faults.alter(copied, faults.alter_description(lambda d: d.update(name="\x1b[31mred", provenance=provenance)))
    network = model_file.load(copied)
    assert "\\x1b[31mred" == network.name
    assert {"a\\nb": "\\x1b[2J", "seeds": [1, 0.5, True, None, "\\x07"], "of": {"\\r": "é"}} == network.provenance


def test_weights_that_could_overflow_are_refused(copied):
    """A bias near the end of int32: the error names site, register and bits."""

    def change(members):
        members["block0.mlp.fc1.bias"] = np.full_like(members["block0.mlp.fc1.bias"], 2**31 - 1)

    faults.alter(copied, change)
    with pytest.raises(RegisterError, match=r"block0.mlp.fc1: the accumulator needs 33 bits .* its register has 32"):
        model_file.load(copied)


def test_a_missing_file():
    """Said plainly."""
    with pytest.raises(ModelFileError, match="nowhere.npz: no such file"):
        model_file.load("nowhere.npz")
