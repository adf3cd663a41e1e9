"""The sessions of this process, and what is learned by them."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from vibe_jupyter.core.errors import VibeError
from vibe_jupyter.core.logs import get_logger
from vibe_jupyter.core.mcp.sessions.pool import SessionPool
from vibe_jupyter.core.mcp.tools.definitions import capabilities_of

if TYPE_CHECKING:
    from collections.abc import Coroutine
    from typing import Any

    from vibe_jupyter.core.mcp.offers import KnownServer, OffersCache
    from vibe_jupyter.core.mcp.registry.records import ServerRecord
    from vibe_jupyter.core.mcp.registry.registration import Registration
    from vibe_jupyter.core.mcp.registry.store import McpStore
    from vibe_jupyter.core.mcp.schemas import McpCapabilities
    from vibe_jupyter.core.mcp.spec import ServerSpec, SessionFacts

__all__ = ["McpHub"]

log = get_logger("mcp")


class McpHub:
    """Opens sessions as registered servers want them, and remembers what these say. For one event loop."""

    def __init__(self, store: McpStore, registration: Registration, offers: OffersCache) -> None:
        self._store = store
        self._registration = registration
        self._offers = offers
        self.pool = SessionPool(on_facts=self._on_facts, on_tools_changed=self._on_tools_changed)
        self._open: dict[str, ServerRecord] = {}
        self._asking: dict[str, asyncio.Task[McpCapabilities]] = {}
        self._background: set[asyncio.Task[Any]] = set()

    async def spec(self, server: KnownServer) -> ServerSpec:
        """Return how a server is reached.

        Raises:
            ConfigError: `mcp.unresolved_variable` and others.
        """
        if server.spec is None:
            server.spec = await self._registration.spec(server.record, server.era)
        self._open[server.spec.key] = server.record
        return server.spec

    async def capabilities(self, server: KnownServer, *, refresh: bool = False) -> McpCapabilities:
        """Return all that a server offers; it is asked if that is not known, once for all who wait.

        Raises:
            VibeError: why it cannot be asked.
        """
        if server.listing is not None and not refresh:
            return server.listing
        key = server.record.stored.id
        asking = self._asking.get(key)
        if asking is None:
            asking = self._asking[key] = asyncio.create_task(self._ask(server))
            asking.add_done_callback(lambda _: self._asking.pop(key, None))
        return await asyncio.shield(asking)

    async def restart(self, server: KnownServer) -> None:
        """Start a server anew with its variables read anew, and ask it what it offers.

        Raises:
            VibeError: why it does not start.
        """
        server.spec = None
        await self.pool.restart(await self.spec(server))
        await self.capabilities(server, refresh=True)

    async def close(self, record: ServerRecord) -> None:
        """End a server's session."""
        self._open.pop(record.stored.id, None)
        await self.pool.close(record.stored.id)

    async def aclose(self) -> None:
        """End all sessions."""
        for task in [*self._background, *self._asking.values()]:
            task.cancel()
        await asyncio.gather(*self._background, *self._asking.values(), return_exceptions=True)
        await self.pool.aclose()

    async def _ask(self, server: KnownServer) -> McpCapabilities:
        record = server.record
        listing = await self.pool.listing(await self.spec(server))
        found = capabilities_of(record.slug, listing)
        await self._store.set_listing(record.stored, record.config_key, found.model_dump_json())
        return found

    def _on_facts(self, key: str, facts: SessionFacts) -> None:
        record = self._open.get(key)
        if record is not None:
            self._spawn(self._store.set_era(record.stored, record.config_key, facts.era))

    def _on_tools_changed(self, key: str) -> None:
        record = self._open.get(key)
        if record is not None:
            self._spawn(self._list_again(record))

    async def _list_again(self, record: ServerRecord) -> None:
        offers = await self._offers.of(record.stored.user_id)
        server = offers.servers.get(record.slug)
        if server is not None:
            await self.capabilities(server, refresh=True)

    def _spawn(self, coroutine: Coroutine[Any, Any, Any]) -> None:
        async def run() -> None:
            try:
                await coroutine
            except VibeError as error:  # nobody waits for it; it is tried again when somebody asks
                log.warning("what a server said was not noted", reason=str(error))

        task = asyncio.create_task(run())
        self._background.add(task)
        task.add_done_callback(self._background.discard)
