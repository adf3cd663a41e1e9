"""One life of a session: a task that opens it, keeps it and closes it."""

from __future__ import annotations

import asyncio
import contextlib
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from vibe_jupyter.core.logs import get_logger
from vibe_jupyter.core.mcp.sessions.noise import Noise
from vibe_jupyter.core.mcp.sessions.notices import Notices, client_info, elicitation_callback, facts_of
from vibe_jupyter.core.mcp.sessions.outcomes import of_noise, of_start
from vibe_jupyter.core.mcp.sessions.sdk_log import SdkLog, speaking
from vibe_jupyter.core.mcp.sessions.stdio import StdioTransport

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    import httpx2
    from mcp import Client

    from vibe_jupyter.core.errors import VibeError
    from vibe_jupyter.core.mcp.sessions.reaper import Reaper
    from vibe_jupyter.core.mcp.spec import Elicitation, ElicitationAnswer, ServerSpec, SessionFacts

__all__ = ["Hooks", "Life"]

_LONGEST_START_S = 600.0
"""How long a start may go on in the background after its callers have given up."""
_LONGEST_DRAIN_S = 30.0
_LONGEST_CLOSE_S = 10.0

log = get_logger("mcp")


@dataclass(frozen=True)
class Hooks:
    """What a session tells, and whom it asks; all are called on the pool's loop.

    Args:
        facts: `(key, facts)` when a session was opened.
        tools_changed: `(key)` when a server says that its tools are others now.
        auth: what signs requests to a server; None for nothing beyond its headers.
        reaper: is told of each server's process.
    """

    facts: Callable[[str, SessionFacts], None] | None = None
    tools_changed: Callable[[str], None] | None = None
    auth: Callable[[ServerSpec], httpx2.Auth | None] | None = None
    reaper: Reaper | None = None


class Life:
    """Begins with its construction.

    Args:
        answer: asks a person; returns None if there is nobody.
        on_end: called once, at the moment from which on no call may use it.
        pause_s: how long to wait before the start.
        after: what must be closed before: a process may hold what the next one needs.

    Attributes:
        opened: done when the session is open, with a `VibeError` if it could not be opened.
        client: the open session's; None before and after.
        in_flight: how many calls use it.
        failure: why it could not be opened.
        sdk_log: hears what the SDK logs, also in the course of a call.
        is_wanted_end: whether it ended because we let it.
    """

    def __init__(
        self,
        spec: ServerSpec,
        hooks: Hooks,
        answer: Callable[[Elicitation], Awaitable[ElicitationAnswer | None]],
        on_end: Callable[[Life], None],
        pause_s: float,
        after: Life | None = None,
    ) -> None:
        self._spec = spec
        self._hooks = hooks
        self._answer = answer
        self._on_end: Callable[[Life], None] | None = on_end
        self._pause_s = pause_s
        self._after = after
        self._stdio: StdioTransport | None = None
        self._noise = Noise(self._end_for_noise)
        self.sdk_log = SdkLog(spec.name, self._noise)
        self._end = asyncio.Event()
        self._began = time.monotonic()
        self._drain_timer: asyncio.TimerHandle | None = None
        self.client: Client | None = None
        self.facts: SessionFacts | None = None
        self.failure: VibeError | None = None
        self.has_served = self.is_wanted_end = False
        self.in_flight = 0
        self.used_at = time.monotonic()
        self.opened: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.task = asyncio.create_task(self._live(), name=f"mcp:{spec.name}")

    @property
    def lasted_s(self) -> float:
        """Return how long it has lasted."""
        return time.monotonic() - self._began

    @property
    def pid(self) -> int | None:
        """Return the id of the server's process."""
        process = self._stdio.process if self._stdio is not None else None
        return process.pid if process is not None else None

    @property
    def stderr(self) -> tuple[str, ...]:
        """Return the last lines of its standard error."""
        process = self._stdio.process if self._stdio is not None else None
        return process.stderr if process is not None else ()

    @property
    def noise_lines(self) -> int:
        """Return how many lines of its standard output were no messages."""
        return self._noise.lines

    @property
    def fault(self) -> str | None:
        """Return why it was ended, if that was for what the server has sent."""
        return self._noise.fault

    @property
    def code(self) -> int | None:
        """Return the exit code of its process, if that is known already."""
        process = self._stdio.process if self._stdio is not None else None
        return process.exited.result() if process is not None and process.exited.done() else None

    async def exit_code(self) -> int | None:
        """Return how its process has ended, if it has."""
        process = self._stdio.process if self._stdio is not None else None
        return await process.exit_code() if process is not None else None

    def left(self) -> None:
        """Note that a call has ended."""
        self.in_flight -= 1
        self.used_at = time.monotonic()
        if not self.in_flight and self._drain_timer is not None:
            self._end.set()

    def end(self, *, is_wanted: bool = False) -> None:
        """End it now, open or not; calls in flight fail."""
        self._give_up(is_wanted=is_wanted)
        self._end.set()
        if not self.opened.done():
            self.task.cancel()

    def retire(self, *, is_wanted: bool = False) -> None:
        """End it when the calls in flight have ended, in half a minute at the latest."""
        if not self.in_flight:
            self.end(is_wanted=is_wanted)
            return
        self._give_up(is_wanted=is_wanted)
        self._drain_timer = asyncio.get_running_loop().call_later(_LONGEST_DRAIN_S, self._end.set)

    def _end_for_noise(self) -> None:
        log.warning("session is ended", server=self._spec.name, reason=self.fault)
        self._end.set()

    def _give_up(self, *, is_wanted: bool) -> None:
        """Let no further call use it."""
        self.client = None
        on_end, self._on_end = self._on_end, None
        if on_end is not None:
            self.is_wanted_end = is_wanted
            on_end(self)

    async def _live(self) -> None:
        speaking.set(self.sdk_log)
        try:
            if self._after is not None:
                await asyncio.wait({self._after.task})
                self._after = None
            await asyncio.sleep(self._pause_s)
            await self._open_and_keep()
        except asyncio.CancelledError:
            self.opened.cancel()
            if not self.is_wanted_end:
                raise
        except BaseException as error:  # noqa: BLE001 - groups of whatever the SDK and the transports raise
            await self._note(error)
        finally:
            self._give_up(is_wanted=False)

    async def _note(self, error: BaseException) -> None:
        """Fail who waits for the start; after it, callers have heard of the end by their own calls."""
        if self.opened.done():
            log.info("session ended", server=self._spec.name, reason=repr(error)[:500])
            return
        if self.fault is not None:
            self.failure = of_noise(self._spec.name, self.fault, self.stderr, executed=False)
        else:
            self.failure = of_start(error, self._spec, self.stderr, await self.exit_code())
        self._give_up(is_wanted=False)
        self.opened.set_exception(self.failure)
        self.opened.exception()  # seen, even if nobody waits any more

    async def _open_and_keep(self) -> None:
        async with contextlib.AsyncExitStack() as stack:
            async with asyncio.timeout(max(_LONGEST_START_S, self._spec.limits.start_timeout_s)):
                client = await self._connect(stack)
            # Checked by who calls: the SDK (2.3) would ask for the list of tools after the call, and drop the result
            # if that fails.
            client.session.validate_tool_result = _unchecked  # type: ignore[method-assign]
            self.facts = facts_of(client)
            self.client = client
            self.used_at = time.monotonic()
            self.opened.set_result(None)
            if self._hooks.facts is not None:
                self._hooks.facts(self._spec.key, self.facts)
            notices = Notices(client, self.facts, self._tools_changed)
            try:
                await self._until_end()
            finally:
                self._give_up(is_wanted=False)
                if self._drain_timer is not None:
                    self._drain_timer.cancel()
                await notices.aclose()
            async with asyncio.timeout(_LONGEST_CLOSE_S):
                await stack.aclose()

    async def _connect(self, stack: contextlib.AsyncExitStack) -> Client:
        """Open the session: at once in the era that the server is known to speak, and else by asking."""
        from mcp import MCPError

        era = self._spec.era
        try:
            return await stack.enter_async_context(self._client("legacy" if era == "legacy" else "auto"))
        except MCPError as error:
            if era != "legacy":
                raise
            log.info("server no longer speaks what it spoke", server=self._spec.name, reason=str(error))
        return await stack.enter_async_context(self._client("auto"))

    def _client(self, mode: str) -> Client:
        from mcp import Client

        return Client(
            self._transport(),
            mode=mode,
            read_timeout_seconds=max(_LONGEST_START_S, self._spec.limits.start_timeout_s),
            elicitation_callback=elicitation_callback(self._answer),
            message_handler=self._heard,
            client_info=client_info(),
        )

    def _transport(self) -> Any:
        spec = self._spec
        max_bytes = spec.limits.max_result_bytes
        if spec.transport == "stdio":
            self._stdio = StdioTransport(
                spec.command,
                env=spec.env,
                cwd=spec.cwd,
                max_line_bytes=max_bytes,
                noise=self._noise,
                reaper=self._hooks.reaper,
            )
            return self._stdio
        from vibe_jupyter.core.mcp.sessions.http import http_transport
        from vibe_jupyter.core.mcp.sessions.sse import sse_transport

        auth = self._hooks.auth(spec) if self._hooks.auth is not None else None
        how: dict[str, Any] = {"max_bytes": max_bytes, "allow_private": spec.allow_private, "auth": auth}
        if spec.transport == "sse":
            return sse_transport(spec.url, spec.headers, ended=self._end.set, **how)
        return http_transport(spec.url, spec.headers, **how)

    async def _until_end(self) -> None:
        """Wait until it is not wanted any more: by the pool, by its process, or by nobody for a while."""
        ends: list[asyncio.Future[Any]] = [asyncio.ensure_future(self._end.wait())]
        if self._stdio is not None and self._stdio.messages is not None:
            ends.append(self._stdio.messages.ended)
        idle_s = self._spec.limits.idle_s
        try:
            while True:
                left_s = idle_s - (time.monotonic() - self.used_at)
                done, _ = await asyncio.wait(
                    ends, timeout=max(left_s, 0.01), return_when=asyncio.FIRST_COMPLETED
                )
                if done:
                    return
                if self.in_flight:
                    self.used_at = time.monotonic()
                elif time.monotonic() - self.used_at >= idle_s:
                    self._give_up(is_wanted=True)
                    return
        finally:
            ends[0].cancel()

    async def _heard(self, message: Any) -> None:
        from mcp_types import ToolListChangedNotification

        if isinstance(getattr(message, "root", message), ToolListChangedNotification):
            self._tools_changed()

    def _tools_changed(self) -> None:
        if self._hooks.tools_changed is not None:
            self._hooks.tools_changed(self._spec.key)


async def _unchecked(name: str, result: Any) -> None:
    del name, result
