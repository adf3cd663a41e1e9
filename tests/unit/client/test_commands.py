"""What a typed line means, on both surfaces."""

from __future__ import annotations

from typing import Any

import pytest

from vibe_jupyter.client.commands.tasks import parse_body
from vibe_jupyter.client.commands.verbs import find_verb, parse
from vibe_jupyter.core.errors import InvalidInput


def parsed(*words: str) -> tuple[dict[str, Any], dict[str, str]]:
    verb, rest = find_verb(words, "magic")
    return parse(verb, rest, "magic")


@pytest.mark.parametrize(
    ("words", "text", "fields"),
    [
        (["--type", "file_search", "--path", "shop", "login"], ["login"], {"path": "shop"}),
        (["--path", "..", "x", "--type", "file_search"], ["x"], {"path": ".."}),
        (["--path=/etc", "--type", "file_search", "root"], ["root"], {"path": "/etc"}),
        (["login", "--type", "file_search", "--path", "shop", "def"], ["login", "def"], {"path": "shop"}),
        (["--type", "file_search", "--max-file-bytes=5", "a b"], ["a b"], {"max_file_bytes": "5"}),
        (["--type", "file_search", "--no-wait", "--limit", "-5", "a"], ["a"], {"limit": "-5"}),
        (["--type", "file_search", "--path", "src", "--", "--help me"], ["--help me"], {"path": "src"}),
        (["--type", "file_search", "--see this"], ["--see this"], {}),
    ],
)
def test_fields_of_the_input_may_stand_before_after_and_between_the_text(
    words: list[str], text: list[str], fields: dict[str, str]
) -> None:
    arguments, found = parsed("task", *words)
    assert (arguments["type"], arguments["text"], found) == ("file_search", text, fields)


@pytest.mark.parametrize("words", [["x", "--path"], ["--path", "--limit", "5"]])
def test_a_field_without_a_value_is_named(words: list[str]) -> None:
    with pytest.raises(InvalidInput, match="--path needs a value"):
        parsed("task", *words)


@pytest.mark.parametrize(
    ("body", "value"),
    [
        ("query: login\npath: src", {"query": "login", "path": "src"}),
        ("# what\nquery: 'def f(a: int)'\n", {"query": "def f(a: int)"}),
        ('{"query": "a: b"}', {"query": "a: b"}),
        ("{query: login}", {"query": "login"}),
        ("where is the login handled?", "where is the login handled?"),
        ("Find this: the login", "Find this: the login"),
        ("find all of these: [unbalanced", "find all of these: [unbalanced"),
        ("TODO: mend it", "TODO: mend it"),
        ("Note: where is http://x: it?", "Note: where is http://x: it?"),
        ("see http://x.org: [what", "see http://x.org: [what"),
        ("{login} $login", "{login} $login"),
        ("def f(a):\n\treturn a", "def f(a):\n\treturn a"),
        ("[a-z", "[a-z"),
        ("  ", None),
    ],
)
def test_a_cell_is_an_object_or_the_text_it_is(body: str, value: Any) -> None:
    assert parse_body(body) == value


@pytest.mark.parametrize(
    ("body", "place"),
    [
        ("query: [unbalanced", "line 1"),
        ("query: login\npath: 'src", "line 2"),
        ("# what\n\nquery: def f(a): b", "line 3"),
        ("---\nquery: {a", "line 2"),
        ('{"query": "login"', "line 1"),
        ('{"query": "login",\n "path" "src"}', "line 2"),
        ("{query: [a}", "line 1"),
        ("'query': [a", "line 1"),
    ],
)
def test_a_broken_object_is_an_error_and_no_text(body: str, place: str) -> None:
    with pytest.raises(InvalidInput, match=f"neither JSON nor YAML in {place}, column") as caught:
        parse_body(body)
    assert caught.value.code == "task.invalid_input"
    assert "\n" not in caught.value.message
