"""The one place that turns what the SDK and the transports raise into our errors.

The SDK says with few codes what has many meanings: -32000 is a dead connection or one cut stream, -32603 is any HTTP
status, -32600 a bad request or a forgotten session.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from vibe_jupyter.core.mcp.errors import (
    AuthRequired,
    BadArguments,
    BadResult,
    Disconnected,
    RateLimited,
    RemoteError,
    ResultTooLarge,
    SessionLost,
    SpawnFailed,
    StartTimeout,
    UnknownTool,
    with_stderr,
)
from vibe_jupyter.core.mcp.sessions.stdio import RESULT_TOO_LARGE

if TYPE_CHECKING:
    from mcp import MCPError

    from vibe_jupyter.core.errors import VibeError
    from vibe_jupyter.core.mcp.spec import ServerSpec

__all__ = ["Refusal", "closes_session", "forgets_session", "of_mcp_error", "of_result", "of_start"]

CONNECTION_CLOSED = -32000
INVALID_REQUEST = -32600
METHOD_NOT_FOUND = -32601
INVALID_PARAMS = -32602
INTERNAL_ERROR = -32603
UPSTREAM_UNAVAILABLE = -32050

_MAX_TEXT = 2000


@dataclass(frozen=True)
class Refusal:
    """The HTTP status by which a server refused the last request, and how long it wants us to wait."""

    status: int
    retry_after: str | None = None


def closes_session(error: MCPError) -> bool:
    """Return whether the connection is gone for all calls, not for this one alone."""
    return error.code == CONNECTION_CLOSED and "SSE stream" not in str(error)


def forgets_session(error: MCPError) -> bool:
    """Return whether a server of the old era was restarted and does not know our session: it saw no call."""
    return error.code == INVALID_REQUEST and "session" in str(error).lower()


def of_mcp_error(error: MCPError, name: str, refusal: Refusal | None) -> VibeError:
    """Return what an answer with an error means, for one call."""
    text = str(error)[:_MAX_TEXT]
    data = error.error.data if isinstance(error.error.data, dict) else {}
    if refusal is not None and error.code in (INTERNAL_ERROR, UPSTREAM_UNAVAILABLE):
        return of_refusal(refusal, name)
    if error.code == RESULT_TOO_LARGE or "too_large" in data or "exceeded the" in text:
        return with_stderr(
            ResultTooLarge(
                f"{name}: {text}"
                if error.code == RESULT_TOO_LARGE
                else f"{name}: the result is larger than allowed",
                hint="ask for less, or raise VIBE_MCP_MAX_RESULT_BYTES",
            ),
            executed=True,
        )
    if forgets_session(error):
        return with_stderr(SessionLost(f"{name} has forgotten the session: {text}", hint=_restart(name)))
    if error.code == UPSTREAM_UNAVAILABLE:
        detail = data.get("detail") or data.get("transport") or "no answer"
        return with_stderr(
            Disconnected(
                f"{name}: the connection broke: {detail}"[:_MAX_TEXT], hint="is the server running?"
            ),
            executed=bool(data.get("sent")),
        )
    if error.code == CONNECTION_CLOSED:
        return with_stderr(Disconnected(f"{name}: the connection broke: {text}"), executed=True)
    if error.code == INVALID_PARAMS:
        wrong = UnknownTool if "nknown" in text or "not found" in text.lower() else BadArguments
        return with_stderr(wrong(f"{name}: {text}", hint=f"%vibe mcp tools {name}"))
    return with_stderr(
        RemoteError(f"{name} answered with error {error.code}: {text}", data={"code": error.code}),
        executed=True,
    )


def of_refusal(refusal: Refusal, name: str) -> VibeError:
    """Return what an HTTP status means."""
    if refusal.status in (401, 403):
        return with_stderr(
            AuthRequired(
                f"{name} wants another credential: HTTP {refusal.status}",
                hint=f'%vibe mcp set {name} --header "Authorization=Bearer ${{TOKEN}}"',
                data={"http_status": refusal.status},
            )
        )
    if refusal.status == 429:
        wait = f" for {refusal.retry_after} s" if refusal.retry_after else ""
        return with_stderr(
            RateLimited(
                f"{name} wants no more requests{wait}: HTTP 429",
                hint="try again later",
                data={"http_status": 429, "retry_after": refusal.retry_after},
            )
        )
    return with_stderr(
        Disconnected(
            f"{name} answered with HTTP {refusal.status}",
            hint="is the URL right?" if refusal.status in (404, 405) else "its log may say more",
            data={"http_status": refusal.status},
        ),
        executed=refusal.status >= 500,
    )


def of_result(error: Exception, name: str) -> VibeError:
    """Return what it means that the SDK could not read an answer, or found it against its own schema."""
    text = str(error).splitlines()[0][:300] if str(error) else type(error).__name__
    return with_stderr(
        BadResult(
            f"{name} sent what is no valid result: {text}",
            hint="this is a bug of the server",
        ),
        executed=True,
    )


def of_start(
    error: BaseException,
    spec: ServerSpec,
    refusal: Refusal | None,
    stderr: tuple[str, ...],
    exit_code: int | None,
) -> VibeError:
    """Return why a session could not be opened."""
    from mcp import MCPError

    name = spec.name
    found: Any = _innermost(error)
    if isinstance(found, FileNotFoundError | PermissionError | NotADirectoryError):
        return with_stderr(_not_spawned(found, spec))
    if exit_code is not None:
        last = f": {stderr[-1].strip()}" if stderr else ""
        return with_stderr(
            SpawnFailed(
                f"{name} exited with code {exit_code} while starting{last}"[:_MAX_TEXT],
                hint=f"%vibe mcp logs {name} has all it said; mend it, then %vibe mcp restart {name}",
            ),
            stderr,
            exit_code=exit_code,
        )
    if refusal is not None:
        return of_refusal(refusal, name)
    if isinstance(found, TimeoutError):
        return with_stderr(
            StartTimeout(
                f"{name} did not start within {spec.limits.start_timeout_s:g} s",
                hint=f"%vibe mcp logs {name}",
            ),
            stderr,
        )
    if isinstance(found, MCPError):
        return with_stderr(of_mcp_error(found, name, refusal), stderr)
    return with_stderr(
        Disconnected(
            f"{name} cannot be reached: {found or type(found).__name__}"[:_MAX_TEXT],
            hint="is the URL right, and the server running?" if spec.transport != "stdio" else _restart(name),
        ),
        stderr,
    )


def _not_spawned(error: OSError, spec: ServerSpec) -> SpawnFailed:
    program = spec.command[0]
    if error.filename is not None and spec.cwd is not None and str(error.filename) == spec.cwd:
        return SpawnFailed(f"{spec.name}: there is no folder {spec.cwd}", hint="correct its cwd")
    hint = "is it installed, and on the PATH of this server?"
    if " " in program:
        hint = "give the program alone as command, and the rest as args"
    return SpawnFailed(f"{spec.name}: {program} cannot be run: {error.strerror}", hint=hint)


def _innermost(error: BaseException) -> BaseException:
    """Return the first real error in nested groups."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error


def _restart(name: str) -> str:
    return f"%vibe mcp restart {name}"
