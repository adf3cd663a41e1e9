"""We as an MCP server: behind Jupyter's login, in both eras, with the rights of an agent and no more."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import httpx
import httpx2
import pytest
from mcp import Client, StdioServerParameters
from mcp.client.streamable_http import streamable_http_client

from tests.mcp_servers.processes import FAULTY
from tests.servers import JupyterServer
from vibe_jupyter.core.table import OPERATIONS

MARKED = {operation.name.replace(".", "_") for operation in OPERATIONS if operation.mcp} | {"tasks_wait"}

both_eras = pytest.mark.parametrize("mode", ["legacy", "auto"], ids=["2025-11-25", "2026-07-28"])


@contextlib.asynccontextmanager
async def agent(server: JupyterServer, mode: str) -> AsyncIterator[Client]:
    headers = {"Authorization": f"Bearer {server.token}"}
    async with (
        httpx2.AsyncClient(headers=headers, timeout=30, trust_env=False) as http,
        Client(streamable_http_client(endpoint(server), http_client=http), mode=mode) as client,
    ):
        yield client


def endpoint(server: JupyterServer) -> str:
    return f"{server.url.rstrip('/')}/vibe/mcp"


def structured(result: Any) -> Any:
    assert not result.is_error, result.content
    return result.structured_content


@both_eras
@pytest.mark.asyncio
async def test_the_marked_operations_are_its_tools(server: JupyterServer, mode: str) -> None:
    async with agent(server, mode) as client:
        tools = {tool.name: tool for tool in (await client.list_tools()).tools}
        assert set(tools) == MARKED
        assert tools["tasks_create"].input_schema["properties"]["type"]["description"]
        reads = {name for name, tool in tools.items() if tool.annotations and tool.annotations.read_only_hint}
        assert {"tasks_get", "oracles_list", "mcps_search"} <= reads
        assert "tasks_create" not in reads


@both_eras
@pytest.mark.asyncio
async def test_a_task_is_created_and_waited_for(server: JupyterServer, mode: str) -> None:
    seen: list[float] = []

    async def progress(done: float, _total: float | None, _message: str | None) -> None:
        seen.append(done)

    async with agent(server, mode) as client:
        body = {"type": "file_search", "input": {"query": "needle"}}
        task = structured(await client.call_tool("tasks_create", body))
        assert task["state"] == "queued"
        waited = await client.call_tool("tasks_wait", {"task_id": task["id"]}, progress_callback=progress)
        assert structured(waited)["state"] == "succeeded"
        assert structured(waited)["result"]["matches"]
        assert all(0 <= done <= 1 for done in seen)


@both_eras
@pytest.mark.asyncio
async def test_mistakes_are_results_that_say_what_is_wrong(server: JupyterServer, mode: str) -> None:
    async with agent(server, mode) as client:
        for tool, arguments, code in (
            ("tasks_create", {"typ": "x"}, "request.invalid"),
            ("tasks_create", {"type": "file_serch"}, "route.unknown_type"),
            ("tasks_get", {"task_id": "nope"}, "task.not_found"),
            ("tasks_wait", {"task_id": "nope"}, "task.not_found"),
            ("tasks_wait", {"task_id": "x", "timeout_s": -1}, "request.invalid"),
            ("task_create", {}, "mcp.unknown_tool"),
        ):
            result = await client.call_tool(tool, arguments)
            assert result.is_error
            assert f'"code":"{code}"' in result.content[0].text  # type: ignore[union-attr]


@pytest.mark.asyncio
async def test_many_calls_at_once(server: JupyterServer) -> None:
    async with agent(server, "auto") as client:
        results = await asyncio.gather(*(client.call_tool("tasks_history", {"limit": 1}) for _ in range(50)))
        assert all(not result.is_error for result in results)


@pytest.mark.asyncio
async def test_an_agents_call_of_a_tool_asks_the_person(server: JupyterServer, api: httpx.Client) -> None:
    await asyncio.to_thread(
        api.post, "mcps", json={"name": "asked", "command": FAULTY[0], "args": FAULTY[1:]}
    )
    call = {"mcp_id": "asked", "tool": "ok", "arguments": {"s": "from an agent"}, "call_id": "agent-call"}
    told: asyncio.Queue[str] = asyncio.Queue()

    async def progress(_done: float, _total: float | None, message: str | None) -> None:
        told.put_nowait(message or "")

    async with agent(server, "auto") as client:
        calling = asyncio.create_task(client.call_tool("mcps_execute", call, progress_callback=progress))
        question = await _question(api)
        said = await told.get()
        assert said.startswith("a person is asked: May asked.ok be called?")
        assert "vibe questions" in said, "and how they answer: it is no call that hangs"
        assert question["kind"] == "approval"
        assert question["context"]["arguments"] == {"s": "from an agent"}
        await asyncio.to_thread(api.post, f"questions/{question['id']}/answer", json={"remember": True})
        assert structured(await calling)["content"][0]["text"] == "from an agent"
        again = await client.call_tool("mcps_execute", call)  # it was to be remembered
        assert structured(again)["is_error"] is False
        for tool, arguments in (
            ("tasks_create", {"type": "mcp.asked.crash"}),  # the way around
            ("questions_answer", {"question_id": question["id"]}),
            ("mcps_add", {"name": "evil", "command": "sh"}),
        ):
            assert (await client.call_tool(tool, arguments)).is_error
    await asyncio.to_thread(api.delete, "mcps/asked")


async def _question(api: httpx.Client) -> dict[str, Any]:
    params: dict[str, Any] = {"call_id": "agent-call", "wait_s": 20}
    answer = await asyncio.to_thread(lambda: api.get("questions", params=params, timeout=30))
    found: dict[str, Any] = answer.json()["questions"][0]
    return found


class TestDoor:
    def post(self, server: JupyterServer, query: str = "", **headers: str) -> httpx.Response:
        body = {"jsonrpc": "2.0", "id": 1, "method": "server/discover"}
        with httpx.Client(trust_env=False) as client:
            return client.post(endpoint(server) + query, json=body, headers=headers)

    def test_without_a_credential_it_says_how_to_sign_in(self, server: JupyterServer) -> None:
        answer = self.post(server)
        assert answer.status_code == 401
        assert answer.headers["WWW-Authenticate"].startswith("Bearer")
        assert answer.headers["Content-Type"] == "application/problem+json"

    def test_a_token_in_the_url_is_none(self, server: JupyterServer) -> None:
        assert self.post(server, f"?token={server.token}").status_code == 401

    def test_a_cookie_is_none(self, server: JupyterServer) -> None:
        with httpx.Client(trust_env=False) as client:
            client.get(f"{server.url}/vibe/docs", params={"token": server.token})
            cookies = "; ".join(f"{name}={value}" for name, value in client.cookies.items())
        assert self.post(server, Cookie=cookies).status_code == 401

    def test_a_wrong_token(self, server: JupyterServer) -> None:
        assert self.post(server, Authorization="Bearer nope").status_code == 401

    def test_pages_of_other_sites(self, server: JupyterServer) -> None:
        token = f"Bearer {server.token}"
        assert self.post(server, Authorization=token, Origin="http://evil.example").status_code == 403
        assert self.post(server, Authorization=token, Host="evil.example").status_code == 403

    def test_what_is_no_message(self, server: JupyterServer) -> None:
        headers = {"Authorization": f"Bearer {server.token}"}
        with httpx.Client(trust_env=False, headers=headers) as client:
            assert client.put(endpoint(server)).status_code == 405
            assert client.post(endpoint(server), content=b"x").status_code == 415
            json = {"Content-Type": "application/json"}
            assert client.post(endpoint(server), content=b"{", headers=json).status_code == 400
            assert (
                client.post(
                    endpoint(server), content=b'"' + b"x" * (5 << 20) + b'"', headers=json
                ).status_code
                == 413
            )


@pytest.mark.slow
@pytest.mark.asyncio
async def test_under_another_base_url_and_a_quick_end(start_server: Callable[..., JupyterServer]) -> None:
    server = start_server("based", base_url="/hub/user/ada/")
    async with agent(server, "legacy") as client:
        assert structured(await client.call_tool("oracles_list", {}))["oracles"]
    began = time.monotonic()
    server.stop()
    assert time.monotonic() - began < 10


@pytest.mark.slow
@both_eras
@pytest.mark.asyncio
async def test_over_standard_input_and_output(server: JupyterServer, mode: str, tmp_path: Path) -> None:
    """With a Jupyter server it is that one's tools; without one the platform runs in the process itself."""
    jupyter = str(Path(sys.executable).with_name("jupyter"))
    environment = {"PATH": os.environ["PATH"], "VIBE_DATA_DIR": str(tmp_path / "data")}
    (tmp_path / "hay.py").write_text("needle")
    for where in (["--url", server.url, "--token", server.token], ["--url", "in-process"]):
        command = StdioServerParameters(
            command=jupyter, args=["vibe", "mcp", "serve", *where], env=environment, cwd=str(tmp_path)
        )
        async with Client(command, mode=mode) as client:
            assert {tool.name for tool in (await client.list_tools()).tools} == MARKED
            body = {"type": "file_search", "input": {"query": "needle"}}
            task = structured(await client.call_tool("tasks_create", body))
            waited = await client.call_tool("tasks_wait", {"task_id": task["id"]})
            assert structured(waited)["state"] == "succeeded"
            assert (await client.call_tool("mcps_add", {"name": "x", "command": "sh"})).is_error


def test_idle_sessions_make_room_for_new_ones_and_used_ones_stay(
    start_server: Callable[..., JupyterServer],
) -> None:
    server = start_server()
    headers = {
        "Authorization": f"Bearer {server.token}",
        "Accept": "application/json, text/event-stream",
        "Content-Type": "application/json",
    }
    hello = {
        "jsonrpc": "2.0", "id": 1, "method": "initialize",
        "params": {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "a", "version": "1"}},
    }  # fmt: skip
    ping = {"jsonrpc": "2.0", "id": 2, "method": "ping"}
    with httpx.Client(headers=headers, trust_env=False, timeout=60) as client:

        def opened() -> str:
            answer = client.post(endpoint(server), json=hello)
            assert answer.status_code == 200, answer.text
            return answer.headers["mcp-session-id"]

        def status(session: str) -> int:
            return client.post(endpoint(server), json=ping, headers={"mcp-session-id": session}).status_code

        listening, used, idle = opened(), opened(), opened()
        with client.stream("GET", endpoint(server), headers={"mcp-session-id": listening}) as stream:
            assert stream.status_code == 200
            for _ in range(253):
                opened()
            assert status(used) == 200
            opened()
            assert [status(one) for one in (listening, used, idle)] == [200, 200, 404]
