"""May a tool be called: yes, no, or after a person was asked. Pure decisions, no side effects."""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Literal

from vibe_jupyter.core.mcp.registry.store import SEEN

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from vibe_jupyter.core.mcp.registry.store import StoredApproval
    from vibe_jupyter.core.mcp.schemas import Approval, McpPolicy, ToolInfo

__all__ = [
    "Caller",
    "Decision",
    "approval_for",
    "decide",
    "is_allowed",
    "may_repeat",
    "rests_on_tool",
    "to_pin",
]

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
    return _decided(policy, tool, stored)[0]


def decide(policy: McpPolicy, tool: ToolInfo, stored: StoredApproval | None, caller: Caller) -> Decision:
    """Decide about a call.

    The policy's word for the single tool comes first, then what was once answered for it, then the policy's word for
    the server. What lets it be called unasked holds as long as the tool is still what it was then; for the policy
    that is what it was when it was seen first. Where nobody has said anything, a person's own calls go on, and those
    of an agent are asked about, unless a trusted server says that the tool only reads.
    """
    if not is_allowed(policy, tool.name):
        return Decision("deny", "is not among the tools that this server's policy allows")
    approval, has_changed = _decided(policy, tool, stored)
    if approval == "never":
        return Decision("deny", "was said never to be called")
    if approval == "always":
        return Decision("go")
    if approval == "ask":
        return Decision(
            "ask",
            "has changed since it was approved"
            if has_changed
            else "needs a person's word before every call, by this server's policy",
        )
    if caller == "owner" or (policy.trusted and tool.annotations.read_only):
        return Decision("go")
    return Decision("ask", "was called by an agent")


def rests_on_tool(policy: McpPolicy, tool: ToolInfo, stored: StoredApproval | None) -> bool:
    """Return whether what is decided about a call, or done when it fails, depends on what the tool is."""
    return policy.trusted or stored is not None or "always" in (policy.approval, policy.tools.get(tool.name))


def to_pin(
    policy: McpPolicy, tools: Iterable[ToolInfo], stored: Mapping[str, StoredApproval]
) -> dict[str, str]:
    """Return the fingerprints of tools that the policy lets be called unasked, and of which none is remembered."""
    return {
        tool.name: tool.fingerprint
        for tool in tools
        if tool.name not in stored and policy.tools.get(tool.name, policy.approval) == "always"
    }


def may_repeat(policy: McpPolicy, tool: ToolInfo) -> bool:
    """Return whether a call may be repeated: by the word of a trusted server, and only of such a one."""
    return policy.trusted and bool(tool.annotations.read_only or tool.annotations.idempotent)


def _decided(
    policy: McpPolicy, tool: ToolInfo, stored: StoredApproval | None
) -> tuple[Approval | None, bool]:
    """Return what was decided for a tool, and whether it is asked about only because it is another one by now."""
    has_changed = stored is not None and stored.fingerprint != tool.fingerprint
    said = policy.tools.get(tool.name)
    if said is None and stored is not None and stored.approval != SEEN:
        return ("ask", True) if has_changed else (_as_approval(stored.approval), False)
    said = said or policy.approval
    return ("ask", True) if said == "always" and has_changed else (said, False)


def _as_approval(text: str) -> Approval:
    return "always" if text == "always" else "never" if text == "never" else "ask"
