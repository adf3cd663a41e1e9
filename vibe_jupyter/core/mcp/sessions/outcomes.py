"""The one place that turns what the SDK and the transports raise into our errors.

The SDK says with few codes what has many meanings: -32000 is a dead connection or one cut stream, -32603 is any HTTP
status, -32600 a bad request or a forgotten session.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

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
from vibe_jupyter.core.mcp.sessions.codes import BAD_RESULT, RESULT_TOO_LARGE, SESSION_LOST
from vibe_jupyter.core.mcp.sessions.incoming import is_sdks_end
from vibe_jupyter.core.mcp.sessions.pages import described_fault
from vibe_jupyter.core.mcp.sessions.standins import Quoted, StandIn
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
    "of_noise",
    "of_start",
    "resting",
]

_CONNECTION_CLOSED = -32000
_INVALID_REQUEST = -32600
_INVALID_PARAMS = -32602
_PARSE_ERROR = -32700
_MAX_TEXT = 2000
_NOT_EXECUTED = frozenset({401, 403, 405, 406, 415, 429})
"""Statuses that are about the request itself; any other may be about what the tool did."""


def closes_session(error: Exception) -> bool:
    """Return whether the connection is gone for all calls, not for this one alone.

    Code and words alone do not say so, for servers may use them: only one that no server has sent does.
    """
    from mcp import MCPError

    if isinstance(error, MCPError):
        return is_sdks_end(error.code, str(error)) and not isinstance(error.error.data, Quoted)
    return isinstance(error, NotSent)


def may_repeat(error: VibeError, *, does_no_harm: bool) -> bool:
    """Return whether a call that failed so may be made once more: it was not executed, or may be executed twice.

    One that was refused by an HTTP status is refused again, so that is no reason.
    """
    if isinstance(error, SessionLost):
        return True
    if not isinstance(error, Crashed | Disconnected):
        return False
    return does_no_harm or not (maybe_executed(error) or "http_status" in (error.data or {}))


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
    if isinstance(error, ValidationError):
        text = described_fault(error)
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
    if isinstance(error.error.data, StandIn):
        return _of_stand_in(error.code, str(error)[:_MAX_TEXT], error.error.data, name)
    code, text = error.code, str(error)[:_MAX_TEXT]
    if code == _CONNECTION_CLOSED and text.startswith("SSE stream"):
        if "exceeded the" in text:
            return _too_large(f"{name}: the result is larger than allowed")
        return with_stderr(Disconnected(f"{name}: the connection broke: {text}"), executed=True)
    if code == _INVALID_REQUEST and text.startswith("Redirect to "):
        moved = Disconnected(f"{name}: {text}", hint=f"%vibe mcp set {name} --url ...")
        return with_stderr(moved, executed=True)
    if code == _PARSE_ERROR and text.startswith(
        "Failed to parse "
    ):  # the SDK's words, with what pydantic says
        return with_stderr(
            BadResult(f"{name} sent what is no message", hint="this is a bug of the server"), executed=True
        )
    if code == _INVALID_PARAMS:
        wrong = UnknownTool if "nknown" in text or "not found" in text.lower() else BadArguments
        return with_stderr(wrong(f"{name}: {text}", hint=f"%vibe mcp tools {name}"))
    return with_stderr(
        RemoteError(f"{name} answered with error {code}: {text}", data={"code": code}), executed=True
    )


def _of_stand_in(code: int, text: str, data: StandIn, name: str) -> VibeError:
    """Return what an error means that a transport of ours has made."""
    if code == RESULT_TOO_LARGE:
        return _too_large(f"{name}: {text}")
    if code == BAD_RESULT:
        bad = BadResult(f"{name} sent an answer, but {text}", hint="this is a bug of the server")
        return with_stderr(bad, executed=True)
    if code == SESSION_LOST:
        said = f": {data['said']}"[:_MAX_TEXT] if data.get("said") else ""
        return with_stderr(SessionLost(f"{name} has forgotten the session{said}", hint=_restart(name)))
    if "too_large" in data:
        return _too_large(f"{name}: {_LARGER.format(data['too_large'])}")
    if "http_status" in data:
        return _refused(name, data["http_status"], data.get("retry_after_s"), data.get("said") or "")
    detail = data.get("detail") or data.get("transport") or "no answer"
    what = "the connection broke" if data.get("sent") else "no connection could be made"
    return with_stderr(
        Disconnected(
            f"{name}: {what}: {detail}", hint=f"is the server running? %vibe mcp show {name} has its URL"
        ),
        executed=bool(data.get("sent")),
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


def of_noise(name: str, fault: str, stderr: tuple[str, ...], *, executed: bool = True) -> VibeError:
    """Return what a call hears whose session was ended for what the server has sent."""
    ended = Disconnected(
        f"{name} was ended: {fault}",
        hint=f"over stdio, what is no message belongs on standard error; %vibe mcp logs {name}",
    )
    return with_stderr(ended, stderr, executed=executed)


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
        executed=status not in _NOT_EXECUTED,
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
    if isinstance(found, TimeoutError):  # before the exit code: it was ended by us for that
        return with_stderr(
            StartTimeout(
                f"{name} did not start within {spec.limits.start_timeout_s:g} s",
                hint=f"%vibe mcp logs {name}",
            ),
            stderr,
        )
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
        return with_stderr(_refused(name, found.response.status_code, None, ""))
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


def _innermost(error: BaseException) -> BaseException:
    """Return the first real error in nested groups."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error


def _restart(name: str) -> str:
    return f"%vibe mcp restart {name}"
