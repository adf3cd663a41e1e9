"""Ask a server for all that it offers, page by page."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from vibe_jupyter.core.mcp.sessions.pages import problems_in

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from mcp import Client
    from mcp_types import Prompt, Resource, ResourceTemplate, Tool

    from vibe_jupyter.core.mcp.spec import SessionFacts

__all__ = ["Listing", "list_all"]

_MAX_PAGES = 100
_MAX_ITEMS = 5000
_METHOD_NOT_FOUND = -32601


@dataclass
class Listing:
    """What a server offers, in the SDK's types; `problems` says what could not be listed in full."""

    facts: SessionFacts
    tools: list[Tool] = field(default_factory=list)
    resources: list[Resource] = field(default_factory=list)
    resource_templates: list[ResourceTemplate] = field(default_factory=list)
    prompts: list[Prompt] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


async def list_all(client: Client, facts: SessionFacts) -> Listing:
    """Return everything; what the server does not offer is empty.

    Raises:
        MCPError: if it cannot even list its tools.
    """
    listing = Listing(facts)
    if "tools" in facts.offers:
        listing.tools = await _pages(
            "tools", lambda cursor: client.list_tools(cursor=cursor, cache_mode="refresh"), listing
        )
    if "resources" in facts.offers:
        listing.resources = await _optional("resources", client.list_resources, listing)
        listing.resource_templates = await _optional(
            "resource_templates", client.list_resource_templates, listing
        )
    if "prompts" in facts.offers:
        listing.prompts = await _optional("prompts", client.list_prompts, listing)
    return listing


async def _optional(kind: str, list_page: Any, listing: Listing) -> list[Any]:
    from mcp import MCPError

    try:
        return await _pages(kind, lambda cursor: list_page(cursor=cursor, cache_mode="refresh"), listing)
    except MCPError as error:
        if error.code != _METHOD_NOT_FOUND:
            listing.problems.append(f"{kind} could not be listed: {error}"[:500])
        return []


async def _pages(kind: str, list_page: Callable[[str | None], Awaitable[Any]], listing: Listing) -> list[Any]:
    found: list[Any] = []
    cursor: str | None = None
    seen: set[str] = set()
    for _ in range(_MAX_PAGES):
        page = await list_page(cursor)
        found += getattr(page, kind)
        listing.problems += problems_in(page)
        cursor = page.next_cursor
        if not cursor:
            return found
        if cursor in seen or len(found) > _MAX_ITEMS:
            break
        seen.add(cursor)
    listing.problems.append(
        f"its list of {kind} does not end: the first {min(len(found), _MAX_ITEMS)} are taken"
    )
    return found[:_MAX_ITEMS]
