from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
import pytest_asyncio

from vibe_jupyter.core.tasks import queue_pace
from vibe_jupyter.core.tasks.queue_pace import BUSY_S, IDLE_S, WARM_S, QueuePace

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

pytestmark = pytest.mark.asyncio


class Queue:
    """DBOS's queue, as far as its interval goes; tasks wait in it for so many looks."""

    def __init__(self) -> None:
        self.said: list[float] = []
        self.looks_left = 0
        self._changed = asyncio.Event()

    async def set_polling_interval_sec_async(self, value: float) -> None:
        self.said.append(value)
        self._changed.set()

    async def has_waiting(self) -> bool:
        self.looks_left -= 1
        return self.looks_left > 0

    async def until(self, *said: float) -> None:
        async with asyncio.timeout(10):
            while self.said != list(said):
                self._changed.clear()
                await self._changed.wait()


@pytest.fixture
def queue() -> Queue:
    return Queue()


@pytest_asyncio.fixture
async def pace(queue: Any, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[QueuePace]:
    monkeypatch.setattr(queue_pace, "_LOOK_S", 0.001)
    monkeypatch.setattr(queue_pace, "_STAY_WARM_S", 0.01)
    made = QueuePace(queue, queue.has_waiting)
    running = asyncio.create_task(made.run())
    yield made
    running.cancel()
    await asyncio.wait({running})


async def test_it_is_quick_as_long_as_something_waits_then_warm_then_idle(
    queue: Queue, pace: QueuePace
) -> None:
    queue.looks_left = 5
    pace.quicken()
    assert pace.is_busy
    await queue.until(BUSY_S, WARM_S, IDLE_S)
    assert not pace.is_busy
    assert queue.looks_left <= 0


async def test_it_gets_warm_when_a_task_comes_in(queue: Queue, pace: QueuePace) -> None:
    pace.warm()
    assert not pace.is_busy
    await queue.until(WARM_S, IDLE_S)
    pace.warm()
    await queue.until(WARM_S, IDLE_S, WARM_S, IDLE_S)


async def test_what_comes_in_between_two_looks_is_not_overlooked(
    queue: Queue, pace: QueuePace, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked: list[bool] = []

    async def has_waiting() -> bool:
        looked.append(pace.is_busy)
        if len(looked) == 1:
            pace.quicken()  # committed after the look, said before its answer is heard
        return False

    monkeypatch.setattr(pace, "_has_waiting", has_waiting)
    pace.quicken()
    await queue.until(BUSY_S, WARM_S, IDLE_S)
    assert looked == [True, True]


async def test_what_another_process_may_have_said_is_said_again(
    queue: Queue, pace: QueuePace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queue_pace, "_SAY_AGAIN_S", 0.0)
    queue.looks_left = 3
    pace.quicken()
    await queue.until(BUSY_S, BUSY_S, BUSY_S, WARM_S, IDLE_S)
