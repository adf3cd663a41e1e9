"""Secrets are taken out of what is told, in every spelling, and nothing else is."""

from __future__ import annotations

import json

import pytest

from tests.timing import cpu_below
from vibe_jupyter.core.errors import VibeError
from vibe_jupyter.core.mcp.errors import Crashed
from vibe_jupyter.core.mcp.registry.masking import secret_values
from vibe_jupyter.core.mcp.registry.variables import Variables
from vibe_jupyter.core.mcp.schemas import Content, ToolResult
from vibe_jupyter.core.mcp.veil import Veil

SECRET = 'p@ss"w\u00f6rd/1\nline two of it, a long one'


@pytest.mark.parametrize(
    "said",
    [SECRET, json.dumps(SECRET), repr(SECRET), "p%40ss%22w%C3%B6rd/1", "line two of it, a long one"],
)
def test_every_spelling_is_hidden(said: str) -> None:
    told = Veil([SECRET, 'p@ss"w\u00f6rd/1']).text(f"cannot sign in with {said} here")
    assert "***" in told
    assert told.startswith("cannot sign in with ")
    for part in ("rd/1", "line two", "%C3"):
        assert part not in told


def test_short_ones_are_left_alone() -> None:
    assert Veil(["true", "1", "", "abcde"]).text("true 1 abcde") == "true 1 abcde"


def test_the_longer_of_two_is_taken_whole() -> None:
    assert Veil(["secret-1", "secret-1-long"]).text("x secret-1-long y secret-1") == "x *** y ***"


@pytest.mark.parametrize("length", range(6, 20))
def test_what_is_cut_off_in_the_middle_is_hidden(length: int) -> None:
    told = Veil(["ENVSECRET77766655443322"]).text("x" * 500 + "ENVSECRET77766655443322"[:length])
    assert told == "x" * 500 + "***"


def test_an_error_is_told_without() -> None:
    error = Crashed(
        "died: s3cret-value", hint="s3cret-value", data={"stderr": ["a s3cret-value b"], "exit_code": 3}
    )
    with pytest.raises(VibeError) as caught, Veil(["s3cret-value"]).over():
        raise error
    assert caught.value is error
    assert "s3cret" not in f"{error} {error.args} {error.problem()} {error.brief()}"
    assert error.data == {"stderr": ["a *** b"], "exit_code": 3}


def test_the_result_of_a_tool_is_its_own_unless_it_failed() -> None:
    content = [Content(type="text", text="is s3cret-value"), Content(type="image", data="s3cret-value")]
    found = ToolResult(
        content=content, duration_ms=1, server="s", tool="t", structured_content={"a": "s3cret-value"}
    )
    veil = Veil(["s3cret-value"])
    assert veil.failure(found) == found
    failed = veil.failure(found.model_copy(update={"is_error": True}))
    assert (failed.content[0].text, failed.structured_content) == ("is ***", {"a": "***"})


def test_a_long_text_takes_no_long_time() -> None:
    veil = Veil([f"secret-number-{number}-{'x' * 200}" for number in range(50)])
    with cpu_below(2):
        veil.text("secret-number-" * 50_000)


def test_what_in_a_configuration_is_secret() -> None:
    variables = Variables(
        {"HOME": "/home/ada", "MY_TOKEN": "tok-123456", "PLACE": "region-1", "DB": "pg://me:passw0rd@host/x"},
        {"a": "Bearer abcdef123", "b": "/srv/key-folder", "c": "/srv/data-folder"},
        {},
        {"workspaceFolder": "workfolder"},
    )
    places = {
        "headers.Authorization": "${secret:a}",
        "env.KEY": "${secret:b}",
        "env.DATA": "${secret:c}",
        "env.K2": "${MY_TOKEN}",
        "env.H": "${HOME} ${workspaceFolder} ${PORT:-8000000} plain-text",
        "env.P": "${PLACE}",
        "args[0]": "--db=${DB}",
    }
    assert secret_values(places, variables) == {
        "Bearer abcdef123", "abcdef123", "/srv/key-folder", "tok-123456", "region-1", "pg://me:passw0rd@host/x",
        "passw0rd",
    }  # fmt: skip
