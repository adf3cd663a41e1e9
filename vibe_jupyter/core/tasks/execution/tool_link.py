"""Calls of tools from the process that runs a server's tasks: the server has the sessions, and makes them.

`RemoteTools` is what the tasks see, in the child; `ToolDesk` stands in the parent. What they say is told in `messages`.
"""

from __future__ import annotations

import asyncio
import itertools
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import orjson

from vibe_jupyter.core.errors import TooLarge, Unavailable, VibeError, from_problem
from vibe_jupyter.core.logs import get_logger
from vibe_jupyter.core.mcp.calls import ToolRequest
from vibe_jupyter.core.mcp.schemas import ToolResult
from vibe_jupyter.core.tasks.context import ProgressReport
from vibe_jupyter.core.tasks.execution.messages import encode

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from vibe_jupyter.core.mcp.calls import ToolCaller

    Progress = Callable[[float | None, str], None]

__all__ = ["RemoteTools", "ToolDesk"]

log = get_logger("tasks")


@dataclass(frozen=True)
class _Waiting:
    loop: asyncio.AbstractEventLoop
    answer: asyncio.Future[ToolResult]
    progress: Progress

    def tell(self, fraction: float | None, message: str) -> None:
        self.loop.call_soon_threadsafe(self.progress, fraction, message)

    def end(self, answer: ToolResult | VibeError) -> None:
        self.loop.call_soon_threadsafe(self._end, answer)

    def _end(self, answer: ToolResult | VibeError) -> None:
        if self.answer.done():  # cancelled meanwhile
            return
        if isinstance(answer, VibeError):
            self.answer.set_exception(answer)
        else:
            self.answer.set_result(answer)


class RemoteTools:
    """A `ToolCaller` that lets the parent call.

    Args:
        send: takes a line for the parent, and returns at once.
        max_line_bytes: how long a line the parent takes.
    """

    def __init__(self, send: Callable[[bytes], None], max_line_bytes: int) -> None:
        self._send = send
        self._max_line_bytes = max_line_bytes
        self._numbers = itertools.count(1)
        self._waiting: dict[int, _Waiting] = {}
        self._lock = threading.Lock()
        self._is_closed = False

    async def call(self, request: ToolRequest, progress: Progress) -> ToolResult:
        """See `ToolCaller.call`."""
        number = next(self._numbers)
        line = self._line(number, request)
        loop = asyncio.get_running_loop()
        waiting = _Waiting(loop, loop.create_future(), progress)
        with self._lock:
            if self._is_closed:
                raise _stopping(maybe_executed=False)
            self._waiting[number] = waiting
        self._send(line)
        try:
            return await waiting.answer
        except asyncio.CancelledError:
            self._send(encode({"cancel_call": number}))
            raise
        finally:
            with self._lock:
                del self._waiting[number]

    def receive(self, message: dict[str, Any]) -> None:
        """Take what the parent says of a call; from any thread."""
        match message:
            case {"progress": int(number), "of": {"fraction": fraction, "message": str(text)}}:
                if (waiting := self._waiting.get(number)) is not None:
                    waiting.tell(fraction, text)
            case {"answer": int(number), "result": result}:
                if (waiting := self._waiting.get(number)) is not None:
                    waiting.end(ToolResult.model_validate(result))
            case {"answer": int(number), "error": error}:
                if (waiting := self._waiting.get(number)) is not None:
                    waiting.end(from_problem(error, error["status"]))

    def close(self) -> None:
        """Fail the calls in flight, and those to come: the parent is going. From any thread."""
        with self._lock:
            self._is_closed = True
            for waiting in self._waiting.values():
                waiting.end(_stopping(maybe_executed=True))

    def _line(self, number: int, request: ToolRequest) -> bytes:
        # The arguments may be nested as deeply as the encoder goes, so they are encoded by themselves.
        arguments = orjson.Fragment(orjson.dumps(request.arguments))
        line = encode({"call": number, "request": {**vars(request), "arguments": arguments}})
        if len(line) > self._max_line_bytes:
            raise TooLarge(
                f"the arguments of {request.server}.{request.tool} have {len(line) / 2**20:.0f} MB, more than "
                f"{self._max_line_bytes / 2**20:.0f}",
                code="mcp.arguments_too_large",
                hint="pass less, or the path of a file; VIBE_MAX_BODY_BYTES raises the limit",
                data={"maybe_executed": False},
            )
        return line


class ToolDesk:
    """Makes the calls of one child, on the platform's loop.

    Args:
        send: writes a line to the child, as the child takes it.
    """

    def __init__(self, tools: ToolCaller, send: Callable[[bytes], Awaitable[None]]) -> None:
        self._tools = tools
        self._send = send
        self._calls: dict[int, asyncio.Task[None]] = {}

    def begin(self, number: int, request: dict[str, Any]) -> None:
        """Begin a call."""
        call = self._calls[number] = asyncio.create_task(self._call(number, ToolRequest(**request)))
        call.add_done_callback(lambda _: self._calls.pop(number, None))

    def cancel(self, number: int) -> None:
        """Cancel a call, unless it has ended."""
        if number in self._calls:
            self._calls[number].cancel()

    async def close(self) -> None:
        """Cancel all calls: nobody waits for them any more."""
        calls = list(self._calls.values())
        for call in calls:
            call.cancel()
        await asyncio.gather(*calls, return_exceptions=True)

    async def _call(self, number: int, request: ToolRequest) -> None:
        async def tell(progress: str) -> None:
            await self._send(encode({"progress": number, "of": orjson.Fragment(progress)}))

        progress = ProgressReport(tell, user_id=request.user_id)
        try:
            result = await self._tools.call(request, progress)
            answer: dict[str, Any] = {"result": orjson.Fragment(result.model_dump_json())}
        except VibeError as error:
            answer = {"error": error.problem()}
        except Exception as error:
            log.exception("tool was not called", server=request.server, tool=request.tool)
            bug = VibeError(
                f"{request.server}.{request.tool} failed with {type(error).__name__}: {error}"[:2000],
                code="target.bug",
                hint="this is a bug; the server's log has its stack",
            )
            answer = {"error": bug.problem()}
        await progress.flush()
        await self._send(encode({"answer": number, **answer}))


def _stopping(*, maybe_executed: bool) -> Unavailable:
    how = "the tool may have run all the same" if maybe_executed else "nothing was done"
    return Unavailable(
        f"the platform is stopping: {how}",
        code="platform.stopping",
        hint="look at what it has done already, then retry it" if maybe_executed else "retry it",
        data={"maybe_executed": maybe_executed},
    )
