"""A dump that is damaged or hostile is refused, with the line or file that is at fault."""

import os
import re

import numpy as np
import pytest
from door_cases import CURRENTS, hand_answer
from dumps import CASE, EVENTS, ORDERED, ask, dump, failure

from refsim import npy


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b'{"neurons": 1}', "latency.json: neurons is not a site of this case"),
        (b'{"neuron": -1}', "latency.json: neuron: -1 is not from 0 to 65536"),
        (b'{"neuron": true}', "latency.json: neuron: expected an integer, got true"),
        (b'{"neuron": 1.0}', "latency.json: expected integers, got 1.0"),
        (b"[1]", "latency.json: expected a JSON object, got list"),
        (b"", "latency.json: no JSON object: nothing is there"),
        (b" " * (2 << 20), "latency.json: has 2097152 bytes, more than 1048576; not read"),
    ],
)
def test_a_damaged_latency_is_refused(tmp_path, content, reason):
    """It would shift a whole dump."""
    folder = dump(tmp_path, ORDERED)
    (folder / "latency.json").write_bytes(content)
    assert failure(ask(tmp_path, "ordered")) == reason


HOSTILE_LINES = {
    b"": "no JSON object: nothing is there",
    b"\xff\xfe": "no JSON object: 'utf-8' codec can't decode",
    b"3": "expected a JSON object, got int",
    b"[" * 4000: "no JSON object: (?:maximum recursion depth exceeded|Expecting value)",
    b'{"t": '
    + b"[" * 900
    + b"]" * 900
    + b', "site": "neuron", "values": [0, 0]}': "t: expected an integer, got a list",
    b"[" * 5000: "longer than 4288 bytes",
    b" " * 10_000_000: "longer than 4288 bytes",
    b'{"t": 0, "t": 1, "site": "neuron", "values": [0, 0]}': "a key is there twice",
    b'{"t": 0, "site": "neuron", "values": [NaN, 0]}': "expected integers, got NaN",
    b'{"t": 0, "site": "neuron", "values": [-Infinity, 0]}': "expected integers, got -Infinity",
    b'{"t": 0, "site": "neuron", "values": [1.0, 0]}': "expected integers, got 1.0",
    b'{"t": 0, "site": "neuron", "values": [1e3, 0]}': "expected integers, got 1e3",
    b'{"t": 0, "site": "neuron", "values": [true, 0]}': "neuron, timestep 0, token 0, channel 0: expected an integer, got true",
    b'{"t": 0, "site": "neuron", "values": [0, "1"]}': 'neuron, timestep 0, token 0, channel 1: expected an integer, got "1"',
    b'{"t": 0, "site": "neuron", "values": [0, null]}': "neuron, timestep 0, token 0, channel 1: expected an integer, got null",
    b'{"t": 0, "site": "neuron", "values": [0, 128]}': "neuron, timestep 0, token 0, channel 1: 128 is not from -128 to 127",
    b'{"t": 0, "site": "neuron", "values": [-129, 0]}': "neuron, timestep 0, token 0, channel 0: -129 is not from -128 to 127",
    b'{"t": 0, "site": "neuron", "values": [0, '
    + b"9" * 1000
    + b"]}": "neuron, timestep 0, token 0, channel 1: an integer of 3322 bits is not from",
    b'{"t": 0, "site": "neuron", "values": [0, '
    + b"9" * 4200
    + b"]}": "longer than 4288 bytes|neuron, timestep 0, token 0, channel 1: an integer of",
    b'{"t": 0, "site": "neuron", "values": [0]}': r"neuron at timestep 0: expected 2 values of shape \(1, 2\), got 1",
    b'{"t": 0, "site": "neuron", "values": [0, 0, 0]}': r"neuron at timestep 0: expected 2 values of shape \(1, 2\), got 3",
    b'{"t": 0, "site": "neuron", "values": []}': r"neuron at timestep 0: expected 2 values of shape \(1, 2\), got 0",
    b'{"t": 0, "site": "neuron", "values": [[0], [0]]}': r"neuron at timestep 0: values: expected lists of shape \(1, 2\), or all",
    b'{"t": 0, "site": "neuron", "values": [[0, [0]]]}': "neuron, timestep 0, token 0, channel 1: expected an integer, got a list",
    b'{"t": 0, "site": "neuron", "values": [0, [0]]}': r"neuron at timestep 0: values: expected lists of shape \(1, 2\), or all",
    b'{"t": 0, "site": "neuron", "values": "00"}': 'neuron at timestep 0: values: expected a list, got "00"',
    b'{"t": 0, "site": "neuron", "values": {}}': "neuron at timestep 0: values: expected a list, got an object",
    b'{"t": 0, "site": "neuron"}': "neuron at timestep 0: expected either 'values' or 'hex'",
    b'{"t": 0, "site": "neuron", "values": [0, 0], "hex": "00 00"}': "neuron at timestep 0: expected either 'values' or 'hex'",
    b'{"t": 0, "site": "neuron", "values": [0, 0], "bits": 8}': "neuron at timestep 0: 'bits' belongs to 'hex'",
    b'{"t": 0, "site": "neuron", "hex": "x 0"}': "neuron, timestep 0, token 0, channel 0: x is undefined: the simulator does not know the value",
    b'{"t": 0, "site": "neuron", "hex": "0 00"}': "neuron, timestep 0, token 0, channel 1: expected a word of 2 bits in 1 hexadecimal digit, got '00'",
    b'{"t": 0, "site": "neuron", "hex": "1f 00", "bits": 4}': "neuron, .*, channel 0: expected a word of 4 bits in 1 hexadecimal digit, got '1f'",
    b'{"t": 0, "site": "neuron", "hex": "f 0", "bits": 3}': "neuron, .*, channel 0: expected a word of 3 bits, got 'f'",
    b'{"t": 0, "site": "neuron", "hex": "0080 0000", "bits": 16}': "neuron, timestep 0, token 0, channel 0: 128 is not from -128 to 127",
    b'{"t": 0, "site": "neuron", "hex": "00 00", "bits": 0}': "neuron at timestep 0: bits: 0 is not from 1 to 64",
    b'{"t": 0, "site": "neuron", "hex": "0"}': r"neuron at timestep 0: expected 2 values of shape \(1, 2\), got 1",
    b'{"t": 0, "site": "neuron", "hex": 0}': "neuron at timestep 0: hex: expected a text, got 0",
    b'{"t": 0, "site": "neuron", "values": [x, 0]}': "neuron, timestep 0, token 0, channel 0: x is undefined: the sim",
    b'{"t": 0, "site": "neuron", "values": [0,Z]}': "neuron, timestep 0, token 0, channel 1: Z is undefined: the sim",
    b'{"t": x, "site": "neuron", "values": [0, 0]}': 't: expected an integer, got "x"',
    b'{"t": 0, "site": "neuron", "values": [0, 0, ]}': r"no JSON object: .* at column [0-9]+, ",
    b'{"t": 0, "site": "neuron", "values": [0, ': r"no JSON object: cut short after .*\[0,'$",
    b"- bench.v:9: Verilog $finish": "no JSON object: '- bench.v:9: Verilog .finish'; what else a simulator prints belongs",
    b'{"t": 0, "site": "neuron", "values": [255, 0]}': "neuron, .*; read as two's complement of 8 bits it is -1$",
    b'{"t": 0, "site": "neuron", "values": [4294967295, 0]}': "neuron, .*; read as two's complement of 32 bits it is -1$",
    b'{"t": 0, "site": "neuron", "values": [256, 0]}': "neuron, .*: 256 is not from -128 to 127$",
    b'{"t": 0, "site": "neuron_membrane", "values": [0, 0]}': "site: .* is not a site of this case; the nearest is neuron.m",
    b'{"t": -1, "site": "neuron", "values": [0, 0]}': "t: -1 is not from 0 to",
    b'{"t": 3, "site": "neuron", "values": [0, 0]}': "t: neuron has timesteps 0 to 2, got 3",
    b'{"t": "0", "site": "neuron", "values": [0, 0]}': 't: expected an integer, got "0"',
    b'{"t": false, "site": "neuron", "values": [0, 0]}': "t: expected an integer, got false",
    b'{"site": "neuron", "values": [0, 0]}': "'t' is missing",
    b'{"t": 0, "values": [0, 0]}': "'site' is missing",
    b'{"t": 0, "site": ["neuron"], "values": [0, 0]}': r"site: \['neuron'\] is not a site of this case",
    b'{"t": 0, "site": "../\\u001b", "values": [0, 0]}': r"site: \.\./\\x1b is not a site of this case",
    b'{"t": 0, "site": "neuron", "time": 0, "values": [0, 0]}': "unknown key 'time'; expected bits, hex, sample",
    b'{"t": 0, "site": "neuron", "address": 0}': "unknown key 'address'",
    b'{"t": 0, "site": "neuron", "sample": 1, "values": [0, 0]}': "sample: 1 is not from 0 to 0",
}


@pytest.mark.parametrize(("line", "reason"), HOSTILE_LINES.items(), ids=range(len(HOSTILE_LINES)))
def test_a_line_that_is_no_line_is_named(tmp_path, line, reason):
    """With what was expected; nothing is clipped, cast or reshaped."""
    dump(tmp_path, [ORDERED[1], line])
    found = failure(ask(tmp_path, "unordered"))
    assert re.match(f"trace.jsonl, line 2: (?:{reason})", found), found


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ({"t": 0, "site": "neuron"}, "'address' is missing"),
        ({"t": 0, "site": "neuron", "address": [0]}, "address: expected 2 indices into (1, 2), got 1"),
        ({"t": 0, "site": "neuron", "address": [1, 0]}, "address, axis 0: 1 is not from 0 to 0"),
        ({"t": 0, "site": "neuron", "address": [0, -1]}, "address, axis 1: -1 is not from 0 to 1"),
        ({"t": 0, "site": "neuron", "address": 2}, "address: 2 is not from 0 to 1"),
        ({"t": 0, "site": "neuron", "address": "0"}, 'address: expected an integer, got "0"'),
        ({"t": 0, "site": "neuron", "address": True}, "address: expected an integer, got true"),
        ({"t": 0, "site": "neuron", "address": 0, "value": 128}, "value: 128 is not from -128 to 127"),
        ({"t": 0, "site": "neuron", "address": 0, "value": None}, "value: expected an integer, got null"),
        (
            {"t": 0, "site": "neuron", "values": [0, 0]},
            "unknown key 'values'; expected address, sample, site, t, value",
        ),
        (
            {"t": 3, "site": "neuron", "address": 0},
            "t: neuron has timesteps 0 to 2, got 3; latency.json declares a dump that is late",
        ),
        ({"events": 2}, "events: 2 is not 1, the number before this line"),
        ({"events": True}, "events: expected an integer, got true"),
        ({"events": 1, "site": "neuron"}, "unknown key 'site'; expected events, sites"),
        ({"events": 1, "sites": "neuron"}, 'sites: expected a list, got "neuron"'),
        ({"events": 1, "sites": ["neuron", "nuron"]}, "sites: nuron is not a site of this case; the nearest is neuron"),
        ({"events": 1, "sites": [["neuron"]]}, "sites: ['neuron'] is not a site of this case"),
    ],
)
def test_an_event_that_is_none_is_named(tmp_path, line, reason):
    """Addresses are in their timestep, values in their type."""
    dump(tmp_path, [EVENTS[0], line])
    assert failure(ask(tmp_path, "events")) == f"trace.jsonl, line 2: {reason}"


@pytest.fixture
def secret(tmp_path_factory):
    """A dump outside of the folder, right if it were followed to."""
    root = tmp_path_factory.mktemp("secret")
    dump(root, ORDERED)
    (root / CASE.id / "neuron.npy").write_bytes(npy.encode(hand_answer()["neuron"]))
    return root / CASE.id


def test_links_are_not_followed(tmp_path, secret):
    """Neither to a folder, nor to an array, nor to lines, nor to a declaration."""
    (tmp_path / CASE.id).symlink_to(secret)
    assert failure(ask(tmp_path, "ordered")) == "l1.lif.by-hand: expected a folder, got a link"
    (tmp_path / CASE.id).unlink()
    for name, target in [
        ("neuron.npy", "neuron.npy"),
        ("trace.jsonl", "trace.jsonl"),
        ("latency.json", "trace.jsonl"),
    ]:
        folder = tmp_path / CASE.id
        folder.mkdir(exist_ok=True)
        (folder / name).symlink_to(secret / target)
        assert failure(ask(tmp_path, "ordered")) == f"{name}: expected a regular file, got a link"
        (folder / name).unlink()


def test_pipes_are_not_waited_for(tmp_path):
    """Opening one for reading would block for ever."""
    folder = tmp_path / CASE.id
    folder.mkdir()
    for name in ("neuron.npy", "trace.jsonl", "latency.json"):
        os.mkfifo(folder / name)
        assert failure(ask(tmp_path, "ordered")) == f"{name}: expected a regular file, got a named pipe"
        (folder / name).unlink()
    (folder / "neuron.npy").mkdir()
    assert failure(ask(tmp_path, "ordered")) == "neuron.npy: expected a regular file, got a folder"


def test_unknown_files_are_refused(tmp_path):
    """A misspelt site would otherwise be one that is not observed."""
    for name, shown in [
        ("neurons.npy", "neurons.npy"),
        ("\x1b[2J.log", r"\x1b[2J.log"),
        ("currents.npy", "currents.npy"),
    ]:
        folder = dump(tmp_path, ORDERED)
        (folder / name).write_bytes(npy.encode(np.array(CURRENTS, np.int32)))
        assert failure(ask(tmp_path, "ordered")) == f"unknown file {shown}: no site of the case, nor lines"
        (folder / name).unlink()


def test_arrays_that_are_none_are_refused(tmp_path):
    """By size before they are read, and by what they hold."""
    folder = tmp_path / CASE.id
    folder.mkdir()
    with open(folder / "neuron.npy", "wb") as stream:
        stream.truncate(10 << 30)
    assert failure(ask(tmp_path, "ordered")) == "neuron.npy: has 10737418240 bytes, more than 65728; not read"
    (folder / "neuron.npy").write_bytes(b"no array")
    assert failure(ask(tmp_path, "ordered")).startswith("neuron.npy: no readable .npy of integers")


def test_a_line_of_ten_gigabytes_is_not_read(tmp_path):
    """Nothing beyond the longest line that there can be."""
    folder = dump(tmp_path, [])
    with open(folder / "trace.jsonl", "wb") as stream:
        stream.truncate(10 << 30)
    answer = ask(tmp_path, "ordered")
    assert failure(answer) == "trace.jsonl, line 1: longer than 4288 bytes" and answer.seconds < 5
