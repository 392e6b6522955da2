"""One file per model: the network as JSON, its integers, where they come from, and a checksum of every byte.

The file is an .npz archive of uncompressed .npy members, so that ``numpy.load`` reads it too. The member ``network``
holds the JSON as bytes; the others are parameters by site and field. The archive's comment is the SHA-256 of all bytes
before it. Nothing in it is ever unpickled, and the same network always gives the same bytes.
"""

import hashlib
import io
import json
import math
import zipfile
from dataclasses import fields
from pathlib import Path

import numpy as np

from refsim import npy
from refsim.errors import ModelFileError, NetworkError
from refsim.network import Input, Network, Node
from refsim.numerics import COMPUTED_VERSIONS, NUMERICS_VERSION
from refsim.ops import OPERATORS
from refsim.printable import one_line, printable
from refsim.whole_file import write_whole

FORMAT, FORMAT_VERSION = "refsim-model", (1, 0)
NETWORK_MEMBER = "network"
SEAL = b"refsim sha256 "
SEAL_LENGTH = len(SEAL) + 64
JSON_NAMES = {str: "text", list: "a list", dict: "an object"}


def save(network, path):
    """Write a model file, whole or not at all.

    Parameters
    ----------
    network : Network
    path : str or Path

    Raises
    ------
    NetworkError
        If it is no network.
    ModelFileError
        If the file cannot be written.
    """
    if not isinstance(network, Network):
        raise NetworkError(f"expected a network to save, got {type(network).__name__}")
    content = sealed_archive(members_of(network))
    try:
        write_whole(path, content)
    except OSError as error:
        raise ModelFileError(f"{path}: cannot be written: {error.strerror}") from error


def content_hash(network):
    """Return the SHA-256 of the file that `save` would write."""
    return hashlib.sha256(sealed_archive(members_of(network))).hexdigest()


def members_of(network):
    """Return the arrays of a model file by name."""
    members = {NETWORK_MEMBER: np.frombuffer(description_json(network), np.uint8)}
    for node in network.nodes:
        for name, array in node.operator.parameters().items():
            members[f"{node.name}.{name}"] = array
    return members


def description_json(network):
    """Return the network without its arrays as canonical JSON bytes."""
    description = {
        "format": f"{FORMAT}/{'.'.join(map(str, FORMAT_VERSION))}",
        "numerics": network.numerics,
        "name": network.name,
        "timesteps": network.timesteps,
        "input": {"kind": network.input.kind, "shape": list(network.input.shape)},
        "logit_denominator": network.logit_denominator,
        "provenance": network.provenance,
        "nodes": [describe_node(node) for node in network.nodes],
    }
    return json.dumps(description, sort_keys=True, separators=(",", ":")).encode("ascii")


def describe_node(node):
    """Return a node without its arrays, for JSON; `read_node` is the way back."""
    return {
        "name": node.name,
        "operator": node.operator.kind(),
        "inputs": list(node.inputs),
        "settings": node.operator.settings(),
        "parameters": sorted(node.operator.parameters()),
    }


def sealed_archive(members):
    """Return the bytes of an archive of arrays by name."""
    return sealed({f"{name}.npy": npy.encode(array) for name, array in members.items()})


def sealed(contents):
    """Return the bytes of an archive of files by name, ending in the checksum of all bytes before it."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_STORED) as archive:
        for name, content in contents.items():
            archive.writestr(zipfile.ZipInfo(name), content)
        archive.comment = bytes(SEAL_LENGTH)
    unsealed = stream.getvalue()[:-SEAL_LENGTH]
    return unsealed + SEAL + hashlib.sha256(unsealed).hexdigest().encode()


def load(path):
    """Read a model file and validate the network in it.

    Parameters
    ----------
    path : str or Path

    Returns
    -------
    network : Network

    Raises
    ------
    ModelFileError
        If the file is missing, damaged, of a newer format, or holds anything but integers.
    NetworkError
        If its parameters do not fit together; RegisterError if a register could overflow.
    """
    try:
        return read_network(path, read_members(path))
    except (KeyError, TypeError, AttributeError, ValueError, RecursionError) as error:
        raise ModelFileError(f"{path}: the description of the network is malformed: {one_line(repr(error))}") from error
    except ModelFileError as error:
        error.args = (printable(str(error)),)
        raise
    except NetworkError as error:
        error.args = (f"{path}: {printable(str(error))}",)
        raise


def read_network(path, members):
    """Build a network from its description and the arrays that it names."""
    if NETWORK_MEMBER not in members:
        raise ModelFileError(f"{path}: an .npz, but not a refsim model: it has no member {NETWORK_MEMBER!r}")
    description = json.loads(members.pop(NETWORK_MEMBER).tobytes())
    require_readable(path, description)
    nodes = tuple(read_node(path, entry, members) for entry in description["nodes"])
    network_input = Input(description["input"]["kind"], tuple(description["input"]["shape"]))
    if members:
        raise ModelFileError(f"{path}: {min(members)}: an array that no operator of the network has")
    return Network(
        printable(require(path, "name", description["name"], str)),
        description["timesteps"],
        network_input,
        nodes,
        description["logit_denominator"],
        plain(path, "provenance", require(path, "provenance", description["provenance"], dict)),
    )


def require(path, name, value, kind):
    """Return a value of the description after checking its type."""
    if type(value) is not kind:
        raise ModelFileError(f"{path}: {name}: expected {JSON_NAMES[kind]}, got {one_line(repr(value))}")
    return value


def plain(path, name, value):
    """Return words, finite numbers, and lists and objects of them, fit for a terminal: what does not print is escaped."""
    if isinstance(value, str):
        return printable(value)
    if isinstance(value, list):
        return [plain(path, name, part) for part in value]
    if isinstance(value, dict):
        return {printable(key): plain(path, f"{name}.{key}", part) for key, part in value.items()}
    if isinstance(value, float) and not math.isfinite(value):
        raise ModelFileError(f"{path}: {name}: expected finite numbers, got {value}")
    return value


def require_readable(path, description):
    """Refuse another format, a newer one, and other numerics."""
    kind, _, version = str(description["format"]).partition("/")
    if kind != FORMAT:
        raise ModelFileError(f"{path}: expected the format {FORMAT}, got {description['format']!r}")
    major = int(version.partition(".")[0]) if version.partition(".")[0].isdigit() else None
    if major is None or major > FORMAT_VERSION[0]:
        raise ModelFileError(
            f"{path}: has the format {description['format']}; this refsim reads up to "
            f"{FORMAT}/{'.'.join(map(str, FORMAT_VERSION))}: upgrade refsim"
        )
    if description["numerics"] not in COMPUTED_VERSIONS:
        raise ModelFileError(
            f"{path}: was made for {description['numerics']}, this refsim computes {NUMERICS_VERSION}; "
            "the two may differ in bits"
        )


def read_node(path, entry, members):
    """Build one node from its description, taking its arrays out of `members`."""
    name = require(path, "name of a node", entry["name"], str)
    if not name or not name.isprintable():
        raise ModelFileError(f"{path}: name of a node: expected characters that print, got {one_line(repr(name))}")
    operator = OPERATORS.get(entry["operator"])
    if operator is None:
        raise ModelFileError(f"{path}: {name}: unknown operator {entry['operator']!r}")
    values = dict(require(path, f"{name}.settings", entry["settings"], dict))
    for parameter in entry["parameters"]:
        key = f"{name}.{parameter}"
        if key not in members:
            raise ModelFileError(f"{path}: {key}: missing")
        values[parameter] = members.pop(key)
    types = {field.name: field.type for field in fields(operator)}
    for field_name, value in values.items():
        wanted = types.get(field_name)
        if wanted is None or type(value) is not wanted:
            raise ModelFileError(
                f"{path}: {name}.{field_name}: expected "
                f"{'no such field' if wanted is None else wanted.__name__}, got {type(value).__name__}"
            )
    return Node(name, operator(**values), tuple(require(path, f"{name}.inputs", entry["inputs"], list)))


def read_members(path):
    """Return the arrays of a sealed archive by name, after checking its checksum."""
    try:
        content = Path(path).read_bytes()
    except FileNotFoundError:
        raise ModelFileError(f"{path}: no such file") from None
    except OSError as error:
        raise ModelFileError(f"{path}: cannot be read: {error.strerror}") from error
    unsealed, seal = content[:-SEAL_LENGTH], content[-SEAL_LENGTH:]
    if not seal.startswith(SEAL):
        raise ModelFileError(f"{path}: not a refsim model, or a truncated one: it does not end in a checksum")
    found, stated = hashlib.sha256(unsealed).hexdigest(), seal[len(SEAL) :].decode("ascii", "replace")
    if found != stated:
        raise ModelFileError(f"{path}: damaged: its bytes have the SHA-256 {found[:16]}..., it states {stated[:16]}...")
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            return {name.removesuffix(".npy"): read_member(path, archive, name) for name in archive.namelist()}
    except (zipfile.BadZipFile, RuntimeError, ValueError, EOFError) as error:
        raise ModelFileError(f"{path}: not a readable archive: {error}") from error


def read_member(path, archive, name):
    """Read one array without ever unpickling."""
    information = archive.getinfo(name)
    if information.compress_type != zipfile.ZIP_STORED:
        raise ModelFileError(f"{path}: {name}: compressed; the members of a model are stored as they are")
    try:
        return npy.decode(archive.read(name))
    except ValueError as error:
        raise ModelFileError(f"{path}: {name}: {error}") from error
