"""What the SDK and the transports raise, and what it means."""

from __future__ import annotations

from typing import Any

import httpx2
import pytest
from mcp import MCPError
from pydantic import BaseModel, ValidationError

from vibe_jupyter.core.errors import VibeError
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
    maybe_executed,
)
from vibe_jupyter.core.mcp.sessions.codes import RESULT_TOO_LARGE, SESSION_LOST, UPSTREAM_UNAVAILABLE
from vibe_jupyter.core.mcp.sessions.outcomes import closes_session, may_repeat, of_error, of_start
from vibe_jupyter.core.mcp.sessions.standins import Quoted, StandIn
from vibe_jupyter.core.mcp.spec import ServerSpec

STDIO = ServerSpec("s", "s", "stdio", ("program",), cwd="/folder")
REQUEST = httpx2.Request("GET", "http://h/sse")
HTTP = ServerSpec("s", "s", "http", url="http://h/mcp")


def invalid() -> ValidationError:
    class Model(BaseModel):
        x: int

    with pytest.raises(ValidationError) as caught:
        Model.model_validate({"x": "y"})
    return caught.value


@pytest.mark.parametrize(
    ("error", "kind", "executed"),
    [
        (MCPError(-32602, "Unknown tool: x"), UnknownTool, False),
        (MCPError(-32602, "Tool x not found"), UnknownTool, False),
        (MCPError(-32602, "x must be a number"), BadArguments, False),
        (MCPError(-32000, "quota used up"), RemoteError, True),
        (MCPError(-32603, "a bug"), RemoteError, True),
        (MCPError(-32600, "a session of the parliament"), RemoteError, True),
        (MCPError(-32600, "Session not found"), RemoteError, True),
        (MCPError(SESSION_LOST, "lost", {"said": "Session not found"}), RemoteError, True),
        (MCPError(RESULT_TOO_LARGE, "the result has more than 9 bytes"), RemoteError, True),
        (MCPError(SESSION_LOST, "lost", StandIn({"said": "Session not found"})), SessionLost, False),
        (MCPError(-32000, "SSE stream ended without a response"), Disconnected, True),
        (MCPError(-32000, "SSE stream failed: it exceeded the 9 byte limit."), ResultTooLarge, True),
        (MCPError(-32600, "Redirect to http://b/session not followed; ..."), Disconnected, True),
        (MCPError(RESULT_TOO_LARGE, "the result has more than 9 bytes", StandIn()), ResultTooLarge, True),
        (MCPError(UPSTREAM_UNAVAILABLE, "", StandIn({"too_large": 9})), ResultTooLarge, True),
        (MCPError(UPSTREAM_UNAVAILABLE, "", StandIn({"http_status": 401})), AuthRequired, False),
        (MCPError(UPSTREAM_UNAVAILABLE, "", StandIn({"http_status": 403})), AuthRequired, False),
        (MCPError(UPSTREAM_UNAVAILABLE, "", StandIn({"http_status": 429})), RateLimited, False),
        (MCPError(UPSTREAM_UNAVAILABLE, "", StandIn({"http_status": 500})), Disconnected, True),
        (MCPError(UPSTREAM_UNAVAILABLE, "", StandIn({"http_status": 404})), Disconnected, True),
        (
            MCPError(UPSTREAM_UNAVAILABLE, "", StandIn({"transport": "ConnectError", "sent": False})),
            Disconnected,
            False,
        ),
        (
            MCPError(UPSTREAM_UNAVAILABLE, "", StandIn({"transport": "ReadError", "sent": True})),
            Disconnected,
            True,
        ),
        (invalid(), BadResult, True),
        (RuntimeError("odd"), BadResult, True),
        (httpx2.ReadError("odd"), Disconnected, True),
        (ExceptionGroup("odd", [OSError("odd")]), Disconnected, True),
    ],
)
def test_a_call_ends_with_an_error_of_ours(
    error: Exception, kind: type[VibeError], *, executed: bool
) -> None:
    found = of_error(error, "s")
    assert type(found) is kind
    assert maybe_executed(found) is executed


def test_what_a_server_says_is_bounded() -> None:
    assert len(of_error(MCPError(-32603, "x" * 100_000), "s").message) < 2100


@pytest.mark.parametrize(
    ("error", "closes"),
    [
        (MCPError(-32000, "Connection closed"), True),
        (MCPError(-32000, "Connection closed", Quoted()), False),
        (MCPError(-32000, "SSE stream ended without a response"), False),
        (MCPError(-32000, "quota used up"), False),
        (RuntimeError("Connection closed"), False),
    ],
)
def test_only_the_sdks_own_word_closes_a_session(error: Exception, *, closes: bool) -> None:
    assert closes_session(error) is closes


@pytest.mark.parametrize(
    ("error", "harmless", "repeated"),
    [
        (SessionLost(""), False, True),
        (Disconnected("", data={"maybe_executed": True}), False, False),
        (Disconnected("", data={"maybe_executed": True}), True, True),
        (Disconnected("", data={"maybe_executed": False}), False, True),
        (Disconnected("", data={"maybe_executed": False, "http_status": 405}), False, False),
        (RateLimited(""), True, False),
        (AuthRequired(""), True, False),
        (RemoteError(""), True, False),
        (BadResult(""), True, False),
    ],
)
def test_only_what_does_no_harm_is_repeated(error: VibeError, *, harmless: bool, repeated: bool) -> None:
    assert may_repeat(error, does_no_harm=harmless) is repeated


@pytest.mark.parametrize(
    ("error", "spec", "code", "kind", "words"),
    [
        (
            FileNotFoundError(2, "No such file or directory", "program"),
            STDIO,
            None,
            SpawnFailed,
            "cannot be run",
        ),
        (FileNotFoundError(2, "No such file or directory", "/folder"), STDIO, None, SpawnFailed, "no folder"),
        (PermissionError(13, "Permission denied", "program"), STDIO, None, SpawnFailed, "Permission denied"),
        (
            MCPError(-32000, "Connection closed"),
            STDIO,
            -11,
            SpawnFailed,
            "was killed by SIGSEGV while starting",
        ),
        (TimeoutError(), STDIO, None, StartTimeout, "within 30 s"),
        (MCPError(UPSTREAM_UNAVAILABLE, "", StandIn({"http_status": 401})), HTTP, None, AuthRequired, "401"),
        (
            BaseExceptionGroup("", [ExceptionGroup("", [OSError("refused")])]),
            HTTP,
            None,
            Disconnected,
            "refused",
        ),
        (ValueError("no MCP server"), HTTP, None, Disconnected, "no MCP server"),
        (
            httpx2.HTTPStatusError("", request=REQUEST, response=httpx2.Response(404, request=REQUEST)),
            HTTP,
            None,
            Disconnected,
            "404",
        ),
    ],
)
def test_a_start_ends_with_an_error_of_ours(
    error: BaseException, spec: ServerSpec, code: int | None, kind: type[VibeError], words: str
) -> None:
    found: Any = of_start(error, spec, ("last words",), code)
    assert type(found) is kind
    assert words in found.message
    assert not maybe_executed(found)
