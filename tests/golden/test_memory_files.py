"""A dump may be memories as a simulator writes them with $writememh, one a site."""

import numpy as np
import pytest
from door_cases import digest_case, hand_answer, neuron_case, two_sample_case
from dumps import CASE, ORDERED, ask, assert_right, dump, failure
from frozen import quick_cases

from refsim import npy
from refsim.golden.comparison import compare
from refsim.golden.doors.trace import TraceDoor
from refsim.golden.faces.export import export


def memory(root, text, name="neuron.hex", case=CASE):
    """Write one file into the folder of a case."""
    (root / case.id).mkdir(exist_ok=True)
    (root / case.id / name).write_bytes(text if isinstance(text, bytes) else text.encode())
    return root / case.id


def words(array, digits):
    """Return the words of an array, as a simulator prints them."""
    return [f"{value & (1 << 4 * digits) - 1:0{digits}x}" for value in array.ravel().tolist()]


@pytest.fixture
def spikes():
    """The words of the right spikes."""
    return [f"{value & 3:x}" for value in hand_answer()["neuron"].ravel().tolist()]


@pytest.mark.parametrize("mode", ["ordered", "unordered", "events"])
def test_memories_are_taken_in_every_mode(tmp_path, spikes, mode):
    """Spikes and membranes, in C order, at the width of the export."""
    memory(tmp_path, "\n".join(spikes))
    memory(tmp_path, "\n".join(words(hand_answer()["neuron.membrane"], 8)), name="neuron.membrane.hex")
    assert_right(ask(tmp_path, mode))


@pytest.mark.parametrize(
    "form",
    [
        "// 0x00000000\n{}\n",
        "/* data\n * of a bench */\n{}",
        "@0\n{}",
        "@00000000 {} // the end",
        "\r\n{}\r\n",
    ],
)
def test_comments_and_addresses_of_simulators_are_passed_over(tmp_path, spikes, form):
    """The head that Icarus writes, addresses that say what is so, and either end of line."""
    memory(tmp_path, form.format("\n".join(spikes)))
    memory(tmp_path, f"{' '.join(words(hand_answer()['neuron.membrane'], 8)).upper()}", name="neuron.membrane.hex")
    assert_right(ask(tmp_path, "ordered"))


def test_an_address_may_stand_at_every_word(tmp_path, spikes):
    """It is read in hexadecimal."""
    memory(tmp_path, "\n".join(f"@{place:x}\n{word}" for place, word in enumerate(spikes)))
    assert_right(ask(tmp_path, "ordered"), sites=("neuron",))


def test_what_is_exported_as_expected_is_right_as_a_dump(tmp_path):
    """A network with attention, a case of two samples, widths from 2 to 64 bits."""
    names = ["l3.attention.a2os2a", "l1.lif.samples-are-cleared", "l1.lif.thresholds-of-64-bits"]
    cases = [quick_cases()[name] for name in names]
    for case in cases:
        export(case, tmp_path / "vectors" / case.id, ["hex"])
        (tmp_path / "dump" / case.id).mkdir(parents=True)
        for site in case.sites:
            file = tmp_path / "vectors" / case.id / "hex" / f"{site}.hex"
            file.rename(tmp_path / "dump" / case.id / file.name)
    for case, answer in TraceDoor(tmp_path / "dump").answers(cases):
        assert answer.status == "answered" and set(answer.sites) == set(case.sites)
        assert compare(case, answer.sites).equal


def test_a_late_memory_has_more_timesteps(tmp_path, spikes):
    """Exactly so many, at its front."""
    memory(tmp_path, "\n".join([*("3" * 2), *spikes]))
    memory(tmp_path, '{"neuron": 1}', name="latency.json")
    assert_right(ask(tmp_path, "ordered"), sites=("neuron",))
    memory(tmp_path, "\n".join(spikes))
    assert failure(ask(tmp_path, "ordered")) == "neuron.hex: expected 8 words for the shape (4, 1, 2), got 6"


def test_memories_and_other_forms_stand_side_by_side(tmp_path, spikes):
    """But each site has one of them."""
    memory(tmp_path, "\n".join(spikes))
    dump(tmp_path, ORDERED[1::2])
    assert_right(ask(tmp_path, "ordered"))
    dump(tmp_path, ORDERED)
    assert failure(ask(tmp_path, "ordered")) == "neuron: given both in a file of its own and in lines"
    (tmp_path / CASE.id / "neuron.npy").write_bytes(npy.encode(hand_answer()["neuron"]))
    assert failure(ask(tmp_path, "ordered")) == "neuron: given in two files"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("0\nx\n1\n1\n0\n1\n", "timestep 0, token 0, channel 1: x is undefined: the simulator does not know the value"),
        ("0\n0\n1\n1\n0\nX\n", "timestep 2, token 0, channel 1: X is undefined"),
        ("0\n0\nZ\n1\n0\n1\n", "timestep 1, token 0, channel 0: Z is undefined"),
        ("0\n0\n1\n1\n0\n", "expected 6 words for the shape (3, 1, 2), got 5"),
        ("0\n0\n1\n1\n0\n1\n0", "expected 6 words for the shape (3, 1, 2), got 7"),
        ("", "expected 6 words for the shape (3, 1, 2), got 0"),
        (
            "00\n00\n01\n01\n00\n01",
            "timestep 0, token 0, channel 0: expected a word of 2 bits in 1 hexadecimal digit, got '00'",
        ),
        ("0\n0\n1\n1\n0\n7", "timestep 2, token 0, channel 1: expected a word of 2 bits, got '7'"),
        ("0\n0\n1\n1\n0\n1\n0\n7", "word 7: expected a word of 2 bits, got '7'"),
        (
            "0\n0\n1\n1\n0\n1_0",
            "timestep 2, token 0, channel 1: expected a word of 2 bits in 1 hexadecimal digit, got '1_0'",
        ),
        ("0\n0\n@3\n1\n1\n0\n1", "the address @3 comes after 2 words; every word has to be there"),
        (
            "0 0 1 1 0 @g 1",
            "timestep 2, token 0, channel 1: expected a word of 2 bits in 1 hexadecimal digit, got '@g'",
        ),
        (b"\xff\xfe0\x000\x00", "timestep 0, token 0, channel 0: expected a word of 2 bits in 1 hexadecimal digit"),
        ("0" * 100_000, "has 100000 bytes, more than"),
    ],
)
def test_a_memory_that_is_none_is_named(tmp_path, text, reason):
    """With the place in time and site at which it is at fault."""
    memory(tmp_path, text)
    assert failure(ask(tmp_path, "ordered")).startswith(f"neuron.hex: {reason}")


def test_of_several_undefined_sites_the_first_in_order_of_computation_is_named(tmp_path):
    """By timestep, then by place in the network, whatever the names of the files are."""
    memory(tmp_path, "0\n0\n1\nx\nx\nx\n")
    memory(tmp_path, "x " * 6, name="neuron.membrane.hex")
    assert failure(ask(tmp_path, "ordered")).startswith("neuron.membrane.hex: timestep 0, token 0, channel 0: exp")
    memory(tmp_path, f"{'00000000 ' * 3}{'xxxxxxxx ' * 3}", name="neuron.membrane.hex")
    assert failure(ask(tmp_path, "ordered")).startswith("neuron.hex: timestep 1, token 0, channel 1: x is")
    memory(tmp_path, f"{'00000000 ' * 1}{'xxxxxxxx ' * 5}", name="neuron.membrane.hex")
    found = failure(ask(tmp_path, "ordered"))
    assert found.startswith("neuron.membrane.hex: timestep 0, token 0, channel 1: xxxxxxxx is undefined")


def test_two_samples_are_named_apart(tmp_path):
    """The sample is the first axis of a memory, as of the export."""
    case = two_sample_case()
    array = np.stack([hand_answer()["neuron"], np.zeros((3, 1, 2), np.int8)])
    memory(tmp_path, "\n".join(f"{value & 3:x}" for value in array.ravel().tolist()), case=case)
    answer = ask(tmp_path, "ordered", case)
    assert np.array_equal(answer.sites["neuron"], array)
    memory(tmp_path, "\n".join([*"000000", "x", *"00000"]), case=case)
    assert failure(ask(tmp_path, "ordered", case)).startswith(
        "neuron.hex: sample 1, timestep 0, token 0, channel 0: x is"
    )


def test_a_width_is_that_of_the_export(tmp_path):
    """12 bits of a declared membrane are three digits, two's complement."""
    case = neuron_case(bits=12)
    memory(tmp_path, "001 fFc 7ff 800 000 fff", name="neuron.membrane.hex", case=case)
    memory(tmp_path, "0 0 1 1 0 1", case=case)
    assert ask(tmp_path, "ordered", case).sites["neuron.membrane"].tolist() == [[[1, -4]], [[2047, -2048]], [[0, -1]]]


def test_a_digest_has_no_memory(tmp_path):
    """It is no value of hardware."""
    case = digest_case()
    memory(tmp_path, "00", name=f"{next(iter(case.sites))}.hex", case=case)
    assert failure(ask(tmp_path, "ordered", case)).startswith("unknown file digest.hex")
