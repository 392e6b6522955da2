"""The door for a trace on disk: what was dumped is taken exactly."""

import json
from itertools import product

import numpy as np
import pytest
from door_cases import MEMBRANES, SPIKES, digest_case, hand_answer, linear_case, neuron_case, two_sample_case
from dumps import CASE, EVENTS, ORDERED, ask, assert_right, closed, dump, failure
from frozen import quick_cases

from refsim import npy
from refsim.errors import GoldenError
from refsim.golden.comparison import compare
from refsim.golden.doors.trace import TraceDoor, longest_line


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
    dump(tmp_path, closed(EVENTS))
    assert_right(ask(tmp_path, "events"), sites=("neuron",))
    membranes = [
        {"t": timestep, "site": "neuron.membrane", "address": channel, "value": MEMBRANES[timestep][0][channel]}
        for timestep, channel in product((2, 0, 1), (1, 0))
        if MEMBRANES[timestep][0][channel]
    ]
    dump(tmp_path, closed([*membranes, *EVENTS]))
    assert_right(ask(tmp_path, "events"))


def test_silence_counts_only_where_something_was_dumped(tmp_path):
    """A site that is asked for and has no event is silent; others are not observed; no file at all is no dump."""
    folder = dump(tmp_path, closed([]))
    sites = ask(tmp_path, "events").sites
    assert list(sites) == ["neuron"] and sites["neuron"].shape == (3, 1, 2) and not sites["neuron"].any()
    (folder / "trace.jsonl").unlink()
    assert failure(ask(tmp_path, "events")) == "missing: the folder holds no dump"


def test_a_site_that_a_log_names_is_silent_without_an_event(tmp_path):
    """0 throughout and observed, right or wrong, whatever other files say of it; without the name, not observed."""
    dump(tmp_path, closed(EVENTS, sites=["neuron", "neuron.membrane"]))
    answer = ask(tmp_path, "events")
    assert list(answer.sites) == ["neuron", "neuron.membrane"] and not answer.sites["neuron.membrane"].any()
    comparison = compare(CASE, answer.sites)
    assert comparison.unobserved == [] and [each.site for each in comparison.differences] == ["neuron.membrane"]
    still = neuron_case(expected={"neuron": hand_answer()["neuron"], "neuron.membrane": np.zeros((3, 1, 2), np.int32)})
    assert_right(ask(tmp_path, "events", still), still)
    folder = dump(tmp_path, closed([], sites=["neuron.membrane", "neuron"]), name="a.jsonl")
    dump(tmp_path, closed(EVENTS))
    assert_right(ask(tmp_path, "events", still), still)
    (folder / "a.jsonl").unlink()
    assert_right(ask(tmp_path, "events", still), still, sites=("neuron",))


def test_a_log_may_name_every_site():
    """In one line, in any case of the suite that a dump can answer."""
    for case in quick_cases().values():
        if case.reject_reason is None:
            assert len(json.dumps({"events": 10**9, "sites": list(case.sites)})) < longest_line(case), case.id


def test_an_event_log_that_was_cut_short_is_refused(tmp_path):
    """Wherever it was cut: its last line counts the events, nothing follows, and every file has one."""
    lines = closed(EVENTS)
    for kept in range(len(lines)):
        dump(tmp_path, lines[:kept])
        assert failure(ask(tmp_path, "events")) == (
            f'trace.jsonl does not end with {{"events": {kept}}}: cut short, or never closed'
        )
    dump(tmp_path, [*EVENTS[1:], lines[-1]])
    assert failure(ask(tmp_path, "events")) == "trace.jsonl, line 3: events: 3 is not 2, the number before this line"
    for line in (EVENTS[0], lines[-1]):
        dump(tmp_path, [*lines, line])
        assert failure(ask(tmp_path, "events")) == (
            "trace.jsonl, line 5: comes after the line that counts the events, which is the last"
        )
    folder = dump(tmp_path, closed(EVENTS[:2]))
    dump(tmp_path, EVENTS[2:], name="more.jsonl")
    assert failure(ask(tmp_path, "events")) == 'more.jsonl does not end with {"events": 1}: cut short, or never closed'
    dump(tmp_path, closed(EVENTS[2:]), name="more.jsonl")
    assert_right(ask(tmp_path, "events"), sites=("neuron",))
    (folder / "more.jsonl").write_bytes(b"")
    assert "more.jsonl does not end" in failure(ask(tmp_path, "events"))


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
    assert failure(ask(tmp_path, "unordered")).endswith(
        "timesteps 0 to 2, got 3; latency.json declares a dump that is late"
    )
    ((tmp_path if above else folder) / "latency.json").write_text('{"neuron": 2}')
    if above:
        (tmp_path / "zz.last" / "latency.json").write_text("{}")
    assert_right(ask(tmp_path, "ordered"))
    assert_right(ask(tmp_path, "unordered"))
    dump(tmp_path, ORDERED)
    assert failure(ask(tmp_path, "ordered")) == (
        "trace.jsonl, line 1: t: neuron, 2 timesteps late as declared, has timesteps 2 to 4, got 0"
    )
    dump(tmp_path, closed(late(EVENTS, 2)))
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
        "neuron.npy: expected the shape (4, 1, 2), 1 timestep late as declared, got (3, 1, 2)"
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
    assert failure(ask(tmp_path, "ordered")) == "neuron: given both in a file of its own and in lines"


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
