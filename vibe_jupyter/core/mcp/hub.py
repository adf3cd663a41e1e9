"""The sessions of this process, and what is learned by them."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from vibe_jupyter.core.errors import VibeError
from vibe_jupyter.core.logs import get_logger, hide, show
from vibe_jupyter.core.mcp.sessions.pool import SessionPool
from vibe_jupyter.core.mcp.tools.arguments import problems_of
from vibe_jupyter.core.mcp.tools.definitions import capabilities_of
from vibe_jupyter.core.mcp.veil import Veil

if TYPE_CHECKING:
    from collections.abc import Coroutine
    from typing import Any

    from vibe_jupyter.core.mcp.consent import Consent
    from vibe_jupyter.core.mcp.offers import KnownServer, OffersCache
    from vibe_jupyter.core.mcp.registry.records import ServerRecord
    from vibe_jupyter.core.mcp.registry.registration import Registration
    from vibe_jupyter.core.mcp.registry.store import McpStore
    from vibe_jupyter.core.mcp.schemas import McpCapabilities
    from vibe_jupyter.core.mcp.spec import ServerSpec, SessionFacts, SessionHealth

__all__ = ["McpHub"]

_NO_SECRETS = Veil()

log = get_logger("mcp")


class McpHub:
    """Opens sessions as registered servers want them, and remembers what these say. For one event loop."""

    def __init__(
        self, store: McpStore, registration: Registration, offers: OffersCache, consent: Consent
    ) -> None:
        self._store = store
        self._consent = consent
        self._registration = registration
        self._offers = offers
        self.pool = SessionPool(on_facts=self._on_facts, on_tools_changed=self._on_tools_changed)
        self._open: dict[str, ServerRecord] = {}
        self._veils: dict[str, Veil] = {}
        self._asking: dict[str, asyncio.Task[McpCapabilities]] = {}
        self._listed_in: dict[str, tuple[str, SessionFacts | None]] = {}
        """By key: the configuration and the session in which a server was asked last."""
        self._background: set[asyncio.Task[Any]] = set()

    async def spec(self, server: KnownServer) -> ServerSpec:
        """Return how a server is reached.

        Raises:
            ConfigError: `mcp.unresolved_variable` and others.
        """
        if server.spec is None:
            server.spec = await self._registration.spec(server.record, server.era)
        key = server.spec.key
        self._open[key] = server.record
        veil = self._veils.get(key)
        if veil is None or not server.spec.secrets <= veil.secrets:
            # What was a secret before may still stand in what the last process said.
            veil = Veil({*server.spec.secrets, *(veil.secrets if veil else ())})
            self._veils[key] = veil
            hide(key, veil.text)
        return server.spec

    def veil(self, server: KnownServer) -> Veil:
        """Return what takes the server's secrets out of what it says."""
        return self._veils.get(server.record.stored.id, _NO_SECRETS)

    def health(self, server: KnownServer) -> SessionHealth:
        """Return how a server's session is."""
        return self.veil(server).health(self.pool.health(server.record.stored.id))

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

    async def renew(self, server: KnownServer) -> bool:
        """Ask a server again what it offers, unless it was asked in the session that is open now.

        Returns whether it was asked: then what was known of it may have changed.

        Raises:
            VibeError: why it cannot be asked.
        """
        spec = await self.spec(server)
        health = self.pool.health(spec.key)
        is_open = health.state == "ready" and health.facts is not None
        listed_in = self._listed_in.get(spec.key)
        if is_open and listed_in and listed_in[0] == spec.digest and listed_in[1] is health.facts:
            return False
        await self.capabilities(server, refresh=True)
        return True

    async def restart(self, server: KnownServer) -> None:
        """Start a server anew with its variables read anew, and ask it what it offers.

        Raises:
            VibeError: why it does not start.
        """
        server.spec = None
        spec = await self.spec(server)
        with self.veil(server).over():
            await self.pool.restart(spec)
        await self.capabilities(server, refresh=True)

    async def close(self, record: ServerRecord) -> None:
        """End a server's session."""
        self._open.pop(record.stored.id, None)
        self._listed_in.pop(record.stored.id, None)
        await self.pool.close(record.stored.id)
        self._veils.pop(record.stored.id, None)
        show(record.stored.id)

    async def aclose(self) -> None:
        """End all sessions."""
        for task in [*self._background, *self._asking.values()]:
            task.cancel()
        await asyncio.gather(*self._background, *self._asking.values(), return_exceptions=True)
        await self.pool.aclose()
        for key in self._veils:
            show(key)

    async def _ask(self, server: KnownServer) -> McpCapabilities:
        record = server.record
        spec = await self.spec(server)
        veil = self.veil(server)
        with veil.over():
            listing = await self.pool.listing(spec)
        self._listed_in[spec.key] = spec.digest, self.pool.health(spec.key).facts

        def read() -> tuple[McpCapabilities, str, bool]:
            found = capabilities_of(record.slug, listing)
            found.problems = veil.value([*found.problems, *problems_of(found.tools)])
            found.instructions = veil.value(found.instructions)
            known = server.listing
            is_news = known is None or found != known.model_copy(update={"listed_at": None})
            return found, found.model_dump_json(), is_news

        found, text, is_news = await asyncio.to_thread(read)  # nobody knows how much it is
        await self._store.set_listing(record.stored, record.config_key, text, is_news=is_news)
        await self._consent.pin(server, found.tools)
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
