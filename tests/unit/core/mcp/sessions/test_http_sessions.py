"""Sessions over HTTP, in both eras: what breaks a connection fails the one call that it carries."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import time
from collections.abc import Iterator

import pytest

from tests.mcp_servers.processes import dropping_proxy, http_server, started
from tests.unit.core.mcp.sessions.conftest import Told
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
        ("EJSON", Disconnected, 500),
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


async def test_refusals_at_the_same_time_keep_each_their_own_status(
    pool: SessionPool, front: int, era: Era | None
) -> None:
    spec = web(front, era)
    await echo(pool, spec, "first")
    words = ["E401", "E429", "E500", "fine"] * 8
    found = await asyncio.gather(*(echo(pool, spec, word) for word in words), return_exceptions=True)
    kinds = {"E401": AuthRequired, "E429": RateLimited, "E500": Disconnected, "fine": str}
    assert [type(one) for one in found] == [kinds[word] for word in words]


async def test_a_redirect_to_another_server_is_not_followed(
    pool: SessionPool, front: int, era: Era | None
) -> None:
    spec = web(front, era)
    await echo(pool, spec, "first")
    error = await failure(pool, spec, "AWAY")
    assert isinstance(error, Disconnected)
    assert "http://127.0.0.1:9/mcp" in error.message
    assert maybe_executed(error)


async def test_a_credential_that_is_refused_shows_until_one_is_taken(
    pool: SessionPool, front: int, era: Era | None
) -> None:
    spec = web(front, era)
    await failure(pool, spec, "E401")
    assert pool.health("web").state == "needs_auth"
    await echo(pool, spec, "fine")
    assert pool.health("web").state == "ready"


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


async def test_calls_that_a_restarted_server_refuses_unseen_are_made_again_once(pool: SessionPool) -> None:
    with http_server() as port:
        spec = web(port, "legacy")
        await echo(pool, spec, "one")
    with http_server(port=port):
        # On connections of their own, for those that are kept from before may break: that is another matter.
        found = await asyncio.gather(*(echo(pool, spec, str(n)) for n in range(20)), return_exceptions=True)
        lost = [one for one in found if isinstance(one, BaseException)]
        assert len(lost) <= 1
        result = await pool.call(spec, Call("seen", {}))
        assert result.structured_content is not None
        seen = result.structured_content["result"]
        assert sorted(seen) == sorted({*map(str, range(20))} & {*seen})  # none twice
        assert {one for one in found if isinstance(one, str)} <= {*seen}
    assert pool.health("web").breaker_open_until is None


async def test_closing_does_not_wait_for_a_server_that_hangs() -> None:
    pool = SessionPool()
    with started("http_server", "http", "0") as server:
        await echo(pool, web(server.port, "legacy"), "one")
        server.process.send_signal(signal.SIGSTOP)
        began = time.monotonic()
        await pool.aclose()
        assert time.monotonic() - began < 5


async def test_changed_tools_are_heard_of(
    pool: SessionPool, told: Told, upstream: int, era: Era | None
) -> None:
    spec = web(upstream, era)
    await echo(pool, spec, "first")
    async with asyncio.timeout(10):
        while not told.changed.is_set():  # what a stream is opened for may come before it is open
            await pool.call(spec, Call("change", {}))
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(told.changed.wait(), 0.2)
    assert "new" in {tool.name for tool in (await pool.listing(spec)).tools}


async def test_everything_is_listed_and_read(pool: SessionPool, upstream: int, era: Era | None) -> None:
    spec = web(upstream, era)
    listing = await pool.listing(spec)
    assert {"echo", "ask"} <= {tool.name for tool in listing.tools}
    assert [str(resource.uri) for resource in listing.resources] == ["demo://one"]
    read = await pool.read_resource(spec, "demo://one")
    assert read.contents[0].text == "content of one"  # type: ignore[union-attr]
    prompt = await pool.get_prompt(spec, "greet", {"who": "Ada"})
    assert prompt.messages[0].content.text == "Say hello to Ada."  # type: ignore[union-attr]


async def test_progress_arrives(pool: SessionPool, upstream: int, era: Era | None) -> None:
    seen: list[tuple[float | None, str]] = []
    call = Call("steps", {"n": 4}, progress=lambda fraction, message: seen.append((fraction, message)))
    await pool.call(web(upstream, era), call)
    assert seen == [(0.25, "step 1"), (0.5, "step 2"), (0.75, "step 3"), (1.0, "step 4")]


async def test_answers_do_not_cost_a_connection_each(
    pool: SessionPool, upstream: int, era: Era | None
) -> None:
    opened: list[int] = []

    async def pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        opened.append(1)
        up_reader, up_writer = await asyncio.open_connection("127.0.0.1", upstream)

        async def pump(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
            with contextlib.suppress(OSError):
                while data := await source.read(65536):
                    sink.write(data)
                    await sink.drain()
            sink.close()

        await asyncio.gather(pump(reader, up_writer), pump(up_reader, writer))

    server = await asyncio.start_server(pass_on, "127.0.0.1", 0)
    async with server:
        spec = web(server.sockets[0].getsockname()[1], era)
        for n in range(20):
            await echo(pool, spec, str(n))
        await pool.close("web")
    assert len(opened) < 6


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
