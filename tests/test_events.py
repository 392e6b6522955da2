"""Events of a camera, and the spike frames that they are gathered into."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from strategies import seeded_network

import refsim
from refsim import model_file
from refsim.cli import main
from refsim.errors import InputError, NetworkError
from refsim.events import SPLITS, event_frames
from refsim.images import read_input

ROWS, COLUMNS = 4, 3


@st.composite
def streams(draw, most=60):
    """A stream of events of a small camera, in order of time."""
    count = draw(st.integers(1, most))
    integers = {"t": (0, 200), "x": (0, COLUMNS - 1), "y": (0, ROWS - 1), "p": (0, 1)}
    drawn = {n: draw(st.lists(st.integers(*ends), min_size=count, max_size=count)) for n, ends in integers.items()}
    return {**drawn, "t": sorted(drawn["t"])}


def counted(stream, timesteps, split):
    """Count events by hand: one by one, into the frame whose share of the events or of the time they fall into."""
    counts = np.zeros((timesteps, ROWS, COLUMNS, 2), int)
    events, first = len(stream["t"]), stream["t"][0]
    each = events // timesteps if split == "number" else (stream["t"][-1] - first) // timesteps
    for place, (t, x, y, p) in enumerate(zip(*(stream[name] for name in "txyp"))):
        passed, frame = place if split == "number" else t - first, 0
        while frame < timesteps - 1 and passed >= (frame + 1) * each:
            frame += 1
        counts[frame, y, x, p] += 1
    return counts


@given(streams(), st.integers(1, 9), st.sampled_from(SPLITS))
def test_every_event_is_in_its_frame(stream, timesteps, split):
    """In each kind of frame, and by either split."""
    frames = {
        kind: event_frames(**stream, image_size=(ROWS, COLUMNS), timesteps=timesteps, kind=kind, split=split)
        for kind in ("binary", "graded", "ternary")
    }
    counts = counted(stream, timesteps, split)
    assert {np.dtype(np.int8)} == {each.dtype for each in frames.values()}
    np.testing.assert_array_equal(counts > 0, frames["binary"])
    np.testing.assert_array_equal(counts, frames["graded"])
    np.testing.assert_array_equal(np.sign(counts[..., 1:] - counts[..., :1]), frames["ternary"])


def test_polarities_have_either_notation_and_time_any_type():
    """-1 is OFF as 0 is, and bool will do; 127 events are the most of a graded spike."""
    many = [np.zeros(127, np.int64)] * 3
    frames = event_frames(*many, np.full(127, -1), (1, 1), 1, "graded")
    assert [[[[127, 0]]]] == frames.tolist() == event_frames(*many, np.zeros(127, bool), (1, 1), 1, "graded").tolist()
    for t in (np.array([2**64 - 9, 2**64 - 1], np.uint64), np.array([-100, 100], np.int8)):
        halves = event_frames(t, [0, 0], [0, 0], [0, 1], (1, 1), 2, split="time")
        assert [[[[1, 0]]], [[[0, 1]]]] == halves.tolist()


def test_more_events_than_a_graded_spike_holds_are_refused():
    """Not cut to what it holds."""
    many = np.zeros(128, np.int64)
    with pytest.raises(InputError, match="128 at row 0, column 0 of frame 0, a graded spike counts at most 127: take"):
        event_frames(many, many, many, many, (1, 1), 1, "graded")
    assert [[[[1, 0]]]] == event_frames(many, many, many, many, (1, 1), 1).tolist()


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"x": [0, 3]}, "events: x: expected 0 to 2, got 3 for event 1"),
        ({"y": [-1, 0]}, "events: y: expected 0 to 3, got -1 for event 0"),
        ({"p": [0, 2]}, "events: p: expected 0 or -1, and 1, got 2 for event 1"),
        ({"t": [5, 4]}, "events: t: expected time stamps in order, event 1 is before the last"),
        ({"t": [0.5, 1.0]}, r"integers t, x, y and p of one length, got t \(2,\) of float64, x \(2,\) of int64"),
        ({"x": [0]}, r"of one length, got t \(2,\) of int64, x \(1,\)"),
        ({"x": [[0], [1]]}, r"x \(2, 1\) of int64"),
        (dict.fromkeys("txyp", np.zeros(0, np.int64)), "events: there are none"),
        ({"timesteps": 0}, "timesteps: expected .* got 0"),
        ({"timesteps": 2.5}, "timesteps: expected .* got 2.5"),
        ({"p": np.array([0, 2**64 - 1], np.uint64)}, "events: p: expected 0 or -1, and 1, got 18446744073709551615"),
        ({"kind": "image"}, "kind: expected one of binary, ternary, graded; got 'image'"),
        ({"split": "size"}, "split: expected one of number, time; got 'size'"),
    ],
)
def test_what_is_no_stream_is_refused(changed, message):
    """With what was expected, and where it is not so."""
    right = {"t": [0, 1], "x": [0, 1], "y": [0, 1], "p": [0, 1], "image_size": (ROWS, COLUMNS), "timesteps": 2}
    with pytest.raises((InputError, NetworkError), match=message):
        event_frames(**{**right, **changed})


@pytest.fixture
def camera(tmp_path, monkeypatch):
    """A folder with a model of binary frames of 8 x 8 x 2, and a stream for it."""
    monkeypatch.chdir(tmp_path)
    random = np.random.default_rng(1)
    stream = {"t": np.sort(random.integers(0, 1000, 150) ** 2)}
    stream |= {name: random.integers(0, size, 150) for name, size in (("x", 8), ("y", 8), ("p", 2))}
    np.savez("events.npz", **stream)
    network = seeded_network(input="binary", channels=2)
    model_file.save(network, "camera.npz")
    return network, stream


def test_a_file_of_events_is_what_its_frames_are(camera, capsys):
    """`refsim run` gives for the events what it gives for the frames that they are gathered into, by either split."""
    network, stream = camera
    told = {}
    for split in SPLITS:
        frames = event_frames(**stream, image_size=(8, 8), timesteps=4, split=split)
        np.testing.assert_array_equal(frames, read_input("events.npz", network, split=split))
        np.save("frames.npy", frames)
        for source, options in (("events.npz", ["--split", split]), ("frames.npy", [])):
            assert 0 == main(["run", "camera.npz", source, *options, "--json"])
            told[split, source] = json.loads(capsys.readouterr().out)
        assert told[split, "events.npz"] == told[split, "frames.npy"]
    assert told["number", "events.npz"]["census"] != told["time", "events.npz"]["census"]


def test_attention_lies_over_the_spikes(camera):
    """Paper where no pixel fired, ink where most did."""
    one_place = np.zeros((4, 8, 8, 2), np.int8)
    one_place[:, 2, 5] = 1
    np.save("frames.npy", one_place)
    assert 0 == main(["run", "camera.npz", "frames.npy", "--attention", "attention.png"])
    picture = Image.open("attention.png").convert("L")
    dark = np.argwhere(np.array(picture)[:200, :190] == 0)
    assert len(dark) and np.ptp(dark[:, 0]) < 168 // 8 >= np.ptp(dark[:, 1])


def test_frames_are_evaluated(camera, capsys):
    """`refsim eval` counts right labels over frames."""
    network, stream = camera
    frames = np.stack([read_input("events.npz", network, split=split) for split in SPLITS])
    right = [refsim.run(network, each).label for each in frames]
    np.savez("labelled.npz", frames=frames, labels=[right[0], (right[1] + 1) % 4])
    assert 0 == main(["eval", "camera.npz", "--data", "labelled.npz", "--json"])
    outcome = json.loads(capsys.readouterr().out)
    assert (1, 2) == (outcome["correct"], outcome["total"])


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"x": np.full(150, 8)}, "refsim: error: events.npz: events: x: expected 0 to 7, got 8 for event 0\n"),
        ({"p": None}, "events.npz: expected events as an .npz with t, x, y and p: p is not a file in the archive"),
        ({"t": np.array([None] * 150)}, "events.npz: expected events as an .npz with t, x, y and p: Object arrays"),
    ],
)
def test_a_wrong_file_of_events_is_refused_by_its_name(camera, capsys, changed, message):
    """In one line, with exit code 2."""
    stream = {name: values for name, values in {**camera[1], **changed}.items() if values is not None}
    np.savez("events.npz", **stream)
    assert 2 == main(["run", "camera.npz", "events.npz"])
    assert message in capsys.readouterr().err


@pytest.mark.parametrize(
    ("model", "option", "message"),
    [
        ("digits-a2os2a", ["--split", "time"], "--split: is of events, and digits-a2os2a takes images"),
        ("camera.npz", ["--fit"], "--fit: is of images, and seeded-a2os2a takes spike frames"),
    ],
)
def test_options_of_the_other_kind_of_input_are_refused(camera, capsys, model, option, message):
    """They would do nothing."""
    assert 2 == main(["run", model, "events.npz", *option])
    assert f"refsim: error: {message}\n" == capsys.readouterr().err


def test_frames_of_another_number_of_channels_are_refused(camera, capsys):
    """Events have two polarities, in a network of binary frames two channels."""
    model_file.save(seeded_network(input="binary"), "grey.npz")
    assert 2 == main(["run", "grey.npz", "events.npz"])
    assert "events.npz: seeded-a2os2a takes binary spike frames of shape (4, 8, 8, 1)" in capsys.readouterr().err
