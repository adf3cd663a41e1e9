"""A server says its own secrets: at no exit are they told."""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.mcp_servers.processes import scripted
from vibe_jupyter.core.errors import VibeError

if TYPE_CHECKING:
    from tests.factories import PlatformFactory
    from vibe_jupyter.client.api import VibeClient

SECRET, IN_ARGUMENTS, OF_ENVIRONMENT = "ENVSECRET777666", "ARGSECRET999888", "from-the-environment-1"


@pytest.fixture
def vibe(make_platform: PlatformFactory, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> VibeClient:
    """Return a client of a platform with a server that says all it knows."""
    monkeypatch.setenv("MY_TOKEN", OF_ENVIRONMENT)
    client = make_platform.client()
    schema = {"type": "object"}
    tools = [
        {"name": name, "description": "d", "inputSchema": schema}
        for name in ("t", "exit", "fails", "refuses")
    ]
    (tmp_path / "tools.json").write_text(json.dumps(tools))
    (tmp_path / "stderr").write_text("key $API_KEY\n$K2 and $TOLD\n")
    (tmp_path / "fails.json").write_text(
        '{"content": [{"type": "text", "text": "bad key $API_KEY"}], "isError": true}'
    )
    (tmp_path / "refuses.error.json").write_text('{"code": 7, "message": "bad key $API_KEY", "data": "$K2"}')
    command, *arguments = scripted(tmp_path)
    environment = {"API_KEY": SECRET, "K2": "${MY_TOKEN}", "TOLD": f"--token {IN_ARGUMENTS}"}
    client.mcps.add(name="s", command=command, args=[*arguments, "--token", IN_ARGUMENTS], env=environment)
    return client


@pytest.fixture
def log() -> Iterator[list[str]]:
    """Return the lines that we write."""
    lines: list[str] = []

    class Kept(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            lines.append(record.getMessage())

    handler = Kept()
    logging.getLogger("vibe").addHandler(handler)
    yield lines
    logging.getLogger("vibe").removeHandler(handler)


def told(thing: Any) -> str:
    return json.dumps(thing.model_dump(mode="json"))


@pytest.mark.parametrize("tool", ["exit", "refuses"])
def test_no_error_has_a_secret(vibe: VibeClient, tool: str, log: list[str]) -> None:
    with pytest.raises(VibeError) as caught:
        vibe.mcps.execute("s", tool=tool, arguments={})
    said = f"{caught.value} {caught.value.problem()}"
    task = vibe.tasks.create(type=f"mcp.s.{tool}").wait(raise_on_failure=False).task
    said += told(task) + told(vibe.tasks.explain(task.id))
    said += "".join(told(event) for event in vibe.tasks.events(task.id))
    said += told(vibe.mcps.logs("s")) + told(vibe.mcps.list()) + "".join(map(told, vibe.mcps.health()))
    said += "".join(log)
    assert "***" in said
    for secret in (SECRET, IN_ARGUMENTS, OF_ENVIRONMENT):
        assert secret not in said


def test_a_tool_that_fails_says_no_secret(vibe: VibeClient) -> None:
    found = vibe.mcps.execute("s", tool="fails", arguments={})
    assert found.content[0].text == "bad key ***"
    task = vibe.tasks.create(type="mcp.s.fails").wait(raise_on_failure=False).task
    assert "bad key ***" in told(task)
    assert SECRET not in told(task)


def test_a_server_that_does_not_start_says_no_secret(vibe: VibeClient) -> None:
    script = 'import os, sys; sys.exit("no such user " + os.environ["API_KEY"])'
    vibe.mcps.add(name="bad", command=sys.executable, args=["-S", "-c", script], env={"API_KEY": SECRET})
    with pytest.raises(VibeError) as caught:
        vibe.mcps.capabilities("bad")
    assert "no such user ***" in str(caught.value.problem())
    assert SECRET not in str(caught.value.problem())
    assert vibe.mcps.logs("bad").stderr == ["no such user ***"]


def test_what_was_a_secret_before_is_hidden_still(vibe: VibeClient) -> None:
    vibe.mcps.execute("s", tool="t", arguments={})
    vibe.mcps.update("s", env={"API_KEY": "another-secret-1"})
    assert SECRET not in told(vibe.mcps.logs("s"))
    vibe.mcps.execute("s", tool="t", arguments={})
    assert "another-secret-1" not in told(vibe.mcps.logs("s"))
