"""All sessions of this process: one for each server, opened at the first call, shared by all."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import anyio.to_thread

from vibe_jupyter.core.errors import Unavailable
from vibe_jupyter.core.mcp.sessions.life import Hooks
from vibe_jupyter.core.mcp.sessions.reaper import Reaper
from vibe_jupyter.core.mcp.spec import SessionHealth

if TYPE_CHECKING:
    from collections.abc import Callable

    import httpx2
    from mcp import Client
    from mcp_types import GetPromptResult, ReadResourceResult

    from vibe_jupyter.core.mcp.sessions.incoming import RawResult
    from vibe_jupyter.core.mcp.sessions.listing import Listing
    from vibe_jupyter.core.mcp.sessions.session import Session
    from vibe_jupyter.core.mcp.spec import Call, ServerSpec, SessionFacts

__all__ = ["SessionPool"]


class SessionPool:
    """Sessions by the key of their server. All methods belong to one event loop.

    Args:
        on_facts: told `(key, facts)` when a session was opened.
        on_tools_changed: told `(key)` when a server says that its tools are others now.
        auth: returns what signs the requests to a server beyond its headers; None for nothing.
    """

    def __init__(
        self,
        *,
        on_facts: Callable[[str, SessionFacts], None] | None = None,
        on_tools_changed: Callable[[str], None] | None = None,
        auth: Callable[[ServerSpec], httpx2.Auth | None] | None = None,
    ) -> None:
        self._reaper = Reaper()
        self._hooks = Hooks(on_facts, on_tools_changed, auth, self._reaper)
        self._sessions: dict[str, tuple[str, Session]] = {}
        self._retired: dict[Session, asyncio.Task[None]] = {}
        self._is_imported = self._is_closed = False

    async def call(self, spec: ServerSpec, call: Call) -> RawResult:
        """Call a tool, at most once: it is repeated only if it was surely not executed, or does no harm twice.

        A tool that says that it failed is a result with `is_error`.

        Raises:
            VibeError: of `core.mcp.errors`; `data` has `maybe_executed`, and `stderr` where it helps.
        """
        session = await self._session(spec)
        return await session.call(call)

    async def listing(self, spec: ServerSpec) -> Listing:
        """Ask a server for all that it offers.

        Raises:
            VibeError: of `core.mcp.errors`.
        """
        from vibe_jupyter.core.mcp.sessions.listing import list_all
        from vibe_jupyter.core.mcp.sessions.notices import facts_of

        session = await self._session(spec)
        return await session.perform(lambda client: list_all(client, facts_of(client)), "list")

    async def read_resource(self, spec: ServerSpec, uri: str) -> ReadResourceResult:
        """Read a resource.

        Raises:
            VibeError: of `core.mcp.errors`.
        """
        session = await self._session(spec)

        async def do(client: Client) -> ReadResourceResult:
            return await client.read_resource(uri, cache_mode="bypass")

        return await session.perform(do, "read")

    async def get_prompt(self, spec: ServerSpec, name: str, arguments: dict[str, str]) -> GetPromptResult:
        """Fill in a prompt.

        Raises:
            VibeError: of `core.mcp.errors`.
        """
        session = await self._session(spec)

        async def do(client: Client) -> GetPromptResult:
            return await client.get_prompt(name, arguments)

        return await session.perform(do, "prompt")

    def health(self, key: str) -> SessionHealth:
        """Return how a session is; of one that was never opened, that it is stopped."""
        found = self._sessions.get(key)
        return SessionHealth(key, "stopped") if found is None else found[1].health()

    async def restart(self, spec: ServerSpec) -> None:
        """Open a session anew, whatever failed before; calls in flight fail.

        Raises:
            VibeError: why it cannot be opened.
        """
        session = await self._session(spec)
        await session.restart()

    async def close(self, key: str) -> None:
        """Close a session and forget it; calls in flight fail."""
        found = self._sessions.pop(key, None)
        if found is not None:
            await found[1].close()

    async def aclose(self) -> None:
        """Close all, at the same time; calls in flight fail."""
        self._is_closed = True
        sessions = {session for _, session in self._sessions.values()} | self._retired.keys()
        self._sessions.clear()
        await asyncio.gather(*(session.close() for session in sessions), *self._retired.values())
        await anyio.to_thread.run_sync(self._reaper.close)  # the loop's own threads may have ended by now

    async def _session(self, spec: ServerSpec) -> Session:
        """Return the session of a server; one with another configuration takes the place of the old one."""
        if not self._is_imported:
            # On a thread: it takes half a second and more, in which nothing else would run.
            await asyncio.to_thread(_import_sdk)
            self._is_imported = True
        if self._is_closed:
            raise Unavailable("the platform is stopping", code="platform.stopping", hint="try again later")
        digest = spec.digest
        found = self._sessions.get(spec.key)
        if found is not None and found[0] == digest:
            if found[1].spec is not spec:
                found[1].update(spec)
            return found[1]
        from vibe_jupyter.core.mcp.sessions.session import Session

        session = Session(spec, self._hooks)
        self._sessions[spec.key] = digest, session
        if found is not None:
            self._retire(found[1])
        return session

    def _retire(self, session: Session) -> None:
        """Let the calls of a session end that has been replaced, and close it."""
        task = asyncio.create_task(session.retire())
        self._retired[session] = task
        task.add_done_callback(lambda _: self._retired.pop(session, None))


def _import_sdk() -> None:
    import mcp.client.streamable_http
    import mcp.client.subscriptions  # noqa: F401

    import vibe_jupyter.core.mcp.sessions.session
    import vibe_jupyter.core.mcp.sessions.sse  # noqa: F401
    from vibe_jupyter.core.mcp.sessions.process import tether
    from vibe_jupyter.core.mcp.sessions.sdk_log import quieten

    quieten()
    tether()
