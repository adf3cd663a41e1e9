"""Tasks that a tool of a real MCP server does, in every kind of process: routed, durable, explained, cancelled."""

from __future__ import annotations

import base64
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from vibe_jupyter.client.commands.tasks import create_task
from vibe_jupyter.client.task_types import task_type, tool_types
from vibe_jupyter.core.accounts.principal import OWNER, Principal
from vibe_jupyter.core.errors import Forbidden, InvalidInput, NotFound
from vibe_jupyter.core.tasks.schemas import TaskCreate

if TYPE_CHECKING:
    from tests.factories import PlatformFactory
    from vibe_jupyter.client.api import VibeClient
    from vibe_jupyter.client.handles import TaskHandle

SERVER = Path(__file__).parents[1] / "mcp_servers" / "faulty_server.py"


def add_server(vibe: VibeClient, name: str = "faulty", **options: Any) -> None:
    vibe.mcps.add(name=name, command=sys.executable, args=["-S", str(SERVER)], **options)


@pytest.fixture(params=["in-process", "worker", "server"])
def vibe(request: pytest.FixtureRequest, make_platform: PlatformFactory) -> VibeClient:
    """Return a client of each kind of platform; in a server the tasks run in another process than the sessions."""
    client = make_platform.client(request.param)
    add_server(client, aliases={"sums.add": "add"})
    return client


def run(vibe: VibeClient, tool: str, **input_: Any) -> TaskHandle:
    handle: TaskHandle = vibe.tasks.create(type=f"mcp.faulty.{tool}", input=input_)
    return handle.wait(raise_on_failure=False)


def test_a_tool_that_was_never_listed_does_a_task(vibe: VibeClient) -> None:
    task = run(vibe, "ok", s="hello").task
    assert task.state == "succeeded", task.error
    assert (task.type, task.capability) == ("mcp.faulty.ok", "mcp.faulty.ok")
    assert (task.target and task.target.id, task.target and task.target.type) == ("mcp.faulty.ok", "mcp")
    assert task.result["content"] == [{"type": "text", "text": "hello"}]
    assert (task.result["server"], task.result["tool"]) == ("faulty", "ok")
    explained = vibe.tasks.explain(task.id)
    assert (explained.chosen, explained.candidates[0].type) == ("mcp.faulty.ok", "mcp")
    assert vibe.tasks.history(target="mcp.faulty.ok").items[0].id == task.id


def test_an_alias_is_routed_to_its_tool(vibe: VibeClient) -> None:
    vibe.mcps.capabilities("faulty")
    handle = vibe.tasks.create(type="sums_add", input={"a": 1, "b": 2}).wait()
    assert (handle.task.target.id, handle.task.type) == ("mcp.faulty.add", "sums_add")
    assert handle.task.result["content"][0]["text"] == "3"


def test_wrong_arguments_are_refused_before_there_is_a_task(vibe: VibeClient) -> None:
    with pytest.raises(InvalidInput) as caught:
        run(vibe, "add", a="1", b=2)
    assert caught.value.code == "mcp.bad_arguments"
    assert (caught.value.errors or [])[0]["loc"] == ["input", "a"]
    with pytest.raises(InvalidInput) as caught:
        run(vibe, "ad")
    assert "mcp.faulty.add" in str(caught.value.hint)
    assert vibe.tasks.history().total == 0


def test_a_tool_that_fails_fails_its_task_and_is_not_blamed(vibe: VibeClient) -> None:
    for _ in range(4):
        task = run(vibe, "err").task
        assert (task.state, task.error and task.error.code) == ("failed", "mcp.tool_failed")


def test_a_crash_fails_the_task_and_the_next_one_works(vibe: VibeClient) -> None:
    task = run(vibe, "crash").task
    assert (task.state, task.error and task.error.code) == ("failed", "mcp.crashed")
    assert task.attempts == 1, "it may have done something: nobody runs it again"
    assert run(vibe, "ok", s="again").task.state == "succeeded"


def test_progress_is_told_as_the_tasks(vibe: VibeClient) -> None:
    handle = run(vibe, "steps", n=3)
    told = [event.data for event in vibe.tasks.events(handle.id) if event.type == "progress"]
    assert told
    assert told[-1]["fraction"] == 1


def test_an_image_is_a_part_of_the_result(vibe: VibeClient) -> None:
    task = run(vibe, "image").task
    (part,) = task.parts
    assert part.media_type == "image/png"
    assert base64.b64decode(part.data).startswith(b"\x89PNG")
    shown = next(one for one in task.result["content"] if one["type"] == "image")
    assert "data" not in shown
    assert shown["name"] == part.name


def test_a_task_is_cancelled_with_its_call(vibe: VibeClient) -> None:
    handle = vibe.tasks.create(type="mcp.faulty.hang")
    next(event for event in handle.events() if event.type == "running")
    began = time.monotonic()
    handle.cancel()
    assert handle.wait(raise_on_failure=False).task.state == "cancelled"
    assert time.monotonic() - began < 3
    assert run(vibe, "ok", s="again").task.state == "succeeded"


def test_a_tasks_own_time_limit_is_that_of_its_call(vibe: VibeClient) -> None:
    vibe.mcps.update("faulty", timeout_s=0.2)

    def slow(**limit: float) -> TaskHandle:
        asked = vibe.tasks.create(type="mcp.faulty.slow", input={"seconds": 0.6}, **limit)
        return asked.wait(raise_on_failure=False)

    with_one, without = slow(timeout_s=30), slow()
    for longer, shorter in ((with_one, without), [vibe.tasks.retry(one.id) for one in (with_one, without)]):
        assert longer.wait(raise_on_failure=False).task.state == "succeeded"
        error = shorter.wait(raise_on_failure=False).task.error
        assert error is not None
        assert error.code == "mcp.timeout"


def test_what_the_policy_forbids_and_what_is_off_is_no_target(vibe: VibeClient) -> None:
    assert run(vibe, "ok", s="x").task.state == "succeeded"
    vibe.mcps.update("faulty", policy={"deny": ["ok"]})
    task = run(vibe, "ok", s="x").task
    assert (task.state, task.error and task.error.code) == ("failed", "route.no_target")
    assert task.error is not None
    assert "policy" in str(task.error.hint)
    vibe.mcps.update("faulty", enabled=False)
    off = run(vibe, "add", a=1, b=2).task.error
    assert off is not None
    assert "disabled" in str(off.hint)


def test_an_agent_cannot_make_a_task_of_a_tool(vibe: VibeClient, make_platform: PlatformFactory) -> None:
    vibe.mcps.capabilities("faulty")
    (platform,) = make_platform.started
    agent = Principal(OWNER.user_id, OWNER.scopes, "mcp")
    for type_ in ("mcp.faulty.add", "sums_add"):
        with pytest.raises(Forbidden) as caught:
            platform.call(platform.tasks.create(agent, TaskCreate(type=type_, input={"a": 1, "b": 2})))
        assert caught.value.code == "mcp.use_execute"


def test_a_server_that_is_gone_has_no_types(vibe: VibeClient) -> None:
    assert run(vibe, "ok", s="x").task.state == "succeeded"
    vibe.mcps.remove("faulty")
    with pytest.raises(InvalidInput) as caught:
        run(vibe, "ok", s="x")
    assert caught.value.code == "route.unknown_type"
    with pytest.raises(NotFound):
        vibe.mcps.capabilities("faulty")


class TestLargeResults:
    """What does not come with a result is fetched when it is read: nobody computes with a preview."""

    def test_of_a_call(self, vibe: VibeClient) -> None:
        assert len(vibe.mcp["faulty"].big(n=300_000).text) == 300_000
        rows = vibe.mcp["faulty"]["many-rows"](n=30_000)
        assert len(rows.structured_content["rows"]) == len(rows.data["rows"]) == 30_000
        assert len(rows.to_pandas()) == 30_000
        assert rows.text == "rows"
        pieces = vibe.mcp["faulty"]["many-pieces"](n=1000).text.splitlines()
        assert (len(pieces), pieces[-1]) == (1000, "piece 999")

    def test_of_a_task(self, vibe: VibeClient) -> None:
        big = run(vibe, "big", n=300_000)
        assert len(big.text) == len(big.result.text) == 300_000
        rows = run(vibe, "many-rows", n=30_000)
        assert rows.result.structured_content.rows[-1].people == 29_999
        assert len(rows.structured_content.rows) == len(rows.to_pandas()) == 30_000

    def test_one_that_is_gone_is_an_error_that_names_it(
        self, vibe: VibeClient, make_platform: PlatformFactory
    ) -> None:
        result = vibe.mcp["faulty"].big(n=300_000)
        (platform,) = make_platform.started
        assert platform.payloads.prune(time.time() + 60) == 1
        with pytest.raises(NotFound) as caught:
            _ = result.text
        assert caught.value.code == "payload.not_found"
        assert str(result.content[0].handle) in caught.value.message


class TestFromACommandLine:
    @pytest.mark.parametrize("kind", ["mcp.faulty.ok", "mcp_faulty_ok"])
    def test_what_is_typed_is_what_the_schema_wants(self, vibe: VibeClient, kind: str) -> None:
        """`5` is a text here, and a number where the tool wants one."""
        assert create_task(vibe, {"type": kind}, fields={"s": "5"}).task.input == {"s": "5"}
        added = create_task(vibe, {"type": "mcp.faulty.add"}, fields={"a": "1", "b": "2"})
        assert added.task.input == {"a": 1, "b": 2}
        assert added.wait().task.result["content"][0]["text"] == "3"

    def test_a_text_goes_to_the_only_one_that_there_is(self, vibe: VibeClient) -> None:
        assert create_task(vibe, {"type": "mcp.faulty.ok"}, text="hello you").task.input == {"s": "hello you"}
        with pytest.raises(InvalidInput) as caught:
            create_task(vibe, {"type": "mcp.faulty.add"}, text="hello")
        assert "takes no text" in caught.value.message

    def test_an_alias_is_typed_like_its_tool(self, vibe: VibeClient) -> None:
        known = task_type(vibe, "sums_add")
        assert known is not None
        assert list(known.schema["properties"]) == ["a", "b"]

    def test_types_are_offered_without_starting_a_server(self, vibe: VibeClient) -> None:
        assert tool_types(vibe) == []
        assert task_type(vibe, "mcp.faulty.ok", may_start=False) is None
        assert vibe.mcps.health()[0].state == "stopped"
        vibe.mcps.capabilities("faulty")
        assert "mcp.faulty.ok" in tool_types(vibe)
