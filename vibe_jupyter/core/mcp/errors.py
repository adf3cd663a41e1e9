"""What can go wrong with an MCP server, each with its own code: one place that says what a caller may believe.

`maybe_executed` tells whether the tool may have run all the same: then nobody repeats the call unasked.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from vibe_jupyter.core.errors import (
    Conflict,
    Forbidden,
    InvalidInput,
    NotFound,
    TooLarge,
    Unavailable,
    UpstreamFailed,
    UpstreamTimeout,
    VibeError,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = [
    "ApprovalRejected",
    "AuthRequired",
    "BadArguments",
    "BadResult",
    "CallTimeout",
    "CircuitOpen",
    "ConfigError",
    "Crashed",
    "Disconnected",
    "PolicyDenied",
    "RateLimited",
    "RemoteError",
    "ResultTooLarge",
    "ServerDisabled",
    "SessionLost",
    "SpawnFailed",
    "StartTimeout",
    "ToolFailed",
    "UnknownServer",
    "UnknownTool",
    "UnresolvedVariable",
    "maybe_executed",
    "with_stderr",
]

_SHOWN_STDERR = 5


class ConfigError(InvalidInput):
    """The configuration of a server cannot be used (`mcp.config_invalid`)."""

    code = "mcp.config_invalid"


class UnresolvedVariable(ConfigError):
    """A `${...}` in the configuration has no value; the message names it (`mcp.unresolved_variable`)."""

    code = "mcp.unresolved_variable"


class UnknownServer(NotFound):
    """There is no such server (`mcp.unknown_server`)."""

    code = "mcp.unknown_server"


class UnknownTool(NotFound):
    """The server has no such tool, resource or prompt (`mcp.unknown_tool`)."""

    code = "mcp.unknown_tool"


class ServerDisabled(Conflict):
    """The server is there and switched off (`mcp.disabled`)."""

    code = "mcp.disabled"


class BadArguments(InvalidInput):
    """The arguments do not fit the tool's schema; nothing was sent (`mcp.bad_arguments`)."""

    code = "mcp.bad_arguments"


class SpawnFailed(UpstreamFailed):
    """The server's process did not start, or ended while starting (`mcp.spawn_failed`)."""

    code = "mcp.spawn_failed"


class StartTimeout(UpstreamTimeout):
    """The server is still starting; that goes on in the background (`mcp.start_timeout`)."""

    code = "mcp.start_timeout"


class Crashed(UpstreamFailed):
    """The server's process ended during the call (`mcp.crashed`)."""

    code = "mcp.crashed"


class Disconnected(UpstreamFailed):
    """The connection broke, before an answer came (`mcp.disconnected`)."""

    code = "mcp.disconnected"


class SessionLost(UpstreamFailed):
    """The server has forgotten the session, twice in a row (`mcp.session_lost`)."""

    code = "mcp.session_lost"


class CallTimeout(UpstreamTimeout):
    """The server did not answer in time and was told to stop (`mcp.timeout`)."""

    code = "mcp.timeout"


class RemoteError(UpstreamFailed):
    """The server answered with an error of its own (`mcp.remote_error`)."""

    code = "mcp.remote_error"


class ToolFailed(UpstreamFailed):
    """The tool ran and says that it failed; how a task ends then (`mcp.tool_failed`)."""

    code = "mcp.tool_failed"


class BadResult(UpstreamFailed):
    """What the server sent is no valid result, or violates its own output schema (`mcp.bad_result`)."""

    code = "mcp.bad_result"


class ResultTooLarge(TooLarge):
    """The result is larger than the limit (`mcp.result_too_large`)."""

    code = "mcp.result_too_large"


class AuthRequired(UpstreamFailed):
    """The server wants another credential: 401 or 403 (`mcp.auth_required`)."""

    code = "mcp.auth_required"


class RateLimited(Unavailable):
    """The server wants fewer requests: 429 (`mcp.rate_limited`)."""

    code = "mcp.rate_limited"


class CircuitOpen(Unavailable):
    """The server failed several times in a row and rests (`mcp.circuit_open`)."""

    code = "mcp.circuit_open"


class PolicyDenied(Forbidden):
    """The server's policy does not allow this tool (`mcp.policy_denied`)."""

    code = "mcp.policy_denied"


class ApprovalRejected(Forbidden):
    """A person was asked and said no, or nobody answered in time (`mcp.approval_rejected`)."""

    code = "mcp.approval_rejected"


def with_stderr(
    error: VibeError, stderr: Sequence[str] = (), *, exit_code: int | None = None, executed: bool = False
) -> VibeError:
    """Return the error with what the server's process has said last, and whether the call may have been executed."""
    data: dict[str, Any] = {**(error.data or {}), "maybe_executed": executed}
    if exit_code is not None:
        data["exit_code"] = exit_code
    if stderr:
        data["stderr"] = list(stderr)[-_SHOWN_STDERR:]
    error.data = data
    return error


def maybe_executed(error: VibeError) -> bool:
    """Return whether the call that failed may have been executed."""
    return bool((error.data or {}).get("maybe_executed"))
