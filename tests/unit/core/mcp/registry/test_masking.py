"""Masking: no secret is stored or shown, what is none stays to be seen, and what runs is what was given."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from vibe_jupyter.core.mcp.registry.masking import Hider, shown
from vibe_jupyter.core.mcp.registry.variables import Variables

SECRET = "s3cr3t-value"
GITHUB = "ghp_0123456789abcdefghijABCDEFGHIJ012345"
JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dBjftJeZ4CVP"
WORDS = st.one_of(
    st.sampled_from(
        [
            "--token",
            "-k",
            "--api-key=",
            "Authorization: ",
            "?key=",
            "://",
            "@",
            "/",
            "&",
            "=",
            "${A}",
            "${B:-x}",
            "{",
        ]
    ),
    st.sampled_from([SECRET, GITHUB, JWT, "https://u:p@h/x?token=t&a=b#access_token=c", '{"apiKey": "k"}']),
    st.text(alphabet=st.sampled_from("ab-=:/@?&#\"'{} "), max_size=6),
)
ARGUMENTS = st.lists(st.lists(WORDS, max_size=4).map("".join), max_size=5)


def masked(*words: str) -> list[str]:
    return [shown(word) for word in Hider("mcp/x/").arguments(words)]


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["--token", SECRET], ["--token", "***"]),
        (["--api-key", SECRET, "--port", "80"], ["--api-key", "***", "--port", "80"]),
        ([f"--password={SECRET}"], ["--password=***"]),
        ([f"--apiKey={SECRET}="], ["--apiKey=***"]),
        (["-e", f"GITHUB_PERSONAL_ACCESS_TOKEN={SECRET}"], ["-e", "GITHUB_PERSONAL_ACCESS_TOKEN=***"]),
        ([f"--env=API_KEY={SECRET}"], ["--env=API_KEY=***"]),
        (["--key", SECRET], ["--key", "***"]),
        (["--header", f"Authorization: Bearer {SECRET}=="], ["--header", "Authorization: ***"]),
        ([f"--header=X-Api-Key:{SECRET}"], ["--header=X-Api-Key:***"]),
        (["--config", f'{{"apiKey": "{SECRET}"}}'], ["--config", "***"]),
        ([GITHUB, JWT, f"pre{'='}{GITHUB}"], ["***", "***", "pre=***"]),
        (["sk-proj-0123456789abcdef", "hf_abcdefghijklmnop", "xoxb-1234567890-abc"], ["***"] * 3),
        ([f"postgresql://ada:{SECRET}@db:5432/x"], ["postgresql://***@db:5432/x"]),
        ([f"--url=https://h/?token={SECRET}&a=b"], ["--url=https://h/?token=***&a=b"]),
        ([f"https://ada:{SECRET}@h?api_key={SECRET}"], ["https://***@h?api_key=***"]),
        ([f"https://h/#access_token={SECRET}"], ["https://h/#access_token=***"]),
        ([f"https://u:{SECRET}${{X}}@h/"], ["https://***@h/"]),
        ([f"--x=${{API_KEY:-{SECRET}}}"], ["***"]),
        ([f"${{X:-{GITHUB}}}"], ["***"]),
        (["https://mcp.zapier.com/api/mcp/s/ZjQ3YWI4NjYtN2QyMy00MTk1/mcp"], ["https://mcp.zapier.com/api/mcp/s/***/mcp"]),
        (["https://h/6f9619ff-8b86-d011-b42d-00cf4fc964ff/sse"], ["https://h/***/sse"]),
    ],
)  # fmt: skip
def test_what_is_hidden(words: list[str], expected: list[str]) -> None:
    assert masked(*words) == expected


@pytest.mark.parametrize(
    "words",
    [
        [
            "-y",
            "@foo/task-manager-mcp",
            "@modelcontextprotocol/server-filesystem",
            "disk-usage-2025-server",
            "sk-learn",
        ],
        ["--max-tokens", "4000", "--tokenizer=bpe", "--tokens=3", "--keyboard", "de", "monkey=1"],
        ["--token", "${TOKEN}", "--api-key=${env:KEY}", "--header", "Authorization: Bearer ${TOKEN}"],
        ["https://example.com/mcp?team=a&token=${TOKEN}", "https://${USER}:${PASSWORD}@h/", "${PORT:-8080}"],
        [
            "https://mcp.example.com/v1/a-very-long-but-readable-name-of-a-server/sse",
            "C:\\data",
            "a: b",
            "--",
            "-",
            "",
        ],
        ["--token", "--verbose"],
    ],
)
def test_what_is_no_secret_stays_to_be_seen(words: list[str]) -> None:
    assert Hider("mcp/x/").arguments(words) == words


@pytest.mark.parametrize("text", ["${TOKEN}", "Bearer ${TOKEN}", "${A}:${B}", "Basic ${env:A}", "${A:-}", ""])
def test_a_value_that_only_refers_is_shown(text: str) -> None:
    assert Hider("mcp/x/").value(text, "env/A") == text


@pytest.mark.parametrize("text", ["production", "abc${TOKEN}", "${TOKEN:-abc}", "$${TOKEN}", "Bearer", " "])
def test_any_other_value_is_secret_as_a_whole(text: str) -> None:
    hider = Hider("mcp/x/")
    assert shown(hider.value(text, "env/A")) == "***"
    assert hider.secrets == {"mcp/x/env/A": text}


def test_names_that_are_taken_are_not_given_twice() -> None:
    hider = Hider("p/", taken=frozenset({"p/args/0"}))
    assert hider.arguments([f"{GITHUB} {JWT}"]) == ["${secret:p/args/0+} ${secret:p/args/0++}"]
    assert set(hider.secrets.values()) == {GITHUB, JWT}


@given(ARGUMENTS)
def test_what_runs_is_what_was_given(words: list[str]) -> None:
    environment = {"A": "value-of-a"}
    plain = Variables(environment)
    hider = Hider("mcp/x/")
    hidden = hider.arguments(words)
    sealed = Variables(environment, hider.secrets)
    for number, (before, after) in enumerate(zip(words, hidden, strict=True)):
        assert sealed.expand(after, f"args[{number}]") == plain.expand(before, f"args[{number}]")


@given(ARGUMENTS)
@example([f"-{GITHUB}", "s3cr3t-value"])
def test_hiding_again_hides_nothing_more(words: list[str]) -> None:
    hidden = Hider("mcp/x/").arguments(words)
    again: Any = Hider("mcp/x/")
    assert again.arguments(hidden) == hidden
    assert not again.secrets
