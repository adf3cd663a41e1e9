"""stdio transport for `mcp.Client`: a child process, one JSON message per line.

The SDK's own joins a long line anew for every piece that arrives, knows no largest line, and lets the server write
to our standard error. This one joins a line once, refuses one that is too long with an error for its own call, keeps
the last lines of standard error for messages, counts noise on standard output, and ends the process with all that it
has started. Messages pass without a task between the pipes and the SDK.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Self

import anyio

from vibe_jupyter.core.mcp.sessions.codes import RESULT_TOO_LARGE
from vibe_jupyter.core.mcp.sessions.incoming import incoming
from vibe_jupyter.core.mcp.sessions.lines import Lines
from vibe_jupyter.core.mcp.sessions.noise import Noise
from vibe_jupyter.core.mcp.sessions.process import ServerProcess
from vibe_jupyter.core.mcp.sessions.wire import parsed, parsed_large, refusal

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from vibe_jupyter.core.mcp.sessions.reaper import Reaper

__all__ = ["NotSent", "StdioTransport"]

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
        noise: counts what is no message.
        reaper: ends what the process has started, if we are killed.

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
        noise: Noise | None = None,
        reaper: Reaper | None = None,
    ) -> None:
        self._argv = list(argv)
        self._env = dict(env or {})
        self._cwd = cwd
        self._max_line_bytes = max_line_bytes
        self._noise = noise or Noise()
        self._reaper = reaper
        self.process: ServerProcess | None = None
        self.messages: Messages | None = None

    async def __aenter__(self) -> tuple[Messages, Outbox]:
        from mcp.client.stdio import get_default_environment

        env = get_default_environment() | self._env
        if self._reaper is not None:
            env |= self._reaper.env
        self.process = await ServerProcess.start(self._argv, env=env, cwd=self._cwd, reaper=self._reaper)
        self.messages = Messages(self.process.stdout, self._max_line_bytes, self._noise)
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
    """Messages, read as they are asked for; they end with the process, or when there is too much noise.

    Attributes:
        ended: done when all is read that the process has written.
    """

    def __init__(self, stdout: asyncio.StreamReader, max_line_bytes: int, noise: Noise) -> None:
        self._lines = Lines(stdout, max_line_bytes, noise)
        self._max_line_bytes = max_line_bytes
        self._noise = noise
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
            found = None if self._noise.fault else await self._lines.next()
            if found is None:
                if not self.ended.done():
                    self.ended.set_result(None)
                raise StopAsyncIteration
            line, is_whole = found
            message = await self._message(line) if is_whole else self._refusal(line)
            if message is None:
                self._noise.heard(len(line))
                continue
            if not hasattr(message.message, "method"):
                self._noise.answered()
                self._lines.since_answer = 0
            return incoming(message)

    async def _message(self, line: bytes) -> Any:
        if not line.startswith(b"{"):
            return None
        if len(line) < _PARSED_ON_A_THREAD:
            return parsed(line)
        return await asyncio.to_thread(parsed_large, line)

    def _refusal(self, ends: bytes) -> Any:
        return refusal(ends, RESULT_TOO_LARGE, f"the result has more than {self._max_line_bytes:,} bytes")


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
