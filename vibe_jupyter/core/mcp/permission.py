"""May this call be made, and with which arguments: decided about the tool as its server describes it now."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from vibe_jupyter.core.json_schema.loading import load_checker
from vibe_jupyter.core.mcp.errors import ApprovalRejected, PolicyDenied
from vibe_jupyter.core.mcp.tools.arguments import check_arguments
from vibe_jupyter.core.mcp.tools.policy import decide, rests_on_tool

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from vibe_jupyter.core.mcp.calls import ToolRequest
    from vibe_jupyter.core.mcp.consent import Consent, Progress
    from vibe_jupyter.core.mcp.hub import McpHub
    from vibe_jupyter.core.mcp.offers import KnownServer
    from vibe_jupyter.core.mcp.schemas import ToolInfo

__all__ = ["Permission", "Permitted"]

_MAX_ROUNDS = 6


@dataclass(frozen=True)
class Permitted:
    """A call that may be made."""

    server: KnownServer
    tool: ToolInfo
    arguments: dict[str, Any]


class Permission:
    """Decides about calls, and asks a person where that is wanted.

    Where a decision rests on what the tool is (an approval that was remembered, a trusted server's word, a person who
    sees its description), the tool must have been listed in the session that is open now: a server that was started
    anew may have changed its tools, and need not say so.

    Args:
        find: returns the server and the tool that a request names, as far as they are known.
    """

    def __init__(
        self,
        hub: McpHub,
        consent: Consent,
        find: Callable[[ToolRequest], Awaitable[tuple[KnownServer, ToolInfo]]],
    ) -> None:
        self._hub = hub
        self._consent = consent
        self._find = find

    async def permit(self, request: ToolRequest, progress: Progress = None) -> Permitted:
        """Return the call that may be made; a person may have changed its arguments.

        `progress` is told that a person is asked: to who waits it would look like a call that hangs.

        Raises:
            PolicyDenied: by the server's policy.
            ApprovalRejected: if a person said no, or nothing.
            BadArguments: if they do not fit the tool's schema.
            VibeError: why the server cannot be asked what it offers.
        """
        arguments = request.arguments
        approved: str | None = None
        for _ in range(_MAX_ROUNDS):
            server, tool = await self._find(request)
            policy, stored = server.record.policy, server.approvals.get(tool.name)
            decision = decide(policy, tool, stored, request.caller)
            if decision.verdict == "deny":
                raise PolicyDenied(
                    f"{request.server}.{tool.name} {decision.reason}",
                    hint=f"%vibe mcp show {request.server} has the policy",
                    data={"maybe_executed": False},
                )
            is_ask = decision.verdict == "ask"
            if (is_ask or rests_on_tool(policy, tool, stored)) and await self._hub.renew(server):
                continue
            await load_checker()
            check_arguments(request.server, tool, arguments)
            if not is_ask:
                await self._consent.pin(server, [tool])
            if not is_ask or tool.fingerprint == approved:
                return Permitted(server, tool, arguments)
            arguments = await self._consent.approved(server, tool, request, decision, progress)
            approved = tool.fingerprint
        raise ApprovalRejected(
            f"{request.server}.{request.tool} was not called: its server is started anew, or the tool changed, again "
            "and again",
            hint=f"%vibe mcp logs {request.server} may tell why",
            data={"maybe_executed": False},
        )
