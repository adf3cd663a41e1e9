"""Progress grows with each word, whatever is told, and goes on in silence."""

from __future__ import annotations

import asyncio

import pytest

from vibe_jupyter.core.mcp_server.progress import telling

Told = tuple[float, float | None, str | None]


class Client:
    """Remembers what it was told."""

    def __init__(self) -> None:
        self.told: list[Told] = []
        self.news = asyncio.Event()

    async def report(self, value: float, total: float | None, message: str | None) -> None:
        self.told.append((value, total, message))
        self.news.set()


@pytest.mark.asyncio
async def test_each_value_is_larger_than_the_last() -> None:
    client = Client()
    async with telling(client.report) as tell:
        for fraction, message in (
            (None, "queued"),
            (0.5, "half"),
            (0.25, "back"),
            (0.5, ""),
            (None, "x"),
            (1.0, "done"),
        ):
            tell(fraction, message)
    values = [value for value, _, _ in client.told]
    assert values == sorted(set(values))
    assert [message for *_, message in client.told] == ["queued", "half", "back", None, "x", "done"]
    assert [total for _, total, _ in client.told] == [None, 1.0, 1.0, 1.0, 1.0, 1.0]
    assert values[-1] == 1.0


@pytest.mark.asyncio
async def test_nothing_exceeds_the_total() -> None:
    client = Client()
    async with telling(client.report) as tell:
        for _ in range(3):
            tell(1.0, "done")
    assert [value for value, *_ in client.told] == [1.0]


@pytest.mark.asyncio
async def test_it_may_be_told_from_a_thread() -> None:
    client = Client()
    async with telling(client.report) as tell:
        await asyncio.to_thread(tell, 0.5, "half")
    assert client.told == [(0.5, 1.0, "half")]


@pytest.mark.asyncio
async def test_silence_is_filled_with_the_last_word() -> None:
    client = Client()
    async with telling(client.report, silence_s=0.01) as tell:
        tell(0.5, "half")
        async with asyncio.timeout(5):
            while len(client.told) < 3:
                client.news.clear()
                await client.news.wait()
    assert {message for *_, message in client.told} == {"half"}
    assert client.told[0][0] < client.told[1][0] < client.told[2][0] < 0.51


@pytest.mark.asyncio
async def test_a_cancelled_call_tells_nothing_more() -> None:
    client = Client()
    started = asyncio.Event()

    async def call() -> None:
        async with telling(client.report, silence_s=0.01):
            started.set()
            await asyncio.Event().wait()

    calling = asyncio.create_task(call())
    await started.wait()
    calling.cancel()
    with pytest.raises(asyncio.CancelledError):
        await calling
    others = asyncio.all_tasks() - {asyncio.current_task()}
    assert others == set()
