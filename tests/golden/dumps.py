"""Dumps on disk, right ones and others, and what the door for traces makes of them."""

import json

from door_cases import MEMBRANES, SPIKES, hand_answer, neuron_case

from refsim import npy
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


def closed(events, **names):
    """Return the lines of an event log, which ends with their number, and the sites that it names."""
    return [*events, {"events": len(events), **names}]


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
