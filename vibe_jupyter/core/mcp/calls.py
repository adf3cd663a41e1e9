"""A tool call, wherever the sessions are: in this process, or in the one that has started it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable

    from vibe_jupyter.core.mcp.schemas import ToolResult
    from vibe_jupyter.core.mcp.tools.policy import Caller

__all__ = ["ToolCaller", "ToolRequest"]


@dataclass(frozen=True)
class ToolRequest:
    """What shall be called, and for whom.

    Args:
        server: its slug.
        timeout_s: None for the server's own limit.
        task_id: the task that waits for it; its followers hear of questions.
        call_id: the name that a direct caller has given to the call.
    """

    user_id: str
    server: str
    tool: str
    arguments: dict[str, Any]
    timeout_s: float | None = None
    task_id: str | None = None
    call_id: str | None = None
    caller: Caller = "owner"


class ToolCaller(Protocol):
    """What can call a tool."""

    async def call(
        self, request: ToolRequest, progress: Callable[[float | None, str], None] | None = None
    ) -> ToolResult:
        """Call a tool and return what it answered, its failures included.

        Raises:
            VibeError: what kept it from being run, of `core.mcp.errors`.
        """
