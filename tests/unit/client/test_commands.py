"""What a typed line means, on both surfaces."""

from __future__ import annotations

from typing import Any

import pytest

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
