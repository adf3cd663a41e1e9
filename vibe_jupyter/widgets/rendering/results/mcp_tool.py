"""Results of tasks that a tool of an MCP server has done."""

from __future__ import annotations

from vibe_jupyter.core.mcp.schemas import ToolResult
from vibe_jupyter.widgets.rendering.contents import result_blocks, summary_of
from vibe_jupyter.widgets.rendering.registry import Renderer

__all__ = ["RENDERER"]

RENDERER = Renderer(result_blocks, summary=summary_of, model=ToolResult)
