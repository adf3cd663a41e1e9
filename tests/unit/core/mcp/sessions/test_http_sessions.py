"""Sessions over HTTP, in both eras: what breaks a connection fails the one call that it carries."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator

import pytest
import pytest_asyncio

from tests.mcp_servers.processes import dropping_proxy, http_server
from vibe_jupyter.core.errors import VibeError
from vibe_jupyter.core.mcp.errors import (
    AuthRequired,
    CallTimeout,
    Disconnected,
    RateLimited,
    ResultTooLarge,
    maybe_executed,
)
from vibe_jupyter.core.mcp.sessions.http import is_loopback
from vibe_jupyter.core.mcp.sessions.pool import SessionPool
from vibe_jupyter.core.mcp.spec import Call, Era, Limits, ServerSpec

pytestmark = pytest.mark.asyncio


@pytest.fixture(scope="module")
def upstream() -> Iterator[int]:
    with http_server() as port:
        yield port


@pytest.fixture(params=["legacy", None], ids=["2025-11-25", "2026-07-28"])
def era(request: pytest.FixtureRequest) -> Era | None:
    found: Era | None = request.param
    return found


@pytest_asyncio.fixture
async def pool() -> AsyncIterator[SessionPool]:
    pool = SessionPool()
    yield pool
    await pool.aclose()


@pytest.fixture(scope="module")
def front(upstream: int) -> Iterator[int]:
    with dropping_proxy(upstream) as port:
        yield port


def web(port: int, era: Era | None = None, limits: Limits | None = None) -> ServerSpec:
    return ServerSpec(
        "web", "web", "http", url=f"http://127.0.0.1:{port}/mcp", era=era, limits=limits or Limits()
    )


async def echo(pool: SessionPool, spec: ServerSpec, text: str) -> str:
    result = await pool.call(spec, Call("echo", {"text": text}))
    return str(result.content[0].text)  # type: ignore[union-attr]


async def failure(pool: SessionPool, spec: ServerSpec, text: str) -> VibeError:
    with pytest.raises(VibeError) as caught:
        await echo(pool, spec, text)
    return caught.value


async def test_calls_share_a_session(pool: SessionPool, upstream: int, era: Era | None) -> None:
    spec = web(upstream, era)
    found = await asyncio.gather(*(echo(pool, spec, str(n)) for n in range(50)))
    assert found == [str(n) for n in range(50)]
    facts = pool.health("web").facts
    assert facts is not None
    assert facts.era == ("legacy" if era else "modern")
    assert pool.health("web").restarts == 0


@pytest.mark.parametrize("word", ["DROP", "CUT"])
async def test_a_broken_connection_fails_exactly_one_of_fifty(
    pool: SessionPool, front: int, era: Era | None, word: str
) -> None:
    spec = web(front, era)
    await echo(pool, spec, "first")
    texts = [word if n == 20 else f"t{n}" for n in range(50)]
    results = await asyncio.gather(*(echo(pool, spec, text) for text in texts), return_exceptions=True)
    failed = [result for result in results if isinstance(result, BaseException)]
    assert len(failed) == 1
    assert isinstance(failed[0], Disconnected)
    assert maybe_executed(failed[0])
    assert await echo(pool, spec, "last") == "last"
    assert pool.health("web").restarts == 0


@pytest.mark.parametrize(
    ("word", "kind", "status"),
    [
        ("E401", AuthRequired, 401),
        ("E403", AuthRequired, 403),
        ("E429", RateLimited, 429),
        ("E500", Disconnected, 500),
    ],
)
async def test_a_refusal_keeps_its_status(
    pool: SessionPool, front: int, era: Era | None, word: str, kind: type[VibeError], status: int
) -> None:
    spec = web(front, era)
    await echo(pool, spec, "first")
    error = await failure(pool, spec, word)
    assert isinstance(error, kind)
    assert error.data is not None
    assert error.data["http_status"] == status
    if status == 429:
        assert error.data["retry_after_s"] == 7
    assert await echo(pool, spec, "last") == "last"


async def test_a_call_that_takes_too_long_leaves_the_session(
    pool: SessionPool, upstream: int, era: Era | None
) -> None:
    spec = web(upstream, era)
    with pytest.raises(CallTimeout):
        await pool.call(spec, Call("sleep", {"seconds": 60}, timeout_s=0.2))
    assert await echo(pool, spec, "still here") == "still here"


async def test_a_result_over_the_limit_is_refused(pool: SessionPool, upstream: int, era: Era | None) -> None:
    spec = web(upstream, era, Limits(max_result_bytes=200_000))
    with pytest.raises(ResultTooLarge):
        await pool.call(spec, Call("big", {"size": 400_000}))
    assert await echo(pool, spec, "still here") == "still here"


async def test_more_than_the_sdk_takes_by_itself_arrives(
    pool: SessionPool, upstream: int, era: Era | None
) -> None:
    result = await pool.call(web(upstream, era), Call("big", {"size": 3 << 20}))
    assert len(result.content[0].text) == 3 << 20  # type: ignore[union-attr]


async def test_a_server_that_was_restarted_is_found_again(pool: SessionPool, era: Era | None) -> None:
    with http_server() as port:
        spec = web(port, era)
        assert await echo(pool, spec, "one") == "one"
    with http_server(port=port):  # which does not know the session
        await pool.call(spec, Call("echo", {"text": "two"}, may_repeat=True))
        assert await echo(pool, spec, "three") == "three"


async def test_the_old_transport_with_an_event_stream_beside(pool: SessionPool) -> None:
    with http_server("sse") as port:
        spec = ServerSpec("old", "old", "sse", url=f"http://127.0.0.1:{port}/sse", era="legacy")
        assert await echo(pool, spec, "hi") == "hi"
        assert pool.health("old").state == "ready"


async def test_a_wrong_url_and_a_port_where_nobody_listens(pool: SessionPool, upstream: int) -> None:
    nobody = ServerSpec("n", "n", "http", url="http://127.0.0.1:9/mcp")
    error = await failure(pool, nobody, "x")
    assert isinstance(error, Disconnected)
    assert not maybe_executed(error)
    wrong = ServerSpec("w", "w", "http", url=f"http://127.0.0.1:{upstream}/wrong")
    assert "404" in (await failure(pool, wrong, "x")).message


@pytest.mark.parametrize(
    ("url", "is_ours"),
    [
        ("http://127.0.0.1:80/", True),
        ("http://localhost/x", True),
        ("http://[::1]:8/", True),
        ("http://example.org/", False),
        ("http://10.0.0.1/", False),
    ],
)
async def test_what_needs_no_proxy(url: str, is_ours: bool) -> None:
    assert is_loopback(url) is is_ours
