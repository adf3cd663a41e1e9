"""From the process that runs a server's tasks to the MCP sessions in the server, and back."""

from __future__ import annotations

import asyncio
import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import psutil
import pytest

from vibe_jupyter.client.api import VibeClient
from vibe_jupyter.client.in_process import InProcessTransport
from vibe_jupyter.core.mcp.errors import Crashed, with_stderr
from vibe_jupyter.core.mcp.schemas import ToolResult
from vibe_jupyter.core.platform import Platform
from vibe_jupyter.core.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from vibe_jupyter.client.handles import TaskHandle
    from vibe_jupyter.core.mcp.calls import ToolRequest

LIMIT_S = 60.0


@dataclass
class FakeTools:
    """Tools without servers, in the process of the test."""

    requests: list[ToolRequest] = field(default_factory=list)
    began: threading.Event = field(default_factory=threading.Event)
    cancelled: threading.Event = field(default_factory=threading.Event)

    async def call(self, request: ToolRequest, progress: Callable[[float | None, str], None]) -> ToolResult:
        self.requests.append(request)
        answer = await getattr(self, request.tool)(progress, **request.arguments)
        return ToolResult(
            content=[], structured_content=answer, duration_ms=1, server=request.server, tool=request.tool
        )

    async def echo(self, _progress: Any, **arguments: Any) -> Any:
        return arguments

    async def size(self, _progress: Any, text: str, answer_bytes: int) -> Any:
        return {"got": len(text), "text": "y" * answer_bytes}

    async def count(self, progress: Any, to: int) -> Any:
        for step in range(to):
            progress((step + 1) / to, f"step {step + 1}")
            await asyncio.sleep(0)
        return to

    async def hang(self, _progress: Any) -> Any:
        self.began.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            self.cancelled.set()
            raise

    async def crash(self, _progress: Any) -> Any:
        raise with_stderr(
            Crashed("fake ended during the call", hint="look at its log"),
            ["boom"],
            exit_code=3,
            executed=True,
        )

    async def bug(self, _progress: Any) -> Any:
        raise RuntimeError("a bug")


@dataclass
class Served:
    """A server's platform whose tasks run in a process beside it."""

    platform: Platform
    tools: FakeTools
    vibe: VibeClient

    def begin(self, tool: str, *, catch: bool = False, **arguments: Any) -> TaskHandle:
        given = {"tool": tool, "arguments": arguments, "catch": catch}
        handle: TaskHandle = self.vibe.tasks.create(type="calling_run", input=given)
        return handle

    def result(self, tool: str, *, catch: bool = False, **arguments: Any) -> Any:
        return self.begin(tool, catch=catch, **arguments).wait().result

    @property
    def child(self) -> psutil.Process:
        (child,) = [
            child
            for child in psutil.Process().children()
            if "execution.child_main" in " ".join(child.cmdline())
        ]
        return child


@pytest.fixture
def served(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Served]:
    info = tmp_path / "site" / "vibe_calling-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: vibe-calling\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(
        "[vibe_jupyter.oracles]\ncalling = tests.integration.calling_oracle:Calling\n"
    )
    monkeypatch.syspath_prepend(str(info.parent))
    tools = FakeTools()
    settings = Settings(data_dir=tmp_path / "vibe-data", max_body_bytes=32 * 2**20)
    platform = Platform(settings, tmp_path, "server", tools=tools)
    platform.start()
    try:
        yield Served(platform, tools, VibeClient(InProcessTransport(platform)))
    finally:
        platform.stop()


def test_a_call_crosses_with_all_that_belongs_to_it(served: Served) -> None:
    handle = served.begin("echo", text="häh?", deep=[[[{"a": None}]]], big=2**53)
    assert handle.wait().result["answer"] == {
        "text": "häh?", "deep": [[[{"a": None}]]], "big": 2**53,
    }  # fmt: skip
    (request,) = served.tools.requests
    assert (request.user_id, request.server, request.tool) == ("local", "fake", "echo")
    assert (request.task_id, request.caller, request.timeout_s) == (handle.id, "owner", 600)


@pytest.mark.measured
def test_an_error_crosses_whole(served: Served) -> None:
    found = served.result("crash", catch=True)
    assert found["error_type"] == "UpstreamFailed"
    assert found["problem"]["code"] == "mcp.crashed"
    assert found["problem"]["hint"] == "look at its log"
    assert found["problem"]["data"] == {"maybe_executed": True, "exit_code": 3, "stderr": ["boom"]}


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_bug_of_the_caller_is_told_and_harms_no_other_call(served: Served) -> None:
    assert served.result("bug", catch=True)["problem"]["code"] == "target.bug"
    assert served.result("echo", a=1)["answer"] == {"a": 1}


@pytest.mark.measured
def test_progress_arrives_thinned_and_the_last_of_it_for_certain(served: Served) -> None:
    handle = served.begin("count", to=5000)
    handle.wait()
    events = [event for event in served.vibe.tasks.events(handle.id) if event.type == "progress"]
    assert 1 <= len(events) < 100
    assert events[-1].data["message"] == "step 5000"
    assert events[-1].data["fraction"] == 1


@pytest.mark.measured
def test_a_cancelled_task_cancels_its_call(served: Served) -> None:
    handle = served.begin("hang")
    assert served.tools.began.wait(LIMIT_S)
    began = time.monotonic()
    handle.cancel()
    assert served.tools.cancelled.wait(LIMIT_S)
    assert time.monotonic() - began < 2
    assert handle.wait(raise_on_failure=False).state == "cancelled"
    assert served.result("echo", a=1)["answer"] == {"a": 1}


def test_when_the_process_dies_its_calls_end_and_the_next_ones_work(served: Served) -> None:
    handle = served.begin("hang")
    assert served.tools.began.wait(LIMIT_S)
    served.child.kill()
    assert served.tools.cancelled.wait(LIMIT_S)
    task = handle.wait(raise_on_failure=False)
    assert (task.state, task.error and task.error.code) == ("failed", "task.abandoned")
    assert served.result("echo", a=1)["answer"] == {"a": 1}


@pytest.mark.measured
def test_a_call_in_flight_when_the_platform_stops_fails_with_that(served: Served) -> None:
    handle = served.begin("hang")
    assert served.tools.began.wait(LIMIT_S)
    began = time.monotonic()
    served.platform.stop()
    assert time.monotonic() - began < 10
    assert served.tools.cancelled.is_set()
    reader = Platform(served.platform.settings, served.platform.root)
    reader.start()
    try:
        task = VibeClient(InProcessTransport(reader)).tasks.get(handle.id).task
    finally:
        reader.stop()
    assert (task.state, task.error and task.error.code) == ("failed", "platform.stopping")
    assert task.error is not None
    assert "may have run" in task.error.message


def test_large_messages_both_ways_at_once_neither_block_nor_stall(served: Served) -> None:
    served.result("echo")  # the process is there
    size = 4 * 2**20
    handles = [served.begin("size", text="x" * size, answer_bytes=size) for _ in range(8)]
    longest_s = 0.0
    while not all(handle.refresh().is_final for handle in handles):
        began = time.monotonic()
        served.platform.call(asyncio.sleep(0.001))
        longest_s = max(longest_s, time.monotonic() - began)
    assert [handle.task.result["answer"]["got"] for handle in handles] == [size] * 8
    assert longest_s < 1


def test_arguments_as_large_as_a_body_may_be_arrive_also_if_they_grow(served: Served) -> None:
    """A number of 3 characters is written as 12: in JSON the input may be smaller than the message."""
    numbers = [1e9] * 1_000_000
    assert served.result("echo", numbers=numbers)["answer"]["numbers"] == numbers
