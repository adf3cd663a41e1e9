"""stdio transport for `mcp.Client`: a child process, one JSON message per line.

The SDK's own joins a long line anew for every piece that arrives, knows no largest line, and lets the server write
to our standard error. This one joins a line once, refuses one that is too long with an error for its own call, keeps
the last lines of standard error for messages, counts noise on standard output, and ends the process with all that it
has started.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import signal
import sys
from collections import deque
from typing import TYPE_CHECKING, Any

import anyio

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream

__all__ = ["RESULT_TOO_LARGE", "StdioTransport"]

RESULT_TOO_LARGE = -32051
"""JSON-RPC code, of our own, for a result that was longer than allowed."""

_ID_FIRST = re.compile(
    rb'^\s*\{\s*"jsonrpc"\s*:\s*"2\.0"\s*,\s*"id"\s*:\s*(\d+)'
)  # as servers in Python write
_ID_LAST = re.compile(rb'"id"\s*:\s*(\d+)\s*\}\s*$')  # as those in TypeScript do
_ENDS = 256
_CHUNK = 1 << 20
_PARSED_ON_A_THREAD = 256 << 10
"""From this length on, reading a line takes so long that others would notice."""
_STDERR_LINES, _STDERR_COLUMNS = 200, 500
_GRACE_S = 1.0
_IS_WINDOWS = sys.platform == "win32"


class StdioTransport:
    """An async context manager that yields the pair of streams that `mcp.Client` wants.

    Args:
        argv: the program and its arguments.
        env: variables beside the few harmless ones (`HOME`, `PATH`, ...) that every server gets.
        max_line_bytes: longest message.

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
        self._stderr: deque[bytes] = deque(maxlen=_STDERR_LINES)
        self._jobs: list[asyncio.Task[None]] = []
        self.noise_lines = 0
        """Lines of standard output that were no messages."""
        self.process: asyncio.subprocess.Process | None = None

    @property
    def stderr(self) -> tuple[str, ...]:
        """Return the last lines of the process's standard error."""
        return tuple(line.decode(errors="replace") for line in self._stderr)

    async def exit_code(self, patience_s: float = 0.2) -> int | None:
        """Return how the process has ended; its pipe may close a moment before that is known."""
        if self.process is None:
            return None
        with contextlib.suppress(TimeoutError):
            return await asyncio.wait_for(asyncio.shield(self.process.wait()), patience_s)
        return None

    async def __aenter__(self) -> tuple[MemoryObjectReceiveStream[Any], MemoryObjectSendStream[Any]]:
        from mcp.client.stdio import get_default_environment

        pipe = asyncio.subprocess.PIPE
        spawning = asyncio.ensure_future(
            asyncio.create_subprocess_exec(
                *self._argv,
                env=get_default_environment() | self._env,
                cwd=self._cwd,
                stdin=pipe,
                stdout=pipe,
                stderr=pipe,
                start_new_session=not _IS_WINDOWS,
                limit=_CHUNK,
            )
        )
        try:
            self.process = await asyncio.shield(spawning)
        except asyncio.CancelledError:  # a process that starts all the same must not be left alone
            self.process = await spawning
            self._signal(_KILL)
            await self.process.wait()
            raise
        to_client, self._read_stream = anyio.create_memory_object_stream[Any](0)
        self._write_stream, self._from_client = anyio.create_memory_object_stream[Any](0)
        jobs = (self._read(to_client), self._write(self._from_client), self._keep_stderr())
        self._jobs = [asyncio.create_task(job) for job in jobs]
        return self._read_stream, self._write_stream

    async def __aexit__(self, *_: object) -> None:
        assert self.process is not None
        self._read_stream.close()
        self._write_stream.close()
        try:
            if self.process.stdin is not None:
                self.process.stdin.close()
            await self._end()
        finally:
            self._signal(_KILL)  # what it has started, which may live on without it
            for job in self._jobs:
                job.cancel()
            await asyncio.gather(*self._jobs, return_exceptions=True)
            self._from_client.close()
            # A child of its own may hold the pipes open; we do not wait for that one.
            self.process._transport.close()  # type: ignore[attr-defined]

    async def _end(self) -> None:
        """Wait for the end of the process, which the closed pipe tells to stop, and then less and less politely."""
        assert self.process is not None
        for sign in (None, signal.SIGTERM, _KILL):
            if sign is not None:
                self._signal(sign)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(asyncio.shield(self.process.wait()), _GRACE_S)
                return

    def _signal(self, sign: signal.Signals) -> None:
        """Send a signal to the process and all that it has started."""
        assert self.process is not None
        with contextlib.suppress(ProcessLookupError, PermissionError):
            if not _IS_WINDOWS:
                os.killpg(self.process.pid, sign)
            elif self.process.returncode is None:
                self.process.send_signal(sign)

    async def _keep_stderr(self) -> None:
        assert self.process is not None
        assert self.process.stderr is not None
        rest = b""
        while chunk := await self.process.stderr.read(1 << 16):
            *lines, rest = (rest + chunk).split(b"\n")
            rest = rest[-_STDERR_COLUMNS:]
            self._stderr.extend(line[:_STDERR_COLUMNS].rstrip(b"\r") for line in lines[-_STDERR_LINES:])
        if rest:
            self._stderr.append(rest)

    async def _read(self, send: MemoryObjectSendStream[Any]) -> None:
        assert self.process is not None
        assert self.process.stdout is not None
        parts: list[bytes] = []
        size = 0
        try:
            while chunk := await self.process.stdout.read(_CHUNK):
                start = 0
                while (end := chunk.find(b"\n", start)) >= 0:
                    parts.append(chunk[start:end])
                    if size + end - start > self._max_line_bytes:
                        await self._refuse(send, parts)
                    else:
                        await self._deliver(send, b"".join(parts))
                    parts, size, start = [], 0, end + 1
                rest = chunk[start:]
                size += len(rest)
                if size > self._max_line_bytes and len(parts) > 1:
                    parts = [parts[0][:_ENDS], rest[-_ENDS:]]  # the ends may hold the id
                elif rest:
                    parts.append(rest)
        except (anyio.ClosedResourceError, anyio.BrokenResourceError):
            return  # nobody listens any more
        finally:
            send.close()  # upon which the SDK fails every call in flight

    async def _deliver(self, send: MemoryObjectSendStream[Any], line: bytes) -> None:
        if not line.strip():
            return
        try:
            if len(line) < _PARSED_ON_A_THREAD:
                message = _parsed(line)
            else:
                message = await asyncio.to_thread(_parsed, line)
        except ValueError:
            self.noise_lines += 1
            return
        await send.send(message)

    async def _refuse(self, send: MemoryObjectSendStream[Any], parts: list[bytes]) -> None:
        from mcp.shared.message import SessionMessage
        from mcp_types import ErrorData, JSONRPCError

        found = _ID_FIRST.search(parts[0][:_ENDS]) or _ID_LAST.search(b"".join(parts)[-_ENDS:])
        if found is None:
            self.noise_lines += 1
            return
        error = ErrorData(
            code=RESULT_TOO_LARGE, message=f"the result has more than {self._max_line_bytes:,} bytes"
        )
        await send.send(SessionMessage(JSONRPCError(jsonrpc="2.0", id=int(found[1]), error=error)))

    async def _write(self, receive: MemoryObjectReceiveStream[Any]) -> None:
        assert self.process is not None
        assert self.process.stdin is not None
        with receive, contextlib.suppress(OSError):  # it has ended: the reader says so
            async for item in receive:
                line = item.message.model_dump_json(by_alias=True, exclude_unset=True)
                self.process.stdin.write(line.encode() + b"\n")
                await self.process.stdin.drain()


_KILL = signal.SIGTERM if _IS_WINDOWS else signal.SIGKILL


def _parsed(line: bytes) -> Any:
    from mcp.shared.message import SessionMessage
    from mcp_types import jsonrpc_message_adapter

    return SessionMessage(jsonrpc_message_adapter.validate_json(line, by_name=False))
