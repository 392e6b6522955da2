"""The frozen suite: what is in it, whether it is whole, and how to read it."""

import hashlib
import os
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

from refsim.errors import GoldenError
from refsim.golden.files import read_file
from refsim.golden.manifest import MANIFEST, json_bytes, read_case, read_manifest, schema
from refsim.golden.schema import validate
from refsim.golden.strict_json import read_json
from refsim.numerics import COMPUTED_VERSIONS, NUMERICS_VERSION
from refsim.shipped import golden_folder

FORMAT = "refsim-suite/2"
INDEX, SUMS, LEDGER = "SUITE.json", "SHA256SUMS", "LEDGER.csv"
SELECTIONS = ("quick", "full", "nightly")
LEDGER_HEADER = "id,numerics,content_sha256"


@dataclass(frozen=True, eq=False)
class Suite:
    """A suite in its folder.

    Attributes
    ----------
    folder : Path
    index : dict
        What SUITE.json says.
    root_hash : str
        The SHA-256 of SHA256SUMS, and so one over all files but the ledger: the name of exactly this suite.
    """

    folder: Path
    index: dict
    root_hash: str

    def entries(self, selection="quick", *patterns):
        """Return what the index says of the cases of a selection whose id matches one of the patterns; by default all.

        Raises
        ------
        GoldenError
            If there is no such case: a run of nothing must not pass.
        """
        if selection not in SELECTIONS:
            raise GoldenError(f"{selection}: no such selection; there are {', '.join(SELECTIONS)}")
        wanted = SELECTIONS[: SELECTIONS.index(selection) + 1]
        found = {}
        for pattern in patterns or ("*",):
            matching = [entry for entry in self.index["cases"] if fnmatchcase(entry["id"], pattern)]
            chosen = [entry for entry in matching if entry["selection"] in wanted]
            if not chosen:
                seldom = max((entry["selection"] for entry in matching), key=SELECTIONS.index, default=None)
                hint = f"{len(matching)} with --select {seldom}" if seldom else "refsim golden list"
                raise GoldenError(f"no case of the selection {selection} matches {pattern!r} ({hint})")
            found.update({entry["id"]: entry for entry in chosen})
        return [found[identity] for identity in sorted(found)]

    def case(self, identity):
        """Read the case of an id.

        Raises
        ------
        GoldenError
            If it is unknown or damaged.
        """
        entry = next((entry for entry in self.index["cases"] if entry["id"] == identity), None)
        if entry is None:
            raise GoldenError(f"{identity}: no such case (refsim golden list)")
        return self.read(entry)

    def read(self, entry):
        """Read the case of an entry of the index, checking every hash."""
        folder = self.folder.joinpath(entry["path"])
        require_manifest(self.folder, entry)
        case = read_case(folder)
        if case.id != entry["id"]:
            raise GoldenError(f"{folder}: holds the case {case.id}, not {entry['id']}")
        return case

    def manifest(self, entry):
        """Read the manifest of an entry of the index."""
        require_manifest(self.folder, entry)
        return read_manifest(self.folder.joinpath(entry["path"]))


def require_manifest(folder, entry):
    content = read_file(folder, f"{entry['path']}/{MANIFEST}")
    if hashlib.sha256(content).hexdigest() != entry["manifest_sha256"]:
        raise GoldenError(f"{folder}/{entry['path']}/{MANIFEST}: damaged: not the manifest that {INDEX} names")


def load_suite(folder=None):
    """Open a suite: the one that comes with refsim, or another.

    Parameters
    ----------
    folder : str or Path, optional

    Returns
    -------
    suite : Suite

    Raises
    ------
    GoldenError
        If its index is missing, malformed, of another version, or not the one that SHA256SUMS names.
    """
    folder = golden_folder() / "suite" if folder is None else Path(folder)
    content = read_file(folder, INDEX)
    where = f"{folder}/{INDEX}"
    index = read_json(content, where)
    validate(index, schema("suite"), where)
    if index["numerics"] not in COMPUTED_VERSIONS:
        raise GoldenError(f"{folder}: holds {index['numerics']}, this refsim computes {NUMERICS_VERSION}")
    if any(".." in entry["path"].split("/") for entry in index["cases"]):
        raise GoldenError(f"{where}: a path leaves the folder")
    sums = read_file(folder, SUMS)
    if stated_sums(sums).get(INDEX) != hashlib.sha256(content).hexdigest():
        raise GoldenError(f"{where}: damaged: its bytes do not have the SHA-256 of {SUMS}")
    return Suite(folder, index, hashlib.sha256(sums).hexdigest())


def suite_files(cases, others):
    """Return the files of a suite from those of its cases.

    Parameters
    ----------
    cases : list of (entry, dict of bytes by path)
        Entries of the index without hash of the manifest, with the files of each case.
    others : dict of bytes by path
        Further files of the suite.

    Returns
    -------
    files : dict of bytes by path
    """
    files, entries = dict(others), []
    for entry, content in sorted(cases, key=lambda pair: pair[0]["id"]):
        files.update({f"{entry['path']}/{path}": part for path, part in content.items()})
        entries.append({**entry, "manifest_sha256": hashlib.sha256(content[MANIFEST]).hexdigest()})
    levels = [entry["level"] for entry in entries]
    index = {
        "format": FORMAT,
        "numerics": NUMERICS_VERSION,
        "counts": {level: levels.count(level) for level in sorted(set(levels))},
        "cases": entries,
    }
    files[INDEX] = json_bytes(index)
    return {**files, SUMS: sums_bytes(files)}


def sums_bytes(files):
    """Return what ``sha256sum --check`` reads."""
    lines = [f"{hashlib.sha256(content).hexdigest()}  {path}\n" for path, content in sorted(files.items())]
    return "".join(lines).encode("ascii")


def stated_sums(content):
    """Return the SHA-256 that SHA256SUMS states for each path."""
    lines = content.decode("ascii", "replace").splitlines()
    return dict(line.split("  ", 1)[::-1] for line in lines if "  " in line)


def faults_of(suite, progress=iter):
    """Look at every file of a suite, and return what is wrong with it.

    Parameters
    ----------
    suite : Suite
    progress : callable
        Wraps the iteration over files.

    Returns
    -------
    faults : list of str
        Empty where every bit is as it was frozen.
    """
    faults, files = [], {}
    for path in progress(files_below(suite.folder)):
        try:
            content = read_file(suite.folder, path)
        except GoldenError as error:
            faults.append(str(error))
            continue
        if path not in (SUMS, LEDGER):
            files[path] = content
    stated = stated_sums(read_file(suite.folder, SUMS))
    found = {path: hashlib.sha256(content).hexdigest() for path, content in files.items()}
    for path in sorted(stated.keys() | found.keys()):
        if path not in found:
            faults.append(f"{path}: missing")
        elif path not in stated:
            faults.append(f"{path}: not part of the suite")
        elif stated[path] != found[path]:
            faults.append(f"{path}: damaged: its bytes do not have the SHA-256 of {SUMS}")
    for entry in suite.index["cases"]:
        try:
            manifest = suite.manifest(entry)
            suite.read(entry)
        except GoldenError as error:
            faults.append(str(error))
        else:
            if manifest["content_sha256"] != entry["content_sha256"]:
                faults.append(f"{entry['path']}: {INDEX} states another content")
    named = {f"{entry['path']}/{MANIFEST}" for entry in suite.index["cases"]}
    unnamed = sorted(path for path in found if path.endswith(f"/{MANIFEST}") and path not in named)
    faults += [f"{path}: {INDEX} does not name the case" for path in unnamed]
    return faults + ledger_faults(suite)


def files_below(folder):
    """Return the paths of all files of a folder, links and other things included, in order."""
    found = []
    for parent, folders, names in os.walk(folder):
        links = [name for name in folders if os.path.islink(os.path.join(parent, name))]
        found += [os.path.relpath(os.path.join(parent, name), folder).replace(os.sep, "/") for name in names + links]
    return sorted(found)


def read_ledger(content):
    """Return the content hash of every case at every version of the numerics, by (id, numerics)."""
    header, *lines = content.decode("ascii").splitlines()
    if header != LEDGER_HEADER:
        raise GoldenError(f"{LEDGER}: expected the header {LEDGER_HEADER}, got {header[:80]!r}")
    rows = [line.split(",") for line in lines]
    return {(identity, numerics): content_hash for identity, numerics, content_hash in rows}


def ledger_faults(suite):
    """Return the cases whose expected values are not those that the ledger holds for this version of the numerics."""
    try:
        ledger = read_ledger(read_file(suite.folder, LEDGER))
    except (GoldenError, ValueError) as error:
        return [f"{LEDGER}: {error}"]
    faults = []
    for entry in suite.index["cases"]:
        recorded = ledger.get((entry["id"], entry["numerics"]))
        if recorded != entry["content_sha256"]:
            faults.append(
                f"{LEDGER}: {entry['id']}: "
                + ("not recorded" if recorded is None else "changed without a new version of the numerics")
            )
    return faults
