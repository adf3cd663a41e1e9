"""What is shown of MCP servers that is no result of an operation by itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from vibe_jupyter.core.mcp.schemas import ImportResult, McpCapabilities, McpServer, ToolInfo

__all__ = ["ForgottenServer", "ImportPreview", "PromptListing", "ResourceListing", "ToolHelp"]


class _Shown:
    """Shows itself in a notebook."""

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:
        from vibe_jupyter.widgets.rendering.bundle import mimebundle

        return mimebundle(self)


@dataclass(frozen=True)
class ToolHelp(_Shown):
    """What a tool does and takes."""

    server: str
    tool: ToolInfo


@dataclass(frozen=True)
class ResourceListing(_Shown):
    """What can be read of a server."""

    offer: McpCapabilities


@dataclass(frozen=True)
class PromptListing(_Shown):
    """Which prompts a server has."""

    offer: McpCapabilities


@dataclass(frozen=True)
class ImportPreview(_Shown):
    """What configuration files would add, by path; an error in words where one cannot be read."""

    files: dict[str, ImportResult | str]


@dataclass(frozen=True)
class ForgottenServer(_Shown):
    """A server that was removed."""

    server: McpServer
