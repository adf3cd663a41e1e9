"""What passes between a server and us beside the calls: who it is, what has changed, what it asks."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any

from vibe_jupyter.core.logs import get_logger
from vibe_jupyter.core.mcp.spec import Elicitation, SessionFacts

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from mcp import Client

    from vibe_jupyter.core.mcp.spec import ElicitationAnswer

__all__ = ["Notices", "client_info", "elicitation_callback", "facts_of"]

_MODERN = "2026"
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.5, 60.0
_METHOD_NOT_FOUND = -32601
_MAX_MESSAGE = 4000

log = get_logger("mcp")


class Notices:
    """Hears of changed tools from a server of the modern era, which tells on a stream of its own.

    One of the old era tells on the session itself.
    """

    def __init__(self, client: Client, facts: SessionFacts, tools_changed: Callable[[], None]) -> None:
        self._client = client
        self._name = facts.name
        self._tools_changed = tools_changed
        tools = client.server_capabilities.tools
        tells = facts.era == "modern" and tools is not None and bool(tools.list_changed)
        self._task = asyncio.create_task(self._listen()) if tells else None

    async def aclose(self) -> None:
        """Listen no more."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _listen(self) -> None:
        """Listen, and again if the stream breaks: then something may have been missed, so that counts as a change."""
        from mcp import MCPError
        from mcp.client.subscriptions import ListenNotSupportedError, SubscriptionLost

        pause_s = _FIRST_PAUSE_S
        has_listened = False
        while True:
            began = time.monotonic()
            try:
                async with self._client.listen(tools_list_changed=True) as events:
                    if has_listened:
                        self._tools_changed()
                    has_listened = True
                    async for _ in events:
                        self._tools_changed()
            except ListenNotSupportedError:
                return
            except (SubscriptionLost, MCPError, TimeoutError) as error:
                log.info("server is not heard", server=self._name, reason=str(error))
                if isinstance(error, MCPError) and error.code == _METHOD_NOT_FOUND:
                    return
            pause_s = _FIRST_PAUSE_S if time.monotonic() - began > _LONGEST_PAUSE_S else 2 * pause_s
            await asyncio.sleep(min(pause_s, _LONGEST_PAUSE_S))


def elicitation_callback(
    answer: Callable[[Elicitation], Awaitable[ElicitationAnswer | None]],
) -> Any:
    """Return what the SDK calls when a server asks a person, in either era; nobody to ask means no."""

    async def elicited(_context: Any, params: Any) -> Any:
        from mcp_types import ElicitResult

        url = getattr(params, "url", None)
        schema = None if url is not None else _plain(params.requested_schema)
        said = await answer(Elicitation(str(params.message)[:_MAX_MESSAGE], schema, url))
        if said is None:
            return ElicitResult(action="decline")
        content = said.content if said.action == "accept" and url is None else None
        return ElicitResult(action=said.action, content=content)

    return elicited


def _plain(schema: Any) -> dict[str, Any]:
    if isinstance(schema, dict):
        return schema
    plain: dict[str, Any] = schema.model_dump(mode="json", by_alias=True, exclude_none=True)
    return plain


def client_info() -> Any:
    """Return who we are."""
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
