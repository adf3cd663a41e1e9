"""stdio transport for `mcp.Client`: a child process, one JSON message per line.

The SDK's own joins a long line anew for every piece that arrives, knows no largest line, and lets the server write
to our standard error. This one joins a line once, refuses one that is too long with an error for its own call, keeps
the last lines of standard error for messages, counts noise on standard output, and ends the process with all that it
has started. Messages pass without a task between the pipes and the SDK.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections import deque
from typing import TYPE_CHECKING, Any, Self

import anyio

from vibe_jupyter.core.mcp.sessions.codes import RESULT_TOO_LARGE
from vibe_jupyter.core.mcp.sessions.completed import completed
from vibe_jupyter.core.mcp.sessions.process import ServerProcess

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["NotSent", "StdioTransport"]

_ID_FIRST = re.compile(rb'^\s*\{\s*(?:"jsonrpc"\s*:\s*"2\.0"\s*,\s*)?"id"\s*:\s*(\d+)')  # servers in Python
_ID_LAST = re.compile(rb'"id"\s*:\s*(\d+)\s*(?:,\s*"jsonrpc"\s*:\s*"2\.0"\s*)?\}\s*$')  # and in TypeScript
_ENDS = 256
_CHUNK = 1 << 20
_PARSED_ON_A_THREAD = 256 << 10
"""From this length on, reading a line takes so long that others would notice."""


class NotSent(Exception):
    """The process had ended before a request could be written: it was surely not executed."""


class StdioTransport:
    """An async context manager that yields the pair of streams that `mcp.Client` wants.

    Args:
        argv: the program and its arguments.
        env: variables beside the few harmless ones (`HOME`, `PATH`, ...) that every server gets.
        max_line_bytes: longest message.

    Attributes:
        process: None before the start.
        messages: what the server says; None before the start.

    Raises:
        OSError: from `__aenter__`, if there is no such program or folder.
    """

    def __init__(
        self,
        argv: Sequence[str],
        *,
        env: Mapping[str, str] | None = None,
        cwd: str | None = None,
        max_line_bytes: int = 64 << 20,
    ) -> None:
        self._argv = list(argv)
        self._env = dict(env or {})
        self._cwd = cwd
        self._max_line_bytes = max_line_bytes
        self.process: ServerProcess | None = None
        self.messages: Messages | None = None

    async def __aenter__(self) -> tuple[Messages, Outbox]:
        from mcp.client.stdio import get_default_environment

        env = get_default_environment() | self._env
        self.process = await ServerProcess.start(self._argv, env=env, cwd=self._cwd)
        self.messages = Messages(self.process.stdout, self._max_line_bytes)
        return self.messages, Outbox(self.process)

    async def __aexit__(self, *_: object) -> None:
        assert self.process is not None
        await self.process.end()


class _Stream:
    """What the SDK wants of a stream beside reading or writing."""

    async def aclose(self) -> None:
        """Do nothing: the process is what is closed."""

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()


class Messages(_Stream):
    """Messages, read as they are asked for.

    Attributes:
        noise_lines: how many lines were none.
        ended: done when all is read that the process has written.
    """

    def __init__(self, stdout: asyncio.StreamReader, max_line_bytes: int) -> None:
        self._stdout = stdout
        self._max_line_bytes = max_line_bytes
        self._ready: deque[tuple[bytes, bool]] = deque()
        self._parts: list[bytes] = []
        self._size = 0
        self.noise_lines = 0
        self.ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def __aiter__(self) -> Self:
        return self

    async def receive(self) -> Any:
        """Return the next message.

        Raises:
            EndOfStream: after the last one.
        """
        try:
            return await anext(self)
        except StopAsyncIteration:
            raise anyio.EndOfStream from None

    async def __anext__(self) -> Any:
        while True:
            while not self._ready:
                chunk = await self._stdout.read(_CHUNK)
                if not chunk:
                    if not self.ended.done():
                        self.ended.set_result(None)
                    raise StopAsyncIteration
                self._split(chunk)
            line, is_whole = self._ready.popleft()
            message = await self._message(line) if is_whole else self._refusal(line)
            if message is not None:
                return completed(message)
            self.noise_lines += bool(line.strip())

    def _split(self, chunk: bytes) -> None:
        """Take lines from what has arrived; of one that is too long the ends, which may hold its id."""
        start = 0
        while (end := chunk.find(b"\n", start)) >= 0:
            self._parts.append(chunk[start:end])
            self._size += end - start
            is_whole = self._size <= self._max_line_bytes
            if not is_whole:
                self._keep_ends()
            self._ready.append((b"".join(self._parts), is_whole))
            self._parts, self._size, start = [], 0, end + 1
        if rest := chunk[start:]:
            self._parts.append(rest)
            self._size += len(rest)
            if self._size > self._max_line_bytes:
                self._keep_ends()

    def _keep_ends(self) -> None:
        read = b"".join(self._parts)
        self._parts = [read[:_ENDS], read[-_ENDS:]]

    async def _message(self, line: bytes) -> Any:
        try:
            if len(line) < _PARSED_ON_A_THREAD:
                return _parsed(line)
            return await asyncio.to_thread(_parsed_large, line)
        except (ValueError, RecursionError):
            return None

    def _refusal(self, ends: bytes) -> Any:
        from mcp.shared.message import SessionMessage
        from mcp_types import ErrorData, JSONRPCError

        found = _ID_FIRST.search(ends) or _ID_LAST.search(ends)
        if found is None:
            return None
        text = f"the result has more than {self._max_line_bytes:,} bytes"
        error = ErrorData(code=RESULT_TOO_LARGE, message=text)
        return SessionMessage(JSONRPCError(jsonrpc="2.0", id=int(found[1]), error=error))


class Outbox(_Stream):
    """Messages for the process, each written at once."""

    def __init__(self, process: ServerProcess) -> None:
        self._process = process

    async def send(self, item: Any) -> None:
        """Write a message. A request waits while the process does not read what was written before.

        Raises:
            NotSent: if it has ended.
        """
        message = item.message
        line = message.model_dump_json(by_alias=True, exclude_unset=True)
        # A notice does not: that a call is given up must be said by one that has no time left.
        if not await self._process.write(line.encode() + b"\n", waits=hasattr(message, "id")):
            if hasattr(message, "method") and hasattr(message, "id"):
                raise NotSent
            raise anyio.ClosedResourceError


def _parsed(line: bytes) -> Any:
    from mcp.shared.message import SessionMessage
    from mcp_types import jsonrpc_message_adapter

    return SessionMessage(jsonrpc_message_adapter.validate_json(line, by_name=False))


def _parsed_large(line: bytes) -> Any:
    """Parse in two steps: pydantic 2.14 tries each kind of message in turn, on all of it, four times as long."""
    from mcp.shared.message import SessionMessage
    from mcp_types import jsonrpc_message_adapter

    return SessionMessage(jsonrpc_message_adapter.validate_python(json.loads(line), by_name=False))
