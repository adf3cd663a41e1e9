"""What is typed behind `mcp call`, as arguments of a tool."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.client.scripted import make_tool
from vibe_jupyter.client.commands.tool_calls import arguments_for, tool_in
from vibe_jupyter.client.commands.verbs import Surface, find_verb, parse
from vibe_jupyter.core.errors import InvalidInput

TOOL = make_tool(
    "log",
    {
        "type": "object",
        "properties": {
            "repo_path": {"type": "string"},
            "max_count": {"type": "integer"},
            "options": {"type": "object"},
        },
        "required": ["repo_path"],
    },
)


def given(text: str = "", body: Any = None, tool: Any = TOOL, **fields: str) -> dict[str, Any]:
    return arguments_for("git", tool, fields=fields, text=text, body=body)


def test_values_are_what_the_schema_says() -> None:
    assert given(repo_path="5", max_count="3", options='{"a": [1]}') == {
        "repo_path": "5", "max_count": 3, "options": {"a": [1]},
    }  # fmt: skip


def test_a_repeated_option_is_a_list_where_one_is_wanted() -> None:
    schema = {"type": "object", "properties": {"path": {"type": "array", "items": {"type": "string"}}}}
    surface: Surface
    for surface in ("magic", "cli"):
        verb, words = find_verb(["mcp", "call", "git.add", "--path", "a b", "--path=1"], surface)
        _, fields = parse(verb, words, surface, lambda _words: schema)
        assert arguments_for("git", make_tool("add", schema), fields=fields) == {"path": ["a b", "1"]}


def test_text_and_cell_go_where_they_belong() -> None:
    assert given("a place") == {"repo_path": "a place"}
    assert given(body="a place") == {"repo_path": "a place"}
    assert given(body={"repo_path": ".", "max_count": 1}, max_count="2") == {"repo_path": ".", "max_count": 2}


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"max_cont": "3"}, "has no option --max_cont"),
        ({"text": "x", "repo_path": "."}, "repo_path is given already"),
        ({"text": "x", "body": "y"}, "not in both"),
        ({"text": "x", "tool": make_tool("two")}, "it takes no single text"),
    ],
)
def test_what_the_tool_does_not_take_is_said_before_anything_is_sent(
    asked: dict[str, Any], said: str
) -> None:
    with pytest.raises(InvalidInput, match=said) as caught:
        given(**asked)
    assert caught.value.code == "command.invalid"
    assert caught.value.hint or "both" in said


def test_a_schema_that_allows_more_gets_more() -> None:
    open_ = make_tool("any", {"type": "object", "properties": {}, "additionalProperties": True})
    assert given(tool=open_, colour="red") == {"colour": "red"}


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (["git.git_log"], "git.git_log"),
        (["--timeout-s", "2.5", "git.git_log", "a.b"], "git.git_log"),
        (["git.tool.with.dots"], "git.tool.with.dots"),
        (["2fast.run"], "2fast.run"),
        (["git"], None),
        ([], None),
    ],
)
def test_the_tool_is_found_among_the_words(words: list[str], named: str | None) -> None:
    assert tool_in(words) == named
