"""Answers over HTTP that nobody expects: each fails the call that it was for, and no other."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest

from tests.mcp_servers.calls import failure, text, until
from tests.mcp_servers.processes import started
from vibe_jupyter.core.errors import VibeError
from vibe_jupyter.core.mcp.errors import AuthRequired, BadResult, Disconnected, RateLimited, RemoteError
from vibe_jupyter.core.mcp.sessions.pool import SessionPool
from vibe_jupyter.core.mcp.spec import ServerSpec

pytestmark = pytest.mark.asyncio

RPC = "content-type: application/json\r\n"


@pytest.fixture
def port() -> Iterator[int]:
    with started("odd_http_server") as server:
        yield server.port


@pytest.fixture
def odd(port: int) -> ServerSpec:
    return ServerSpec("odd", "odd", "http", url=f"http://127.0.0.1:{port}/mcp", era="legacy")


@pytest.mark.parametrize(
    ("status", "head", "body", "kind"),
    [
        ("503 Busy", "retry-after: \u00b2\r\n", "", Disconnected),
        ("429 Slow", "retry-after: \u00b2\r\n", "", RateLimited),
        ("429 Slow", "retry-after: Mon, 01 Jan 999999 00:00:00 GMT\r\n", "", RateLimited),
        ("429 Slow", "retry-after: " + "9" * 400 + "\r\n", "", RateLimited),
        ("401 No", "content-type: text/plain; charset=utf-99\r\n", "x", AuthRequired),
        ("500 Oops", RPC, "[" * 100_000, Disconnected),
        ("400 Bad", RPC, '{"jsonrpc":"2.0","id":{},"error":{"code":1,"message":"x"}}', RemoteError),
        ("400 Bad", RPC, '{"jsonrpc":"2.0","id":$ID,"error":{"code":1,"message":{"a":1}}}', Disconnected),
        ("500 Oops", "content-encoding: gzip\r\n", "x", Disconnected),
        ("307 Away", "location: http://[\r\n", "", Disconnected),
        ("307 Away", "location: http://\r\n", "", Disconnected),
        ("307 Away", "location: http://a:999999/\r\n", "", Disconnected),
        ("307 Away", "location: \u00ff\u0085://\r\n", "", Disconnected),
        ("303 See", "location: http://[\r\n", "", Disconnected),
        ("200 OK", RPC, "{nope", BadResult),
        ("200 OK", RPC, "[" * 100_000, BadResult),
        ("200 OK", "content-type: text/html\r\n", "<html>", RemoteError),
        ("202 Accepted", "", "", RemoteError),
    ],
)
async def test_it_fails_its_own_call(
    pool: SessionPool, odd: ServerSpec, status: str, head: str, body: str, kind: type[VibeError]
) -> None:
    other = asyncio.create_task(text(pool, odd, "hold"))
    await until(lambda: pool.health("odd").in_flight)
    error = await failure(pool, odd, "answer", {"status": status, "head": head, "body": body}, timeout_s=20)
    assert isinstance(error, kind)
    await text(pool, odd, "release")
    await other
    assert pool.health("odd").restarts == 0
