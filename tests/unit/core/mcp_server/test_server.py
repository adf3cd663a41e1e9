"""Our tools, called through the SDK in this process: their schemas tell the truth, and an agent keeps to its rights."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from mcp import Client

from tests.factories import PlatformFactory, probe_registry
from vibe_jupyter.core.accounts.principal import ALL_SCOPES, OWNER, Principal
from vibe_jupyter.core.mcp_server.server import agent_of, build_server
from vibe_jupyter.core.mcp_server.tools import (
    ADDS_ONLY,
    ASKS_ONLY,
    MARKED,
    REACHES_OUT,
    REPEATABLE,
    declared_tools,
)
from vibe_jupyter.core.platform import Platform
from vibe_jupyter.core.table import OPERATIONS

MARKED_NAMES = {operation.name for operation in OPERATIONS if operation.mcp}
TOOLS = {tool.name: tool for tool in declared_tools()}


@pytest.fixture
def platform(make_platform: PlatformFactory) -> Platform:
    return make_platform(registry=probe_registry())


@contextlib.asynccontextmanager
async def agent(platform: Platform, principal: Principal = OWNER) -> AsyncIterator[Client]:
    server = build_server(lambda: platform, lambda _request: principal)
    async with Client(server) as client:
        yield client


def structured(result: Any) -> Any:
    assert not result.is_error, result.content
    return result.structured_content


def code_of(result: Any) -> str:
    assert result.is_error
    return str(json.loads(result.content[0].text)["code"])


class TestDeclarations:
    def test_each_marked_operation_is_a_tool_and_nothing_else_but_waiting(self) -> None:
        assert set(TOOLS) == {name.replace(".", "_") for name in MARKED_NAMES} | {"tasks_wait"}
        assert len(declared_tools()) == len(TOOLS)

    def test_what_registers_or_answers_is_never_marked(self) -> None:
        for operation in OPERATIONS:
            if operation.scope in ("mcps:write", "questions:write", "owner"):
                assert not operation.mcp, operation.name

    @pytest.mark.parametrize("tool", TOOLS.values(), ids=TOOLS)
    def test_schemas_are_valid_and_say_what_they_take(self, tool: Any) -> None:
        for schema in (tool.input_schema, tool.output_schema):
            Draft202012Validator.check_schema(schema)
            assert schema["type"] == "object"
        assert tool.input_schema["additionalProperties"] is False
        assert tool.title
        assert not tool.title.endswith(".")
        assert tool.description.startswith(tool.title.split()[0])

    @pytest.mark.parametrize(("name", "operation"), MARKED.items(), ids=MARKED)
    def test_arguments_are_those_of_the_operation(self, name: str, operation: Any) -> None:
        assert set(TOOLS[name].input_schema["properties"]) == set(operation.arguments.model_fields)
        required = {key for key, info in operation.arguments.model_fields.items() if info.is_required()}
        assert set(TOOLS[name].input_schema.get("required", [])) == required

    def test_annotations_follow_from_the_method_or_are_declared(self) -> None:
        assert ASKS_ONLY | ADDS_ONLY | REPEATABLE | REACHES_OUT <= MARKED_NAMES
        for name, operation in MARKED.items():
            annotations = TOOLS[name].annotations
            assert annotations is not None
            reads = operation.method == "GET" or operation.name in ASKS_ONLY
            assert annotations.read_only_hint is reads
            assert annotations.destructive_hint is (not reads and operation.name not in ADDS_ONLY)

    def test_an_agent_has_the_persons_rights_but_three(self) -> None:
        found = agent_of(OWNER)
        assert found.via == "mcp"
        assert found.user_id == OWNER.user_id
        assert ALL_SCOPES - found.scopes == {"owner", "mcps:write", "questions:write"}


class TestCalls:
    @pytest.mark.asyncio
    async def test_what_each_tool_answers_fits_its_output_schema(self, platform: Platform) -> None:
        async with agent(platform) as client:
            create = {"type": "probe_run", "input": {"text": "hello"}}
            task = structured(await client.call_tool("tasks_create", create))
            arguments: dict[str, dict[str, Any]] = {
                "tasks_wait": {"task_id": task["id"]}, "tasks_get": {"task_id": task["id"]}, "tasks_history": {},
                "oracles_list": {}, "mcps_list": {}, "mcps_search": {"q": "files"},
            }  # fmt: skip
            answers = {"tasks_create": task}
            for name, values in arguments.items():
                answers[name] = structured(await client.call_tool(name, values))
            assert answers["tasks_wait"]["result"]["text"] == "hello"
            for name, value in answers.items():
                Draft202012Validator(TOOLS[name].output_schema).validate(value)

    @pytest.mark.asyncio
    async def test_mistakes_are_answered_with_code_and_hint(self, platform: Platform) -> None:
        async with agent(platform) as client:
            for tool, arguments, code in (
                ("tasks_create", {"typ": "probe_run"}, "request.invalid"),
                ("tasks_create", {"type": "probe_run", "priority": "high"}, "request.invalid"),
                ("tasks_create", {"type": "probe_rn"}, "route.unknown_type"),
                ("tasks_create", {"type": "probe_run", "root": "/"}, "path.outside_root"),
                ("tasks_get", {}, "request.invalid"),
                ("tasks_get", {"task_id": 7}, "task.not_found"),
                ("tasks_history", {"limit": 0}, "request.invalid"),
                ("tasks_wait", {"task_id": "x"}, "task.not_found"),
                ("tasks_wait", {"task_id": "x", "timeout_s": 301}, "request.invalid"),
                ("tasks_wait", {"id": "x"}, "request.invalid"),
                ("mcps_execute", {"mcp_id": "x", "tool": "y"}, "mcp.unknown_server"),
                ("questions_answer", {"question_id": "x"}, "mcp.unknown_tool"),
                ("nonsense", {}, "mcp.unknown_tool"),
            ):
                assert code_of(await client.call_tool(tool, arguments)) == code, (tool, arguments)

    @pytest.mark.asyncio
    async def test_the_nearest_tool_is_suggested(self, platform: Platform) -> None:
        async with agent(platform) as client:
            result = await client.call_tool("task_create", {})
            assert "tasks_create" in result.content[0].text  # type: ignore[union-attr]

    @pytest.mark.asyncio
    async def test_a_missing_scope_is_named(self, platform: Platform) -> None:
        reader = Principal("local", frozenset({"tasks:read"}), "jwt")
        async with agent(platform, reader) as client:
            assert structured(await client.call_tool("tasks_history", {}))["items"] == []
            for tool in ("tasks_create", "oracles_list", "mcps_list"):
                result = await client.call_tool(tool, {})
                assert code_of(result) == "auth.scope_missing"
        nobody = Principal("local", frozenset(), "jwt")
        async with agent(platform, nobody) as client:
            assert code_of(await client.call_tool("tasks_wait", {"task_id": "x"})) == "auth.scope_missing"

    @pytest.mark.asyncio
    async def test_another_users_task_is_not_found(self, platform: Platform) -> None:
        async with agent(platform) as client:
            task = structured(await client.call_tool("tasks_create", {"type": "probe_run"}))
        other = Principal("somebody", ALL_SCOPES, "jwt")
        async with agent(platform, other) as client:
            for tool in ("tasks_get", "tasks_wait", "tasks_cancel"):
                assert code_of(await client.call_tool(tool, {"task_id": task["id"]})) == "task.not_found"

    @pytest.mark.asyncio
    async def test_a_bug_of_ours_tells_nothing_but_that(
        self, platform: Platform, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        async def fail(*_: Any) -> bytes:
            raise RuntimeError("the text of a bug")

        monkeypatch.setattr(platform.tasks, "history", fail)
        async with agent(platform) as client:
            result = await client.call_tool("tasks_history", {})
            assert code_of(result) == "internal.error"
            assert "the text of a bug" not in str(result)

    @pytest.mark.asyncio
    async def test_a_platform_that_stops_says_so(self, platform: Platform) -> None:
        async with agent(platform) as client:
            await asyncio.to_thread(platform.stop)
            assert code_of(await client.call_tool("mcps_list", {})) == "platform.stopping"


class TestWaiting:
    @pytest.mark.asyncio
    async def test_progress_is_told_until_the_end(self, platform: Platform) -> None:
        told: list[tuple[float, str | None]] = []

        async def progress(value: float, _total: float | None, message: str | None) -> None:
            told.append((value, message))

        async with agent(platform) as client:
            create = {"type": "probe_run", "input": {"steps": 4, "seconds": 0.2}}
            task = structured(await client.call_tool("tasks_create", create))
            wait = {"task_id": task["id"]}
            done = structured(await client.call_tool("tasks_wait", wait, progress_callback=progress))
        assert done["state"] == "succeeded"
        values = [value for value, _ in told]
        assert values == sorted(set(values))
        steps = [message for _, message in told if message and message.startswith("step")]
        assert steps  # news that come close together are told as one
        assert set(steps) <= {f"step {n}" for n in range(1, 5)}
        assert steps == sorted(steps)

    @pytest.mark.asyncio
    async def test_one_that_takes_longer_is_shown_as_it_is_and_goes_on(self, platform: Platform) -> None:
        async with agent(platform) as client:
            create = {"type": "probe_run", "input": {"seconds": 30}}
            task = structured(await client.call_tool("tasks_create", create))
            wait = {"task_id": task["id"], "timeout_s": 0.2}
            assert structured(await client.call_tool("tasks_wait", wait))["state"] in ("queued", "running")
            cancelled = structured(await client.call_tool("tasks_cancel", {"task_id": task["id"]}))
            assert cancelled["id"] == task["id"]
            ended = structured(await client.call_tool("tasks_wait", {"task_id": task["id"]}))
            assert ended["state"] == "cancelled"

    @pytest.mark.asyncio
    async def test_who_stops_waiting_stops_nothing_else(self, platform: Platform) -> None:
        async with agent(platform) as client:
            create = {"type": "probe_run", "input": {"seconds": 0.5, "text": "late"}}
            task = structured(await client.call_tool("tasks_create", create))
            waiting = asyncio.create_task(client.call_tool("tasks_wait", {"task_id": task["id"]}))
            await client.call_tool("tasks_get", {"task_id": task["id"]})
            waiting.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await waiting
            ended = structured(await client.call_tool("tasks_wait", {"task_id": task["id"]}))
            assert ended["result"]["text"] == "late"
