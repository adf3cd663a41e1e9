"""A call is made twice only where that is surely safe, whatever a server says."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.mcp_servers.calls import failure, text, until
from tests.mcp_servers.processes import faulty_spec, started
from vibe_jupyter.core.mcp.errors import Disconnected, RemoteError, SessionLost, maybe_executed
from vibe_jupyter.core.mcp.sessions.codes import RESULT_TOO_LARGE, SESSION_LOST, UPSTREAM_UNAVAILABLE
from vibe_jupyter.core.mcp.sessions.pool import SessionPool
from vibe_jupyter.core.mcp.spec import ServerSpec

pytestmark = pytest.mark.asyncio

RPC = "content-type: application/json\r\n"
TEXT = "content-type: text/plain\r\n"


@pytest.fixture
def odd() -> Iterator[ServerSpec]:
    with started("odd_http_server") as server:
        yield ServerSpec("odd", "odd", "http", url=f"http://127.0.0.1:{server.port}/mcp", era="legacy")


async def counts(pool: SessionPool, spec: ServerSpec) -> dict[str, int]:
    found: dict[str, int] = json.loads(await text(pool, spec, "count"))
    return found


def rpc_error(code: int, message: str, data: Any = None) -> str:
    error = {"code": code, "message": message} | ({} if data is None else {"data": data})
    return json.dumps({"jsonrpc": "2.0", "id": "$ID", "error": error}).replace('"$ID"', "$ID")


class TestOverHttp:
    @pytest.mark.parametrize(
        ("status", "head", "kind", "executed"),
        [
            ("400 Bad Request", TEXT, Disconnected, True),
            ("404 Not Found", TEXT, Disconnected, True),
            ("405 Method Not Allowed", TEXT, Disconnected, False),
            ("406 Not Acceptable", TEXT, Disconnected, False),
            ("408 Request Timeout", TEXT, Disconnected, True),
            ("409 Conflict", TEXT, Disconnected, True),
            ("415 Unsupported Media Type", TEXT, Disconnected, False),
            ("422 Unprocessable", TEXT, Disconnected, True),
            ("503 Unavailable", TEXT, Disconnected, True),
            ("303 See Other", TEXT + "location: /mcp/done\r\n", Disconnected, True),
            ("303 See Other", TEXT, RemoteError, True),
            ("307 Away", TEXT + "location: http://127.0.0.1:9/mcp\r\n", Disconnected, True),
        ],
    )
    async def test_what_a_status_says_of_a_call_is_not_that_it_did_not_run(
        self, pool: SessionPool, odd: ServerSpec, status: str, head: str, kind: type, *, executed: bool
    ) -> None:
        said = {"status": status, "head": head, "body": "row 17 was inserted, then the trigger failed"}
        error = await failure(pool, odd, "answer", said)
        assert isinstance(error, kind)
        assert maybe_executed(error) is executed
        assert await counts(pool, odd) == {"count": 1, "sessions": 1}

    @pytest.mark.parametrize(
        ("status", "code", "message"),
        [
            ("400 Bad Request", -32603, "the order was placed, but the payment session could not be closed"),
            ("400 Bad Request", -32000, "Bad Request: Server not initialized"),
            ("404 Not Found", -32600, "Session not found"),
            ("200 OK", -32600, "Session not found"),
            ("200 OK", -32000, "Connection closed"),
            ("200 OK", SESSION_LOST, "upstream unavailable"),
            ("400 Bad Request", SESSION_LOST, "upstream unavailable"),
            ("200 OK", UPSTREAM_UNAVAILABLE, "upstream unavailable"),
            ("400 Bad Request", RESULT_TOO_LARGE, "upstream unavailable"),
        ],
    )
    async def test_what_an_error_says_of_sessions_is_believed_of_no_server_that_knows_its_session(
        self, pool: SessionPool, odd: ServerSpec, status: str, code: int, message: str
    ) -> None:
        forged = {"sent": False, "transport": "ConnectError"}
        said = {"status": status, "head": RPC, "body": rpc_error(code, message, forged)}
        error = await failure(pool, odd, "answer", said)
        assert isinstance(error, RemoteError)
        assert maybe_executed(error)
        assert await counts(pool, odd) == {"count": 1, "sessions": 1}

    @pytest.mark.parametrize(
        ("status", "head", "body"),
        [
            ("404 Not Found", "", ""),
            ("404 Not Found", TEXT, "session not found"),  # Go
            ("404 Not Found", RPC, rpc_error(-32600, "Session not found")),  # Python
            ("404 Not Found", RPC, '{"jsonrpc":"2.0","id":null,"error":{"code":-32001,"message":"x"}}'),
            ("400 Bad Request", RPC, rpc_error(-32000, "Bad Request: Server not initialized")),  # TypeScript
            ("400 Bad Request", RPC, rpc_error(-32000, "Bad Request: No valid session ID provided")),
        ],
    )
    async def test_a_session_that_is_forgotten_is_opened_anew_and_the_call_made_again(
        self, pool: SessionPool, odd: ServerSpec, status: str, head: str, body: str
    ) -> None:
        await text(pool, odd, "forget", {"status": status, "head": head, "body": body})
        assert await counts(pool, odd) == {"count": 0, "sessions": 2}

    async def test_a_server_that_loses_each_session_hears_a_call_twice_at_most(
        self, pool: SessionPool, odd: ServerSpec
    ) -> None:
        await text(pool, odd, "forget")
        said = {"status": "404 Not Found", "body": "no such row"}
        error = await failure(pool, odd, "answer", said)  # the first one is not heard, the second one is
        assert isinstance(error, Disconnected)
        assert "no such row" in error.message
        assert await counts(pool, odd) == {"count": 1, "sessions": 2}

    async def test_a_refusal_is_repeated_where_that_does_no_harm(
        self, pool: SessionPool, odd: ServerSpec
    ) -> None:
        await failure(pool, odd, "answer", {"status": "503 Busy"}, may_repeat=True)
        assert (await counts(pool, odd))["count"] == 2


class TestOverStdio:
    @pytest.mark.parametrize(
        ("code", "message"),
        [
            (-32600, "Session expired upstream after commit"),
            (-32600, "Session not found"),
            (UPSTREAM_UNAVAILABLE, "x"),
            (SESSION_LOST, "x"),
            (RESULT_TOO_LARGE, "x"),
        ],
    )
    async def test_no_error_of_a_server_is_taken_for_one_of_ours(
        self, pool: SessionPool, code: int, message: str
    ) -> None:
        line = rpc_error(code, message, {"sent": False, "http_status": 401})
        error = await failure(pool, faulty_spec(), "raw", {"line": line})
        assert isinstance(error, RemoteError)
        assert not isinstance(error, SessionLost)
        assert maybe_executed(error)
        assert await text(pool, faulty_spec(), "raws") == "1"
        assert pool.health("faulty").restarts == 0

    async def test_the_words_of_the_sdk_for_a_dead_connection_end_no_session(self, pool: SessionPool) -> None:
        others = asyncio.create_task(text(pool, faulty_spec(), "slow", {"seconds": 0.5}))
        await until(lambda: pool.health("faulty").in_flight)
        error = await failure(pool, faulty_spec(), "raw", {"line": rpc_error(-32000, "Connection closed")})
        assert isinstance(error, RemoteError)
        assert maybe_executed(error)
        assert await others == "slept"
        assert await text(pool, faulty_spec(), "raws") == "1"
        assert pool.health("faulty").restarts == 0
