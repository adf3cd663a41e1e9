"""`jupyter vibe mcp serve`: our MCP server over standard input and output, for programs that only speak that.

With a Jupyter server each message is passed on to `/vibe/mcp` there; without one the platform runs in this process.
Standard output carries the protocol and nothing else.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
import threading
from typing import TYPE_CHECKING, Any

import orjson

from vibe_jupyter.client.mcp_upstream import McpUpstream, version_of
from vibe_jupyter.core.errors import VibeError
from vibe_jupyter.core.logs import get_logger

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from typing import BinaryIO

    _Key = tuple[type, str | int]

    from vibe_jupyter.client.discovery import Server

__all__ = ["StdioProxy", "serve"]

_LONGEST_LINE = 8 * 2**20
_LAST_ANSWERS_S = 2.0
_PARSE_ERROR, _INVALID_REQUEST, _INTERNAL_ERROR = -32700, -32600, -32603

log = get_logger("mcp_proxy")


def serve(url: str | None, token: str | None) -> None:
    """Serve until standard input ends.

    Args:
        url: base URL of a Jupyter server, or `in-process`; default: the one that is found.
        token: its token; default: `VIBE_SERVER_TOKEN`.

    Raises:
        VibeError: if the settings are wrong, or the platform cannot start.
    """
    from vibe_jupyter.client.discovery import IN_PROCESS, find_server
    from vibe_jupyter.client.discovery import Server as JupyterServer
    from vibe_jupyter.core.settings import load_settings

    settings = load_settings()
    if url and not token and settings.server_token is not None:
        token = settings.server_token.get_secret_value()

    def find() -> Server | None:
        return JupyterServer(url, token, "the argument", is_certain=True) if url else find_server(settings)

    found = find()
    protocol = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # whatever prints does not break the protocol
    if found is None or found.url == IN_PROCESS:
        asyncio.run(_serve_in_process(protocol))
    else:
        asyncio.run(_pass_on(McpUpstream(find), protocol))


async def _pass_on(upstream: McpUpstream, protocol: BinaryIO) -> None:
    def write(line: bytes) -> None:
        with contextlib.suppress(BrokenPipeError):  # the client has gone; its last word comes soon
            protocol.write(line)
            protocol.flush()

    await StdioProxy(upstream, write).run(_lines(sys.stdin.buffer))


async def _serve_in_process(protocol: BinaryIO) -> None:
    import io

    import anyio
    from mcp.server.stdio import stdio_server

    from vibe_jupyter.client.in_process import shared_platform, stop_shared_platform
    from vibe_jupyter.core.accounts.principal import OWNER
    from vibe_jupyter.core.mcp_server.server import build_server

    platform = await asyncio.to_thread(shared_platform)
    server = build_server(lambda: platform, lambda _request: OWNER)
    stdin = anyio.wrap_file(io.TextIOWrapper(sys.stdin.buffer, encoding="utf-8", errors="replace"))
    stdout = anyio.wrap_file(io.TextIOWrapper(protocol, encoding="utf-8", write_through=True))
    try:
        async with stdio_server(stdin, stdout) as (read, write):
            await server.run(read, write, server.create_initialization_options())
    finally:
        await asyncio.to_thread(stop_shared_platform)


async def _lines(source: BinaryIO) -> AsyncIterator[bytes]:
    """Yield the lines of a blocking file; of one that is too long, its beginning.

    Its thread is a daemon: one that reads must not keep the process from ending.
    """
    loop = asyncio.get_running_loop()
    lines: asyncio.Queue[bytes] = asyncio.Queue(maxsize=16)

    def read() -> None:
        with contextlib.suppress(RuntimeError, asyncio.CancelledError):  # the loop was closed
            while True:
                line = rest = source.readline(_LONGEST_LINE)
                while rest and not rest.endswith(b"\n"):
                    rest = source.readline(_LONGEST_LINE)
                asyncio.run_coroutine_threadsafe(lines.put(line), loop).result()
                if not line:
                    return

    threading.Thread(target=read, name="vibe-mcp-stdin", daemon=True).start()
    while line := await lines.get():
        yield line


class StdioProxy:
    """Passes the messages of one client on, each request on its own, and writes what comes back.

    Args:
        write: takes a line for the client.
    """

    def __init__(self, upstream: McpUpstream, write: Callable[[bytes], Any]) -> None:
        self._upstream = upstream
        self._write = write
        self._running: dict[_Key, tuple[asyncio.Task[None], bool]] = {}

    async def run(self, lines: AsyncIterator[bytes]) -> None:
        """Do so until the lines end; what is asked then is still answered, if it does not take long."""
        try:
            async for line in lines:
                if line.strip():
                    await self._take(line)
            running = [task for task, _ in self._running.values()]
            if running:
                await asyncio.wait(running, timeout=_LAST_ANSWERS_S)
        finally:
            running = [task for task, _ in self._running.values()]
            for task in running:
                task.cancel()
            await asyncio.gather(*running, return_exceptions=True)
            await self._upstream.aclose()

    async def _take(self, line: bytes) -> None:
        try:
            message = orjson.loads(line)
        except orjson.JSONDecodeError as error:
            self._refuse(None, _PARSE_ERROR, f"this line is no JSON: {error}")
            return
        if not isinstance(message, dict):
            self._refuse(None, _INVALID_REQUEST, "a message is one JSON object")
            return
        if "method" in message and "id" in message:
            key = _key(message["id"])
            if key is None:
                self._refuse(None, _INVALID_REQUEST, "the id of a request is a text or a number")
                return
            task = asyncio.create_task(self._answer(line, message))
            self._running[key] = (task, version_of(message) is not None)
            task.add_done_callback(lambda _: self._running.pop(key, None))
        elif not self._cancelled(message) and self._upstream.has_session:
            await self._tell(line, message)  # in the other era a client has nothing to tell

    def _cancelled(self, message: dict[str, Any]) -> bool:
        """Cancel a request of the era without sessions by letting go of its connection."""
        if message.get("method") != "notifications/cancelled":
            return False
        params = message.get("params")
        key = _key(params.get("requestId")) if isinstance(params, dict) else None
        task, is_modern = self._running.get(key, (None, False)) if key is not None else (None, False)
        if task is None or not is_modern:
            return False
        task.cancel()
        return True

    async def _answer(self, line: bytes, message: dict[str, Any]) -> None:
        try:
            async with contextlib.aclosing(self._upstream.exchange(line, message)) as answers:
                async for answer in answers:
                    self._write(answer + b"\n")
        except VibeError as error:
            self._refuse(
                message["id"],
                _INTERNAL_ERROR,
                error.in_one_line,
                {"code": error.code, "hint": error.hint},
            )

    async def _tell(self, line: bytes, message: dict[str, Any]) -> None:
        """Pass on a message that has no answer."""
        try:
            async with contextlib.aclosing(self._upstream.exchange(line, message)) as answers:
                async for answer in answers:
                    self._write(answer + b"\n")
        except VibeError as error:
            log.warning("a notification was lost", reason=str(error))

    def _refuse(self, request_id: Any, code: int, text: str, data: Any = None) -> None:
        error = {"code": code, "message": text, **({} if data is None else {"data": data})}
        self._write(orjson.dumps({"jsonrpc": "2.0", "id": request_id, "error": error}) + b"\n")


def _key(request_id: Any) -> _Key | None:
    """Return what tells requests apart: 1 and "1" are two."""
    return (type(request_id), request_id) if isinstance(request_id, (str, int)) else None
