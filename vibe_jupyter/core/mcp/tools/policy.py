"""May a tool be called: yes, no, or after a person was asked. Pure decisions, no side effects."""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from vibe_jupyter.core.mcp.registry.store import StoredApproval
    from vibe_jupyter.core.mcp.schemas import Approval, McpPolicy, ToolInfo

__all__ = ["Caller", "Decision", "approval_for", "decide", "is_allowed", "may_repeat"]

Caller = Literal["owner", "agent"]
"""Who calls: a person by themselves, or a program that a model steers."""


@dataclass(frozen=True)
class Decision:
    """What may happen, and why, in words that complete "it ..."."""

    verdict: Literal["go", "ask", "deny"]
    reason: str = ""


def is_allowed(policy: McpPolicy, tool: str) -> bool:
    """Return whether the lists of a policy let a tool be called; a denial goes before a permission."""
    if any(fnmatchcase(tool, glob) for glob in policy.deny):
        return False
    return not policy.allow or any(fnmatchcase(tool, glob) for glob in policy.allow)


def approval_for(policy: McpPolicy, tool: ToolInfo, stored: StoredApproval | None) -> Approval | None:
    """Return what was decided for a tool; None if nothing was."""
    if tool.name in policy.tools:
        return policy.tools[tool.name]
    if stored is not None:
        return _as_approval(stored.approval) if stored.fingerprint == tool.fingerprint else "ask"
    return policy.approval


def decide(policy: McpPolicy, tool: ToolInfo, stored: StoredApproval | None, caller: Caller) -> Decision:
    """Decide about a call.

    The policy's word for the single tool comes first, then what was once answered for it, as long as the tool is
    still what it was then, then the policy's word for the server. Where nobody has said anything, a person's own
    calls go on, and those of an agent are asked about, unless a trusted server says that the tool only reads.
    """
    if not is_allowed(policy, tool.name):
        return Decision("deny", "is not among the tools that this server's policy allows")
    approval = approval_for(policy, tool, stored)
    if approval == "never":
        return Decision("deny", "was said never to be called")
    if approval == "always":
        return Decision("go")
    if approval == "ask":
        has_changed = tool.name not in policy.tools and stored is not None
        return Decision("ask", "has changed since it was approved" if has_changed else "is to be asked about")
    if caller == "owner" or (policy.trusted and tool.annotations.read_only):
        return Decision("go")
    return Decision("ask", "was called by an agent")


def may_repeat(policy: McpPolicy, tool: ToolInfo) -> bool:
    """Return whether a call may be repeated: by the word of a trusted server, and only of such a one."""
    return policy.trusted and bool(tool.annotations.read_only or tool.annotations.idempotent)


def _as_approval(text: str) -> Approval:
    return "always" if text == "always" else "never" if text == "never" else "ask"
