"""Arguments are checked before they are sent, whatever the schema is."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from typing import Any, ClassVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vibe_jupyter.core.mcp.errors import BadArguments, BadResult
from vibe_jupyter.core.mcp.schemas import ToolInfo
from vibe_jupyter.core.mcp.tools.arguments import (
    check_arguments,
    check_output,
    parse_text_arguments,
    problems_of,
)

_numbers = iter(range(10_000))
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text("ab c:-1#'\"{[é", max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text("abc", max_size=3), inner, max_size=3)
    ),
    max_leaves=8,
)


def tool(schema: dict[str, Any], output: dict[str, Any] | None = None) -> ToolInfo:
    return ToolInfo(
        name="t", input_schema=schema, output_schema=output, capability="mcp.s.t", fingerprint=str(next(_numbers)),
        allowed=True,
    )  # fmt: skip


def faults(schema: dict[str, Any], arguments: dict[str, Any]) -> list[dict[str, Any]]:
    try:
        check_arguments("s", tool(schema), arguments)
    except BadArguments as error:
        return error.errors or []
    return []


OBJECT = {
    "type": "object",
    "properties": {"path": {"type": "string"}, "n": {"type": "integer"}},
    "required": ["path"],
}


def test_each_faulty_place_is_named() -> None:
    found = faults(OBJECT, {"path": 3, "n": "x"})
    assert sorted(fault["loc"][1] for fault in found) == ["n", "path"]
    assert faults(OBJECT, {"path": "a"}) == []


def test_a_misspelt_argument_is_answered_with_the_nearest() -> None:
    with pytest.raises(BadArguments) as caught:
        check_arguments("s", tool({**OBJECT, "additionalProperties": False}), {"paht": "a"})
    assert caught.value.hint == "did you mean path?"
    assert sorted(map(str, caught.value.errors or [])) == [
        "{'loc': ['arguments', 'paht'], 'msg': 'is unknown'}",
        "{'loc': ['arguments', 'path'], 'msg': 'is missing'}",
    ]


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "object", "properties": {"x": {"type": "no such type"}}},
        {"type": "object", "properties": {"x": {"$ref": "http://127.0.0.1:9/s.json"}}},
        {"type": "object", "$defs": {"a": {"$ref": "#/$defs/a"}}, "properties": {"x": {"$ref": "#/$defs/a"}}},
        {"type": "object", "properties": {f"p{n}": {"description": "x" * 100} for n in range(5000)}},
    ],
    ids=["invalid", "elsewhere", "endless", "huge"],
)
def test_a_schema_that_cannot_be_applied_blocks_nothing(schema: dict[str, Any]) -> None:
    began = time.monotonic()
    assert faults(schema, {"x": 1}) == []
    assert time.monotonic() - began < 5


def test_a_recursive_schema_is_applied() -> None:
    tree = {"type": "object", "properties": {"children": {"type": "array", "items": {"$ref": "#"}}}}
    assert faults(tree, {"children": [{"children": []}]}) == []
    assert faults(tree, {"children": [{"children": 3}]})[0]["loc"] == ["arguments", "children", 0, "children"]


@pytest.mark.parametrize("pattern", ["(a+)+$", "^(a|aa)+$", "(.*)*x", "(.{1,500}){1,20}x"])
def test_an_expression_holds_nobody_up(pattern: str) -> None:
    began = time.monotonic()
    faults({"type": "object", "properties": {"s": {"pattern": pattern}}}, {"s": "a" * 60 + "b"})
    assert time.monotonic() - began < 1


def test_expressions_count() -> None:
    assert faults({"type": "object", "properties": {"s": {"pattern": "^[a-z]+$"}}}, {"s": "A"})


def test_a_secret_is_not_repeated() -> None:
    with pytest.raises(BadArguments) as caught:
        check_arguments("s", tool({"properties": {"key": {"type": "integer"}}}), {"key": "sk-secret"})
    assert "sk-secret" not in str(caught.value)
    assert "sk-secret" not in str(caught.value.problem())


def test_what_is_not_checked_is_said() -> None:
    assert problems_of([tool(OBJECT, OBJECT)]) == []
    assert problems_of([tool(OBJECT, OBJECT), tool({"type": 3}, {"required": "x"})]) == [
        "t: its arguments are not checked: its schema is none: type",
        "t: its results are not checked: its schema is none: required",
    ]


def test_of_very_many_tools_not_all_are_looked_at() -> None:
    found = problems_of([tool({"type": 3, "title": str(number)}) for number in range(1000)])
    assert len(found) == 51
    assert found[-1] == "the schemas of 950 more tools were not looked at"
    endless = {"allOf": [{"$ref": "#/$defs/a"}] * 50, "$defs": {"a": {"type": "object"}}}
    began = time.thread_time()
    problems_of(
        [tool({**endless, "title": str(number), "enum": [{"a": 1}] * 5000}) for number in range(1000)]
    )
    assert time.thread_time() - began < 3


def test_very_large_arguments_hold_nobody_up() -> None:
    schema = {
        "properties": {"rows": {"type": "array", "items": {"type": "array", "items": {"type": "integer"}}}}
    }
    began = time.thread_time()
    assert faults(schema, {"rows": [[1, 2, 3]] * 500_000}) == []
    assert time.thread_time() - began < 0.5


def test_structured_content_is_held_to_the_tools_own_schema() -> None:
    strict = tool(OBJECT, {"type": "object", "properties": {"x": {"type": "integer"}}})
    check_output("s", strict, {"x": 1})
    with pytest.raises(BadResult, match="x"):
        check_output("s", strict, {"x": "1"})
    check_output("s", tool(OBJECT), {"anything": "goes"})


class TestTexts:
    SCHEMA: ClassVar[dict[str, Any]] = {
        "$defs": {
            "level": {"enum": ["low", "high"]},
            "number": {"type": "integer"},
            "endless": {"anyOf": [{"$ref": "#/$defs/endless"}] * 10},
        },
        "properties": {
            "n": {"type": "integer"},
            "x": {"type": "number"},
            "yes": {"type": "boolean"},
            "s": {"type": "string"},
            "maybe": {"anyOf": [{"type": "integer"}, {"type": "null"}]},
            "list": {"type": "array"},
            "object": {"type": "object"},
            "level": {"$ref": "#/$defs/level"},
            "any": {},
            "texts": {"type": "array", "items": {"type": "string"}},
            "numbers": {"anyOf": [{"type": "array", "items": {"$ref": "#/$defs/number"}}, {"type": "null"}]},
            "switch": {"enum": ["on", "off", None, 3]},
            "one or more": {"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]},
            "text or none": {"type": ["string", "null"]},
            "endless": {"$ref": "#/$defs/endless"},
        },
    }

    @pytest.mark.parametrize(
        ("name", "text", "value"),
        [
            ("n", "3", 3),
            ("n", "three", "three"),
            ("x", "2.5", 2.5),
            ("yes", "no", False),
            ("yes", "true", True),
            ("s", "3", "3"),
            ("s", "null", "null"),
            ("maybe", "null", None),
            ("maybe", "7", 7),
            ("list", "a, b", ["a", "b"]),
            ("list", "[1, 2]", [1, 2]),
            ("object", '{"a": 1}', {"a": 1}),
            ("object", "a: 1", {"a": 1}),
            ("level", "low", "low"),
            ("any", "5", 5),
            ("any", "2024-01-01", "2024-01-01"),
            ("any", "2024-13-45", "2024-13-45"),
            ("any", ".nan", ".nan"),
            ("any", "&a [*a]", "&a [*a]"),
            ("any", "!!binary aGk=", "!!binary aGk="),
            ("n", "1_000", "1_000"),
            ("n", "\u0663", "\u0663"),
            ("n", "9" * 30, int("9" * 30)),
            ("x", "3", 3),
            ("x", "nan", "nan"),
            ("x", "1e999", "1e999"),
            ("x", "-.5e3", -500.0),
            ("maybe", "None", None),
            ("texts", "1, true ,null", ["1", "true", "null"]),
            ("texts", "", []),
            ("texts", '["a, b", "c"]', ["a, b", "c"]),
            ("numbers", "1,2", [1, 2]),
            ("numbers", "null", None),
            ("object", "{1: 2}", {"1": 2}),
            ("object", "day: 2024-01-01", {"day": "2024-01-01"}),
            ("switch", "on", "on"),
            ("switch", "null", None),
            ("switch", "3", 3),
            ("one or more", "a,b", "a,b"),
            ("one or more", '["a", "b"]', ["a", "b"]),
            ("one or more", "[a", "[a"),
            ("text or none", "null", None),
            ("text or none", "nothing", "nothing"),
            ("endless", "3", 3),
            ("unknown", "x", "x"),
            ("any", "1e-05", 1e-05),
            ("any", "[1E5, {a: 1}]", ["1E5", {"a": 1}]),
            ("any", "NaN", "NaN"),
            ("any", "1e999", "1e999"),
        ],
    )
    def test_the_schema_says_what_a_text_is(self, name: str, text: str, value: Any) -> None:
        found = parse_text_arguments(self.SCHEMA, {name: text})[name]
        assert (found, type(found)) == (value, type(value))

    @pytest.mark.parametrize(
        ("name", "texts", "value"),
        [
            ("texts", ["a", "b"], ["a", "b"]),
            ("texts", ["a,b", '["c, d"]', "e"], ["a", "b", "c, d", "e"]),
            ("numbers", ["1", "2", "3"], [1, 2, 3]),
            ("list", ["1", "{a: 1}"], [1, {"a": 1}]),
            ("one or more", ["a,b", "c"], ["a,b", "c"]),
            ("n", ["1", "2"], 2),
            ("s", ["1", "2"], "2"),
            ("unknown", ["1", "2"], 2),
        ],
    )
    def test_a_repeated_one_is_collected_where_a_list_is_wanted(
        self, name: str, texts: list[str], value: Any
    ) -> None:
        assert parse_text_arguments(self.SCHEMA, {name: texts}) == {name: value}

    @given(st.text(max_size=30))
    def test_a_text_stays_what_it_is(self, text: str) -> None:
        assert parse_text_arguments(self.SCHEMA, {"s": text}) == {"s": text}

    @given(st.text(max_size=30), st.sampled_from([*SCHEMA["properties"]]))
    def test_no_text_breaks_it(self, text: str, name: str) -> None:
        found = parse_text_arguments(self.SCHEMA, {name: text})
        assert set(found) == {name}
        json.dumps(found, allow_nan=False)

    @given(JSON, st.sampled_from(["any", "list", "object"]))
    def test_json_is_what_it_says(self, value: Any, name: str) -> None:
        fits = {"any": True, "list": isinstance(value, list), "object": isinstance(value, dict)}[name]
        assert not fits or parse_text_arguments(self.SCHEMA, {name: json.dumps(value)}) == {name: value}

    @given(st.integers(-(10**30), 10**30), st.floats(allow_nan=False, allow_infinity=False))
    def test_numbers_are_exact(self, whole: int, number: float) -> None:
        texts = {"n": str(whole), "x": repr(number), "s": str(whole)}
        assert parse_text_arguments(self.SCHEMA, texts) == {"n": whole, "x": number, "s": str(whole)}

    def test_a_client_needs_no_more_for_it(self) -> None:
        code = (
            "import sys; from vibe_jupyter.core.mcp.tools.arguments import parse_text_arguments as parse; "
            "parse({'properties': {'n': {'type': 'integer'}}}, {'n': '3', 's': 'x'}); "
            "print({'mcp', 'jsonschema', 'sqlalchemy', 'httpx', 'httpx2', 'referencing'} & set(sys.modules))"
        )
        found = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
        assert found.stdout.strip() == "set()"
