"""`jupyter vibe mcp serve`: messages pass as they are, and a server that was restarted is found again."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
from mcp import Client, StdioServerParameters

from tests.servers import JupyterServer, free_port
from vibe_jupyter.core.table import OPERATIONS

MARKED = {operation.name.replace(".", "_") for operation in OPERATIONS if operation.mcp} | {"tasks_wait"}
JUPYTER = str(Path(sys.executable).with_name("jupyter"))
ENVELOPE = {
    "io.modelcontextprotocol/protocolVersion": "2026-07-28",
    "io.modelcontextprotocol/clientCapabilities": {},
}
SEARCH = {"type": "file_search", "input": {"query": "needle"}}

both_eras = pytest.mark.parametrize("mode", ["legacy", "auto"], ids=["2025-11-25", "2026-07-28"])


def environment(server: JupyterServer, **more: str) -> dict[str, str]:
    wanted = ("PATH", "HOME", "PYTHONPATH", "VIBE_DATA_DIR", "JUPYTER_CONFIG_DIR", "JUPYTER_RUNTIME_DIR")
    return {name: server.environment[name] for name in wanted if name in server.environment} | more


@contextlib.asynccontextmanager
async def serving(folder: Path, mode: str, *options: str, **env: str) -> AsyncIterator[Client]:
    command = StdioServerParameters(
        command=JUPYTER, args=["vibe", "mcp", "serve", *options], env=env, cwd=str(folder)
    )
    async with Client(command, mode=mode) as client:
        yield client


def structured(result: Any) -> Any:
    assert not result.is_error, result.content
    return result.structured_content


class Process:
    """The proxy with its pipes in our hands."""

    def __init__(self, server: JupyterServer, *options: str) -> None:
        self.process = subprocess.Popen(
            [JUPYTER, "vibe", "mcp", "serve", *options],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=environment(server),
            cwd=server.root,
        )

    def send(self, *messages: Any) -> None:
        assert self.process.stdin is not None
        for message in messages:
            line = message if isinstance(message, bytes) else json.dumps(message).encode()
            self.process.stdin.write(line + b"\n")
        self.process.stdin.flush()

    def receive(self) -> Any:
        assert self.process.stdout is not None
        return json.loads(self.process.stdout.readline())

    def end(self) -> tuple[list[Any], str]:
        """Close its standard input, and return what it still said, and its standard error."""
        out, error = self.process.communicate(timeout=20)
        assert self.process.returncode == 0, error.decode()
        return [json.loads(line) for line in out.splitlines()], error.decode()


def call(request_id: Any, name: str, arguments: dict[str, Any]) -> dict[str, Any]:
    params = {"name": name, "arguments": arguments, "_meta": ENVELOPE}
    return {"jsonrpc": "2.0", "id": request_id, "method": "tools/call", "params": params}


@pytest.mark.slow
@both_eras
@pytest.mark.asyncio
async def test_the_server_is_found_by_itself(server: JupyterServer, mode: str) -> None:
    async with serving(server.root, mode, **environment(server)) as client:
        assert {tool.name for tool in (await client.list_tools()).tools} == MARKED
        seen: list[str | None] = []

        async def progress(_done: float, _total: float | None, message: str | None) -> None:
            seen.append(message)

        probe = {"type": "probe_run", "input": {"steps": 3, "seconds": 0.3, "text": "\u2028 ü"}}
        task = structured(await client.call_tool("tasks_create", probe))
        waited = await client.call_tool("tasks_wait", {"task_id": task["id"]}, progress_callback=progress)
        assert structured(waited)["result"]["text"] == "\u2028 ü"
        assert "step 2" in seen
    with server.http() as api:
        assert api.get(f"tasks/{task['id']}").json()["state"] == "succeeded"


@pytest.mark.slow
@both_eras
@pytest.mark.asyncio
async def test_a_restarted_server_is_used_again(
    start_server: Callable[..., JupyterServer], mode: str
) -> None:
    server = start_server()
    options = ("--url", server.url)
    token = {"VIBE_SERVER_TOKEN": server.token}
    async with serving(server.root, mode, *options, **environment(server, **token)) as client:
        await client.list_tools()
        await asyncio.to_thread(server.kill)
        calling = asyncio.create_task(client.call_tool("oracles_list", {}))  # while nobody is there
        await asyncio.to_thread(server.start)
        assert structured(await calling)["oracles"]
        results = await asyncio.gather(*(client.call_tool("oracles_list", {}) for _ in range(5)))
        assert all(structured(result)["oracles"] for result in results)


@pytest.mark.slow
@pytest.mark.asyncio
async def test_a_server_with_another_address_and_token_is_found(
    start_server: Callable[..., JupyterServer],
) -> None:
    first = start_server("first")
    async with serving(first.root, "legacy", **environment(first)) as client:
        await client.list_tools()
        await asyncio.to_thread(first.stop)
        await asyncio.to_thread(start_server, "second", data_dir=first.data_dir, root=first.root)
        assert structured(await client.call_tool("oracles_list", {}))["oracles"]


@pytest.mark.slow
@both_eras
@pytest.mark.asyncio
async def test_without_a_server_the_platform_runs_in_the_process(
    tmp_path: Path, mode: str, start_server: Callable[..., JupyterServer]
) -> None:
    (tmp_path / "hay.py").write_text("needle")
    env = {"PATH": os.environ["PATH"], "VIBE_DATA_DIR": str(tmp_path / "data")}
    async with serving(tmp_path, mode, **env) as client:
        task = structured(await client.call_tool("tasks_create", SEARCH))
        waited = structured(await client.call_tool("tasks_wait", {"task_id": task["id"]}))
        assert waited["state"] == "succeeded"
        assert (await client.call_tool("mcps_add", {"name": "x", "command": "sh"})).is_error


@pytest.mark.slow
class TestPipes:
    def test_requests_run_beside_each_other_and_standard_output_is_the_protocols(
        self, server: JupyterServer
    ) -> None:
        proxy = Process(server, "--url", server.url, "--token", server.token)
        with server.http() as api:
            body = {"type": "probe_run", "input": {"seconds": 60}}
            task_id = api.post("tasks", json=body).json()["id"]
            proxy.send(
                call("slow", "tasks_wait", {"task_id": task_id, "timeout_s": 60}),
                call(1, "tasks_get", {"task_id": task_id}),
                call("1", "nonsense", {}),
                b"no json",
                [call(2, "tasks_get", {})],
                {"jsonrpc": "2.0", "id": [1], "method": "ping"},
                {"jsonrpc": "2.0", "method": "notifications/unknown"},
            )
            answers = [proxy.receive() for _ in range(5)]
            ids = [answer["id"] for answer in answers]
            assert sorted(map(repr, ids)) == sorted(map(repr, [1, "1", None, None, None]))
            codes = {answer["error"]["code"] for answer in answers if "error" in answer}
            assert codes == {-32700, -32600}
            # The other era has no such notice over HTTP: the connection of the request is closed in its place.
            proxy.send(
                {"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": "slow"}},
                call(3, "tasks_cancel", {"task_id": task_id}),
            )
            assert proxy.receive()["id"] == 3
        rest, error = proxy.end()
        assert rest == []
        assert "Traceback" not in error

    def test_it_ends_with_its_input_while_a_call_waits(self, server: JupyterServer) -> None:
        proxy = Process(server, "--url", server.url, "--token", server.token)
        with server.http() as api:
            body = {"type": "probe_run", "input": {"seconds": 60}}
            task_id = api.post("tasks", json=body).json()["id"]
            proxy.send(
                call(1, "tasks_wait", {"task_id": task_id}), call(2, "tasks_get", {"task_id": task_id})
            )
            assert proxy.receive()["id"] == 2
            rest, error = proxy.end()
            assert rest == []
            assert "Traceback" not in error
            api.post(f"tasks/{task_id}/cancel")

    def test_what_is_asked_before_the_end_is_answered(self, server: JupyterServer) -> None:
        proxy = Process(server, "--url", server.url, "--token", server.token)
        proxy.send(call(1, "oracles_list", {}))
        rest, _ = proxy.end()
        assert rest[0]["result"]["structuredContent"]["oracles"]

    def test_a_wrong_token_is_told(self, server: JupyterServer) -> None:
        proxy = Process(server, "--url", server.url, "--token", "wrong")
        proxy.send(call(1, "oracles_list", {}))
        answer = proxy.receive()
        assert answer["error"]["data"]["code"] == "auth.invalid_credential"
        proxy.end()


def test_the_sdk_is_not_loaded_to_pass_messages_on() -> None:
    program = "import sys, vibe_jupyter.client.mcp_proxy; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert not {"mcp", "mcp_types", "anyio.streams.memory", "jsonschema"} & set(done.stdout.split())


def test_a_server_that_is_not_there_is_told(tmp_path: Path) -> None:
    from vibe_jupyter.client.discovery import Server
    from vibe_jupyter.client.mcp_proxy import StdioProxy
    from vibe_jupyter.client.mcp_upstream import McpUpstream

    url = f"http://127.0.0.1:{free_port()}"
    written: list[bytes] = []

    async def lines() -> AsyncIterator[bytes]:
        yield json.dumps(call(1, "oracles_list", {})).encode()

    upstream = McpUpstream(lambda: Server(url, None, "the test", is_certain=True), patience_s=0.3)
    asyncio.run(StdioProxy(upstream, written.append).run(lines()))
    error = json.loads(written[0])["error"]
    assert error["data"]["code"] == "server.unreachable"
    assert url in error["message"]
