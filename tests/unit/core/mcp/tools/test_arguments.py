"""Arguments are checked before they are sent, whatever the schema is."""

from __future__ import annotations

import time
from typing import Any, ClassVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vibe_jupyter.core.mcp.errors import BadArguments, BadResult
from vibe_jupyter.core.mcp.schemas import ToolInfo
from vibe_jupyter.core.mcp.tools.arguments import check_arguments, check_output, parse_text_arguments

_numbers = iter(range(10_000))


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


@pytest.mark.parametrize("pattern", ["(a+)+$", "^(a|a)*$", "(.*)*x", "a" * 300])
def test_an_expression_that_could_take_forever_is_not_tried(pattern: str) -> None:
    began = time.monotonic()
    assert (
        faults(
            {"type": "object", "properties": {"s": {"type": "string", "pattern": pattern}}}, {"s": "a" * 40}
        )
        == []
    )
    assert time.monotonic() - began < 1


def test_a_simple_expression_is() -> None:
    assert faults({"type": "object", "properties": {"s": {"pattern": "^[a-z]+$"}}}, {"s": "A"})


def test_very_large_arguments_are_left_to_the_server() -> None:
    assert faults(OBJECT, {"path": 3, "more": "x" * (2 << 20)}) == []


def test_structured_content_is_held_to_the_tools_own_schema() -> None:
    strict = tool(OBJECT, {"type": "object", "properties": {"x": {"type": "integer"}}})
    check_output("s", strict, {"x": 1})
    with pytest.raises(BadResult, match="x"):
        check_output("s", strict, {"x": "1"})
    check_output("s", tool(OBJECT), {"anything": "goes"})


class TestTexts:
    SCHEMA: ClassVar[dict[str, Any]] = {
        "$defs": {"level": {"enum": ["low", "high"]}},
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
            ("unknown", "x", "x"),
        ],
    )
    def test_the_schema_says_what_a_text_is(self, name: str, text: str, value: Any) -> None:
        found = parse_text_arguments(self.SCHEMA, {name: text})[name]
        assert (found, type(found)) == (value, type(value))

    @given(st.text(max_size=30))
    def test_a_text_stays_what_it_is(self, text: str) -> None:
        assert parse_text_arguments(self.SCHEMA, {"s": text}) == {"s": text}

    @given(st.text(max_size=30), st.sampled_from(["n", "x", "yes", "list", "object", "level", "any"]))
    def test_no_text_breaks_it(self, text: str, name: str) -> None:
        assert set(parse_text_arguments(self.SCHEMA, {name: text})) == {name}
