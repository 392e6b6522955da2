"""Freeze a suite that was built: an id keeps its values for ever, or the numerics have a new version."""

import hashlib
import json

from refsim.errors import GoldenError
from refsim.golden.suite import INDEX, LEDGER, LEDGER_HEADER, SUMS, read_ledger

KILLS = "KILLS.csv"


def index_of(files):
    """Return the index among the files of a suite."""
    return json.loads(files[INDEX])


def root_of(files):
    """Return the root hash of the files of a suite."""
    return hashlib.sha256(files[SUMS]).hexdigest()


def differing_files(folder, files, matrix):
    """Return the paths of what is not frozen byte for byte as it was built.

    Parameters
    ----------
    folder : Path
        golden/.
    files : dict of bytes by path
        Of the suite.
    matrix : str
        The kill matrix.
    """
    frozen = {**{f"suite/{path}": content for path, content in files.items()}, KILLS: matrix.encode("ascii")}
    return sorted(path for path, content in frozen.items() if not holds(folder.joinpath(path), content))


def holds(path, content):
    return path.is_file() and path.read_bytes() == content


def freeze(folder, files, matrix):
    """Write a suite, after the ledger has agreed.

    Returns
    -------
    changed : list of str
        Paths written or removed.

    Raises
    ------
    GoldenError
        If a case that was frozen at its version of the numerics has other values now; nothing is written then.
    """
    ledger = folder.joinpath("suite", LEDGER)
    content = extended_ledger(ledger.read_bytes() if ledger.exists() else None, index_of(files)["cases"])
    changed = differing_files(folder, files, matrix)
    for path in changed:
        part = matrix.encode("ascii") if path == KILLS else files[path.removeprefix("suite/")]
        target = folder.joinpath(path)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(part)
    for path in sorted((folder / "suite" / "cases").rglob("*")):
        if path.is_file() and path.relative_to(folder / "suite").as_posix() not in files:
            path.unlink()
            changed.append(f"suite/{path.relative_to(folder / 'suite').as_posix()}")
    ledger.write_bytes(content)
    return changed


def extended_ledger(content, cases):
    """Return the ledger with new cases at its end.

    Parameters
    ----------
    content : bytes or None
        The ledger so far.
    cases : list of dict
        Entries of the index.

    Raises
    ------
    GoldenError
        If a case that was recorded at its version of the numerics has other values now.
    """
    content = content or f"{LEDGER_HEADER}\n".encode()
    ledger, lines = read_ledger(content), []
    for entry in cases:
        recorded = ledger.get((entry["id"], entry["numerics"]))
        if recorded is None:
            lines.append(f"{entry['id']},{entry['numerics']},{entry['content_sha256']}\n")
        elif recorded != entry["content_sha256"]:
            raise GoldenError(
                f"{LEDGER}: {entry['id']} was frozen with other values at {entry['numerics']}; a change of values is "
                "a new version of the numerics (golden/NUMERICS.md), and an id is for ever"
            )
    return content + "".join(lines).encode("ascii")
