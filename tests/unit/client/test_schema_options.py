"""Options that a JSON Schema declares."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vibe_jupyter.client.commands.fields import without_fields
from vibe_jupyter.client.commands.parser import Parser
from vibe_jupyter.client.commands.schema_options import (
    option_named,
    options_of,
    refuse_unknown,
    text_property,
)
from vibe_jupyter.core.errors import InvalidInput

SCHEMA: dict[str, Any] = {
    "type": "object",
    "required": ["repo_path"],
    "properties": {
        "maxCount": {"type": "integer", "default": 10},
        "repo_path": {"type": "string", "description": "Where it is."},
        "ratio": {"type": ["number", "null"], "default": None},
        "dry-run": {"type": "boolean"},
        "tags": {"type": "array", "items": {"type": "string"}},
        "level": {"enum": ["low", "high"]},
        "where": {"$ref": "#/$defs/Place"},
        "mode": {"anyOf": [{"type": "string", "enum": ["a", "b"]}, {"type": "null"}]},
        "anything": {},
    },
    "$defs": {"Place": {"type": "object", "description": "A place."}},
}


def parser() -> Parser:
    made = Parser("test", "A test.")
    made.add_argument("--timeout-s")
    made.add_argument("-o")
    made.add_argument("text", nargs="*")
    return made


def test_required_options_come_first_and_each_says_what_it_takes() -> None:
    options = options_of(SCHEMA)
    assert options[0].name == "repo_path"
    assert {option.name: option.kind for option in options} == {
        "repo_path": "text", "maxCount": "N", "ratio": "X", "dry-run": "true|false", "tags": "A,B", "level": "text",
        "where": "JSON", "mode": "text", "anything": "JSON",
    }  # fmt: skip
    by_name = {option.name: option for option in options}
    assert by_name["level"].choices == ("low", "high")
    assert by_name["mode"].choices == ("a", "b")
    assert (by_name["maxCount"].default, by_name["maxCount"].has_default) == (10, True)
    assert (by_name["ratio"].default, by_name["ratio"].has_default) == (None, True)
    assert not by_name["tags"].has_default
    assert by_name["where"].description == "A place."


@pytest.mark.parametrize(
    ("typed", "name"),
    [
        ("--repo_path", "repo_path"), ("--repo-path", "repo_path"), ("--max-count", "maxCount"),
        ("--maxCount", "maxCount"), ("--dry_run", "dry-run"), ("--nothing", None),
    ],
)  # fmt: skip
def test_a_flag_may_be_spelled_with_dashes_underscores_or_as_it_is(typed: str, name: str | None) -> None:
    found = option_named(typed, SCHEMA)
    assert (found.name if found else None) == name


def test_of_two_properties_that_a_spelling_could_mean_none_is_guessed() -> None:
    schema = {"properties": {"max_count": {}, "max-count": {}}}
    assert option_named("--maxcount", schema) is None
    exact = option_named("--max-count", schema)
    assert exact is not None
    assert exact.name == "max-count"


@pytest.mark.parametrize(
    ("schema", "name"),
    [
        (SCHEMA, "repo_path"),
        ({"properties": {"q": {"type": "string"}, "n": {"type": "integer"}}}, "q"),
        ({"properties": {"a": {"type": "string"}, "b": {"type": "string"}}}, None),
        ({"properties": {"a": {"type": "string"}, "b": {"type": "string"}}, "required": ["b"]}, "b"),
        ({"properties": {"n": {"type": "integer"}}}, None),
        ({}, None),
    ],
)
def test_free_text_is_for_the_only_text(schema: dict[str, Any], name: str | None) -> None:
    assert text_property(schema) == name


def test_an_unknown_option_is_answered_with_the_nearest() -> None:
    error = refuse_unknown("--repo_pth", SCHEMA, "git.git_log")
    assert error.message == "git.git_log has no option --repo_pth"
    assert "--repo_path" in (error.hint or "")
    assert refuse_unknown("--x", {}, "t").hint == "it takes no options"


@pytest.mark.parametrize(
    ("words", "kept", "fields"),
    [
        (["--dry-run", "some", "text"], ["some", "text"], {"dry-run": "true"}),
        (["text", "--dry_run"], ["text"], {"dry-run": "true"}),
        (["--dry-run", "false", "text"], ["text"], {"dry-run": "false"}),
        (["--dry-run=no"], [], {"dry-run": "no"}),
        (["--no-dry-run", "text"], ["text"], {"dry-run": "false"}),
        (["--max-count", "3", "--repo-path=."], [], {"maxCount": "3", "repo_path": "."}),
        (["--other", "5"], [], {"other": "5"}),
        (["--timeout-s", "5", "--", "--dry-run"], ["--timeout-s", "5", "--", "--dry-run"], {}),
    ],
)
def test_the_schema_says_which_options_have_no_value(
    words: list[str], kept: list[str], fields: dict[str, str]
) -> None:
    assert without_fields(words, parser(), lambda _: SCHEMA) == (kept, fields)


def test_the_schema_is_asked_for_once_and_only_if_it_is_needed() -> None:
    asked: list[Any] = []

    def schema(words: Any) -> dict[str, Any]:
        asked.append(list(words))
        return SCHEMA

    without_fields(["text", "--timeout-s", "5"], parser(), schema)
    assert asked == []
    without_fields(["--max-count", "3", "--dry-run"], parser(), schema)
    assert asked == [["--max-count", "3", "--dry-run"]]


@pytest.mark.parametrize("words", [["--max-count"], ["--max-count", "--dry-run"]])
def test_an_option_without_its_value_is_named(words: list[str]) -> None:
    with pytest.raises(InvalidInput, match="--max-count needs a value"):
        without_fields(words, parser(), lambda _: SCHEMA)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(
                ["type", "properties", "required", "enum", "anyOf", "$ref", "items", "default", "x"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=20,
)


@given(st.dictionaries(st.sampled_from(["properties", "required", "$defs", "type"]), JSON, max_size=4))
def test_no_schema_is_so_odd_that_it_breaks_anything(schema: dict[str, Any]) -> None:
    for option in options_of(schema):
        assert option.kind
    text_property(schema)
    option_named("--x", schema)


def test_a_schema_that_refers_to_itself_ends() -> None:
    schema = {"properties": {"a": {"$ref": "#/properties/b"}, "b": {"$ref": "#/properties/a"}}}
    assert [option.kind for option in options_of(schema)] == ["JSON", "JSON"]
