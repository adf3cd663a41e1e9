"""A server that says much that is no message costs its own calls, and no others."""

from __future__ import annotations

import asyncio
import logging

import pytest

from tests.mcp_servers.calls import failure, text, until
from tests.mcp_servers.processes import faulty_spec, started
from vibe_jupyter.core.mcp.errors import Disconnected, maybe_executed
from vibe_jupyter.core.mcp.sessions.noise import Noise
from vibe_jupyter.core.mcp.sessions.pool import SessionPool
from vibe_jupyter.core.mcp.sessions.stdio import Messages
from vibe_jupyter.core.mcp.spec import ServerSpec

pytestmark = pytest.mark.asyncio

NOTICE = '{"jsonrpc":"2.0","method":"notifications/x"}'
BAD_PROGRESS = '{"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":null}}'


@pytest.mark.parametrize("line", ["1", "{}", "[]", "DEBUG", '{"jsonrpc": broken', "\t", NOTICE])
async def test_others_have_their_turn_meanwhile(line: str) -> None:
    reader = asyncio.StreamReader()
    data = f"{line}\n".encode() * 5000
    reader.feed_data(data + b'{"jsonrpc":"2.0","id":1,"result":{}}\n')
    messages = Messages(reader, 1000, Noise())
    turns = 0

    async def count() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    counting = asyncio.create_task(count())
    async for item in messages:
        if hasattr(item.message, "result"):
            break
    counting.cancel()
    assert turns >= (0 if line == "\t" else 500)  # blank ones cost nothing


@pytest.mark.parametrize("line", ["1", "{}", "DEBUG: " + "x" * 100, BAD_PROGRESS])
async def test_a_flood_of_it_ends_the_session_with_the_reason(pool: SessionPool, line: str) -> None:
    other = faulty_spec("other")
    flood = asyncio.create_task(
        failure(pool, faulty_spec(), "raw", {"line": line, "times": 200_000}, timeout_s=60)
    )
    while not flood.done():
        assert await text(pool, other, "ok") == "ok"
    error = await flood
    assert isinstance(error, Disconnected)
    assert "10,000 lines" in error.message
    assert maybe_executed(error)
    assert await text(pool, faulty_spec(), "ok") == "ok"
    assert pool.health("other").restarts == 0


async def test_a_flood_of_blank_lines_ends_the_session_too(pool: SessionPool) -> None:
    error = await failure(pool, faulty_spec(), "raw", {"line": "\n" * 1000, "times": 100_000}, timeout_s=60)
    assert isinstance(error, Disconnected)
    assert "in a row" in error.message


async def test_a_server_that_never_stops_does_not_start(pool: SessionPool) -> None:
    error = await failure(pool, faulty_spec(MODE="noisy"), "ok")
    assert isinstance(error, Disconnected)
    assert "in a row" in error.message
    assert not maybe_executed(error)


async def test_noise_between_answers_is_borne(pool: SessionPool) -> None:
    line = (
        "DEBUG\n" * 3000 + '{"jsonrpc":"2.0","id":$ID,"result":{"content":[{"type":"text","text":"fine"}]}}'
    )
    for _ in range(5):
        assert await text(pool, faulty_spec(), "raw", {"line": line}) == "fine"
    assert pool.health("faulty").noise_lines == 15_000
    assert pool.health("faulty").restarts == 0


def sdk_lines(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if not record.name.startswith("vibe")]


def our_lines(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.name.startswith("vibe")]


SECRET = "hunter2"
BAD_WITH_SECRET = BAD_PROGRESS.replace("null", f'["{SECRET}"]')
ANSWER = '{"jsonrpc":"2.0","id":$ID,"result":{"content":[{"type":"text","text":"fine"}]}}'


async def test_what_the_sdk_says_of_it_is_one_line_without_what_was_sent(
    pool: SessionPool, caplog: pytest.LogCaptureFixture
) -> None:
    line = f"{BAD_WITH_SECRET}\n" * 1000 + ANSWER
    assert await text(pool, faulty_spec(), "raw", {"line": line}) == "fine"
    await until(lambda: pool.health("faulty").noise_lines == 1000)
    assert sdk_lines(caplog) == []
    (said,) = [one for one in our_lines(caplog) if "Failed to validate notification" in one]
    assert "faulty" in said
    assert SECRET not in caplog.text
    assert "Traceback" not in caplog.text


async def test_over_http_it_is_the_same(pool: SessionPool, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")
    caplog.set_level("CRITICAL", logger="asyncio")
    events = f"event: odd-{SECRET}\ndata: {{nope {SECRET}\n\n" * 3 + f"data: {BAD_WITH_SECRET}\n\n" * 50
    said = {
        "status": "200 OK",
        "head": "content-type: text/event-stream\r\n",
        "body": f"{events}data: {ANSWER}\n\n",
    }
    with started("odd_http_server") as server:
        spec = ServerSpec("odd", "odd", "http", url=f"http://127.0.0.1:{server.port}/mcp", era="legacy")
        assert await text(pool, spec, "answer", said) == "fine"
        await until(lambda: pool.health("odd").noise_lines == 53)
        await pool.close("odd")
    assert [one for one in sdk_lines(caplog) if SECRET in one] == []
    assert len([one for one in our_lines(caplog) if "odd" in one and "said" in one]) <= 3


async def test_what_the_sdk_says_for_others_is_left_alone(
    pool: SessionPool, caplog: pytest.LogCaptureFixture
) -> None:
    assert await text(pool, faulty_spec(), "ok") == "ok"
    logging.getLogger("client").warning("of somebody else")
    assert sdk_lines(caplog) == ["of somebody else"]
