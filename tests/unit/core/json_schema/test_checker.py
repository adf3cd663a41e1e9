"""A schema of a stranger is applied, and can neither fetch anything nor hold anybody up."""

from __future__ import annotations

import socket
import time
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from vibe_jupyter.core.json_schema.checker import SchemaChecker

BOMB = {
    **{f"a{n}": {"allOf": [{"$ref": f"#/$defs/a{n + 1}"}] * 2} for n in range(40)},
    "a40": {"type": "integer"},
}


def faults(schema: dict[str, Any], value: Any) -> list[tuple[tuple[str | int, ...], str]]:
    return [(fault.place, fault.message) for fault in SchemaChecker(schema).faults(value)]


@pytest.mark.parametrize(
    ("own", "value", "message"),
    [
        ({"type": "integer"}, "3", "should be integer, is string"),
        ({"type": "integer"}, 1.5, "should be integer, is 1.5"),
        ({"type": ["integer", "null"]}, True, "should be integer or null, is boolean"),
        ({"anyOf": [{"type": "integer"}, {"type": "null"}]}, "3", "should be integer or null, is string"),
        ({"anyOf": [{"type": "integer", "minimum": 5}, {"type": "null"}]}, 3, "should be at least 5"),
        ({"oneOf": [{"const": "a"}, {"const": "b"}]}, "c", 'should be one of "a", "b"'),
        ({"enum": ["low", "high"]}, "middle", 'should be one of "low", "high"'),
        ({"const": 3}, 4, "should be 3"),
        ({"maximum": 3}, 4, "should be at most 3"),
        ({"minLength": 2}, "x", "should have at least 2 characters"),
        ({"maxItems": 1}, [1, 2], "should have at most 1 items"),
        ({"uniqueItems": True}, [{"a": 1, "b": 2}, {"b": 2, "a": 1}], "should have no item twice"),
        ({"pattern": "^[a-z]+$"}, "A", 'should match "^[a-z]+$"'),
        ({"not": {}}, 1, "does not fit not of the schema"),
    ],
)
def test_it_says_what_should_be(own: dict[str, Any], value: Any, message: str) -> None:
    assert faults({"properties": {"x": own}}, {"x": value}) == [(("x",), message)]


def test_what_is_missing_or_unknown_is_named_where_it_is() -> None:
    inner = {"properties": {"path": {}}, "required": ["path"], "additionalProperties": False}
    found = faults({"properties": {"file": inner}}, {"file": {"paht": "secret"}})
    assert sorted(found) == [(("file", "paht"), "is unknown"), (("file", "path"), "is missing")]


def test_no_message_repeats_the_value() -> None:
    schema = {"properties": {"key": {"type": "integer"}, "token": {"pattern": "^x"}, "o": {"enum": [1]}}}
    secret = "sk-do-not-log-me"
    for fault in SchemaChecker(schema).faults({"key": secret, "token": secret, "o": secret}):
        assert secret not in fault.message


@pytest.mark.parametrize(
    ("draft", "schema", "value"),
    [
        ("draft-04", {"minimum": 3, "exclusiveMinimum": True}, 3),
        ("draft-06", {"exclusiveMinimum": 3}, 3),
        ("draft-07", {"items": [{"type": "integer"}]}, ["x"]),
    ],
)
def test_older_drafts_are_applied_as_they_were(draft: str, schema: dict[str, Any], value: Any) -> None:
    assert faults({"$schema": f"http://json-schema.org/{draft}/schema#", **schema}, value)
    assert faults({"$schema": f"http://json-schema.org/{draft}/schema", **schema}, value)


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "object", "properties": {"x": {"$ref": "#/$defs/a0"}}, "$defs": BOMB},
        {
            "type": "object",
            "properties": {"x": {"$ref": "#/$defs/a0"}},
            "$defs": {
                name: {"$schema": "https://json-schema.org/draft/2020-12/schema", **one}
                for name, one in BOMB.items()
            },
        },
        {
            "$id": "urn:u",
            "$dynamicAnchor": "meta",
            "$defs": BOMB,
            "properties": {
                "x": {"$ref": "https://json-schema.org/draft/2020-12/schema"},
                "y": {"$ref": "#/$defs/a0"},
            },
        },
        {
            "$ref": "#/$defs/a0",
            "unevaluatedProperties": False,
            "$defs": {
                f"a{n}": {"dependentSchemas": {key: {"$ref": f"#/$defs/a{n + 1}"} for key in ("x", "y")}}
                for n in range(40)
            },
        },
        {"properties": {"many": {"uniqueItems": True}}},
        {"properties": {"many": {"items": {"type": "object", "properties": {"n": {"type": "integer"}}}}}},
        {"required": [{"a": n} for n in range(12_000)]},
        {"properties": {f"p{n}": {"type": "string"} for n in range(5000)}},
        {"properties": {"long": {"pattern": "^(a|aa)+$"}}},
        {"properties": {"long": {"pattern": "(.{1,500}){1,20}x"}}},
        {"properties": {"long": {"pattern": ".*.*.*=x"}}},
        {"patternProperties": {"^(a|aa)+$": {}}, "additionalProperties": False},
    ],
    ids=[
        "references", "drafts", "meta", "dependent", "unique", "large value", "schema of schemas", "large schema",
        "alternatives", "repeats", "polynomial", "names",
    ],
)  # fmt: skip
def test_nothing_holds_it_up(schema: dict[str, Any]) -> None:
    value = {
        "x": 1, "y": 1, "many": [{"n": n} for n in range(60_000)], "long": "a" * 100_000 + "!", "a" * 60 + "b": 1,
    }  # fmt: skip
    began = time.thread_time()
    SchemaChecker(schema).faults(value)
    assert time.thread_time() - began < 1.2


def test_what_was_wrong_before_the_time_was_over_is_told() -> None:
    schema = {"properties": {"x": {"type": "string"}, "many": {"items": {"type": "integer"}}}}
    assert faults(schema, {"x": 3, "many": list(range(300_000))}) == [
        (("x",), "should be string, is integer")
    ]


def test_nothing_is_fetched(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any) -> None:
        raise AssertionError("something was fetched")

    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    monkeypatch.setattr(socket.socket, "connect", refuse)
    for address in (
        "http://127.0.0.1:9/s",
        "https://example.org/s.json#/x",
        "file:///etc/passwd",
        "urn:x",
        "s",
    ):
        schema = {"properties": {"x": {"$ref": address}, "y": {"$dynamicRef": address}}}
        assert faults(schema, {"x": 1}) == []
        assert faults(schema, {"y": 1}) == []


@pytest.mark.parametrize(
    ("schema", "problem"),
    [
        ({"type": "no such type"}, "its schema is none: type"),
        ({"properties": {"x": {"minLength": "2"}}}, "its schema is none: properties.x.minLength"),
        ({"$schema": []}, "its schema is none: $schema"),
        ({"description": "x" * 300_000}, "its schema is too large to be checked"),
    ],
)
def test_what_is_no_schema_is_not_applied(schema: dict[str, Any], problem: str) -> None:
    checker = SchemaChecker(schema)
    assert (checker.problem, checker.faults({"x": "1"})) == (problem, [])


def test_schemas_and_values_without_end() -> None:
    tree = {"properties": {"children": {"type": "array", "items": {"$ref": "#"}}}}
    assert faults(tree, {"children": [{"children": 3}]}) == [
        (("children", 0, "children"), "should be array, is integer")
    ]
    assert faults({"$ref": "#"}, {}) == []
    deep: dict[str, Any] = {}
    inner = deep
    for _ in range(5000):
        inner["items"] = {}
        inner = inner["items"]
    assert SchemaChecker(deep).problem == "its schema is nested too deeply"
    assert faults({"additionalProperties": {"$ref": "#"}}, deep) == []


def test_numbers_beyond_all_others() -> None:
    assert faults({"properties": {"x": {"multipleOf": 0.1}}}, {"x": 10**400}) == []
    assert SchemaChecker({"maximum": 10**30}).faults(10**31)


def test_formats_count_where_it_is_said() -> None:
    schema = {"properties": {"at": {"type": "string", "format": "date"}}}
    assert SchemaChecker(schema).faults({"at": "tomorrow"}) == []
    (fault,) = SchemaChecker(schema, formats=True).faults({"at": "tomorrow"})
    assert fault.message == 'should be of the format "date"'


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "object", "properties": {"a": {"type": "integer"}}, "required": ["a"]},
        {"properties": {"a": {"type": "string"}}, "additionalProperties": False},
        {"properties": {"a": {"anyOf": [{"type": "integer"}, {"enum": ["x"]}]}}},
        {"properties": {"a": {"uniqueItems": True, "contains": {"const": 1}}}},
        {"if": {"required": ["a"]}, "then": {"required": ["b"]}, "additionalProperties": {"type": "integer"}},
        {"propertyNames": {"pattern": "^[ab]$"}, "minProperties": 1},
    ],
)
@pytest.mark.parametrize(
    "value",
    [
        {},
        {"a": 1},
        {"a": "x"},
        {"a": [1, 1]},
        {"a": [True, 1]},
        {"b": 1.5},
        {"a": 1, "b": 2},
        {"c": None},
        [],
        3,
    ],
)
def test_it_agrees_with_the_library(schema: dict[str, Any], value: Any) -> None:
    assert bool(faults(schema, value)) is not Draft202012Validator(schema).is_valid(value)
