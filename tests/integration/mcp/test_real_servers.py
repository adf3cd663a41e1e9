"""Other people's servers, of both eras: what a person does with them, in a process of their own and through Jupyter."""

from __future__ import annotations

import base64
import json
import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.factories import PlatformFactory
from tests.mcp_servers.real_servers import (
    everything_command,
    filesystem_command,
    git_server_command,
    memory_command,
    time_server_command,
)
from tests.servers import JupyterServer
from vibe_jupyter.client.api import VibeClient
from vibe_jupyter.core.errors import Conflict, InvalidInput, NotFound, VibeError
from vibe_jupyter.core.mcp.schemas import McpHealth, ToolResult

pytestmark = pytest.mark.slow

OFFERS = {
    "everything": ("2025-11-25", "get-sum"),
    "files": ("2025-11-25", "list_directory"),
    "memory": ("2025-11-25", "create_entities"),
    "time": ("2026-07-28", "convert_time"),
    "git": ("2026-07-28", "git_status"),
}
"""What each server speaks, and one of its tools."""
PNG = b"\x89PNG\r\n\x1a\n"


@dataclass
class Desk:
    """A client, and the folder in which its servers work."""

    vibe: VibeClient
    folder: Path

    def add(self, name: str, command: list[str], **more: Any) -> str:
        return str(self.vibe.mcps.add(name=name, command=command[0], args=command[1:], **more).id)

    def call(self, server: str, tool: str, **arguments: Any) -> ToolResult:
        return self.vibe.mcps.execute(server, tool=tool, arguments=arguments)

    def text(self, server: str, tool: str, **arguments: Any) -> str:
        result = self.call(server, tool, **arguments)
        assert not result.is_error, result
        return result.content[0].text or ""

    def health(self, server: str) -> McpHealth:
        return next(one for one in self.vibe.mcps.health() if one.id == server)

    def until(self, server: str, is_so: Callable[[McpHealth], bool]) -> None:
        deadline = time.monotonic() + 20
        while not is_so(self.health(server)):
            assert time.monotonic() < deadline, self.health(server)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a repository with a file."""
    folder = tmp_path_factory.mktemp("work")
    (folder / "Übersicht.md").write_text("# Grüße\n")
    subprocess.run(["git", "init", "-q", str(folder)], check=True)
    return folder


@pytest.fixture(scope="module", params=["in-process", "server"])
def desk(
    request: pytest.FixtureRequest, folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Desk]:
    """Return a client of each kind, with all five servers registered."""
    place = tmp_path_factory.mktemp("desk")
    if request.param == "server":
        server: JupyterServer = request.getfixturevalue("server")
        platforms, vibe = None, server.vibe()
    else:
        platforms = PlatformFactory(place)
        vibe = platforms.client()
    desk = Desk(vibe, folder)
    try:
        desk.add("everything", everything_command())
        desk.add("files", filesystem_command(folder))
        desk.add("memory", memory_command(), env={"MEMORY_FILE_PATH": str(place / "memory.json")})
        desk.add("time", time_server_command())
        desk.add("git", git_server_command(folder))
        yield desk
    finally:
        for one in vibe.mcps.list().servers:
            if one.id in OFFERS:
                vibe.mcps.remove(one.id)
        vibe.close()
        if platforms is not None:
            platforms.stop_all()


@pytest.mark.parametrize("name", OFFERS)
def test_what_a_server_offers_is_listed(desk: Desk, name: str) -> None:
    revision, tool = OFFERS[name]
    found = desk.vibe.mcps.capabilities(name)
    assert found.protocol_version == revision
    assert found.problems == []
    tools = {one.name: one for one in found.tools}
    assert tools[tool].description
    assert tools[tool].capability == f"mcp.{name}.{tool}"
    assert tools[tool].input_schema["type"] == "object"


class TestCalls:
    def test_text_and_numbers(self, desk: Desk) -> None:
        assert desk.text("everything", "echo", message="Grüße") == "Echo: Grüße"
        assert "is 42" in desk.text("everything", "get-sum", a=20, b=22)

    def test_a_picture(self, desk: Desk) -> None:
        pictures = [one for one in desk.call("everything", "get-tiny-image").content if one.type == "image"]
        assert pictures[0].mime_type == "image/png"
        assert base64.b64decode(pictures[0].data or "").startswith(PNG)

    def test_structured_content(self, desk: Desk) -> None:
        found = desk.call("everything", "get-structured-content", location="Chicago").structured_content
        assert set(found) == {"temperature", "conditions", "humidity"}

    def test_links_and_what_is_embedded(self, desk: Desk) -> None:
        links = [one for one in desk.call("everything", "get-resource-links", count=2).content if one.uri]
        assert [one.type for one in links] == ["resource_link"] * 2
        read = desk.vibe.mcps.read_resource("everything", uri=links[0].uri or "")
        assert read.content[0].uri == links[0].uri
        embedded = desk.call("everything", "get-resource-reference", resourceType="Text", resourceId=1)
        assert "resource" in {one.type for one in embedded.content}

    def test_a_prompt(self, desk: Desk) -> None:
        found = desk.vibe.mcps.get_prompt("everything", prompt="args-prompt", arguments={"city": "Oslo"})
        assert "Oslo" in (found.messages[0].content.text or "")

    def test_files(self, desk: Desk) -> None:
        assert "Übersicht.md" in desk.text("files", "list_directory", path=str(desk.folder))
        path = str(desk.folder / "Übersicht.md")
        assert desk.call("files", "read_text_file", path=path).structured_content == {"content": "# Grüße\n"}
        outside = desk.call("files", "read_text_file", path="/etc/hostname")
        assert outside.is_error
        assert "outside" in (outside.content[0].text or "")

    def test_a_graph_is_kept(self, desk: Desk) -> None:
        entity = {"name": "Ada", "entityType": "person", "observations": ["wrote programs"]}
        first = desk.call("memory", "create_entities", entities=[entity]).structured_content
        assert [one["name"] for one in first["entities"]] == ["Ada"]
        assert desk.call("memory", "create_entities", entities=[entity]).structured_content["entities"] == []
        desk.vibe.mcps.restart("memory")
        assert "wrote programs" in desk.text("memory", "search_nodes", query="Ada")

    def test_times(self, desk: Desk) -> None:
        where = {"source_timezone": "UTC", "target_timezone": "Asia/Tokyo"}
        assert "21:00" in desk.text("time", "convert_time", time="12:00", **where)
        assert desk.call("time", "convert_time", time="noon", **where).is_error

    def test_a_repository(self, desk: Desk) -> None:
        assert "bersicht.md" in desk.text("git", "git_status", repo_path=str(desk.folder))

    def test_wrong_ones_are_not_sent(self, desk: Desk) -> None:
        with pytest.raises(InvalidInput) as wrong:
            desk.call("everything", "get-sum", a="1", b=2)
        assert wrong.value.code == "mcp.bad_arguments"
        with pytest.raises(NotFound) as unknown:
            desk.call("everything", "get-sun")
        assert "get-sum" in str(unknown.value.hint)

    def test_time_runs_out_and_the_server_goes_on(self, desk: Desk) -> None:
        with pytest.raises(VibeError) as late:
            desk.vibe.mcps.execute(
                "everything",
                tool="trigger-long-running-operation",
                arguments={"duration": 60, "steps": 60},
                timeout_s=0.3,
            )
        assert late.value.code == "mcp.timeout"
        assert desk.text("everything", "echo", message="here") == "Echo: here"


class TestTasks:
    def test_a_tool_does_one_and_tells_how_far_it_is(self, desk: Desk) -> None:
        kind = "mcp.everything.trigger-long-running-operation"
        handle = desk.vibe.tasks.create(type=kind, input={"duration": 0.4, "steps": 4}).wait()
        assert (handle.task.target.type, handle.task.target.id) == ("mcp", kind)
        told = [event.data["fraction"] for event in handle.events() if event.type == "progress"]
        assert told == sorted(told)
        assert told[-1] == 1

    def test_one_of_the_newer_era(self, desk: Desk) -> None:
        handle = desk.vibe.tasks.create(type="mcp.time.get_current_time", input={"timezone": "UTC"}).wait()
        assert "UTC" in handle.task.result["content"][0]["text"]

    def test_a_cancelled_one_ends_its_call_and_nothing_else(self, desk: Desk) -> None:
        kind = "mcp.everything.trigger-long-running-operation"
        handle = desk.vibe.tasks.create(type=kind, input={"duration": 60, "steps": 60})
        next(event for event in handle.events() if event.type == "progress")
        pid = desk.health("everything").pid
        handle.cancel()
        assert handle.wait(raise_on_failure=False).task.state == "cancelled"
        desk.until("everything", lambda health: health.in_flight == 0)
        assert desk.text("everything", "echo", message="here") == "Echo: here"
        assert desk.health("everything").pid == pid


class TestQuestions:
    @pytest.mark.parametrize("action", ["accept", "decline"])
    def test_a_server_asks_and_a_person_answers(self, desk: Desk, action: str) -> None:
        asked: list[Any] = []

        def answer() -> None:
            (question,) = desk.vibe.questions.list(call_id=f"call-{action}", wait_s=20).questions
            asked.append(question)
            content = {"name": "Ada"} if action == "accept" else None
            desk.vibe.questions.answer(question.id, action=action, content=content)

        thread = threading.Thread(target=answer)
        thread.start()
        found = desk.vibe.mcps.execute(
            "everything", tool="trigger-elicitation-request", call_id=f"call-{action}"
        )
        thread.join()
        assert (asked[0].kind, asked[0].context["server"]) == ("elicitation", "everything")
        said = " ".join(one.text or "" for one in found.content)
        assert ("Ada" in said) == (action == "accept")


class TestManaging:
    def test_two_of_one_name(self, desk: Desk) -> None:
        before = desk.vibe.mcps.get("time").command
        with pytest.raises(Conflict) as taken:
            desk.add("Time", git_server_command(desk.folder))
        assert taken.value.code == "mcp.name_taken"
        assert desk.vibe.mcps.get("time").command == before

    def test_health_logs_and_a_restart(self, desk: Desk) -> None:
        desk.text("files", "list_directory", path=str(desk.folder))
        health = desk.health("files")
        assert (health.state, health.breaker, health.last_error) == ("ready", "closed", None)
        assert health.latency_ms.p50 is not None
        assert "Secure MCP Filesystem Server" in "\n".join(desk.vibe.mcps.logs("files").stderr)
        assert desk.vibe.mcps.restart("files").pid not in (None, health.pid)
        assert "Übersicht.md" in desk.text("files", "list_directory", path=str(desk.folder))

    def test_a_file_of_another_program(self, desk: Desk, tmp_path: Path) -> None:
        command = filesystem_command()
        servers = {"Claude's files": {"command": command[0], "args": [*command[1:], "${HERE:-/}"]}}
        path = tmp_path / ".mcp.json"
        path.write_text(json.dumps({"mcpServers": servers}))
        (added,) = desk.vibe.mcps.import_config(path=str(path)).added
        try:
            assert added.source == str(path)
            assert "/" in desk.text(added.id, "list_allowed_directories")
        finally:
            gone = desk.vibe.mcps.remove(added.id)
        assert gone.id == added.id
        with pytest.raises(NotFound):
            desk.vibe.mcps.capabilities(added.id)

    def test_one_that_is_removed_ends(self, desk: Desk) -> None:
        name = desk.add("short", time_server_command())
        desk.text(name, "get_current_time", timezone="UTC")
        pid = desk.health(name).pid
        assert pid is not None
        desk.vibe.mcps.remove(name)
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)

    def test_a_crash_of_one_does_not_hurt_the_others(self, desk: Desk) -> None:
        for server in OFFERS:
            desk.vibe.mcps.restart(server)
        pids = {server: desk.health(server).pid for server in OFFERS}
        failed: list[VibeError] = []

        def wait() -> None:
            try:
                desk.call("everything", "trigger-long-running-operation", duration=60, steps=60)
            except VibeError as error:
                failed.append(error)

        thread = threading.Thread(target=wait)
        thread.start()
        desk.until("everything", lambda health: health.in_flight == 1)
        os.kill(pids["everything"] or 0, signal.SIGKILL)
        thread.join(20)
        assert [error.code for error in failed] == ["mcp.crashed"]
        assert "SIGKILL" in failed[0].message
        assert "Übersicht.md" in desk.text("files", "list_directory", path=str(desk.folder))
        assert desk.text("everything", "echo", message="again") == "Echo: again"
        after = {server: desk.health(server).pid for server in OFFERS}
        assert {server for server in OFFERS if after[server] != pids[server]} == {"everything"}
        assert desk.health("everything").restarts == 1
