"""The old HTTP transport: an event stream of all that the server says, and a POST for each message to it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest

from tests.mcp_servers.calls import failure, text, until
from tests.mcp_servers.processes import dropping_proxy, http_server, started
from vibe_jupyter.core.errors import VibeError
from vibe_jupyter.core.mcp.errors import AuthRequired, Disconnected, RateLimited, RemoteError, maybe_executed
from vibe_jupyter.core.mcp.sessions.pool import SessionPool
from vibe_jupyter.core.mcp.spec import Call, ServerSpec

pytestmark = pytest.mark.asyncio

RPC = "content-type: application/json\r\n"


@pytest.fixture(scope="module")
def front() -> Iterator[int]:
    with http_server("sse") as upstream, dropping_proxy(upstream) as port:
        yield port


def old(port: int, path: str = "/sse") -> ServerSpec:
    return ServerSpec("old", "old", "sse", url=f"http://127.0.0.1:{port}{path}", era="legacy")


async def test_a_message_that_is_dropped_fails_exactly_one_of_fifty(pool: SessionPool, front: int) -> None:
    await text(pool, old(front), "echo", {"text": "first"})
    texts = ["DROP" if n == 20 else f"t{n}" for n in range(50)]
    results = await asyncio.gather(
        *(text(pool, old(front), "echo", {"text": one}) for one in texts), return_exceptions=True
    )
    failed = [result for result in results if isinstance(result, BaseException)]
    assert len(failed) == 1
    assert isinstance(failed[0], Disconnected)
    assert maybe_executed(failed[0])
    assert await text(pool, old(front), "echo", {"text": "last"}) == "last"
    assert pool.health("old").restarts == 0


@pytest.mark.parametrize(
    ("word", "kind"),
    [("E401", AuthRequired), ("E429", RateLimited), ("E500", Disconnected), ("AWAY", Disconnected)],
)
async def test_a_refusal_keeps_its_status(
    pool: SessionPool, front: int, word: str, kind: type[VibeError]
) -> None:
    await text(pool, old(front), "echo", {"text": "first"})
    error = await failure(pool, old(front), "echo", {"text": word})
    assert isinstance(error, kind)
    assert await text(pool, old(front), "echo", {"text": "last"}) == "last"


async def test_more_than_the_sdk_takes_arrives(pool: SessionPool, front: int) -> None:
    assert len(await text(pool, old(front), "big", {"size": 3 << 20})) == 3 << 20


async def test_calls_do_not_wait_for_each_other(pool: SessionPool, front: int) -> None:
    slow = asyncio.create_task(text(pool, old(front), "sleep", {"seconds": 30}))
    await until(lambda: pool.health("old").in_flight)
    assert await text(pool, old(front), "echo", {"text": "hi"}) == "hi"
    slow.cancel()
    await asyncio.gather(slow, return_exceptions=True)


async def test_the_end_of_the_stream_fails_who_waits_and_the_next_call_opens_another(
    pool: SessionPool,
) -> None:
    with started("http_server", "sse", "0") as server:
        begun = asyncio.Event()
        call = Call("sleep", {"seconds": 30}, progress=lambda _fraction, _message: begun.set())
        waiting = asyncio.create_task(pool.call(old(server.port), call))
        await begun.wait()
        server.process.kill()
        with pytest.raises(Disconnected) as caught:
            await waiting
        assert maybe_executed(caught.value)
    with http_server("sse", server.port):
        assert await text(pool, old(server.port), "echo", {"text": "again"}) == "again"


async def test_what_is_no_such_server_is_said(pool: SessionPool) -> None:
    with http_server() as port:
        error = await failure(pool, old(port), "echo")
        assert isinstance(error, VibeError)
        assert "404" in error.message
        error = await failure(pool, ServerSpec("m", "m", "sse", url=f"http://127.0.0.1:{port}/mcp"), "echo")
        assert error.code in ("mcp.disconnected", "mcp.auth_required")


async def test_progress_arrives(pool: SessionPool, front: int) -> None:
    seen: list[tuple[float | None, str]] = []
    call = Call("steps", {"n": 4}, progress=lambda fraction, message: seen.append((fraction, message)))
    await pool.call(old(front), call)
    assert seen[0] == (0.25, "step 1")


@pytest.mark.parametrize(
    ("status", "head", "body", "kind"),
    [
        ("400 Bad", RPC, '{"jsonrpc":"2.0","id":{},"error":{"code":1,"message":"x"}}', RemoteError),
        ("400 Bad", RPC, '{"jsonrpc":"2.0","id":"of another","error":{"code":1,"message":"x"}}', RemoteError),
        ("400 Bad", RPC, '{"jsonrpc":"2.0","id":$ID,"error":{"code":1,"message":{"a":1}}}', Disconnected),
        ("400 Bad", RPC, '{"jsonrpc":"2.0","id":$ID,"error":{"code":1e9,"message":"x"}}', Disconnected),
        ("400 Bad", RPC, '{"jsonrpc":"2.0","id":$ID,"error":[]}', Disconnected),
        ("400 Bad", RPC, "[" * 100_000, Disconnected),
        ("303 See", "location: http://[\r\n", "", Disconnected),
        ("307 Away", "location: http://127.0.0.1:9/\r\n", "", Disconnected),
        ("503 Busy", "retry-after: \u00b2\r\n", "", Disconnected),
    ],
)
async def test_an_odd_refusal_fails_its_own_call(
    pool: SessionPool, status: str, head: str, body: str, kind: type[VibeError]
) -> None:
    with started("odd_http_server") as server:
        spec = old(server.port)
        other = asyncio.create_task(text(pool, spec, "hold"))
        await until(lambda: pool.health("old").in_flight)
        said = {"status": status, "head": head, "body": body}
        error = await failure(pool, spec, "answer", said, timeout_s=20)
        assert isinstance(error, kind)
        assert maybe_executed(error)
        await text(pool, spec, "release")
        await other
        assert pool.health("old").restarts == 0
