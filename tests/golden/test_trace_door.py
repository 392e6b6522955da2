"""The door for a trace on disk: what was dumped is taken exactly, or refused with the line that is at fault."""

import json
import os
import re
from itertools import product

import numpy as np
import pytest
from door_cases import (
    CURRENTS,
    MEMBRANES,
    SPIKES,
    digest_case,
    hand_answer,
    linear_case,
    neuron_case,
    two_sample_case,
)

from refsim import npy
from refsim.errors import GoldenError
from refsim.golden.comparison import compare
from refsim.golden.doors.trace import TraceDoor

CASE = neuron_case()
ORDERED = [
    {"t": timestep, "site": site, "values": values[timestep]}
    for timestep in range(3)
    for site, values in (("neuron", SPIKES), ("neuron.membrane", MEMBRANES))
]
EVENTS = [
    {"t": 2, "site": "neuron", "address": [0, 1]},
    {"t": 1, "site": "neuron", "address": [0, 1], "value": 1},
    {"t": 1, "site": "neuron", "address": 0},
]


def dump(root, lines, case=CASE, name="trace.jsonl"):
    """Write lines, JSON values or bytes, into the folder of a case."""
    folder = root / case.id
    folder.mkdir(exist_ok=True)
    encoded = [line if isinstance(line, bytes) else json.dumps(line).encode() for line in lines]
    (folder / name).write_bytes(b"".join(line + b"\n" for line in encoded))
    return folder


def ask(root, mode, case=CASE):
    """Ask for one case, then for one that is right in the dump of every mode."""
    last = neuron_case("zz.last")
    (root / last.id).mkdir(exist_ok=True)
    (root / last.id / "neuron.npy").write_bytes(npy.encode(hand_answer()["neuron"]))
    (asked, answer), (_, following) = TraceDoor(root, mode).answers([case, last])
    assert asked is case and following.status == "answered" and compare(last, following.sites).equal
    return answer


def failure(answer):
    assert answer.status == "failed" and answer.sites == {}
    assert answer.reason.isprintable() and len(answer.reason) <= 200
    return answer.reason


def assert_right(answer, case=CASE, sites=("neuron", "neuron.membrane")):
    assert (answer.status, answer.reason) == ("answered", "")
    assert tuple(answer.sites) == sites and compare(case, answer.sites).equal


@pytest.mark.parametrize("mode", ["ordered", "unordered", "events"])
def test_arrays_are_taken_in_every_mode(tmp_path, mode):
    """One .npy a site, the time among its axes, another type as it is."""
    folder = tmp_path / CASE.id
    folder.mkdir()
    for site, array in hand_answer().items():
        (folder / f"{site}.npy").write_bytes(npy.encode(array))
    assert_right(ask(tmp_path, mode))
    (folder / "neuron.npy").write_bytes(npy.encode(np.array(SPIKES, np.int64)))
    assert ask(tmp_path, mode).sites["neuron"].dtype == np.int64


@pytest.mark.parametrize("mode", ["ordered", "unordered"])
def test_lines_are_taken(tmp_path, mode):
    """Nested, flat in C order, or as words in hexadecimal, in one file or several."""
    dump(tmp_path, ORDERED)
    assert_right(ask(tmp_path, mode))
    flat = [{**line, "values": line["values"][0]} for line in ORDERED]
    dump(tmp_path, flat)
    assert_right(ask(tmp_path, mode))
    dump(tmp_path, flat[0::2])
    dump(tmp_path, flat[1::2], name="membranes.jsonl")
    assert_right(ask(tmp_path, mode))


def test_words_are_of_the_declared_width(tmp_path):
    """12 bits of the declared membrane, 2 of a binary spike as in the export, or what the line says; two's complement."""
    case = neuron_case(bits=12)
    lines = [
        {"t": 0, "site": "neuron", "hex": "0 0"},
        {"t": 0, "site": "neuron.membrane", "hex": "001 fFc"},
        {"t": 1, "site": "neuron", "hex": "1 1"},
        {"t": 1, "site": "neuron.membrane", "hex": "7ff 800"},
        {"t": 2, "site": "neuron", "hex": "ff 7f", "bits": 8},
        {"t": 2, "site": "neuron.membrane", "hex": "80000000 7fffffff", "bits": 32},
    ]
    dump(tmp_path, lines)
    sites = ask(tmp_path, "ordered", case).sites
    assert sites["neuron"].tolist() == [[[0, 0]], [[1, 1]], [[-1, 127]]]
    assert sites["neuron.membrane"].tolist() == [[[1, -4]], [[2047, -2048]], [[-(2**31), 2**31 - 1]]]


def test_order_matters_only_where_it_is_asked_for(tmp_path):
    """The first line that comes too late is named; unordered, the same dump is right."""
    dump(tmp_path, [*ORDERED[2:], *ORDERED[:2]])
    assert failure(ask(tmp_path, "ordered")) == (
        "trace.jsonl, line 5: neuron at timestep 0 comes after what is computed later; unordered (--mode) takes any order"
    )
    assert_right(ask(tmp_path, "unordered"))
    dump(tmp_path, [ORDERED[1], ORDERED[0], *ORDERED[2:]])
    assert failure(ask(tmp_path, "ordered")).startswith("trace.jsonl, line 2: neuron at timestep 0 comes after")
    assert_right(ask(tmp_path, "unordered"))


@pytest.mark.parametrize("mode", ["ordered", "unordered"])
def test_a_site_is_there_once_a_timestep(tmp_path, mode):
    """A second line is refused even where it says the same, in the same file or in another."""
    dump(tmp_path, [ORDERED[0], *ORDERED])
    assert failure(ask(tmp_path, mode)) == "trace.jsonl, line 2: neuron at timestep 0 is there a second time"
    dump(tmp_path, ORDERED)
    dump(tmp_path, ORDERED[:1], name="x.jsonl")
    assert failure(ask(tmp_path, mode)) == "x.jsonl, line 1: neuron at timestep 0 is there a second time"


def test_missing_timesteps_are_named(tmp_path):
    """A site is there at all timesteps or at none."""
    dump(tmp_path, ORDERED[:4])
    assert failure(ask(tmp_path, "ordered")) == "neuron: timestep 2 is missing"
    dump(tmp_path, [*ORDERED[0::2], ORDERED[1]])
    assert failure(ask(tmp_path, "unordered")) == "neuron.membrane: timesteps 1, 2 are missing"
    dump(tmp_path, ORDERED[0::2])
    assert_right(ask(tmp_path, "ordered"), sites=("neuron",))


def test_samples_are_told_apart(tmp_path):
    """Each line says which; a missing timestep is one of its sample."""
    case = two_sample_case()
    lines = [{**line, "sample": 0} for line in ORDERED]
    lines += [{**line, "sample": 1, "values": [[0, 0]]} for line in ORDERED]
    dump(tmp_path, lines, case)
    assert_right(ask(tmp_path, "ordered", case), case)
    dump(tmp_path, lines[:-1], case)
    assert failure(ask(tmp_path, "ordered", case)) == "neuron.membrane, sample 1: timestep 2 is missing"
    dump(tmp_path, ORDERED, case)
    assert failure(ask(tmp_path, "ordered", case)) == "trace.jsonl, line 1: 'sample' is missing; the case has 2 samples"
    dump(tmp_path, [{**ORDERED[0], "sample": 2}], case)
    assert failure(ask(tmp_path, "ordered", case)) == "trace.jsonl, line 1: sample: 2 is not from 0 to 1"


def test_events_are_taken_in_any_order(tmp_path):
    """What is not named is 0; an address is indices or one integer; the value is 1 unless it is said."""
    dump(tmp_path, EVENTS)
    assert_right(ask(tmp_path, "events"), sites=("neuron",))
    membranes = [
        {"t": timestep, "site": "neuron.membrane", "address": channel, "value": MEMBRANES[timestep][0][channel]}
        for timestep, channel in product((2, 0, 1), (1, 0))
        if MEMBRANES[timestep][0][channel]
    ]
    dump(tmp_path, [*membranes, *EVENTS])
    assert_right(ask(tmp_path, "events"))


def test_silence_counts_only_where_something_was_dumped(tmp_path):
    """A site that is asked for and has no event is silent; others are not observed; no file at all is no dump."""
    folder = dump(tmp_path, [])
    sites = ask(tmp_path, "events").sites
    assert list(sites) == ["neuron"] and sites["neuron"].shape == (3, 1, 2) and not sites["neuron"].any()
    (folder / "trace.jsonl").unlink()
    assert failure(ask(tmp_path, "events")) == "missing: the folder holds no dump"


def test_an_address_is_there_once(tmp_path):
    """By indices or by place, it is the same address."""
    dump(tmp_path, [*EVENTS, {"t": 1, "site": "neuron", "address": [0, 0], "value": 0}])
    assert failure(ask(tmp_path, "events")) == (
        "trace.jsonl, line 4: neuron at timestep 1: the address [0, 0] is there a second time"
    )


def late(lines, timesteps):
    return [{**line, "t": line["t"] + timesteps} for line in lines]


@pytest.mark.parametrize("above", [False, True])
def test_a_declared_latency_is_taken_off(tmp_path, above):
    """The spikes two timesteps late, the membranes in time; declared for the case or for all."""
    lines = sorted([*late(ORDERED[0::2], 2), *ORDERED[1::2]], key=lambda line: line["t"])
    folder = dump(tmp_path, lines)
    assert failure(ask(tmp_path, "unordered")).endswith("t: neuron has timesteps 0 to 2, got 3")
    ((tmp_path if above else folder) / "latency.json").write_text('{"neuron": 2}')
    if above:
        (tmp_path / "zz.last" / "latency.json").write_text("{}")
    assert_right(ask(tmp_path, "ordered"))
    assert_right(ask(tmp_path, "unordered"))
    dump(tmp_path, ORDERED)
    assert failure(ask(tmp_path, "ordered")) == (
        "trace.jsonl, line 1: t: neuron, 2 timesteps late as declared, has timesteps 2 to 4, got 0"
    )
    dump(tmp_path, late(EVENTS, 2))
    assert_right(ask(tmp_path, "events"), sites=("neuron",))


def test_a_late_array_has_more_timesteps(tmp_path):
    """Exactly so many, at its front."""
    folder = tmp_path / CASE.id
    folder.mkdir()
    (folder / "latency.json").write_text('{"neuron": 1}')
    (folder / "neuron.npy").write_bytes(npy.encode(np.array([[[7, 7]], *SPIKES], np.int8)))
    assert_right(ask(tmp_path, "ordered"), sites=("neuron",))
    (folder / "neuron.npy").write_bytes(npy.encode(np.array(SPIKES, np.int8)))
    assert failure(ask(tmp_path, "ordered")) == (
        "neuron.npy: expected the shape (4, 1, 2), 1 timesteps late as declared, got (3, 1, 2)"
    )


def test_a_late_array_of_samples_is_late_in_each(tmp_path):
    """Time is the second axis there."""
    case = two_sample_case()
    folder = tmp_path / case.id
    folder.mkdir()
    (folder / "latency.json").write_text('{"neuron": 1}')
    dumped = np.concatenate([np.full((2, 1, 1, 2), 7, np.int8), case.expected["neuron"]], axis=1)
    (folder / "neuron.npy").write_bytes(npy.encode(dumped))
    assert_right(ask(tmp_path, "ordered", case), case, sites=("neuron",))


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b'{"neurons": 1}', "latency.json: neurons is not a site of this case"),
        (b'{"neuron": -1}', "latency.json: neuron: -1 is not from 0 to 65536"),
        (b'{"neuron": true}', "latency.json: neuron: expected an integer, got true"),
        (b'{"neuron": 1.0}', "latency.json: expected integers, got 1.0"),
        (b"[1]", "latency.json: expected a JSON object, got list"),
        (b"", "latency.json: no JSON object: Expecting value: line 1 column 1 (char 0)"),
        (b" " * (2 << 20), "latency.json: has 2097152 bytes, more than 1048576; not read"),
    ],
)
def test_a_damaged_latency_is_refused(tmp_path, content, reason):
    """It would shift a whole dump."""
    folder = dump(tmp_path, ORDERED)
    (folder / "latency.json").write_bytes(content)
    assert failure(ask(tmp_path, "ordered")) == reason


HOSTILE_LINES = {
    b"": "no JSON object: Expecting value: line 1 column 1",
    b"\xff\xfe": "no JSON object: 'utf-8' codec can't decode",
    b"3": "expected a JSON object, got int",
    b"[" * 4000: "no JSON object: maximum recursion depth exceeded",
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
    b'{"t": 0, "site": "neuron", "values": [true, 0]}': "value 0: expected an integer, got true",
    b'{"t": 0, "site": "neuron", "values": [0, "1"]}': 'value 1: expected an integer, got "1"',
    b'{"t": 0, "site": "neuron", "values": [0, null]}': "value 1: expected an integer, got null",
    b'{"t": 0, "site": "neuron", "values": [0, 128]}': "value 1: 128 is not from -128 to 127",
    b'{"t": 0, "site": "neuron", "values": [-129, 0]}': "value 0: -129 is not from -128 to 127",
    b'{"t": 0, "site": "neuron", "values": [0, ' + b"9" * 1000 + b"]}": "value 1: an integer of 3322 bits is not from",
    b'{"t": 0, "site": "neuron", "values": [0, ' + b"9" * 4200 + b"]}": "longer than 4288 bytes|value 1: an integer of",
    b'{"t": 0, "site": "neuron", "values": [0]}': r"expected 2 values of shape \(1, 2\), got 1",
    b'{"t": 0, "site": "neuron", "values": [0, 0, 0]}': r"expected 2 values of shape \(1, 2\), got 3",
    b'{"t": 0, "site": "neuron", "values": []}': r"expected 2 values of shape \(1, 2\), got 0",
    b'{"t": 0, "site": "neuron", "values": [[0], [0]]}': r"values: expected lists of shape \(1, 2\), or all",
    b'{"t": 0, "site": "neuron", "values": [[0, [0]]]}': "value 1: expected an integer, got a list",
    b'{"t": 0, "site": "neuron", "values": [0, [0]]}': r"values: expected lists of shape \(1, 2\), or all",
    b'{"t": 0, "site": "neuron", "values": "00"}': 'values: expected a list, got "00"',
    b'{"t": 0, "site": "neuron", "values": {}}': "values: expected a list, got an object",
    b'{"t": 0, "site": "neuron"}': "expected either 'values' or 'hex'",
    b'{"t": 0, "site": "neuron", "values": [0, 0], "hex": "00 00"}': "expected either 'values' or 'hex'",
    b'{"t": 0, "site": "neuron", "values": [0, 0], "bits": 8}': "'bits' belongs to 'hex'",
    b'{"t": 0, "site": "neuron", "hex": "x 0"}': "hex: expected words of 2 bits in 1 hexadecimal digits, got 'x'",
    b'{"t": 0, "site": "neuron", "hex": "0 00"}': "hex: expected words of 2 bits in 1 hexadecimal digits, got '00'",
    b'{"t": 0, "site": "neuron", "hex": "1f 00", "bits": 4}': "hex: expected words of 4 bits in 1 hexadecimal digits",
    b'{"t": 0, "site": "neuron", "hex": "f 0", "bits": 3}': "hex: expected words of 3 bits in 1 hexadecimal digits",
    b'{"t": 0, "site": "neuron", "hex": "0080 0000", "bits": 16}': "value 0: 128 is not from -128 to 127",
    b'{"t": 0, "site": "neuron", "hex": "00 00", "bits": 0}': "bits: 0 is not from 1 to 64",
    b'{"t": 0, "site": "neuron", "hex": "0"}': r"expected 2 values of shape \(1, 2\), got 1",
    b'{"t": 0, "site": "neuron", "hex": 0}': "hex: expected a text, got 0",
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
        ({"t": 3, "site": "neuron", "address": 0}, "t: neuron has timesteps 0 to 2, got 3"),
    ],
)
def test_an_event_that_is_none_is_named(tmp_path, line, reason):
    """Addresses are in their timestep, values in their type."""
    dump(tmp_path, [EVENTS[0], line])
    assert failure(ask(tmp_path, "events")) == f"trace.jsonl, line 2: {reason}"


def test_a_case_without_a_folder_is_missing(tmp_path):
    """And the run goes on."""
    assert (
        failure(ask(tmp_path, "ordered"))
        == "missing: no folder l1.lif.by-hand in the dump; with --partial such cases are skipped"
    )
    case = linear_case()
    assert (
        failure(ask(tmp_path, "ordered", case))
        == "missing: no folder l1.linear.by-hand in the dump; with --partial such cases are skipped"
    )


def test_what_a_dump_may_lack_is_unsupported(tmp_path):
    """A case that has to be refused, and one that requires what a dump need not have."""
    answer = ask(tmp_path, "ordered", digest_case())
    assert (answer.status, answer.reason) == ("unsupported", "no folder l6.lif.digest; the case requires digest")
    refused = neuron_case("l1.refuse", reject_reason="thresholds", requires=("reject",), expected={})
    answer = ask(tmp_path, "ordered", refused)
    assert (answer.status, answer.reason) == ("unsupported", "a dump cannot refuse a case")


def test_a_digest_is_an_array(tmp_path):
    """Lines have no timestep to be of there."""
    case = digest_case()
    folder = tmp_path / case.id
    folder.mkdir()
    (folder / "digest.npy").write_bytes(npy.encode(np.arange(32, dtype=np.uint8)))
    assert ask(tmp_path, "ordered", case).sites["digest"].tolist() == list(range(32))
    dump(tmp_path, [], case)
    assert failure(ask(tmp_path, "ordered", case)).startswith("unknown file trace.jsonl")


def test_a_site_is_given_in_one_way(tmp_path):
    """Not as an array and in lines."""
    folder = dump(tmp_path, ORDERED)
    (folder / "neuron.npy").write_bytes(npy.encode(hand_answer()["neuron"]))
    assert failure(ask(tmp_path, "ordered")) == "neuron: given both as neuron.npy and in lines"


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


def test_what_cannot_be_asked_is_an_error(tmp_path):
    """No folder, an unknown mode, a damaged declaration for all, a case whose id leaves the folder."""
    with pytest.raises(GoldenError, match="expected a folder with one folder a case"):
        TraceDoor(tmp_path / "missing")
    with pytest.raises(GoldenError, match="mode: expected one of ordered, unordered, events; got 'sorted'"):
        TraceDoor(tmp_path, "sorted")
    with pytest.raises(GoldenError, match="../secret: no name for a file"):
        list(TraceDoor(tmp_path).answers([neuron_case("../secret")]))
    (tmp_path / "latency.json").write_text('{"neuron": "2"}')
    with pytest.raises(GoldenError, match='latency.json: neuron: expected an integer, got "2"'):
        TraceDoor(tmp_path)
