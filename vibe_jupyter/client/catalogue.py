"""What MCP servers offer, as this client has seen it: asked once, and again when it may have changed."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

from vibe_jupyter.core.errors import VibeError, nearest
from vibe_jupyter.core.mcp.errors import UnknownTool

if TYPE_CHECKING:
    from collections.abc import Iterator

    from vibe_jupyter.client.namespaces import BaseClient
    from vibe_jupyter.core.mcp.schemas import McpCapabilities, McpList, ToolInfo, ToolSearch

__all__ = ["Catalogue"]


class Catalogue:
    """Servers and their tools.

    `seen` and what is built on it never lets a server start: it is for completion.
    """

    def __init__(self, client: BaseClient) -> None:
        self._client = client
        self._operations = {operation.name: operation for operation in client.operations}
        self._known: dict[str, McpCapabilities] = {}

    def servers(self) -> McpList:
        """Return the registered servers."""
        listing: McpList = self._call("mcps.list")
        return listing

    def offer(self, server: str, *, refresh: bool = False) -> McpCapabilities:
        """Return what a server offers; it is started and asked if nobody knows.

        Raises:
            UnknownServer: with the nearest names.
            VibeError: why it cannot be asked.
        """
        return self.keep(
            self._call("mcps.capabilities", mcp_id=server, **({"refresh": True} if refresh else {}))
        )

    async def aoffer(self, server: str) -> McpCapabilities:
        """Do the same as `offer` in async code."""
        operation = self._operations["mcps.capabilities"]
        return self.keep(await self._client.transport.acall(operation, {"mcp_id": server}))

    def keep(self, offer: McpCapabilities) -> McpCapabilities:
        """Remember what a server offers."""
        self._known[offer.id] = offer
        return offer

    def tool(self, server: str, name: str) -> ToolInfo:
        """Return a tool of a server.

        Raises:
            UnknownTool: with the nearest names.
            VibeError: why the server cannot be asked.
        """
        found = _tool_in(self._known.get(server), name)
        return found or _tool_or_error(self.offer(server), name)

    async def atool(self, server: str, name: str) -> ToolInfo:
        """Do the same as `tool` in async code."""
        found = _tool_in(self._known.get(server), name)
        return found or _tool_or_error(await self.aoffer(server), name)

    def remembered(self, server: str) -> McpCapabilities | None:
        """Return what a server offers if this client has asked before."""
        return self._known.get(server)

    @contextlib.contextmanager
    def corrected_by_errors(self, server: str) -> Iterator[None]:
        """Ask anew next time if a call is refused: the tool may have changed."""
        try:
            yield
        except VibeError as error:
            if error.code in ("mcp.bad_arguments", "mcp.unknown_tool"):
                self._known.pop(server, None)
            raise

    def seen(self, server: str) -> McpCapabilities | None:
        """Return what a server offers if that is known without starting it."""
        if server in self._known:
            return self._known[server]
        known = next((one for one in self.servers().servers if one.id == server), None)
        return self.offer(server) if known is not None and known.enabled and known.tools is not None else None

    def search(self, words: str = "", limit: int = 500) -> ToolSearch:
        """Return tools of all servers, as far as they are known."""
        found: ToolSearch = self._call("mcps.search", q=words, limit=limit)
        return found

    def _call(self, operation: str, **values: Any) -> Any:
        return self._client.transport.call(self._operations[operation], values)


def _tool_in(offer: McpCapabilities | None, name: str) -> ToolInfo | None:
    return next((tool for tool in offer.tools if tool.name == name), None) if offer is not None else None


def _tool_or_error(offer: McpCapabilities, name: str) -> ToolInfo:
    found = _tool_in(offer, name)
    if found is None:
        raise _unknown_tool(offer, name)
    return found


def _unknown_tool(offer: McpCapabilities, name: str) -> VibeError:
    near = nearest(name, [tool.name for tool in offer.tools])
    hint = f"did you mean {' or '.join(near)}?" if near else f"%vibe mcp tools {offer.id} lists them"
    return UnknownTool(f"{offer.id} has no tool {name}"[:500], hint=hint, data={"nearest": near})
