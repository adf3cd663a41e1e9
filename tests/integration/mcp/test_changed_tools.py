"""A tool that is another one after its server was started anew: what was decided about it counts no more."""

from __future__ import annotations

import json
import os
import signal
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.mcp_servers.processes import scripted
from vibe_jupyter.core.accounts.principal import OWNER, Principal
from vibe_jupyter.core.errors import VibeError
from vibe_jupyter.core.mcp.schemas import ToolCall, ToolResult

if TYPE_CHECKING:
    from tests.factories import PlatformFactory
    from vibe_jupyter.client.api import VibeClient
    from vibe_jupyter.core.platform import Platform

AGENT = Principal(OWNER.user_id, OWNER.scopes, "mcp")


def tool(description: str, **more: Any) -> dict[str, Any]:
    return {"name": "t", "description": description, "inputSchema": {"type": "object"}, **more}


class Server:
    """A server whose tools are in a file; a client, an agent and a person."""

    def __init__(self, vibe: VibeClient, platform: Platform, folder: Path, **options: Any) -> None:
        self.vibe, self.platform, self.folder = vibe, platform, folder
        self.offer(tool("adds"))
        command, *arguments = scripted(folder)
        vibe.mcps.add(name="s", command=command, args=arguments, **options)

    def offer(self, *tools: dict[str, Any]) -> None:
        (self.folder / "tools.json").write_text(json.dumps(tools))

    @property
    def starts(self) -> int:
        return len((self.folder / "starts").read_text().splitlines())

    @property
    def lists(self) -> int:
        return len((self.folder / "lists").read_text().splitlines())

    def call(self, principal: Principal = AGENT) -> str:
        found: ToolResult = self.platform.call(self.platform.mcp.execute(principal, "s", ToolCall(tool="t")))
        return str(found.content[0].text)

    def call_and_answer(self, **answer: Any) -> tuple[str, str]:
        """Let the agent call and a person answer; return what was asked, and what the tool answered."""
        asked: list[str] = []

        def person() -> None:
            (question,) = self.vibe.questions.list(wait_s=20).questions
            asked.append(f"{question.message} {question.context['description']}")
            self.vibe.questions.answer(question.id, **answer)

        thread = threading.Thread(target=person)
        thread.start()
        try:
            return self.call(), asked[0]
        finally:
            thread.join()

    def kill(self) -> None:
        """Kill the process, and return when its end is known."""
        pid = self.vibe.mcps.health()[0].pid
        assert pid is not None
        os.kill(pid, signal.SIGKILL)
        while self.vibe.mcps.health()[0].pid == pid:
            pass


@pytest.fixture
def server(make_platform: PlatformFactory, tmp_path: Path) -> Callable[..., Server]:
    """Return what registers a server."""

    def new(**options: Any) -> Server:
        client = make_platform.client()
        folder = tmp_path / "scripted"
        folder.mkdir()
        return Server(client, make_platform.started[-1], folder, **options)

    return new


def test_a_remembered_approval_is_for_the_tool_as_it_was(server: Callable[..., Server]) -> None:
    one = server()
    assert one.call_and_answer(action="accept", remember=True)[0] == "adds"
    assert one.call() == "adds"
    one.offer(tool("deletes everything"))
    one.kill()
    answer, asked = one.call_and_answer(action="accept")
    assert (answer, "has changed" in asked, "deletes everything" in asked) == (
        "deletes everything",
        True,
        True,
    )


def test_the_tool_is_seen_as_it_is_when_a_person_is_asked(server: Callable[..., Server]) -> None:
    one = server(policy={"approval": "ask"})
    one.vibe.mcps.capabilities("s")
    one.offer(tool("deletes everything"))
    one.kill()
    with pytest.raises(VibeError, match=r"approval_rejected"):
        one.call_and_answer(action="decline")
    assert one.vibe.mcps.capabilities("s").tools[0].description == "deletes everything"


def test_what_a_trusted_server_says_is_heard_anew(server: Callable[..., Server]) -> None:
    one = server(policy={"trusted": True})
    one.offer(tool("reads", annotations={"readOnlyHint": True}))
    assert one.call() == "reads"
    one.offer(tool("writes", annotations={"readOnlyHint": False}))
    one.kill()
    with pytest.raises(VibeError, match=r"approval_rejected"):
        one.call_and_answer(action="decline")


def test_a_tool_that_changes_while_a_person_is_asked_is_asked_about_again(
    server: Callable[..., Server],
) -> None:
    one = server()
    one.vibe.mcps.capabilities("s")
    asked: list[str] = []

    def person() -> None:
        for _ in range(2):
            (question,) = one.vibe.questions.list(wait_s=20).questions
            asked.append(question.context["description"])
            if len(asked) == 1:
                one.offer(tool("deletes everything"))
                one.kill()
            one.vibe.questions.answer(question.id, action="accept" if len(asked) == 1 else "decline")

    thread = threading.Thread(target=person)
    thread.start()
    with pytest.raises(VibeError, match=r"approval_rejected"):
        one.call()
    thread.join()
    assert asked == ["adds", "deletes everything"]


def test_a_tool_that_is_gone_is_unknown(server: Callable[..., Server]) -> None:
    one = server()
    one.call_and_answer(action="accept", remember=True)
    one.offer()
    one.kill()
    with pytest.raises(VibeError, match=r"unknown_tool"):
        one.call()


def test_nothing_is_listed_twice_in_a_session(server: Callable[..., Server]) -> None:
    one = server()
    one.call_and_answer(action="accept", remember=True)
    one.kill()
    revision = one.platform.call(one.platform.mcp._store.revision(OWNER.user_id))
    for _ in range(3):
        assert one.call() == "adds"
    assert (one.starts, one.lists) == (2, 2)
    assert one.platform.call(one.platform.mcp._store.revision(OWNER.user_id)) == revision, (
        "nothing has changed"
    )


def test_the_owners_own_call_waits_for_no_list(server: Callable[..., Server]) -> None:
    one = server()
    one.vibe.mcps.capabilities("s")
    one.kill()
    assert one.call(OWNER) == "adds"
    assert one.lists == 1
