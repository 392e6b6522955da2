"""Hold JSON against a schema.

The part of JSON Schema 2020-12 that the schemas of the golden suite use, and no more: an unknown keyword in a schema is
a defect of refsim, never something left unchecked. Numbers are integers; there are no floats.
"""

import json
import re
from itertools import chain

from refsim.errors import GoldenError
from refsim.golden.strict_json import SHOWN, TOO_DEEP, shorten

TYPES = {
    "null": type(None),
    "boolean": bool,
    "integer": int,
    "string": str,
    "array": list,
    "object": dict,
}

ANNOTATIONS = {"$schema", "$id", "$defs", "$comment", "title", "description"}


def validate(value, schema, where):
    """Hold a value against a schema.

    Unlike other validators in Python, the ``$`` that closes a pattern is the end of the string, as in the standard, and
    not also a line feed before it; ``\\d`` and ``\\w`` are ASCII.

    Parameters
    ----------
    value : None, bool, int, str, list or dict
        As `read_json` gives it.
    schema : dict or bool
        Of the keywords in `CHECKS`, `PARTS` and `ANNOTATIONS`; ``$ref`` points to ``#/$defs/NAME``.
    where : str
        Name of the file, for errors.

    Raises
    ------
    GoldenError
        If the value does not fit, with the path to the place, what was expected and what was found.
    AssertionError
        If the schema has a keyword that is not checked here.
    """
    require_known(schema)
    # iterators of what is still to be checked, so that no depth of a value reaches the depth of the interpreter's
    # stack, and no length is unrolled before its first fault is found
    pending = [iter([(value, schema, f"{where}: $")])]
    while pending:
        here = next(pending[-1], None)
        if here is None:
            pending.pop()
        else:
            pending.append(check(*here, schema))


def check(value, rules, path, root):
    """Hold one value against the rules that need no others; return an iterator of its parts: (value, rules, path)."""
    type_name(value, path)
    if rules is False:
        raise GoldenError(f"{path}: expected nothing here, got {show(value)}")
    rules = {} if rules is True else rules
    for keyword, rule in rules.items():
        if keyword in CHECKS:
            CHECKS[keyword](value, rule, path)
    return chain.from_iterable(PARTS[keyword](value, path, rules, root) for keyword in rules if keyword in PARTS)


def require_known(schema):
    """Refuse a schema with a keyword or a type that is not checked here, wherever it stands."""
    pending = [schema]
    while pending:
        rules = pending.pop()
        if isinstance(rules, bool):
            continue
        unknown = set(rules) - set(CHECKS) - set(PARTS) - ANNOTATIONS
        assert not unknown, f"unknown keywords in a schema: {', '.join(sorted(unknown))}"
        assert set(type_names(rules.get("type", []))) <= set(TYPES), f"unknown type in a schema: {rules['type']}"
        pending += [*rules.get("properties", {}).values(), *rules.get("$defs", {}).values()]
        pending += [*rules.get("prefixItems", []), rules.get("items", True), rules.get("additionalProperties", True)]
        assert rules is schema or "$defs" not in rules, "$defs stand at the root of a schema"
        if "$ref" in rules:
            definition(rules["$ref"], schema)


def definition(reference, root):
    """Return what ``#/$defs/NAME`` points to."""
    definitions = {f"#/$defs/{name}": rules for name, rules in root.get("$defs", {}).items()}
    assert reference in definitions, f"no such definition: {reference}"
    return definitions[reference]


def type_names(rule):
    """Return the types that a rule lists, of which there may be one alone."""
    return [rule] if isinstance(rule, str) else rule


def type_name(value, path):
    """Return the type of a value; a truth value is no integer."""
    for name, kind in TYPES.items():
        if type(value) is kind:
            return name
    raise GoldenError(f"{path}: expected what JSON without floats can hold, got {type(value).__name__}")


def check_type(value, rule, path):
    if type_name(value, path) not in type_names(rule):
        raise GoldenError(f"{path}: expected {' or '.join(type_names(rule))}, got {show(value)}")


def check_enum(value, rule, path):
    if canonical(value, path) not in {canonical(choice, path) for choice in rule}:
        raise GoldenError(f"{path}: expected one of {', '.join(map(json.dumps, rule))}; got {show(value)}")


def check_const(value, rule, path):
    if canonical(value, path) != canonical(rule, path):
        raise GoldenError(f"{path}: expected {json.dumps(rule)}, got {show(value)}")


def check_pattern(value, rule, path):
    # "$" at the end of a pattern would in Python let a line feed pass
    ends = rule.endswith("$") and not rule.endswith("\\$")
    pattern = rule[:-1] + r"\Z" if ends else rule
    if type(value) is str and not re.search(pattern, value, re.ASCII):
        raise GoldenError(f"{path}: expected text that matches {rule}, got {show(value)}")


def check_longest(value, rule, path):
    if type(value) is str and len(value) > rule:
        raise GoldenError(f"{path}: expected at most {rule} characters, got {len(value)}")


def check_minimum(value, rule, path):
    if type(value) is int and value < rule:
        raise GoldenError(f"{path}: expected at least {rule}, got {show(value)}")


def check_maximum(value, rule, path):
    if type(value) is int and value > rule:
        raise GoldenError(f"{path}: expected at most {rule}, got {show(value)}")


def check_required(value, rule, path):
    missing = [key for key in rule if key not in value] if type(value) is dict else []
    if missing:
        raise GoldenError(f"{path}: {missing[0]}: missing")


def check_fewest(value, rule, path):
    if type(value) is list and len(value) < rule:
        raise GoldenError(f"{path}: expected at least {rule} items, got {len(value)}")


def check_most(value, rule, path):
    if type(value) is list and len(value) > rule:
        raise GoldenError(f"{path}: expected at most {rule} items, got {len(value)}")


def check_unique(value, rule, path):
    if rule is False or type(value) is not list:
        return
    places = {}
    for place, item in enumerate(value):
        first = places.setdefault(canonical(item, path), place)
        if first != place:
            raise GoldenError(f"{path}[{place}]: expected items that differ, got the one at [{first}] again")


CHECKS = {
    "type": check_type,
    "enum": check_enum,
    "const": check_const,
    "pattern": check_pattern,
    "maxLength": check_longest,
    "minimum": check_minimum,
    "maximum": check_maximum,
    "required": check_required,
    "minItems": check_fewest,
    "maxItems": check_most,
    "uniqueItems": check_unique,
}
"""What a keyword says of a value itself: each raises GoldenError where it does not hold."""


def property_parts(value, path, rules, root):
    if type(value) is dict:
        for key, part in rules["properties"].items():
            if key in value:
                yield value[key], part, member(path, key)


def additional_parts(value, path, rules, root):
    known, rule = rules.get("properties", {}), rules["additionalProperties"]
    for key in value if type(value) is dict else ():
        if key not in known and rule is False:
            raise GoldenError(f"{member(path, key)}: not a known member; known are {', '.join(known) or 'none'}")
        if key not in known:
            yield value[key], rule, member(path, key)


def first_item_parts(value, path, rules, root):
    if type(value) is list:
        for place, (item, part) in enumerate(zip(value, rules["prefixItems"])):
            yield item, part, f"{path}[{place}]"


def item_parts(value, path, rules, root):
    if type(value) is list:
        for place in range(len(rules.get("prefixItems", ())), len(value)):
            yield value[place], rules["items"], f"{path}[{place}]"


def referred_parts(value, path, rules, root):
    yield value, definition(rules["$ref"], root), path


PARTS = {
    "properties": property_parts,
    "additionalProperties": additional_parts,
    "prefixItems": first_item_parts,
    "items": item_parts,
    "$ref": referred_parts,
}
"""What a keyword says of the parts of a value: each yields (part, rules, path)."""


def canonical(value, path):
    """Return text that is equal for equal values, and only for them: ``true`` is not 1."""
    try:
        return json.dumps(value, sort_keys=True)
    except RecursionError:
        raise GoldenError(f"{path}: {TOO_DEEP}") from None


def member(path, key):
    """Return the path of an object's member."""
    return f"{path}.{key}" if re.fullmatch(r"\w{1,80}", key, re.ASCII) else f"{path}[{shorten(ascii(key))}]"


def show(value):
    """Describe a value in one short line of ASCII."""
    if isinstance(value, (dict, list)):
        kind = "an object" if isinstance(value, dict) else "a list"
        return f"{kind} of {len(value)}"
    if isinstance(value, int) and value.bit_length() > 64:
        return f"an integer of {value.bit_length()} bits"
    return shorten(ascii(value[: SHOWN + 1] if isinstance(value, str) else value))
