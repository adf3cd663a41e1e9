"""What a task of some type takes: asked of the platform for oracles, and of the catalogue for tools of MCP servers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from vibe_jupyter.client.commands.schema_options import text_property

if TYPE_CHECKING:
    from collections.abc import Mapping

    from vibe_jupyter.client.api import VibeClient
    from vibe_jupyter.core.mcp.schemas import McpCapabilities, McpServer, ToolInfo

__all__ = ["TaskType", "task_type", "tool_types"]


@dataclass(frozen=True)
class TaskType:
    """What a task takes.

    Args:
        schema: JSON Schema of its input.
        text_field: the field that a free text goes to; None if there is none.
        is_tool: whether a tool of an MCP server does it: then the schema alone says what each word means.
    """

    schema: Mapping[str, Any]
    text_field: str | None
    is_tool: bool


def task_type(client: VibeClient, word: str, *, may_start: bool = True) -> TaskType | None:
    """Return what a task type or capability takes; None if it is unknown.

    Args:
        word: e.g. `file_search`, `file.search`, `mcp.files.read_text_file`, or an alias of a tool.
        may_start: whether an MCP server may be started to be asked.

    Raises:
        VibeError: why a server cannot be asked.
    """
    for known in client.capabilities:
        if word in (known.task_type, known.name):
            return TaskType(known.input_schema, known.text_field, is_tool=False)
    for server in client.catalogue.servers().servers:
        if not server.enabled or not _may_be_of(server, word):
            continue
        offer = client.catalogue.offer if may_start else client.catalogue.seen
        tool = _tool(offer(server.id), server, word)
        if tool is not None:
            return TaskType(tool.input_schema, text_property(tool.input_schema), is_tool=True)
    return None


def tool_types(client: VibeClient) -> list[str]:
    """Return the task types of all tools, as far as they are known without starting a server."""
    return [tool.capability for tool in client.catalogue.search().tools]


def _may_be_of(server: McpServer, word: str) -> bool:
    named = _underscored(word).startswith(f"mcp_{server.id}_")
    return named or any(_underscored(alias) == _underscored(word) for alias in server.aliases)


def _tool(offer: McpCapabilities | None, server: McpServer, word: str) -> ToolInfo | None:
    if offer is None:
        return None
    meant = _underscored(word)
    aliased = {tool for alias, tool in server.aliases.items() if _underscored(alias) == meant}
    named = (tool for tool in offer.tools if tool.name in aliased or _underscored(tool.capability) == meant)
    return next(named, None)


def _underscored(name: str) -> str:
    return name.replace(".", "_")
