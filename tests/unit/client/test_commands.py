"""What a typed line means, on both surfaces."""

from __future__ import annotations

from typing import Any

import pytest

from vibe_jupyter.client.commands.fields import Fields
from vibe_jupyter.client.commands.helping import asked_for_help
from vibe_jupyter.client.commands.tasks import parse_body
from vibe_jupyter.client.commands.verbs import find_verb, help_text, parse
from vibe_jupyter.core.errors import InvalidInput


def parsed(*words: str) -> tuple[dict[str, Any], Fields]:
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
        (
            ["--type", "x", "--path", "a", "t", "--path=b", "--n", "1", "--path", "c"],
            ["t"],
            {"path": ["a", "b", "c"], "n": "1"},
        ),
        (["--type", "file_search", "--see this"], ["--see this"], {}),
    ],
)
def test_fields_of_the_input_may_stand_before_after_and_between_the_text(
    words: list[str], text: list[str], fields: Fields
) -> None:
    arguments, found = parsed("task", *words)
    assert (arguments["text"], found) == (text, fields)
    assert arguments["type"] == words[words.index("--type") + 1]


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


def test_a_command_to_be_registered_stands_behind_two_dashes() -> None:
    arguments, _ = parsed(
        "mcp", "add", "files", "--env", "A=1", "--env", "B=x=y", "--", "npx", "-y", "@s/f", "--", "."
    )
    assert arguments == {
        "name": "files", "env": {"A": "1", "B": "x=y"}, "command": "npx", "args": ["-y", "@s/f", "--", "."],
    }  # fmt: skip


def test_headers_are_given_one_by_one() -> None:
    words = [
        "mcp",
        "add",
        "web",
        "--url",
        "http://x",
        "--header",
        "Authorization=Bearer ${T}",
        "--header",
        "X=1",
    ]
    arguments, _ = parsed(*words)
    assert arguments["headers"] == {"Authorization": "Bearer ${T}", "X": "1"}


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["mcp", "add", "x", "--command", "a", "--", "b"], "not with both"),
        (["mcp", "add", "x", "--"], "a command belongs behind --"),
        (["mcp", "add", "x", "--env", "novalue"], "takes NAME=VALUE"),
        (["mcp", "add", "x", "--env", "=1"], "takes NAME=VALUE"),
        (["mcp", "set", "x", "--policy", "nothing"], "no object"),
        (["mcp", "call"], r"are required: SERVER\.TOOL\n"),
        (["mcp", "add", "s3", "python3", "-v", "x.py"], r"mcp add s3 -- python3 -v x\.py"),
        (["mcp", "serve"], "a verb of the terminal\nhint: in a terminal: jupyter vibe mcp serve"),
    ],
)
def test_a_wrong_line_about_servers_says_what_is_wrong(words: list[str], said: str) -> None:
    with pytest.raises(InvalidInput, match=said):
        parsed(*words)


def test_a_name_alone_takes_a_variable_of_a_server_away() -> None:
    arguments, _ = parsed("mcp", "set", "x", "--env", "A", "--env", "B=2", "--policy", '{"approval": "ask"}')
    assert (arguments["env"], arguments["policy"]) == ({"A": None, "B": "2"}, {"approval": "ask"})


def test_the_content_of_an_answer_has_the_types_of_yaml() -> None:
    arguments, _ = parsed(
        "answer", "an-id", "--content", "age=36", "--content", "name=Ada", "--content", "ok=true"
    )
    assert arguments["content"] == {"age": 36, "name": "Ada", "ok": True}


@pytest.mark.parametrize(
    ("words", "asked"),
    [
        ("mcp call git.git_log?", "mcp call git.git_log"), ("mcp call git.git_log ?", "mcp call git.git_log"),
        ("mcp call git.git_log --help", "mcp call git.git_log"), ("mcp call?", "mcp call"), ("mcp?", "mcp"),
        ("mcp", "mcp"), ("task list?", "task list"), ("?", ""), ("task where is the login?", None),
        ("mcp call git.ask why?", None), ("task ?x", None), ("db upgrade?", "db upgrade"),
    ],
)  # fmt: skip
def test_a_question_mark_asks_for_help_or_belongs_to_the_text(words: str, asked: str | None) -> None:
    found = asked_for_help(words.split(), "cli")
    assert (None if found is None else " ".join(found)) == asked


def test_a_verb_of_the_notebook_is_none_of_the_terminal() -> None:
    with pytest.raises(InvalidInput, match="in a notebook: %vibe connect"):
        find_verb(["connect"], "cli")


def test_a_search_takes_several_words() -> None:
    assert parsed("mcp", "search", "paris", "time", "--limit", "3") == (
        {"q": ["paris", "time"], "limit": "3"},
        {},
    )


def test_a_word_behind_an_option_that_is_true_or_false_is_its_value_where_no_text_is_taken() -> None:
    verb, _ = find_verb(["mcp", "call"], "magic")
    flag = {"properties": {"flag": {"type": "boolean"}, "n": {"type": "integer"}}}
    with pytest.raises(InvalidInput, match="--flag takes true or false, not 'maybe'"):
        parse(verb, ["a.b", "--flag", "maybe"], "magic", lambda _: flag)
    assert parse(verb, ["--flag", "a.b"], "magic", lambda _: flag)[1] == {"flag": "true"}
    text = {"properties": {**flag["properties"], "q": {"type": "string"}}}
    assert parse(verb, ["a.b", "--flag", "login"], "magic", lambda _: text)[0]["words"] == ["login"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["mcp", "add"], "%vibe mcp add NAME -- COMMAND ARGS"),
        (["mcp", "call"], "%vibe mcp call SERVER.TOOL?"),
        (["mcp", "call"], "Each property of what the tool takes is an option"),
    ],
)
def test_the_help_says_what_usage_cannot(words: list[str], said: str) -> None:
    assert said in help_text("magic", words)
