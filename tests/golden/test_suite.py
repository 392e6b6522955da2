"""The frozen suite is whole, every flipped bit is noticed, and a hostile suite does no harm."""

import hashlib
import json
import os
import random
import shutil
import subprocess
from itertools import islice
from pathlib import Path

import numpy as np
import pytest
from frozen import quick_cases, suite

from refsim import npy
from refsim.cli import main
from refsim.errors import GoldenError
from refsim.golden.build import build
from refsim.golden.freeze import freeze
from refsim.golden.kills import kills_csv
from refsim.golden.manifest import case_hash, json_bytes, read_case, schema
from refsim.golden.mutants import MUTANTS
from refsim.golden.recipes import attention, digests, neurons, rejects
from refsim.golden.suite import INDEX, LEDGER, SUMS, faults_of, files_below, load_suite, sums_bytes

MEMBERS = (neurons, 4), (attention, 12), (rejects, 2), (digests, 1)


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    """A suite of few cases in a folder of its own."""
    folder = tmp_path_factory.mktemp("small")
    recipes = [(recipe, module.__name__) for module, count in MEMBERS for recipe in islice(module.recipes(), count)]
    files, kills = build(recipes)
    freeze(folder, files, kills_csv(kills))
    return folder / "suite"


@pytest.fixture
def copied(small, tmp_path):
    return shutil.copytree(small, tmp_path / "suite")


def test_the_frozen_suite_is_whole():
    """Every file, every hash, every case of the ledger."""
    assert [] == faults_of(suite())


def test_every_case_reads_and_answers_to_its_nodes():
    """More than 200 cases, all levels, and all three selections."""
    assert len(quick_cases()) > 200
    assert {"L0", "L1", "L2", "L3", "L4", "L5", "L6"} == {case.level for case in quick_cases().values()}
    assert {"quick", "full", "nightly"} == {entry["selection"] for entry in suite().index["cases"]}


def test_manifests_are_valid_by_an_independent_validator():
    """By the jsonschema package, against the published schemas."""
    jsonschema = pytest.importorskip("jsonschema")
    validator = jsonschema.Draft202012Validator(schema("case"))
    for entry in suite().index["cases"]:
        validator.validate(json.loads((suite().folder / entry["path"] / "manifest.json").read_text()))
    jsonschema.Draft202012Validator(schema("suite")).validate(suite().index)


def test_any_flipped_bit_is_noticed(small, tmp_path):
    """In every file of a small suite: a random bit of each, one at a time."""
    random.seed(5)
    copy = shutil.copytree(small, tmp_path / "suite")
    assert [] == faults_of(load_suite(copy))
    paths = [path for path in sorted(copy.rglob("*")) if path.is_file()]
    assert len(paths) > 60
    for path in paths:
        content = path.read_bytes()
        place, bit = random.randrange(len(content)), random.randrange(8)
        flipped = bytearray(content)
        flipped[place] ^= 1 << bit
        path.write_bytes(flipped)
        assert noticed(copy), (path, place, bit)
        path.write_bytes(content)
    assert [] == faults_of(load_suite(copy))


def noticed(folder):
    try:
        return faults_of(load_suite(folder))
    except GoldenError as error:
        return [str(error)]


def test_missing_and_unknown_files_are_noticed(copied):
    """Each by its path."""
    victim = next(copied.rglob("neuron.npy"))
    victim.unlink()
    (copied / "cases" / "extra.txt").write_text("x")
    faults = noticed(copied)
    assert any("neuron.npy: missing" in fault for fault in faults)
    assert any("extra.txt: not part of the suite" in fault for fault in faults)


def test_a_change_without_a_new_version_is_noticed(copied):
    """The ledger holds another content for the case."""
    ledger = (copied / LEDGER).read_text().splitlines()
    ledger[1] = ledger[1][:-64] + "0" * 64
    (copied / LEDGER).write_text("\n".join(ledger) + "\n")
    assert any("changed without a new version of the numerics" in fault for fault in noticed(copied))


def altered(copied, change):
    """Alter a manifest and make its own hash right again; return the case's folder."""
    folder = next(copied.rglob("l1.lif.threshold-met"))
    manifest = json.loads((folder / "manifest.json").read_text())
    change(manifest)
    try:
        manifest["content_sha256"] = case_hash(manifest)
    except (KeyError, TypeError, AttributeError):
        pass
    (folder / "manifest.json").write_bytes(json_bytes(manifest))
    return folder


def first_tensor(**fields):
    return lambda manifest: manifest["tensors"][0].update(fields)


HOSTILE = [
    (first_tensor(path="in/../../../secret.npy"), "path"),
    (first_tensor(path="/etc/passwd"), "path"),
    (first_tensor(shape=[1 << 40, 1 << 40]), "shape"),
    (first_tensor(shape=[16777216, 16777216]), "expected"),
    (first_tensor(shape=[-1, 2]), "shape"),
    (first_tensor(shape=["3"]), "shape"),
    (first_tensor(dtype="|O"), "dtype"),
    (first_tensor(dtype="<f4"), "dtype"),
    (first_tensor(dtype=None), "dtype"),
    (lambda manifest: manifest.update(timesteps=10**400), "timesteps|64 bits"),
    (lambda manifest: manifest.update(timesteps="2"), "timesteps"),
    (lambda manifest: manifest.update(timesteps=True), "timesteps"),
    (lambda manifest: manifest.update(samples=0), "samples"),
    (lambda manifest: manifest.update(nodes=[]), "nodes"),
    (lambda manifest: manifest.update(nodes={"0": 1}), "nodes"),
    (lambda manifest: manifest["nodes"][0].update(operator="System"), "unknown operator"),
    (lambda manifest: manifest["nodes"][0].update(inputs=["nowhere"]), "nowhere"),
    (lambda manifest: manifest["nodes"][0]["settings"].update(leak_shift=2**40), "leak_shift"),
    (lambda manifest: manifest["nodes"][0]["settings"].update(shell="rm"), "shell"),
    (lambda manifest: manifest.update(unknown=1), "unknown"),
    (lambda manifest: manifest.pop("tensors"), "tensors"),
    (lambda manifest: manifest["tensors"].append(manifest["tensors"][0]), "twice"),
    (lambda manifest: manifest.update(numerics="refsim-numerics/9.9"), "9.9"),
    (lambda manifest: manifest.update(outputs=["nothing"]), "output"),
    (lambda manifest: manifest.update(title="x" * 10**6), "title"),
]


@pytest.mark.parametrize(("change", "message"), HOSTILE)
def test_a_hostile_manifest_is_refused(copied, change, message):
    """Each with a GoldenError that names what is wrong, and nothing else."""
    folder = altered(copied, change)
    with pytest.raises(GoldenError, match=message):
        read_case(folder)


@pytest.mark.parametrize(
    ("form", "message"),
    [({"shape": [1 << 24] * 8}, "more than are drawn"), ({"low": 5, "high": 4}, "nothing can be drawn from 5 to 4")],
)
def test_hostile_draws_are_refused(copied, form, message):
    """A digest over more than there can be, or over an empty range."""
    folder = next(copied.rglob("l6.*"))
    manifest = json.loads((folder / "manifest.json").read_text())
    manifest["draws"]["inputs"]["currents"].update(form)
    manifest["content_sha256"] = case_hash(manifest)
    (folder / "manifest.json").write_bytes(json_bytes(manifest))
    with pytest.raises(GoldenError, match=message):
        read_case(folder)


def test_an_input_range_that_overflows_is_refused(copied):
    """A manifest may not declare more than its registers are proved for."""

    def widen(manifest):
        manifest["tensors"][0].update(low=-(2**63), high=2**63 - 1)

    with pytest.raises(GoldenError):
        read_case(altered(copied, widen))


@pytest.mark.parametrize(
    "content", [b"", b"[" * 100_000, b"nonsense", b'{"a": 1, "a": 2}', b"\xff\xfe", b"NaN", b"1" * 5000]
)
def test_what_is_no_manifest_is_refused(copied, content):
    """Nesting bombs, duplicate keys, other encodings, endless numbers."""
    folder = next(copied.rglob("l1.lif.threshold-met"))
    (folder / "manifest.json").write_bytes(content)
    with pytest.raises(GoldenError, match="manifest.json"):
        read_case(folder)


def test_links_are_not_followed(copied, tmp_path):
    """Neither for a file nor for a folder, also where the target has the right content."""
    folder = next(copied.rglob("l1.lif.threshold-met"))
    target = folder / "in" / "currents.npy"
    shutil.copy(target, tmp_path / "outside.npy")
    target.unlink()
    os.symlink(tmp_path / "outside.npy", target)
    with pytest.raises(GoldenError, match="currents.npy: cannot be read, or is reached through a link"):
        read_case(folder)
    target.unlink()
    (folder / "in").rmdir()
    os.symlink(tmp_path, folder / "in")
    with pytest.raises(GoldenError, match="link"):
        read_case(folder)


def test_what_is_no_file_is_not_waited_for(copied):
    """A pipe in the place of an array."""
    target = next(copied.rglob("l1.lif.threshold-met")) / "in" / "currents.npy"
    target.unlink()
    os.mkfifo(target)
    with pytest.raises(GoldenError, match="not a regular file"):
        read_case(target.parent.parent)


def test_pickles_and_huge_files_are_refused(copied):
    """An array of objects, and a file that claims more than is read."""
    folder = next(copied.rglob("l1.lif.threshold-met"))
    target = folder / "in" / "currents.npy"
    np.save(target, np.array([{}], dtype=object), allow_pickle=True)
    content = target.read_bytes()
    altered(copied, first_tensor(sha256=hashlib.sha256(content).hexdigest()))
    with pytest.raises(GoldenError, match="pickled objects, which are never read"):
        read_case(folder)
    with target.open("wb") as stream:
        stream.truncate(1 << 40)
    with pytest.raises(GoldenError, match="more than the .* that are read"):
        read_case(folder)


def test_a_path_that_leaves_the_suite_is_refused(copied):
    """In the index too."""
    index = json.loads((copied / INDEX).read_text())
    index["cases"][0]["path"] = "cases/../../secret"
    (copied / INDEX).write_bytes(json_bytes(index))
    with pytest.raises(GoldenError, match="path"):
        load_suite(copied)


@pytest.mark.parametrize("change", [lambda cases: cases.pop(), lambda cases: cases[0].update(selection="nightly")])
def test_an_index_that_asks_less_is_refused(copied, change):
    """A case left out, or moved to where it is seldom asked: the index is under the root hash as everything is."""
    index = json.loads((copied / INDEX).read_text())
    change(index["cases"])
    (copied / INDEX).write_bytes(json_bytes(index))
    with pytest.raises(GoldenError, match="SUITE.json: damaged: its bytes do not have the SHA-256 of SHA256SUMS"):
        load_suite(copied)


def test_a_case_that_no_index_names_is_a_fault(copied):
    """Its files are there, and have their hashes; the sums were made again without its entry."""
    index = json.loads((copied / INDEX).read_text())
    path = index["cases"].pop()["path"]
    (copied / INDEX).write_bytes(json_bytes(index))
    files = {found: (copied / found).read_bytes() for found in files_below(copied) if found not in (SUMS, LEDGER)}
    (copied / SUMS).write_bytes(sums_bytes(files))
    assert [f"{path}/manifest.json: SUITE.json does not name the case"] == faults_of(load_suite(copied))


def test_no_case_is_an_error():
    """A pattern that matches nothing, a selection that does not exist."""
    with pytest.raises(GoldenError, match="no case of the selection quick matches 'nothing.*'"):
        suite().entries("quick", "nothing*")
    with pytest.raises(GoldenError, match=r"quick matches 'l6\.\*-1m' \([0-9]+ with --select nightly\)"):
        suite().entries("quick", "l6.*-1m")
    with pytest.raises(GoldenError, match="no such selection"):
        suite().entries("slow")


def test_check_from_the_command_line(copied, capsys):
    """0 for a whole suite, 1 where a bit is flipped, with the path; 2 for a folder that is no suite."""
    assert 0 == main(["golden", "check", "--suite", str(copied)])
    assert "whole" in capsys.readouterr().out
    victim = next(copied.rglob("neuron.npy"))
    content = bytearray(victim.read_bytes())
    content[-1] ^= 1
    victim.write_bytes(content)
    assert 1 == main(["golden", "check", "--suite", str(copied), "--json"])
    faults = json.loads(capsys.readouterr().out)["faults"]
    assert any(str(victim.relative_to(copied)) in fault for fault in faults)
    assert 2 == main(["golden", "check", "--suite", str(Path(copied).parent)])
    assert "SUITE.json: missing" in capsys.readouterr().err


def test_arrays_are_those_of_the_manifest(copied):
    """Another array of the right form, with the manifest's hash of the file made right: the content hash notices."""
    folder = next(copied.rglob("l1.lif.threshold-met"))
    other = npy.encode(np.array([[[9, 7]]], np.int32))
    (folder / "in" / "currents.npy").write_bytes(other)
    altered(copied, first_tensor(sha256=hashlib.sha256(other).hexdigest()))
    with pytest.raises(GoldenError, match="do not have the content hash"):
        read_case(folder)


def test_sums_are_those_of_coreutils(small):
    """``sha256sum --check`` reads the file."""
    outcome = subprocess.run(["sha256sum", "--check", "--quiet", SUMS], cwd=small, capture_output=True)
    assert 0 == outcome.returncode, outcome.stdout


def test_the_figures_of_the_readme_are_those_of_the_suite():
    """Cases and known bugs, in README.md and CHANGELOG.md."""
    for name in ("README.md", "CHANGELOG.md"):
        text = (Path(__file__).parents[2] / name).read_text()
        assert f"{len(suite().index['cases'])} frozen cases" in text, name
        assert f"{len(MUTANTS)} known bugs" in text, name
