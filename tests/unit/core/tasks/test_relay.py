"""The outbox relay over a real store; the engine is one that only notes what it is given."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest

from vibe_jupyter.core.accounts.store import AccountStore
from vibe_jupyter.core.errors import Unavailable
from vibe_jupyter.core.ids import new_id
from vibe_jupyter.core.tasks import relay as relay_module
from vibe_jupyter.core.tasks.records import NewTask
from vibe_jupyter.core.tasks.relay import OutboxRelay
from vibe_jupyter.core.tasks.store import TaskStore

if TYPE_CHECKING:
    from collections.abc import Iterable

    from vibe_jupyter.core.database.database import Database
    from vibe_jupyter.core.tasks.engine import Job

pytestmark = pytest.mark.asyncio

ME = "me"


class NotingEngine:
    """An engine that begins nothing by itself; `begin` says that it has begun what it was given."""

    def __init__(self) -> None:
        self.given: list[Job] = []
        self.unavailable = False
        self._waiting: Counter[str] = Counter()

    async def start(self) -> None:
        if self.unavailable:
            raise Unavailable("not now")

    async def waiting(self) -> Counter[str]:
        return self._waiting

    async def submit_many(self, jobs: Iterable[Job]) -> None:
        for job in jobs:
            self.given.append(job)
            self._waiting[job.user_id] += 1

    def begin(self) -> None:
        self._waiting.clear()


@pytest.fixture
def store(database: Database) -> TaskStore:
    for user in ("ada", "bob"):
        AccountStore(database).ensure(user, user)
    return TaskStore(database)


async def accept(
    store: TaskStore, user: str, count: int = 1, *, priority: int = 0, by: str = ME
) -> list[str]:
    tasks = [
        NewTask(
            id=new_id(), user_id=user, type="t", capability="c", input="{}", required_capabilities="[]",
            root="/", priority=priority, timeout_s=1, is_shared=True,
        )
        for _ in range(count)
    ]  # fmt: skip
    await asyncio.gather(*(store.insert(task, by) for task in tasks))
    return [task.id for task in tasks]


def make_relay(store: TaskStore, engine: Any) -> OutboxRelay:
    return OutboxRelay(store, engine, asyncio.get_running_loop(), ME)


async def test_everything_is_handed_over_once_the_urgent_first(store: TaskStore) -> None:
    low, high, normal = [(await accept(store, "ada", priority=priority))[0] for priority in (-5, 7, 0)]
    engine = NotingEngine()
    relay = make_relay(store, engine)
    assert await relay.empty() == 3
    assert [job.task_id for job in engine.given] == [high, normal, low]
    assert [job.priority for job in engine.given] == [7, 0, -5]
    assert await relay.empty() == 0


async def test_a_flood_waits_in_the_outbox_and_delays_nobody_else(
    store: TaskStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(relay_module, "_LOOK_S", 0.01)
    await accept(store, "ada", 200)
    engine = NotingEngine()
    emptying = asyncio.ensure_future(make_relay(store, engine).empty())
    async with asyncio.timeout(20):
        while len(engine.given) < relay_module._ENOUGH:
            await asyncio.sleep(0)
        (urgent,) = await accept(store, "bob")
        while engine.given[-1].task_id != urgent:
            await asyncio.sleep(0)
        assert Counter(job.user_id for job in engine.given) == {"ada": relay_module._ENOUGH, "bob": 1}
        while not emptying.done():
            engine.begin()
            await asyncio.sleep(0)
    assert await emptying == 201
    assert len({job.task_id for job in engine.given}) == 201


async def test_what_the_engine_cannot_take_stays_and_is_tried_again(
    store: TaskStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(relay_module, "_RETRY_S", 0.01)
    (task_id,) = await accept(store, "ada")
    engine = NotingEngine()
    engine.unavailable = True
    relay = make_relay(store, engine)
    running = asyncio.ensure_future(relay.run())
    relay.wake()
    async with asyncio.timeout(20):
        while relay._bell.is_set() or not relay._is_rung:
            await asyncio.sleep(0)
        assert await store.outbox(ME, "ada", 10) == [(task_id, 0, 1)]
        engine.unavailable = False
        while not engine.given:
            await asyncio.sleep(0)
    running.cancel()
    assert [job.task_id for job in engine.given] == [task_id]


async def test_the_outbox_of_a_dead_process_is_handed_over_by_its_heir(store: TaskStore) -> None:
    (task_id,) = await accept(store, "ada", by="dead")
    engine = NotingEngine()
    relay = make_relay(store, engine)
    assert await relay.empty() == 0
    assert await store.adopt_outbox("dead", ME) == 1
    assert await relay.empty() == 1
    assert [job.task_id for job in engine.given] == [task_id]


async def test_a_cancelled_task_is_not_handed_over(store: TaskStore) -> None:
    (task_id,) = await accept(store, "ada")
    assert await store.cancel("ada", task_id) == "queued"
    engine = NotingEngine()
    assert await make_relay(store, engine).empty() == 0
    assert engine.given == []
