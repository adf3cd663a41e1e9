"""One life of a session: a task that opens it, keeps it and closes it."""

from __future__ import annotations

import asyncio
import contextlib
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from vibe_jupyter.core.logs import get_logger
from vibe_jupyter.core.mcp.sessions.outcomes import Refusal, of_start
from vibe_jupyter.core.mcp.sessions.stdio import StdioTransport
from vibe_jupyter.core.mcp.spec import Elicitation, SessionFacts

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    import httpx2
    from mcp import Client

    from vibe_jupyter.core.errors import VibeError
    from vibe_jupyter.core.mcp.sessions.http import Shield
    from vibe_jupyter.core.mcp.spec import ElicitationAnswer, Era, ServerSpec

__all__ = ["Hooks", "Life", "facts_of"]

_MODERN = "2026"
_LONGEST_START_S = 600.0
"""How long a start may go on in the background after its callers have given up."""
_LISTEN_AGAIN_S = 5.0

log = get_logger("mcp")


@dataclass(frozen=True)
class Hooks:
    """What a session tells, and whom it asks; all are called on the pool's loop.

    Args:
        facts: `(key, facts)` when a session was opened.
        tools_changed: `(key)` when a server says that its tools are others now.
        auth: what signs requests to a server; None for nothing beyond its headers.
    """

    facts: Callable[[str, SessionFacts], None] | None = None
    tools_changed: Callable[[str], None] | None = None
    auth: Callable[[ServerSpec], httpx2.Auth | None] | None = None


class Life:
    """Begins with its construction.

    Args:
        answer: asks a person; returns None if there is nobody.
        is_busy: whether calls are in flight: then it is not idle.
        pause_s: how long to wait before the start.

    Attributes:
        opened: done when the session is open, with an error if it could not be opened.
        client: the open session's; None before and after.
    """

    def __init__(
        self,
        spec: ServerSpec,
        hooks: Hooks,
        answer: Callable[[Elicitation], Awaitable[ElicitationAnswer | None]],
        is_busy: Callable[[], bool],
        pause_s: float,
    ) -> None:
        self._spec = spec
        self._hooks = hooks
        self._answer = answer
        self._is_busy = is_busy
        self._pause_s = pause_s
        self._stdio: StdioTransport | None = None
        self._end = asyncio.Event()
        self._began = time.monotonic()
        self.shield: Shield | None = None
        self.client: Client | None = None
        self.facts: SessionFacts | None = None
        self.failure: VibeError | None = None
        self.has_served = self.is_stopped = False
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
        return (
            self._stdio.process.pid if self._stdio is not None and self._stdio.process is not None else None
        )

    @property
    def stderr(self) -> tuple[str, ...]:
        """Return the last lines of its standard error."""
        return self._stdio.stderr if self._stdio is not None else ()

    @property
    def noise_lines(self) -> int:
        """Return how many lines of its standard output were no messages."""
        return self._stdio.noise_lines if self._stdio is not None else 0

    @property
    def refusal(self) -> Refusal | None:
        """Return the HTTP status of the last request that was refused."""
        return Refusal(*self.shield.refusal) if self.shield is not None and self.shield.refusal else None

    async def exit_code(self) -> int | None:
        """Return how its process has ended, if it has."""
        return await self._stdio.exit_code() if self._stdio is not None else None

    def end(self, *, is_wanted: bool = False) -> None:
        """End it soon, open or not."""
        self.is_stopped = is_wanted
        self.client = None
        self._end.set()
        if not self.opened.done():
            self.task.cancel()

    async def _live(self) -> None:
        try:
            await asyncio.sleep(self._pause_s)
            await self._open_and_keep()
        except asyncio.CancelledError:
            self.opened.cancel()
            if not self.is_stopped:
                raise
        except BaseException as error:  # noqa: BLE001 - groups of whatever the SDK and the transports raise
            await self._note(error)
        finally:
            self.client = None

    async def _note(self, error: BaseException) -> None:
        """Fail who waits for the start; after it, callers have heard of the end by their own calls."""
        if self.opened.done():
            log.info("session ended", server=self._spec.name, reason=repr(error)[:500])
            return
        code = await self.exit_code()
        self.failure = of_start(error, self._spec, self.refusal, self.stderr, code)
        self.opened.set_exception(self.failure)
        self.opened.exception()  # seen, even if nobody waits any more

    async def _open_and_keep(self) -> None:
        async with contextlib.AsyncExitStack() as stack:
            async with asyncio.timeout(max(_LONGEST_START_S, self._spec.limits.start_timeout_s)):
                client = await self._connect(stack)
            self.facts = facts_of(client)
            self.client = client
            self.used_at = time.monotonic()
            self.opened.set_result(None)
            if self._hooks.facts is not None:
                self._hooks.facts(self._spec.key, self.facts)
            listening = asyncio.create_task(self._listen(client))
            try:
                await self._until_end()
            finally:
                self.client = None
                listening.cancel()
                await asyncio.gather(listening, return_exceptions=True)

    async def _connect(self, stack: contextlib.AsyncExitStack) -> Client:
        """Open the session: at once in the era that the server is known to speak, and else by asking."""
        from mcp import Client, MCPError

        era: Era | None = self._spec.era
        client = self._client(Client, "legacy" if era == "legacy" else "auto")
        try:
            return await stack.enter_async_context(client)
        except MCPError as error:
            if era != "legacy":
                raise
            log.info("server no longer speaks what it spoke", server=self._spec.name, reason=str(error))
        return await stack.enter_async_context(self._client(Client, "auto"))

    def _client(self, kind: type[Client], mode: str) -> Client:
        return kind(
            self._transport(),
            mode=mode,
            read_timeout_seconds=max(_LONGEST_START_S, self._spec.limits.start_timeout_s),
            elicitation_callback=self._elicited,
            message_handler=self._heard,
            client_info=_client_info(),
        )

    def _transport(self) -> Any:
        spec = self._spec
        if spec.transport == "stdio":
            self._stdio = StdioTransport(
                spec.command, env=spec.env, cwd=spec.cwd, max_line_bytes=spec.limits.max_result_bytes
            )
            return self._stdio
        from vibe_jupyter.core.mcp.sessions.http import http_transport, shield_for, sse_transport

        self.shield = shield_for(spec.url, spec.limits.max_result_bytes, allow_private=spec.allow_private)
        auth = self._hooks.auth(spec) if self._hooks.auth is not None else None
        if spec.transport == "sse":
            return sse_transport(self.shield, spec.url, spec.headers, auth)
        return http_transport(self.shield, spec.url, spec.headers, spec.limits.max_result_bytes, auth)

    async def _until_end(self) -> None:
        """Wait until it is not wanted any more: by the pool, by its process, or by nobody for a while."""
        ends: list[asyncio.Task[Any]] = [asyncio.create_task(self._end.wait())]
        if self._stdio is not None and self._stdio.process is not None:
            ends.append(asyncio.create_task(self._stdio.process.wait()))
        try:
            while True:
                idle_s = self._spec.limits.idle_s - (time.monotonic() - self.used_at)
                done, _ = await asyncio.wait(
                    ends, timeout=max(idle_s, 0.01), return_when=asyncio.FIRST_COMPLETED
                )
                if done:
                    return
                if time.monotonic() - self.used_at >= self._spec.limits.idle_s and not self._is_busy():
                    self.is_stopped = True
                    return
        finally:
            for end in ends:
                end.cancel()
            await asyncio.gather(*ends, return_exceptions=True)

    async def _listen(self, client: Client) -> None:
        """Hear of changed tools from a server of the modern era, which tells on a stream of its own."""
        from mcp import MCPError
        from mcp.client.subscriptions import ListenNotSupportedError, SubscriptionLost

        tools = client.server_capabilities.tools
        if self.facts is None or self.facts.era != "modern" or tools is None or not tools.list_changed:
            return
        while True:
            try:
                async with client.listen(tools_list_changed=True) as events:
                    async for _ in events:
                        self._tools_changed()
                return
            except SubscriptionLost:
                await asyncio.sleep(_LISTEN_AGAIN_S)
            except (ListenNotSupportedError, MCPError, TimeoutError) as error:
                log.info("server tells of no changes", server=self._spec.name, reason=str(error))
                return

    async def _heard(self, message: Any) -> None:
        from mcp_types import ToolListChangedNotification

        if isinstance(getattr(message, "root", message), ToolListChangedNotification):
            self._tools_changed()

    def _tools_changed(self) -> None:
        if self._hooks.tools_changed is not None:
            self._hooks.tools_changed(self._spec.key)

    async def _elicited(self, context: Any, params: Any) -> Any:
        from mcp_types import ElicitResult

        del context
        url = getattr(params, "url", None)
        schema = None if url is not None else _plain(params.requested_schema)
        answer = await self._answer(Elicitation(str(params.message)[:4000], schema, url))
        if answer is None:
            return ElicitResult(action="decline")
        content = answer.content if answer.action == "accept" and url is None else None
        return ElicitResult(action=answer.action, content=content)


def _plain(schema: Any) -> dict[str, Any]:
    plain: dict[str, Any] = (
        schema
        if isinstance(schema, dict)
        else schema.model_dump(mode="json", by_alias=True, exclude_none=True)
    )
    return plain


def _client_info() -> Any:
    from mcp_types import Implementation

    from vibe_jupyter import __version__

    return Implementation(name="vibe_jupyter", version=__version__)


def facts_of(client: Client) -> SessionFacts:
    """Return what a server said of itself."""
    info = client.server_info
    can = client.server_capabilities
    offers = ("tools", "resources", "prompts", "completions", "logging")
    return SessionFacts(
        era="modern" if client.protocol_version >= _MODERN else "legacy",
        protocol_version=client.protocol_version,
        name=info.name if info is not None else "",
        version=(info.version if info is not None else None) or "",
        instructions=client.instructions,
        offers=frozenset(name for name in offers if getattr(can, name, None) is not None),
    )
