"""JSON of strangers is read as the standard library reads it, or refused in one line."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from refsim.errors import GoldenError
from refsim.golden.strict_json import MOST_BYTES, MOST_DEPTH, read_json

values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=2), inner, max_size=3),
    max_leaves=6,
)


@given(values)
def test_what_is_written_reads_back(value):
    """Any JSON without floats, however it is spaced."""
    for indent in (None, 2):
        back = read_json(json.dumps(value, indent=indent).encode(), "m.json")
        assert back == value and json.dumps(back) == json.dumps(value)


@given(st.binary(max_size=20) | st.text('[]{}",:0123456789.eE+-tfn\\u ', max_size=20).map(str.encode))
def test_any_bytes_are_read_or_refused(content):
    """Never another error, and what is read is what the standard library reads."""
    try:
        value = read_json(content, "m.json")
    except GoldenError as error:
        assert str(error).startswith("m.json: ") and str(error).isascii()
    else:
        assert value == json.loads(content)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "not JSON: Expecting value"),
        (b"{} {}", "not JSON: Extra data"),
        (b"\xef\xbb\xbf{}", "not JSON: .*BOM"),
        (b'{"a": "\xff"}', "expected UTF-8, got the byte 0xff at 7"),
        (b'"\\ud800"', "half a surrogate pair"),
        (b'{"\\udc80": 1}', "half a surrogate pair"),
        (b'{"a": 1, "b": 2, "a": 1}', "the key 'a' stands twice in one object"),
        (b'[{"a": {"b": 1, "\\u0062": 2}}]', "the key 'b' stands twice"),
        (b"[1.0]", "expected integers only, got the number 1.0"),
        (b"[1e2]", "expected integers only, got the number 1e2"),
        (b"[NaN]", "expected integers only, got the number NaN"),
        (b"[-Infinity]", "expected integers only, got the number -Infinity"),
        (b"[18446744073709551616]", "expected integers of at most 64 bits, got 18446744073709551616"),
        (b"[-9223372036854775809]", "expected integers of at most 64 bits, got -9223372036854775809"),
        (b"9" * 100_000, r"expected integers of at most 64 bits, got 9{80}\.\.\.$"),
        (b"1." + b"9" * 100_000, r"expected integers only, got the number 1\.9{78}\.\.\.$"),
        (b'{"' + b"k" * 1000 + b'": 1, "' + b"k" * 1000 + b'": 1}', r"the key 'k{79}\.\.\. stands twice"),
        (b"[" * 100_000, "nested at most 64 deep"),
        (b"[" * 100_000 + b"]" * 100_000, "nested at most 64 deep"),
        (b'{"a":' * 100_000, "nested at most 64 deep"),
        (b"[" * (MOST_DEPTH + 1) + b"]" * (MOST_DEPTH + 1), "nested at most 64 deep"),
        (b'{"a":' * (MOST_DEPTH + 1) + b"0" + b"}" * (MOST_DEPTH + 1), "nested at most 64 deep"),
        (b" " * (MOST_BYTES - 1) + b"10", "expected at most 16777216 bytes of JSON, got 16777217"),
    ],
    ids=range(23),
)  # fmt: skip
def test_json_that_is_not_strict_is_refused(content, message):
    """Each said in one short line with the file's name."""
    with pytest.raises(GoldenError, match=f"^m.json: .*{message}"):
        read_json(content, "m.json")


def test_the_limits_themselves_are_accepted():
    """The lowest and highest integers, the deepest nesting, the largest file."""
    assert read_json(b"[-9223372036854775808, 18446744073709551615, -0]", "m.json") == [-(2**63), 2**64 - 1, 0]
    assert read_json(b"[" * MOST_DEPTH + b"0" + b"]" * MOST_DEPTH, "m.json") is not None
    assert read_json(b" " * (MOST_BYTES - 1) + b"1", "m.json") == 1
