"""Completion of MCP servers, tools, options and values: from what is known, in bounded time, starting nothing."""

from __future__ import annotations

import queue
import threading
from typing import TYPE_CHECKING, TypeVar

from vibe_jupyter.client.commands.schema_options import BOOLEANS, option_named, options_of
from vibe_jupyter.client.commands.tool_calls import tool_in
from vibe_jupyter.core.errors import VibeError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from vibe_jupyter.client.catalogue import Catalogue
    from vibe_jupyter.core.mcp.schemas import ToolInfo

__all__ = ["prompts_of", "resources_of", "servers", "tool_words", "tools"]

T = TypeVar("T")
_LIMIT_S = 1.0


def servers(catalogue: Catalogue) -> list[str]:
    """Return the ids of all servers."""
    return _within_limit(lambda: [server.id for server in catalogue.servers().servers], [])


def tools(catalogue: Catalogue) -> list[str]:
    """Return all known tools as `SERVER.TOOL`, and `SERVER.` of the servers whose tools are not known."""

    def known() -> list[str]:
        found = catalogue.search()
        return [
            *(f"{tool.server}.{tool.name}" for tool in found.tools),
            *(f"{name}." for name in found.unknown),
        ]

    return _within_limit(known, [])


def tool_words(catalogue: Catalogue, before: Sequence[str]) -> list[str]:
    """Return what may follow the name of a tool: the values of the option before, else its options."""
    tool = _tool(catalogue, before)
    if tool is None:
        return []
    option = option_named(before[-1], tool.input_schema) if before[-1].startswith("--") else None
    if option is not None and option.choices:
        return [str(choice) for choice in option.choices]
    if option is not None and not option.is_boolean:
        return []
    options = [one.flag for one in options_of(tool.input_schema) if one.flag not in before]
    return [*options, *(sorted(BOOLEANS & {"true", "false"}) if option is not None else ())]


def resources_of(catalogue: Catalogue, server: str) -> list[str]:
    """Return the URIs of what can be read of a server."""

    def known() -> list[str]:
        offer = catalogue.seen(server)
        return [one.uri for one in offer.resources] if offer is not None else []

    return _within_limit(known, [])


def prompts_of(catalogue: Catalogue, server: str) -> dict[str, list[str]]:
    """Return the prompts of a server, each with the names of its arguments."""

    def known() -> dict[str, list[str]]:
        offer = catalogue.seen(server)
        prompts = offer.prompts if offer is not None else []
        return {one.name: [argument.name for argument in one.arguments] for one in prompts}

    return _within_limit(known, {})


def _tool(catalogue: Catalogue, words: Sequence[str]) -> ToolInfo | None:
    named = tool_in(words)
    if named is None:
        return None
    server, _, name = named.partition(".")

    def known() -> ToolInfo | None:
        offer = catalogue.seen(server)
        return next((tool for tool in offer.tools if tool.name == name), None) if offer is not None else None

    return _within_limit(known, None)


def _within_limit(look: Callable[[], T], nothing: T) -> T:
    """Return what is found in time; a completion that cannot know says nothing."""
    found: queue.SimpleQueue[T] = queue.SimpleQueue()

    def run() -> None:
        try:
            found.put(look())
        except VibeError:
            found.put(nothing)

    threading.Thread(target=run, name="vibe-completion", daemon=True).start()
    try:
        return found.get(timeout=_LIMIT_S)
    except queue.Empty:
        return nothing
