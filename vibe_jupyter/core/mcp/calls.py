"""A call of a tool, as a task asks for it: the same in the process that has the sessions, and in the one beside it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable

    from vibe_jupyter.core.mcp.schemas import ToolResult

__all__ = ["MAX_CALL_TIMEOUT_S", "ToolCaller", "ToolRequest"]

MAX_CALL_TIMEOUT_S = 86_400.0
"""The longest time limit of a call."""


@dataclass(frozen=True)
class ToolRequest:
    """Which tool shall be called, for whom.

    Args:
        server: the server's slug, of those of the user.
        arguments: JSON; checked against the tool's schema before anything is sent.
        timeout_s: how long an answer may take; None for the server's own limit.
        task_id: the task that it is done for: questions to a person and progress belong to it.
        call_id: the name that a direct caller has given to it, by which its questions are found.
        caller: who is behind it: an agent's calls ask a person first, unless the policy says otherwise.
    """

    user_id: str
    server: str
    tool: str
    arguments: dict[str, Any] = field(repr=False)
    timeout_s: float | None = None
    task_id: str | None = None
    call_id: str | None = None
    caller: Literal["owner", "agent"] = "owner"


class ToolCaller(Protocol):
    """Calls tools of MCP servers: over sessions of this process, or through the process that has them."""

    async def call(self, request: ToolRequest, progress: Callable[[float | None, str], None]) -> ToolResult:
        """Call a tool and return what it answered, also if that is that it failed.

        `progress` is told how far it is: a fraction in [0, 1] or None, and a message. It may be told from another
        thread, and shall return at once. A caller that is cancelled cancels the call.

        Raises:
            VibeError: why there is no answer; see `core.mcp.errors`.
        """
        ...
