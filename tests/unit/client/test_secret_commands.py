"""`secrets set`: the value comes by every way but a line or a cell, and no message repeats one that stands there."""

from __future__ import annotations

import io
import sys
from typing import TYPE_CHECKING, Any

import pytest

from vibe_jupyter.client.commands.own import Order
from vibe_jupyter.client.commands.running import run
from vibe_jupyter.client.commands.verbs import find_verb, help_text, parse
from vibe_jupyter.core.errors import InvalidInput
from vibe_jupyter.widgets.asking import prompter

if TYPE_CHECKING:
    from tests.factories import PlatformFactory
    from vibe_jupyter.client.api import VibeClient
    from vibe_jupyter.client.commands.verbs import Surface

VALUE = "hunter2-and-more"


class Terminal:
    """Where lines are typed."""

    def __init__(self, client: VibeClient) -> None:
        self.client = client
        self.names: dict[str, Any] = {}

    def type(self, *words: str, surface: Surface = "cli", body: str | None = None) -> Any:
        verb, rest = find_verb(words, surface)
        arguments, fields = parse(verb, rest, surface)
        return run(verb, Order(arguments, fields, body), self)

    def stored(self, name: str) -> str | None:
        platform = self.client.transport._platform
        value = platform.call(platform.secret_resolver.value("local", name))
        return None if value is None else value.get_secret_value()


@pytest.fixture
def terminal(make_platform: PlatformFactory, monkeypatch: pytest.MonkeyPatch) -> Terminal:
    monkeypatch.setattr("huggingface_hub.get_token", lambda: None)
    return Terminal(make_platform.client())


def test_it_is_asked_for_without_being_shown(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prompter, "can_ask", lambda: True)
    monkeypatch.setattr("getpass.getpass", lambda prompt: f" {VALUE} {prompt}")
    told = terminal.type("secrets", "set", "MY_TOKEN")
    assert terminal.stored("MY_TOKEN") == f"{VALUE} MY_TOKEN:"
    assert VALUE not in repr(told)
    assert [one.name for one in terminal.type("secrets", "list").secrets] == ["MY_TOKEN"]
    assert terminal.type("secrets", "remove", "MY_TOKEN").name == "MY_TOKEN"
    assert terminal.stored("MY_TOKEN") is None


def test_nothing_typed_changes_nothing(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prompter, "can_ask", lambda: True)
    monkeypatch.setattr("getpass.getpass", lambda _prompt: "")
    with pytest.raises(InvalidInput) as caught:
        terminal.type("secrets", "set", "MY_TOKEN")
    assert caught.value.code == "secrets.bad_value"


@pytest.mark.parametrize("surface", ["cli", "magic"])
def test_it_may_come_from_the_environment(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch, surface: Surface
) -> None:
    monkeypatch.setenv("MY_VARIABLE", VALUE)
    terminal.type("secrets", "set", "MY_TOKEN", "--from-env", "MY_VARIABLE", surface=surface)
    assert terminal.stored("MY_TOKEN") == VALUE


@pytest.mark.parametrize("piped", [VALUE, f"{VALUE}\n", f"{VALUE}\r\n", f"two\nlines {VALUE}\n"])
def test_it_may_come_from_standard_input(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch, piped: str
) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO(piped))
    terminal.type("secrets", "set", "MY_TOKEN", "--stdin")
    assert terminal.stored("MY_TOKEN") == piped.rstrip("\r\n")


def test_where_nobody_can_be_asked_it_says_what_to_do(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO(VALUE))
    with pytest.raises(InvalidInput, match="--stdin < FILE, or --from-env VARIABLE") as caught:
        terminal.type("secrets", "set", "MY_TOKEN")
    assert caught.value.code == "secrets.nobody_there"


@pytest.mark.parametrize(
    "words",
    [
        ("MY_TOKEN", VALUE),
        ("MY_TOKEN", "two", VALUE),
        ("MY_TOKEN", f"--value={VALUE}"),
        ("MY_TOKEN", "--value", VALUE),
        ("MY_TOKEN", f"--token={VALUE}"),
        ("MY_TOKEN", f"-p{VALUE}"),
        (f"MY_TOKEN={VALUE}",),
        (VALUE,),
    ],
)
@pytest.mark.parametrize("surface", ["cli", "magic"])
def test_one_that_stands_in_the_line_is_refused_and_not_repeated(
    terminal: Terminal, words: tuple[str, ...], surface: Surface
) -> None:
    with pytest.raises(InvalidInput) as caught:
        terminal.type("secrets", "set", *words, surface=surface)
    assert caught.value.code in ("secrets.typed_value", "secrets.bad_name")
    assert VALUE not in str(caught.value) + repr(caught.value.problem())
    assert terminal.stored("MY_TOKEN") is None


def test_one_that_stands_in_the_cell_is_refused_and_not_repeated(terminal: Terminal) -> None:
    for body in (VALUE, f"value: {VALUE}", f'{{"value": "{VALUE}"}}'):
        with pytest.raises(InvalidInput) as caught:
            terminal.type("secrets", "set", "MY_TOKEN", surface="magic", body=body)
        assert caught.value.code == "secrets.typed_value"
        assert VALUE not in str(caught.value)


def test_a_value_in_the_place_of_a_variable_is_not_repeated(terminal: Terminal) -> None:
    with pytest.raises(InvalidInput) as caught:
        terminal.type("secrets", "set", "MY_TOKEN", "--from-env", VALUE)
    assert caught.value.code == "secrets.no_variable"
    assert VALUE not in str(caught.value)
    with pytest.raises(InvalidInput, match="either"):
        terminal.type("secrets", "set", "MY_TOKEN", "--from-env", "X", "--stdin")


def test_help_offers_no_place_for_a_value() -> None:
    for surface in ("cli", "magic"):
        text = help_text(surface, ["secrets", "set"])
        assert "--from-env" in text
        assert "--value" not in text
        assert "typed" not in text.replace("typed was", "")
        verb, _ = find_verb(["secrets", "set"], surface)
        assert "--value" not in verb.parser(surface).flags


def test_keys_are_changed_from_a_terminal(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MY_VARIABLE", VALUE)
    terminal.type("secrets", "set", "MY_TOKEN", "--from-env", "MY_VARIABLE")
    done = terminal.type("secrets", "rotate")
    assert (done.renewed, done.dropped) == (1, 1)
    assert terminal.stored("MY_TOKEN") == VALUE
