"""The engine in one process, on real DBOS and both databases. Several processes: tests/integration."""

from __future__ import annotations

import asyncio
import contextlib
import os
import stat
import subprocess
import sys
import time
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import pytest_asyncio
import sqlalchemy as sa

from vibe_jupyter.core.accounts.store import AccountStore
from vibe_jupyter.core.database.models import Lease, table_of
from vibe_jupyter.core.database.statements import Statement
from vibe_jupyter.core.errors import Unavailable, VibeError
from vibe_jupyter.core.ids import new_id
from vibe_jupyter.core.tasks import dbos_engine
from vibe_jupyter.core.tasks.dbos_database import close_database, is_synced, open_database
from vibe_jupyter.core.tasks.dbos_engine import DbosEngine
from vibe_jupyter.core.tasks.engine import Job, Retry, RetryPolicy
from vibe_jupyter.core.tasks.leases import Leases
from vibe_jupyter.core.tasks.records import NewTask
from vibe_jupyter.core.tasks.store import TaskStore

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterator

    from vibe_jupyter.core.database.database import Database

pytestmark = pytest.mark.asyncio

LEASES = table_of(Lease)


class Body:
    """What the engine calls: it counts, and does what the test says for each task."""

    def __init__(self) -> None:
        self.calls: Counter[str] = Counter()
        self.started: list[str] = []
        self.ended: list[str] = []
        self.cancelled: list[str] = []
        self.now: Counter[str] = Counter()
        self.most = 0
        self.scripts: dict[str, Callable[[int], Awaitable[None]]] = {}
        self.given_up: dict[str, str] = {}
        self._changed = asyncio.Event()

    async def give_up(self, task_id: str, error: Exception) -> None:
        self.given_up[task_id] = str(error)

    async def run(self, task_id: str) -> None:
        self.calls[task_id] += 1
        self.started.append(task_id)
        self.now[task_id] += 1
        self.most = max(self.most, self.now.total())
        self._note()
        try:
            if script := self.scripts.get(task_id):
                await script(self.calls[task_id])
            self.ended.append(task_id)
        except asyncio.CancelledError:
            self.cancelled.append(task_id)
            raise
        finally:
            self.now[task_id] -= 1
            self._note()

    async def until(self, holds: Callable[[Body], bool]) -> None:
        async with asyncio.timeout(30):
            while not holds(self):
                self._changed.clear()
                await self._changed.wait()

    def _note(self) -> None:
        self._changed.set()

    def hold(self, *task_ids: str) -> asyncio.Event:
        """Let these tasks wait until the event is set."""
        release = asyncio.Event()

        async def wait(_call: int) -> None:
            await release.wait()

        self.scripts.update(dict.fromkeys(task_ids, wait))
        return release

    def fail(self, task_id: str, *errors: Exception) -> None:
        """Let a task fail with these errors, then succeed."""

        async def script(call: int) -> None:
            if call <= len(errors):
                raise errors[call - 1]

        self.scripts[task_id] = script


class Care:
    """What is asked about orphans; it revives all."""

    def __init__(self) -> None:
        self.revived: list[str] = []
        self.adopted: list[str] = []

    async def adopt_outbox(self, dead: str) -> None:
        self.adopted.append(dead)

    async def revive(self, task_id: str, *, is_shared: bool) -> bool:
        self.revived.append(task_id)
        return True


class Bench:
    """Starts engines on one database, one after the other."""

    def __init__(self, database: Database, folder: Path) -> None:
        self.database = database
        self.body = Body()
        self.care = Care()
        self.leases = Leases(database, ttl_s=30)
        self.store = TaskStore(database)
        is_sqlite = database.dialect == "sqlite"
        self.url = f"sqlite:///{folder}/engine/dbos.db" if is_sqlite else database.url
        self._running: list[DbosEngine] = []
        self._numbers = iter(range(1, 10**6))

    async def start(self, *, starts: bool = True, **options: Any) -> DbosEngine:
        defaults = {"serves_shared": True, "concurrency": 4, "concurrency_per_user": 4}
        policy = RetryPolicy(max_attempts=3, interval_s=0.01, backoff=2)
        engine = DbosEngine(
            self.url,
            self.body.run,
            give_up=self.body.give_up,
            database=self.database,
            leases=self.leases,
            **{"retries": policy, **defaults, **options},
        )
        self._running.append(engine)
        await engine.open(self.care)
        if starts:
            await engine.start()
        return engine

    async def stop(self) -> None:
        while self._running:
            with contextlib.suppress(Unavailable):
                await self._running.pop().stop()

    def ids(self, count: int) -> list[str]:
        return [f"t{next(self._numbers)}" for _ in range(count)]

    async def hold_all_slots(self, engine: DbosEngine, count: int, user: str = "holder") -> asyncio.Event:
        held = self.ids(count)
        release = self.body.hold(*held)
        await engine.submit_many([Job(task_id, user) for task_id in held])
        await self.body.until(lambda body: set(held) <= set(body.started))
        return release

    @contextlib.contextmanager
    def full_disk(self, engine: DbosEngine) -> Iterator[None]:
        """Let DBOS's file grow no more."""
        assert engine._dbos is not None
        database = engine._dbos._database

        def pragma(sql: str) -> int:
            with database.connect() as connection:
                return int(connection.execute(sa.text(sql)).scalar_one())

        pragma(f"PRAGMA max_page_count={pragma('PRAGMA page_count')}")
        try:
            yield
        finally:
            pragma("PRAGMA max_page_count=1073741823")

    async def insert_unfinished_row(self) -> str:
        AccountStore(self.database).ensure("u", "U")
        task_id = new_id()
        task = NewTask(task_id, "u", "t", "c", "{}", "[]", "/", 0, 60.0, is_shared=True)
        await self.store.insert(task, "nobody")
        return task_id


@pytest_asyncio.fixture
async def bench(database: Database, tmp_path: Path) -> AsyncIterator[Bench]:
    made = Bench(database, tmp_path)
    yield made
    await made.stop()


async def until_status(engine: DbosEngine, task_id: str, *wanted: str) -> None:
    """Wait until DBOS has noted how a task ended, which it does a moment after the body."""
    async with asyncio.timeout(10):
        while await engine.status(task_id) not in wanted:
            pass


class TestSubmit:
    async def test_a_submitted_task_runs(self, bench: Bench) -> None:
        engine = await bench.start()
        await engine.submit(Job("t", "u"))
        await bench.body.until(lambda body: body.ended == ["t"])
        await until_status(engine, "t", "SUCCESS")
        assert await engine.status("unknown") is None

    async def test_submitting_again_attaches(self, bench: Bench) -> None:
        engine = await bench.start(concurrency=1, concurrency_per_user=1)
        running, waiting = bench.ids(2)
        release = bench.body.hold(running)
        for _ in range(2):
            await engine.submit_many([Job(running, "u"), Job(running, "u"), Job(waiting, "u")])
            await bench.body.until(lambda body: running in body.started)
        release.set()
        await bench.body.until(lambda body: waiting in body.ended)
        await engine.submit_many([Job(running, "u"), Job(waiting, "u")])
        last = bench.ids(1)[0]
        await engine.submit(Job(last, "u"))
        await bench.body.until(lambda body: last in body.ended)
        assert bench.body.calls == {running: 1, waiting: 1, last: 1}

    async def test_a_single_task_does_not_wait_for_a_poll(self, bench: Bench) -> None:
        engine = await bench.start()
        took = []
        for task_id in bench.ids(9):
            began = time.perf_counter()
            await engine.submit(Job(task_id, "u"))
            await bench.body.until(lambda body, task_id=task_id: task_id in body.ended)
            took.append(time.perf_counter() - began)
        assert sorted(took)[4] < 0.06

    async def test_many_run_within_the_limits_and_each_once(self, bench: Bench) -> None:
        engine = await bench.start(concurrency=4, concurrency_per_user=3)
        jobs = [Job(task_id, f"u{n % 2}") for n, task_id in enumerate(bench.ids(60))]
        await engine.submit_many(jobs)
        await bench.body.until(lambda body: len(body.ended) == 60)
        assert set(bench.body.calls.values()) == {1}
        assert bench.body.most <= 4


class TestOrder:
    async def test_a_higher_priority_starts_earlier(self, bench: Bench) -> None:
        engine = await bench.start(concurrency=1, concurrency_per_user=1)
        release = await bench.hold_all_slots(engine, 1)
        await engine.submit_many([Job(f"p{n}", "u", priority=n) for n in (-100, 3, 0, 100, -2)])
        release.set()
        await bench.body.until(lambda body: "p-100" in body.ended)
        assert bench.body.ended[1:] == ["p100", "p3", "p0", "p-2", "p-100"]

    async def test_a_user_is_not_held_up_by_the_many_tasks_of_another(self, bench: Bench) -> None:
        engine = await bench.start(concurrency=4, concurrency_per_user=2)
        many = bench.ids(20)
        release = bench.body.hold(*many)
        await engine.submit_many([Job(task_id, "a") for task_id in many])
        await bench.body.until(lambda body: body.now.total() == 2)
        await engine.submit(Job("other", "b"))
        await bench.body.until(lambda body: "other" in body.ended)
        assert bench.body.now.total() == 2
        release.set()
        await bench.body.until(lambda body: len(body.ended) == 21)

    async def test_it_says_how_many_of_each_user_wait(self, bench: Bench) -> None:
        engine = await bench.start(concurrency=1, concurrency_per_user=1)
        assert not await engine.waiting()
        release = await bench.hold_all_slots(engine, 1)
        await engine.submit_many([Job(task_id, user) for user in "aab" for task_id in bench.ids(10)])
        waiting = await engine.waiting()
        assert 29 <= waiting.total() <= 30  # DBOS may have taken one that waits for the slot
        assert waiting["a"] >= 19
        assert waiting["b"] >= 9
        release.set()
        await bench.body.until(lambda body: len(body.ended) == 31)
        while await engine.waiting():
            pass


class TestRetry:
    async def test_a_failure_that_may_pass_is_tried_again(self, bench: Bench) -> None:
        engine = await bench.start()
        bench.body.fail("t", Retry("not yet"), RuntimeError("nor now"))
        await engine.submit(Job("t", "u"))
        await until_status(engine, "t", "SUCCESS")
        assert bench.body.calls["t"] == 3

    async def test_attempts_are_bounded_and_their_pauses_grow(
        self, bench: Bench, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        pauses: list[float] = []
        sleep = asyncio.sleep

        async def note(delay: float, result: object = None) -> object:
            if delay >= 100:
                pauses.append(delay)
                delay = 0
            return await sleep(delay, result)

        engine = await bench.start(retries=RetryPolicy(max_attempts=4, interval_s=100, backoff=3))
        monkeypatch.setattr(asyncio, "sleep", note)
        bench.body.fail("t", *[Retry("never")] * 9)
        await engine.submit(Job("t", "u"))
        await until_status(engine, "t", "ERROR")
        assert bench.body.calls["t"] == 4
        assert bench.body.given_up == {"t": "never"}
        assert pauses == [100, 300, 900]

    async def test_who_waits_for_the_next_attempt_takes_no_slot(self, bench: Bench) -> None:
        engine = await bench.start(
            concurrency=1, concurrency_per_user=1, retries=RetryPolicy(max_attempts=3, interval_s=600)
        )
        bench.body.fail("waits", Retry("later"))
        await engine.submit(Job("waits", "u"))
        await bench.body.until(lambda body: body.calls["waits"] == 1)
        await engine.submit(Job("next", "u"))
        await bench.body.until(lambda body: "next" in body.ended)
        await engine.cancel("waits")  # its body is called once more, to store the end
        await bench.body.until(lambda body: "waits" in body.ended)
        assert bench.body.calls["waits"] == 2

    async def test_a_cancellation_from_inside_is_a_failure_like_others(self, bench: Bench) -> None:
        async def script(call: int) -> None:
            if call == 1:
                raise asyncio.CancelledError

        engine = await bench.start()
        bench.body.scripts["t"] = script
        await engine.submit(Job("t", "u"))
        await bench.body.until(lambda body: "t" in body.ended)
        assert bench.body.calls["t"] == 2


class TestCancel:
    async def test_a_running_body_is_stopped_at_once(self, bench: Bench) -> None:
        engine = await bench.start()
        bench.body.hold("t")
        await engine.submit(Job("t", "u"))
        await bench.body.until(lambda body: "t" in body.started)
        began = time.perf_counter()
        await engine.cancel("t")
        await bench.body.until(lambda body: body.cancelled == ["t"])
        assert time.perf_counter() - began < 0.1
        await until_status(engine, "t", "SUCCESS")  # there is nothing left to do for DBOS
        assert bench.body.calls["t"] == 1

    async def test_what_another_process_cancels_is_stopped_within_a_second(self, bench: Bench) -> None:
        engine = await bench.start()
        bench.body.hold("t")
        await engine.submit(Job("t", "u"))
        await bench.body.until(lambda body: "t" in body.started)
        began = time.perf_counter()
        assert engine._dbos is not None
        await engine._dbos.cancel(["t"])
        await bench.body.until(lambda body: body.cancelled == ["t"])
        assert time.perf_counter() - began < 1

    async def test_a_waiting_task_leaves_its_queue(self, bench: Bench) -> None:
        engine = await bench.start(concurrency=1, concurrency_per_user=1)
        release = await bench.hold_all_slots(engine, 1)
        waiting = bench.ids(6)
        await engine.submit_many([Job(task_id, "u") for task_id in waiting])
        for task_id in waiting[:5]:
            await engine.cancel(task_id)
        release.set()
        await bench.body.until(lambda body: waiting[5] in body.ended)
        await until_status(engine, waiting[0], "CANCELLED", "SUCCESS")
        # one of them had left the queue already: its body is called to see that it was cancelled
        assert sum(bench.body.calls[task_id] for task_id in waiting[:5]) <= 1


class TestEnd:
    async def test_a_body_that_is_running_has_a_moment(self, bench: Bench) -> None:
        engine = await bench.start()
        release = bench.body.hold("t")
        await engine.submit(Job("t", "u"))
        await bench.body.until(lambda body: "t" in body.started)
        stopping = asyncio.create_task(engine.stop())
        await asyncio.sleep(0)
        release.set()
        await stopping
        assert bench.body.ended == ["t"]
        assert await bench.leases.claim_dead("other") == []

    async def test_what_does_not_end_in_time_goes_on_in_the_next_process(
        self, bench: Bench, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(dbos_engine, "_GRACE_S", 0.0)
        engine = await bench.start(concurrency=2, concurrency_per_user=2)
        task_ids = [await bench.insert_unfinished_row() for _ in range(5)]
        bench.body.hold(*task_ids)
        await engine.submit_many([Job(task_id, "u") for task_id in task_ids])
        await bench.body.until(lambda body: body.now.total() == 2)
        await engine.stop()
        assert len(bench.body.cancelled) == 2
        assert bench.body.ended == []
        bench.body.scripts.clear()
        second = await bench.start()
        await bench.body.until(lambda body: len(body.ended) == 5)
        assert bench.care.adopted == [engine.executor_id]
        assert set(bench.care.revived) >= set(bench.body.cancelled)
        assert second.executor_id != engine.executor_id

    async def test_what_waits_stays_in_the_queue_while_it_ends(
        self, bench: Bench, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(dbos_engine, "_GRACE_S", 0.0)
        engine = await bench.start(concurrency=2, concurrency_per_user=2)
        await bench.hold_all_slots(engine, 2)
        waiting = [await bench.insert_unfinished_row() for _ in range(40)]
        await engine.submit_many([Job(task_id, "u") for task_id in waiting])
        await engine.stop()
        bench.body.scripts.clear()
        await bench.start()
        await bench.body.until(lambda body: len(body.ended) == 42)
        assert len(bench.care.revived) <= 2 + 2 * 2  # what ran, and what DBOS took from the queue meanwhile

    async def test_to_thread_works_afterwards(self, bench: Bench) -> None:
        engine = await bench.start()
        await engine.stop()
        assert await asyncio.to_thread(lambda: "yes") == "yes"

    async def test_nothing_is_submitted_to_an_engine_that_was_taken_for_dead(self, bench: Bench) -> None:
        engine = await bench.start()
        await engine.suspend()
        with pytest.raises(Unavailable) as refused:
            await engine.submit(Job("t", "u"))
        assert refused.value.code == "task.suspended"
        await engine.resume()


async def test_a_process_that_lost_its_lease_stops_its_bodies_and_begins_anew(bench: Bench) -> None:
    engine = await bench.start()
    bench.body.hold("taken", "left")
    await engine.submit_many([Job("taken", "u"), Job("left", "u")])
    await bench.body.until(lambda body: body.now.total() == 2)
    elsewhere = Statement(sa.update(LEASES).values(host="elsewhere", boot_id="0 pid:[1]", expires=1e9))
    await bench.database.write(lambda c: c.run(elsewhere))
    assert await bench.leases.claim_dead("other") == [engine.executor_id]

    await engine._reaper.beat()
    assert sorted(bench.body.cancelled) == ["left", "taken"]
    await engine._reaper.beat()  # still being reaped
    assert bench.body.now.total() == 0

    bench.body.scripts.clear()
    await bench.leases.bury("other", engine.executor_id)
    await engine._reaper.beat()
    await bench.body.until(lambda body: sorted(body.ended) == ["left", "taken"])
    await engine.submit(Job("new", "u"))
    await bench.body.until(lambda body: "new" in body.ended)


async def test_a_task_that_only_our_own_table_knows_as_running_is_handed_in_again(bench: Bench) -> None:
    lost = await bench.insert_unfinished_row()
    await bench.store.start(lost, "dead", ("x", "oracle"), "{}", attempt=1)
    await bench.leases.acquire("dead", serves_shared=True)
    await bench.leases.release("dead", is_clean=False)
    await bench.start()
    await bench.body.until(lambda body: body.ended == [lost])
    assert bench.care.revived == [lost]


async def test_pruning_forgets_what_has_ended(bench: Bench) -> None:
    engine = await bench.start(concurrency=1, concurrency_per_user=1)
    await engine.submit(Job("old", "u"))
    await until_status(engine, "old", "SUCCESS")
    release = await bench.hold_all_slots(engine, 1)
    await engine.submit(Job("waiting", "u"))
    assert await engine.prune(datetime.now(UTC) - timedelta(days=1)) == 0
    assert await engine.prune(datetime.now(UTC) + timedelta(days=1)) == 1
    assert await engine.status("old") is None
    release.set()
    await bench.body.until(lambda body: "waiting" in body.ended)


async def test_one_engine_at_a_time(bench: Bench) -> None:
    first = await bench.start()
    with pytest.raises(RuntimeError, match="one task engine at a time"):
        await bench.start()
    await first.submit(Job("t", "u"))
    await bench.body.until(lambda body: body.ended == ["t"])


def damage(file: Path) -> None:
    file.write_bytes(b"no database at all" * 1000)


def move_away(file: Path) -> None:
    file.rename(file.with_suffix(".damaged"))


class TestDamage:
    @pytest.fixture
    def file(self, bench: Bench) -> Path:
        if bench.database.dialect != "sqlite":
            pytest.skip("this is about files")
        path = Path(bench.url.removeprefix("sqlite:///"))
        path.parent.mkdir()
        return path

    async def test_a_damaged_file_is_named_and_moving_it_away_loses_no_task(
        self, bench: Bench, file: Path
    ) -> None:
        damage(file)
        engine = await bench.start(starts=False)
        waiting = await bench.insert_unfinished_row()
        await bench.store.handed_over([waiting])
        with pytest.raises(Unavailable) as damaged:
            await engine.submit(Job("t", "u"))
        assert damaged.value.code == "database.corrupt"
        assert "dbos.db" in str(damaged.value)
        move_away(file)
        await engine.submit(Job("t", "u"))
        await bench.body.until(lambda body: sorted(body.ended) == sorted([waiting, "t"]))

    async def test_a_full_disk_refuses_and_accepts_again(self, bench: Bench, file: Path) -> None:
        engine = await bench.start(concurrency=1, concurrency_per_user=1)
        release = await bench.hold_all_slots(engine, 1)
        with bench.full_disk(engine), pytest.raises(VibeError) as full:
            await engine.submit_many([Job(f"t{n}" + "x" * 5000, "u") for n in range(20)])
        assert full.value.code == "database.full"
        await engine.submit(Job("t", "u"))
        release.set()
        await bench.body.until(lambda body: "t" in body.ended)
        assert bench.body.calls.total() == 2


async def test_dbos_is_silent(bench: Bench, capfd: pytest.CaptureFixture[str]) -> None:
    engine = await bench.start()
    bench.body.fail("t", *[RuntimeError("broken")] * 9)
    await engine.submit(Job("t", "u"))
    await until_status(engine, "t", "ERROR")
    await engine.stop()
    shown = "".join(capfd.readouterr())
    assert "Traceback" not in shown
    assert "dbos" not in shown.lower()


@pytest.mark.skipif(os.name != "posix", reason="file modes are POSIX's")
async def test_the_file_is_its_owners_only(tmp_path: Path) -> None:
    engine = open_database(f"sqlite:///{tmp_path}/folder/dbos.db")
    with engine.begin() as connection:
        connection.execute(sa.text("CREATE TABLE t (x)"))
        files = list((tmp_path / "folder").iterdir())
        modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in files}
    close_database(engine)
    assert modes == dict.fromkeys(("dbos.db", "dbos.db-wal", "dbos.db-shm"), 0o600)


async def test_what_is_submitted_is_synced_and_what_is_noted_is_not(tmp_path: Path) -> None:
    engine = open_database(f"sqlite:///{tmp_path}/dbos.db")

    def level() -> int:
        with engine.connect() as connection:
            return int(connection.execute(sa.text("PRAGMA synchronous")).scalar_one())

    normal, full = 1, 2
    assert level() == normal
    token = is_synced.set(True)
    assert await asyncio.to_thread(level) == full
    is_synced.reset(token)
    assert await asyncio.to_thread(level) == normal
    close_database(engine)


async def test_the_protocol_costs_nothing_to_import() -> None:
    code = (
        "import sys, vibe_jupyter.core.tasks.engine; print(sorted({'dbos', 'sqlalchemy'} & set(sys.modules)))"
    )
    found = await asyncio.to_thread(subprocess.check_output, [sys.executable, "-c", code], text=True)
    assert found == "[]\n"
