"""A value is held against a schema as the `jsonschema` package holds it, and a fault is said with its place."""

import jsonschema
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from refsim.errors import GoldenError
from refsim.golden.schema import validate

SCHEMA = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "title": "every keyword at once",
    "type": "object",
    "required": ["a"],
    "additionalProperties": False,
    "properties": {
        "a": {"$ref": "#/$defs/small"},
        "b": {"type": "array", "items": {"$ref": "#/$defs/word"}, "minItems": 1, "maxItems": 3, "uniqueItems": True},
        "c": {"type": "array", "prefixItems": [{"type": "integer"}, {"type": ["string", "null"]}], "items": False},
        "d": {"enum": [1, "a", None, [True], {"a": 0}]},
        "e": {"const": [0, {"a": False}]},
        "f": {"type": "object", "properties": {"a": True}, "additionalProperties": {"$ref": "#/$defs/small"}},
        "g": {"uniqueItems": True, "maxLength": 1, "minimum": 1, "required": ["b"], "items": {"type": "integer"}},
        "h": {"uniqueItems": False, "prefixItems": [{"minimum": 0}], "items": {"$ref": "#/$defs/word"}},
    },
    "$defs": {
        "small": {"type": "integer", "minimum": -1, "maximum": 2},
        "word": {"type": "string", "pattern": "^[ab]+(\\.[ab])*$", "maxLength": 3, "description": "of a and b"},
    },
}

scalars = st.none() | st.booleans() | st.integers(-2, 3) | st.text("ab.", max_size=4)
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abx"), inner, max_size=2),
    max_leaves=4,
)
words = st.text("ab", min_size=1, max_size=3)
likely = {
    "a": st.integers(-1, 2),
    "b": st.lists(words, max_size=4),
    "c": st.tuples(st.integers(0, 1), st.none() | words).map(list),
    "d": st.sampled_from([1, True, "a", None, [True], [1], {"a": 0}, {"a": False}]),
    "e": st.sampled_from([[0, {"a": False}], [False, {"a": False}], [0, {"a": 0}], [0]]),
    "f": st.dictionaries(st.sampled_from("ab"), st.integers(-1, 3), max_size=2),
    "g": st.lists(st.integers(0, 3), max_size=3) | st.just({"b": 0}),
    "h": st.tuples(st.integers(-1, 1), words).map(list),
}


def mostly(good, others):
    """Seven of eight values from the first strategy."""
    return st.sampled_from([good] * 7 + [others]).flatmap(lambda chosen: chosen)


members = {key: mostly(good, values) for key, good in likely.items()}
objects = mostly(st.fixed_dictionaries({"a": members.pop("a")}, optional=members), values)


def accepts(value, schema):
    """Whether our validator takes a value; where not, the error names the place and is short."""
    try:
        validate(value, schema, "m.json")
    except GoldenError as error:
        assert str(error).startswith("m.json: $") and len(str(error)) < 250
        return False
    return True


@settings(max_examples=400)
@given(objects)
def test_it_agrees_with_another_validator(value):
    """On random values, most of them nearly right, against a schema of every keyword."""
    assert accepts(value, SCHEMA) == jsonschema.Draft202012Validator(SCHEMA).is_valid(value)


@pytest.mark.parametrize("name", sorted(SCHEMA["properties"]))
@given(data=st.data())
def test_it_agrees_on_each_member(name, data):
    """One keyword or a few at a time, so that no other fault decides."""
    rules = {**SCHEMA["properties"][name], "$defs": SCHEMA["$defs"]}
    value = data.draw(mostly(likely[name], values))
    assert accepts(value, rules) == jsonschema.Draft202012Validator(rules).is_valid(value)


ACCEPTED = [
    (2**64 - 1, {"type": "integer"}),
    ("x" * 3, {"maxLength": 3}),
    ("\U0001f600", {"maxLength": 1}),
    ([True, 1], {"uniqueItems": True}),
    ([1, 1], {"uniqueItems": False}),
    (False, {"minimum": 1}),
    (True, {"maximum": 0}),
    ("x.y", {"pattern": "[.]"}),
    ("cost$", {"pattern": "cost\\$"}),
    ([5, "any"], {"prefixItems": [{"type": "integer"}]}),
    ({"x": 1}, True),
    (5, {"maxLength": 1, "maxItems": 1, "required": ["a"], "pattern": "z"}),
]


@pytest.mark.parametrize(("value", "schema"), ACCEPTED)
def test_what_fits_is_accepted(value, schema):
    """By hand; a keyword for another type says nothing."""
    validate(value, schema, "m.json")


DEEP = {"tensors": [{"bits": 8}, {"bits": "eight"}]}
TENSORS = {"properties": {"tensors": {"items": {"properties": {"bits": {"type": "integer"}}}}}}


@pytest.mark.parametrize(
    ("value", "schema", "message"),
    [
        (True, {"type": "integer"}, "m.json: $: expected integer, got True"),
        (1, {"type": "boolean"}, "m.json: $: expected boolean, got 1"),
        ([], {"type": ["object", "null"]}, "m.json: $: expected object or null, got a list of 0"),
        (DEEP, TENSORS, "m.json: $.tensors[1].bits: expected integer, got 'eight'"),
        (False, {"enum": [0, "a"]}, 'm.json: $: expected one of 0, "a"; got False'),
        (1, {"const": True}, "m.json: $: expected true, got 1"),
        ("ab\n", {"pattern": "^[a-z]+$"}, "m.json: $: expected text that matches ^[a-z]+$, got 'ab\\n'"),
        ("\u0663", {"pattern": "^\\d$"}, "m.json: $: expected text that matches ^\\d$, got '\\u0663'"),
        ("abcd", {"maxLength": 3}, "m.json: $: expected at most 3 characters, got 4"),
        (-1, {"minimum": 0}, "m.json: $: expected at least 0, got -1"),
        (2, {"maximum": 1}, "m.json: $: expected at most 1, got 2"),
        ({}, {"required": ["id"]}, "m.json: $: id: missing"),
        ({"b": 1}, {"properties": {"a": True}, "additionalProperties": False},
         "m.json: $.b: not a known member; known are a"),
        ({"b c": 1}, {"additionalProperties": False}, "m.json: $['b c']: not a known member; known are none"),
        ({"k": {"b": 1}}, {"additionalProperties": {"type": "null"}}, "m.json: $.k: expected null, got an object of 1"),
        ([1, 2], {"minItems": 3}, "m.json: $: expected at least 3 items, got 2"),
        ([1, 2], {"maxItems": 1}, "m.json: $: expected at most 1 items, got 2"),
        ([1, 2, 1], {"uniqueItems": True}, "m.json: $[2]: expected items that differ, got the one at [0] again"),
        ([{"a": 1, "b": 2}, {"b": 2, "a": 1}], {"uniqueItems": True},
         "m.json: $[1]: expected items that differ, got the one at [0] again"),
        ([1, 2], {"prefixItems": [True], "items": False}, "m.json: $[1]: expected nothing here, got 2"),
        ("x", {"$ref": "#/$defs/n", "$defs": {"n": {"type": "null"}}}, "m.json: $: expected null, got 'x'"),
        (1.5, {"minimum": 0}, "m.json: $: expected what JSON without floats can hold, got float"),
        (np.int64(1), {}, "m.json: $: expected what JSON without floats can hold, got int64"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_said_with_its_place(value, schema, message):
    """The path, what was expected and what was found."""
    with pytest.raises(GoldenError) as caught:
        validate(value, schema, "m.json")
    assert str(caught.value) == message


def test_huge_values_are_cut():
    """A text and a name of a million characters, a list of as many items."""
    huge = "\u20ac" * 10**6
    for value, schema in (
        (huge, {"type": "integer"}),
        (huge, {"enum": [1]}),
        (10**10**5, {"maximum": 1}),
        (10**10**5, {"type": "array"}),
        (huge, {"pattern": "^a$"}),
        ({huge: 1}, {"additionalProperties": False}),
        ({huge: 1}, {"additionalProperties": {"type": "null"}}),
        ([0] * 10**6, {"type": "object"}),
    ):
        with pytest.raises(GoldenError) as caught:
            validate(value, schema, "m.json")
        assert len(str(caught.value)) < 250 and str(caught.value).isascii()


@pytest.mark.parametrize(
    "schema",
    [
        {"minLength": 1},
        {"type": "number"},
        {"properties": {"a": {"items": {"oneOf": []}}}},
        {"$defs": {"a": {"not": {}}}},
        {"prefixItems": [{"contains": {}}]},
        {"additionalProperties": {"patternProperties": {}}},
        {"$ref": "#/$defs/none"},
        {"properties": {"a": {"$ref": "#/$defs/none"}}, "$defs": {}},
        {"$ref": "other.json", "$defs": {}},
        {"items": {"$defs": {}}},
    ],
)
def test_a_schema_of_unknown_keywords_is_a_defect(schema):
    """Whatever the value: nothing is silently left unchecked."""
    with pytest.raises(AssertionError):
        validate(None, schema, "m.json")


def test_depth_does_not_overflow():
    """A schema that holds itself, and keywords that compare whole values, on lists a hundred thousand deep."""
    deep = []
    for _ in range(100_000):
        deep = [deep]
    itself = {"items": {"$ref": "#/$defs/a"}, "$defs": {"a": {"type": "array", "items": {"$ref": "#/$defs/a"}}}}
    for rules in ({"const": 1}, {"enum": [[]]}, {"uniqueItems": True}):
        with pytest.raises(GoldenError, match="nested at most"):
            validate(deep, rules, "m.json")
    shallow = [[[[1]]]]
    with pytest.raises(GoldenError, match=r"\$\[0\]\[0\]\[0\]\[0\]: expected array, got 1"):
        validate(shallow, itself, "m.json")
    nested = []
    for _ in range(3000):
        nested = [nested]
    validate(nested, itself, "m.json")
