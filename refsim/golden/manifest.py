"""The manifest of a case: what a folder holds, said once and checked byte for byte.

A case's folder holds ``manifest.json``, ``in/``, ``param/``, ``out/`` and ``trace/`` with one .npy a tensor, and
``CASE.md`` where the calculation is written out for a hand to follow.
"""

import hashlib
import json
import math

import numpy as np

from refsim import npy
from refsim.errors import GoldenError, RefsimError
from refsim.golden.case import Case, Draws
from refsim.golden.faces.content import content_hash
from refsim.golden.faces.widths import tensor_width
from refsim.golden.files import read_file
from refsim.golden.schema import validate
from refsim.golden.sites import axes_of
from refsim.golden.splitmix import NAME as RNG
from refsim.golden.strict_json import read_json
from refsim.numerics import COMPUTED_VERSIONS, NUMERICS_VERSION
from refsim.shipped import golden_folder

FORMAT = "refsim-case/1"
FOLDERS = {"input": "in", "param": "param", "output": "out", "trace": "trace"}
MANIFEST = "manifest.json"
LARGEST_TENSOR = 1 << 28
"""Bytes; a tensor that claims more is refused before it is read."""

MOST_DRAWN = 1 << 36
"""Bytes that all draws of one input of a digest may have together."""


def case_files(case, coverage, provenance):
    """Return the files of a case.

    Parameters
    ----------
    case : Case
    coverage, provenance : dict
        As in the schema.

    Returns
    -------
    files : dict of bytes by path within the case's folder
    """
    files, tensors = {}, []
    for role, name, array in tensors_of(case):
        path = f"{FOLDERS[role]}/{name}.npy"
        files[path] = npy.encode(array)
        tensors.append(describe_tensor(case, role, name, array, path, files[path]))
    manifest = {
        "format": FORMAT,
        "numerics": case.numerics,
        "id": case.id,
        "title": case.title,
        "level": case.level,
        "op": case.op,
        "result": case.result,
        "timesteps": case.timesteps,
        "samples": case.samples,
        "requires": list(case.requires),
        "profile": case.profile,
        "nodes": list(case.nodes),
        "outputs": list(case.outputs),
        "tensors": tensors,
        "coverage": coverage,
        "provenance": provenance,
    }
    if case.reject_reason is not None:
        manifest["reject_reason"] = case.reject_reason
    if case.draws:
        inputs = {
            name: {"dtype": dtype, "shape": list(shape), "low": low, "high": high}
            for name, (dtype, shape, low, high) in case.draws.inputs.items()
        }
        manifest["draws"] = {"rng": RNG, "seed": case.draws.seed, "chunks": case.draws.chunks, "inputs": inputs}
    manifest["content_sha256"] = case_hash(manifest)
    files[MANIFEST] = json_bytes(manifest)
    return files


def tensors_of(case):
    """Yield role, name and values of every tensor."""
    yield from (("input", name, array) for name, array in case.inputs.items())
    yield from (("param", name, array) for name, array in case.params.items())
    for site, array in case.expected.items():
        yield ("output" if site in case.outputs or case.draws else "trace"), site, array


def describe_tensor(case, role, name, array, path, content):
    bits, signed = tensor_width(case, role, name)
    low, high = (int(array.min()), int(array.max())) if array.size else (0, 0)
    if role == "input":
        low, high = case.ranges[name]
    return {
        "name": name,
        "role": role,
        "path": path,
        "dtype": array.dtype.newbyteorder("<").str,
        "shape": list(array.shape),
        "axes": axes_of(case, role, name, array),
        "bits": bits,
        "signed": signed,
        "low": low,
        "high": high,
        "sha256": hashlib.sha256(content).hexdigest(),
        "content_sha256": content_hash(array),
    }


def case_hash(manifest):
    """Return the SHA-256 over what a case asks and expects, as the ledger holds it.

    How it is asked is left to the hash of the manifest: widths and axes of tensors, what an implementation has to be able
    to do, and the words of a refusal.
    """
    asked = ("format", "numerics", "id", "level", "op", "result", "timesteps", "samples", "profile", "nodes", "outputs")
    content = {name: manifest[name] for name in asked}
    content["draws"] = manifest.get("draws")
    content["tensors"] = [
        [tensor[name] for name in ("name", "role", "low", "high", "content_sha256")] for tensor in manifest["tensors"]
    ]
    return hashlib.sha256(json.dumps(content, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def json_bytes(value):
    """Return canonical JSON: sorted keys, two spaces, ASCII, a final newline."""
    return (json.dumps(value, indent=2, sort_keys=True) + "\n").encode("ascii")


def read_manifest(folder):
    """Read and check the manifest of a case's folder.

    Raises
    ------
    GoldenError
        If it is missing, malformed, of another version, or contradicts itself.
    """
    where = f"{folder}/{MANIFEST}"
    manifest = read_json(read_file(folder, MANIFEST), where)
    validate(manifest, schema("case"), where)
    if manifest["numerics"] not in COMPUTED_VERSIONS:
        raise GoldenError(
            f"{folder}: holds values of {manifest['numerics']}, this refsim computes {NUMERICS_VERSION}: "
            "use the suite that came with your version"
        )
    if case_hash(manifest) != manifest["content_sha256"]:
        raise GoldenError(f"{folder}: the manifest was altered: its content does not have the hash that it states")
    names = [(tensor["role"] in ("output", "trace"), tensor["name"]) for tensor in manifest["tensors"]]
    paths = [tensor["path"] for tensor in manifest["tensors"]]
    if len(set(names)) < len(names) or len(set(paths)) < len(paths):
        raise GoldenError(f"{folder}: the manifest names a tensor twice")
    return manifest


def schema(name):
    """Return a schema of the suite: ``"case"`` or ``"suite"``."""
    return json.loads((golden_folder() / "suite" / "schema" / f"{name}.schema.json").read_text())


def read_case(folder):
    """Read a case from its folder, checking every hash.

    Parameters
    ----------
    folder : Path

    Returns
    -------
    case : Case

    Raises
    ------
    GoldenError
        If anything is missing, damaged or hostile: nothing outside the folder is opened, nothing is unpickled.
    """
    manifest = read_manifest(folder)
    arrays = {role: {} for role in FOLDERS}
    ranges = {}
    for tensor in manifest["tensors"]:
        array = read_tensor(folder, tensor)
        arrays[tensor["role"]][tensor["name"]] = array
        if tensor["role"] == "input":
            ranges[tensor["name"]] = (tensor["low"], tensor["high"])
    settings = manifest["nodes"][0]["settings"] if len(manifest["nodes"]) == 1 else {}
    derived = {"timesteps", "samples", *settings}
    draws = draws_of(folder, manifest)
    if draws:
        ranges = {name: (low, high) for name, (_, _, low, high) in draws.inputs.items()}
    case = Case(
        id=manifest["id"],
        title=manifest["title"],
        level=manifest["level"],
        op=manifest["op"],
        timesteps=manifest["timesteps"],
        nodes=tuple(manifest["nodes"]),
        inputs=arrays["input"],
        ranges=ranges,
        params=arrays["param"],
        static_inputs=frozenset(
            tensor["name"]
            for tensor in manifest["tensors"]
            if tensor["role"] == "input" and "timestep" not in tensor["axes"]
        ),
        samples=manifest["samples"],
        requires=tuple(manifest["requires"]),
        configuration={name: value for name, value in manifest["profile"].items() if name not in derived},
        outputs=tuple(manifest["outputs"]),
        expected=in_order(manifest, arrays),
        draws=draws,
        reject_reason=manifest.get("reject_reason"),
    )
    require_consistent(folder, case)
    return case


def draws_of(folder, manifest):
    """Return how the inputs of a digest are drawn, or None where nothing is; refuse more than can be drawn."""
    drawn = manifest.get("draws")
    if drawn is None:
        return None
    for name, form in drawn["inputs"].items():
        size = math.prod(form["shape"]) * np.dtype(form["dtype"]).itemsize
        if size > LARGEST_TENSOR or size * drawn["chunks"] > MOST_DRAWN:
            raise GoldenError(f"{folder}: {name}: {drawn['chunks']} draws of {size} bytes, more than are drawn")
        if not form["low"] <= form["high"]:
            raise GoldenError(f"{folder}: {name}: nothing can be drawn from {form['low']} to {form['high']}")
    inputs = {name: (form["dtype"], form["shape"], form["low"], form["high"]) for name, form in drawn["inputs"].items()}
    return Draws(drawn["seed"], drawn["chunks"], inputs)


def in_order(manifest, arrays):
    """Return the expected values in the order of the manifest, which is that of computation."""
    return {
        tensor["name"]: arrays[tensor["role"]][tensor["name"]]
        for tensor in manifest["tensors"]
        if tensor["role"] in ("output", "trace")
    }


def require_consistent(folder, case):
    """Refuse a case whose nodes, parameters and answers do not belong together."""
    if case.reject_reason is not None:
        return
    try:
        sites = case.sites
    except (RefsimError, ValueError, IndexError, OverflowError, MemoryError) as error:
        raise GoldenError(f"{folder}: the nodes do not make a computation: {error}") from error
    found = {site: (array.dtype, array.shape) for site, array in case.expected.items()}
    if found != sites:
        site = next(iter(set(found.items()) ^ set(sites.items())))[0]
        raise GoldenError(f"{folder}: {site}: type, shape or presence is not what the nodes give")
    if not case.draws and not set(case.outputs) <= set(sites):
        raise GoldenError(f"{folder}: an output that is no site")


def read_tensor(folder, tensor):
    """Read one array and hold it against its hashes, type and shape."""
    where = f"{folder}/{tensor['path']}"
    content = read_file(folder, tensor["path"], LARGEST_TENSOR)
    if hashlib.sha256(content).hexdigest() != tensor["sha256"]:
        raise GoldenError(f"{where}: damaged: its bytes do not have the SHA-256 of the manifest")
    try:
        array = npy.decode(content)
    except ValueError as error:
        raise GoldenError(f"{where}: {error}") from error
    if array.dtype != np.dtype(tensor["dtype"]) or list(array.shape) != tensor["shape"]:
        raise GoldenError(f"{where}: expected {tensor['dtype']} {tensor['shape']}, got {array.dtype} {array.shape}")
    if content_hash(array) != tensor["content_sha256"]:
        raise GoldenError(f"{where}: its values do not have the content hash of the manifest")
    return array
