"""What a user's servers offer, as it is known without asking them; read anew when something has changed."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING

from vibe_jupyter.core.mcp.registry.records import record_of, unknown_server
from vibe_jupyter.core.mcp.schemas import McpCapabilities
from vibe_jupyter.core.mcp.search import ToolIndex

if TYPE_CHECKING:
    from collections.abc import Mapping

    from vibe_jupyter.core.mcp.registry.records import ServerRecord
    from vibe_jupyter.core.mcp.registry.store import McpStore, StoredApproval, StoredListing
    from vibe_jupyter.core.mcp.schemas import ToolInfo
    from vibe_jupyter.core.mcp.spec import Era, ServerSpec

__all__ = ["KnownServer", "Offers", "OffersCache"]

_QUICK = 32 * 1024
"""Characters that are read so quickly that nobody notices."""
_PROBE_AGAIN = timedelta(days=7)


@dataclass(eq=False)
class KnownServer:
    """A server, what it offers as far as it is known, and what was decided about its tools."""

    record: ServerRecord
    listing: McpCapabilities | None
    era: Era | None
    approvals: Mapping[str, StoredApproval]
    spec: ServerSpec | None = field(default=None, repr=False)
    """How it is reached, once that was resolved."""

    @cached_property
    def tools(self) -> dict[str, ToolInfo]:
        """Return its tools by name."""
        return {tool.name: tool for tool in self.listing.tools} if self.listing is not None else {}


@dataclass(eq=False)
class Offers:
    """A user's servers by slug, at one revision."""

    revision: int
    servers: dict[str, KnownServer]

    def server(self, slug: str) -> KnownServer:
        """Return one.

        Raises:
            UnknownServer: with the nearest names.
        """
        found = self.servers.get(slug)
        if found is None:
            raise unknown_server(slug, self.servers)
        return found

    @cached_property
    def index(self) -> ToolIndex:
        """Return the search over the tools of all enabled servers."""
        return ToolIndex(
            [
                (slug, tool)
                for slug, server in self.servers.items()
                if server.record.enabled
                for tool in server.tools.values()
            ]
        )


@dataclass(frozen=True)
class _Read:
    """A listing as text, and what it says."""

    text: str | None
    listed_at: str | None
    found: McpCapabilities | None


class OffersCache:
    """Offers by user; may be read on any event loop: a reader at the same time at worst reads them twice."""

    def __init__(self, store: McpStore) -> None:
        self._store = store
        self._offers: dict[str, Offers] = {}
        self._read_before: dict[str, dict[str, _Read]] = {}

    async def of(self, user_id: str) -> Offers:
        """Return what a user's servers offer; one indexed read if nothing has changed."""
        revision = await self._store.revision(user_id)
        found = self._offers.get(user_id)
        if found is None or found.revision != revision:
            found = self._offers[user_id] = await self._read(user_id, revision)
        return found

    async def _read(self, user_id: str, revision: int) -> Offers:
        listings = await self._store.listings(user_id)
        approvals = await self._store.approvals(user_id)
        servers: dict[str, KnownServer] = {}
        before = self._read_before.get(user_id, {})
        read: dict[str, _Read] = {}
        for stored in await self._store.servers(user_id):
            record = record_of(stored)
            listing = listings.get(stored.id)
            if listing is not None and listing.config_key != record.config_key:
                listing = None  # it was asked when it was another one
            read[stored.id] = await _read(listing, before.get(stored.id))
            servers[record.slug] = KnownServer(
                record,
                read[stored.id].found,
                _era(listing),
                {one.tool: one for one in approvals if one.server_id == stored.id},
            )
        self._read_before[user_id] = read
        return Offers(revision, servers)


async def _read(listing: StoredListing | None, before: _Read | None) -> _Read:
    """Return what a server offers; it is read anew only if it is another text than before."""
    text = listing.listing if listing is not None else None
    if listing is None or text is None:
        return _Read(None, None, None)
    if before is not None and (before.text, before.listed_at) == (text, listing.listed_at):
        return before
    is_quick = len(text) <= _QUICK
    found = _capabilities(listing) if is_quick else await asyncio.to_thread(_capabilities, listing)
    return _Read(text, listing.listed_at, found)


def _capabilities(listing: StoredListing | None) -> McpCapabilities | None:
    if listing is None or listing.listing is None:
        return None
    found = McpCapabilities.model_validate_json(listing.listing)
    return found.model_copy(
        update={"listed_at": listing.listed_at and datetime.fromisoformat(listing.listed_at)}
    )


def _era(listing: StoredListing | None) -> Era | None:
    """Return what the server spoke when it was asked, unless that is long ago: then it is asked again."""
    if listing is None or listing.era is None or listing.era_checked_at is None:
        return None
    if datetime.now(UTC) - datetime.fromisoformat(listing.era_checked_at) > _PROBE_AGAIN:
        return None
    return "legacy" if listing.era == "legacy" else "modern"
