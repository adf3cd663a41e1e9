"""The one place that turns what the SDK and the transports raise into our errors.

The SDK says with few codes what has many meanings: -32000 is a dead connection or one cut stream, -32603 is any HTTP
status, -32600 a bad request or a forgotten session.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from vibe_jupyter.core.errors import VibeError
from vibe_jupyter.core.mcp.errors import (
    AuthRequired,
    BadArguments,
    BadResult,
    CallTimeout,
    CircuitOpen,
    Crashed,
    Disconnected,
    RateLimited,
    RemoteError,
    ResultTooLarge,
    SessionLost,
    SpawnFailed,
    StartTimeout,
    UnknownTool,
    maybe_executed,
    with_stderr,
)
from vibe_jupyter.core.mcp.sessions.codes import RESULT_TOO_LARGE, SESSION_LOST, UPSTREAM_UNAVAILABLE
from vibe_jupyter.core.mcp.sessions.stdio import NotSent
from vibe_jupyter.core.workers.process import signal_name

if TYPE_CHECKING:
    from mcp import MCPError

    from vibe_jupyter.core.mcp.spec import ServerSpec

__all__ = [
    "busy",
    "closes_session",
    "how",
    "is_callers_own",
    "late",
    "may_repeat",
    "of_end",
    "of_error",
    "of_mcp_error",
    "of_start",
    "resting",
]

_CONNECTION_CLOSED = -32000
_INVALID_REQUEST = -32600
_INVALID_PARAMS = -32602
_MAX_TEXT = 2000


def closes_session(error: Exception) -> bool:
    """Return whether the connection is gone for all calls, not for this one alone.

    The code alone does not say so: servers use it for errors of their own, the SDK for one stream that was cut.
    """
    is_closed = _code(error) == _CONNECTION_CLOSED and str(error) == "Connection closed"
    return is_closed or isinstance(error, NotSent)


def may_repeat(error: VibeError, *, does_no_harm: bool) -> bool:
    """Return whether a call that failed so may be made once more: it was not executed, or may be executed twice."""
    if isinstance(error, SessionLost):
        return True
    return isinstance(error, Crashed | Disconnected) and (does_no_harm or not maybe_executed(error))


def is_callers_own(error: VibeError) -> bool:
    """Return whether an error says nothing about the server."""
    return isinstance(error, UnknownTool | BadArguments | CircuitOpen) or error.code == "mcp.closing"


def of_error(error: Exception, name: str) -> VibeError:
    """Return what an exception of the SDK means, for one call."""
    from mcp import MCPError

    if isinstance(error, VibeError):
        return error
    if isinstance(error, MCPError):
        return of_mcp_error(error, name)
    text = str(error).splitlines()[0][:300] if str(error) else type(error).__name__
    if isinstance(error, RuntimeError | ValueError | TypeError | KeyError):  # with them what pydantic raises
        return with_stderr(
            BadResult(f"{name} sent what is no valid result: {text}", hint="this is a bug of the server"),
            executed=True,
        )
    return with_stderr(
        Disconnected(f"{name}: the connection broke: {text}", hint="is the server running?"), executed=True
    )


def of_mcp_error(error: MCPError, name: str) -> VibeError:
    """Return what an answer with an error means, for one call."""
    code, text = error.code, str(error)[:_MAX_TEXT]
    data = error.error.data if isinstance(error.error.data, dict) else {}
    if code == RESULT_TOO_LARGE or (code == UPSTREAM_UNAVAILABLE and "too_large" in data):
        return _too_large(
            f"{name}: {text if code == RESULT_TOO_LARGE else _LARGER.format(data['too_large'])}"
        )
    if code == UPSTREAM_UNAVAILABLE and "http_status" in data:
        return _refused(name, data["http_status"], data.get("retry_after_s"), data.get("said") or "")
    if code == UPSTREAM_UNAVAILABLE:
        detail = data.get("detail") or data.get("transport") or "no answer"
        return with_stderr(
            Disconnected(f"{name}: the connection broke: {detail}", hint="is the server running?"),
            executed=bool(data.get("sent")),
        )
    if code == SESSION_LOST or (code == _INVALID_REQUEST and text.startswith("Session ")):
        said = f": {data['said']}"[:_MAX_TEXT] if data.get("said") else ""
        return with_stderr(SessionLost(f"{name} has forgotten the session{said}", hint=_restart(name)))
    if code == _CONNECTION_CLOSED and text.startswith("SSE stream"):
        if "exceeded the" in text:
            return _too_large(f"{name}: the result is larger than allowed")
        return with_stderr(Disconnected(f"{name}: the connection broke: {text}"), executed=True)
    if code == _INVALID_REQUEST and text.startswith("Redirect to "):
        return with_stderr(Disconnected(f"{name}: {text}", hint=f"%vibe mcp set {name} --url ..."))
    if code == _INVALID_PARAMS:
        wrong = UnknownTool if "nknown" in text or "not found" in text.lower() else BadArguments
        return with_stderr(wrong(f"{name}: {text}", hint=f"%vibe mcp tools {name}"))
    return with_stderr(
        RemoteError(f"{name} answered with error {code}: {text}", data={"code": code}), executed=True
    )


def of_end(error: Exception, name: str, stderr: tuple[str, ...], exit_code: int | None) -> VibeError:
    """Return what a call hears whose session has ended under it."""
    executed = not isinstance(error, NotSent)
    if exit_code is None:
        gone = Disconnected(f"{name} has closed the connection", hint="the next call opens a new one")
        return with_stderr(gone, stderr, executed=executed)
    last = f": {stderr[-1].strip()}" if stderr else ""
    crashed = Crashed(
        f"{name} {how(exit_code)} during the call{last}"[:_MAX_TEXT],
        hint=f"the next call starts it again; %vibe mcp logs {name}",
    )
    return with_stderr(crashed, stderr, exit_code=exit_code, executed=executed)


def late(name: str, what: str, limit_s: float, stderr: tuple[str, ...]) -> VibeError:
    """Return what a call hears that took too long."""
    return with_stderr(
        CallTimeout(
            f"{name}.{what} did not answer within {limit_s:g} s",
            hint="it was told to stop; give it more with timeout_s",
        ),
        stderr,
        executed=True,
    )


def busy(spec: ServerSpec, what: str, limit_s: float) -> VibeError:
    """Return what a call hears that was never sent, because others took too long."""
    at_once = spec.limits.concurrency
    return with_stderr(
        CallTimeout(
            f"{spec.name}.{what} was not sent: {at_once} other calls took longer than {limit_s:g} s",
            hint=f"allow more at once: %vibe mcp set {spec.name} --concurrency {2 * at_once}",
        )
    )


def resting(name: str, failures: int, rests_for_s: float, last_error: str | None) -> VibeError:
    """Return what a call hears while the breaker is open."""
    return CircuitOpen(
        f"{name} failed {failures} times in a row and rests for {rests_for_s:.0f} s",
        hint=f"lastly: {last_error}; {_restart(name)} tries at once",
        data={"retry_after_s": round(rests_for_s, 1), "maybe_executed": False},
    )


def how(exit_code: int) -> str:
    """Return how a process has ended, in words.

    >>> how(1), how(-9)
    ('exited with code 1', 'was killed by SIGKILL')
    """
    by = signal_name(exit_code)
    return f"was killed by {by}" if by else f"exited with code {exit_code}"


_LARGER = "the result has more than {:,} bytes"


def _too_large(message: str) -> VibeError:
    return with_stderr(
        ResultTooLarge(message, hint="ask for less, or raise VIBE_MCP_MAX_RESULT_BYTES"), executed=True
    )


def _refused(name: str, status: int, retry_after_s: float | None, said: str) -> VibeError:
    """Return what an HTTP status means."""
    data: dict[str, Any] = {"http_status": status}
    words = f": {said.strip()}" if said.strip() else ""
    if status in (401, 403):
        return with_stderr(
            AuthRequired(
                f"{name} wants another credential: HTTP {status}{words}",
                hint=f'%vibe mcp set {name} --header "Authorization=Bearer ${{TOKEN}}"',
                data=data,
            )
        )
    if status == 429:
        wait = f" for {retry_after_s:g} s" if retry_after_s is not None else ""
        return with_stderr(
            RateLimited(
                f"{name} wants no more requests{wait}: HTTP 429{words}",
                hint="try again later",
                data={**data, "retry_after_s": retry_after_s},
            )
        )
    return with_stderr(
        Disconnected(
            f"{name} answered with HTTP {status}{words}",
            hint="is the URL right?" if status < 500 else "its log may say more",
            data=data,
        ),
        executed=status >= 500,
    )


def of_start(
    error: BaseException, spec: ServerSpec, stderr: tuple[str, ...], exit_code: int | None
) -> VibeError:
    """Return why a session could not be opened."""
    import httpx2
    from mcp import MCPError

    name = spec.name
    found: Any = _innermost(error)
    if isinstance(found, FileNotFoundError | PermissionError | NotADirectoryError):
        return with_stderr(_not_spawned(found, spec))
    if exit_code is not None:
        last = f": {stderr[-1].strip()}" if stderr else ""
        return with_stderr(
            SpawnFailed(
                f"{name} {how(exit_code)} while starting{last}"[:_MAX_TEXT],
                hint=f"%vibe mcp logs {name} has all it said; mend it, then %vibe mcp restart {name}",
            ),
            stderr,
            exit_code=exit_code,
        )
    if isinstance(found, httpx2.HTTPStatusError):
        return _refused(name, found.response.status_code, None, "")
    if isinstance(found, TimeoutError):
        return with_stderr(
            StartTimeout(
                f"{name} did not start within {spec.limits.start_timeout_s:g} s",
                hint=f"%vibe mcp logs {name}",
            ),
            stderr,
        )
    if isinstance(found, MCPError):
        return with_stderr(of_mcp_error(found, name), stderr)
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


def _code(error: Exception) -> int | None:
    from mcp import MCPError

    return error.code if isinstance(error, MCPError) else None


def _innermost(error: BaseException) -> BaseException:
    """Return the first real error in nested groups."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error


def _restart(name: str) -> str:
    return f"%vibe mcp restart {name}"
