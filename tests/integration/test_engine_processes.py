"""Several real processes with an engine on one database; some of them are killed."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import sys
import time
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import pytest_asyncio

from vibe_jupyter.core.accounts.store import AccountStore
from vibe_jupyter.core.ids import new_id
from vibe_jupyter.core.tasks.records import NewTask
from vibe_jupyter.core.tasks.store import TaskStore

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from vibe_jupyter.core.database.database import Database

pytestmark = [pytest.mark.asyncio, pytest.mark.slow]

SCRIPT = Path(__file__).with_name("engine_process.py")
Line = tuple[str, str, int]
"""A word, its argument and the pid of the process that said it."""


class Process:
    """A started engine process."""

    def __init__(self, process: asyncio.subprocess.Process, crew: Crew) -> None:
        self._process = process
        self._crew = crew
        self.pid = process.pid
        self.reading = asyncio.create_task(self._read())

    async def tell(self, **command: Any) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(command).encode() + b"\n")
        await self._process.stdin.drain()

    async def submit(self, *task_ids: str, user: str = "u", shared: bool = True) -> None:
        await self.tell(submit=[(task_id, user, 0, shared) for task_id in task_ids])
        await self._crew.until(lambda lines: ("ACCEPTED", str(len(task_ids)), self.pid) in lines)

    async def kill(self) -> None:
        if self._process.returncode is None:
            self._process.send_signal(signal.SIGCONT)
            self._process.kill()
        await self.ended()

    async def stop(self) -> None:
        await self.tell(stop=True)
        await self.ended()
        assert self._process.returncode == 0

    async def ended(self) -> None:
        await self._process.wait()
        await self.reading

    def signal(self, number: int) -> None:
        self._process.send_signal(number)

    async def _read(self) -> None:
        assert self._process.stdout is not None
        async for line in self._process.stdout:
            word, argument, pid = line.decode().split()
            self._crew.hear((word, argument, int(pid)))


class Crew:
    """Engine processes on one database, and what they have said."""

    def __init__(self, database: Database, folder: Path) -> None:
        self.database = database
        self.store = TaskStore(database)
        self.folder = folder
        self.lines: list[Line] = []
        self._heard = asyncio.Event()
        self._processes: list[Process] = []
        AccountStore(database).ensure("u", "U")
        AccountStore(database).ensure("v", "V")

    async def start(self, **options: Any) -> Process:
        given = {"folder": str(self.folder), "url": self.database.url, **options}
        started = await asyncio.create_subprocess_exec(
            sys.executable,
            str(SCRIPT),
            json.dumps(given),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": str(SCRIPT.parents[2])},
        )
        process = Process(started, self)
        self._processes.append(process)
        await self.until(lambda lines: any(word == "READY" and pid == process.pid for word, _, pid in lines))
        return process

    async def new_task(self, *, user: str = "u", **plan: Any) -> str:
        """Store a task as accepted and handed over."""
        task_id = new_id()
        row = NewTask(task_id, user, "t", "c", json.dumps(plan), "[]", "/", 0, 60.0, is_shared=True)
        await self.store.insert(row, "test")
        await self.store.handed_over([task_id])
        return task_id

    async def new_tasks(self, count: int, **plan: Any) -> list[str]:
        return [await self.new_task(**plan) for _ in range(count)]

    async def until(self, holds: Callable[[list[Line]], bool], limit_s: float = 25) -> None:
        async with asyncio.timeout(limit_s):
            while not holds(self.lines):
                self._heard.clear()
                await self._heard.wait()

    async def until_said(self, word: str, *arguments: str, limit_s: float = 25) -> None:
        await self.until(
            lambda lines: set(arguments) <= {line[1] for line in lines if line[0] == word}, limit_s
        )

    def hear(self, line: Line) -> None:
        self.lines.append(line)
        self._heard.set()

    def said(self, word: str, argument: str) -> list[int]:
        """Return the pids of the processes that said it, in order."""
        return [pid for said, about, pid in self.lines if (said, about) == (word, argument)]

    def counts(self, word: str) -> Counter[str]:
        return Counter(argument for said, argument, _ in self.logged() if said == word)

    def logged(self) -> list[Line]:
        """Return what is in the file that survives any kill."""
        lines = (line.split() for line in (self.folder / "log").read_text().splitlines())
        return [(word, argument, int(pid)) for word, argument, pid in lines]

    async def state(self, task_id: str) -> tuple[str, str | None]:
        row = json.loads(await self.store.get("u", task_id))
        return row["state"], row["error"] and row["error"]["code"]

    async def kill_all(self) -> None:
        for process in self._processes:
            with contextlib.suppress(ProcessLookupError):
                await process.kill()


@pytest_asyncio.fixture
async def crew(database: Database, tmp_path: Path) -> AsyncIterator[Crew]:
    made = Crew(database, tmp_path)
    yield made
    await made.kill_all()


async def test_one_survivor_takes_over_from_a_killed_process_at_once(crew: Crew) -> None:
    first = await crew.start(concurrency=4)
    held = await crew.new_tasks(4, hold=True)
    waiting = await crew.new_tasks(12)
    await first.submit(*held)
    await crew.until_said("START", *held)
    await first.submit(*waiting)
    survivors = [await crew.start(concurrency=4), await crew.start(concurrency=4)]
    for task_id in held:
        for survivor in survivors:
            await survivor.tell(release=task_id)
    began = time.monotonic()
    await first.kill()
    await crew.until_said("END", *held, *waiting, limit_s=30)
    assert time.monotonic() - began < 10
    assert set(crew.counts("END").values()) == {1}
    assert {task_id: crew.counts("START")[task_id] for task_id in held} == dict.fromkeys(held, 2)
    assert all(crew.said("START", task_id)[0] == first.pid for task_id in held)


async def test_a_restart_goes_on_with_everything_within_ten_seconds(crew: Crew) -> None:
    held, waiting = await crew.new_tasks(4, hold=True), await crew.new_tasks(30)
    first = await crew.start(concurrency=4)
    await first.submit(*held)
    await crew.until_said("START", *held)
    await first.submit(*waiting)
    await first.kill()
    began = time.monotonic()
    again = await crew.start(concurrency=8)
    for task_id in held:
        await again.tell(release=task_id)
    await crew.until_said("END", *held, *waiting)
    assert time.monotonic() - began < 10
    assert set(crew.counts("END").values()) == {1}
    assert [crew.said("START", task_id) for task_id in held] == [[first.pid, again.pid]] * 4


@pytest.mark.measured
async def test_a_task_that_kills_its_processes_is_given_up(crew: Crew) -> None:
    deadly = await crew.new_task(kill=True)
    first = await crew.start()
    await first.tell(submit=[(deadly, "u", 0, True)])
    await first.ended()
    for _ in range(3):
        await (await crew.start()).ended()
    await crew.start()
    await crew.until_said("DROPPED", deadly)
    assert await crew.state(deadly) == ("failed", "task.crashed_repeatedly")
    assert crew.counts("START")[deadly] == 4


@pytest.mark.measured
async def test_a_task_that_must_not_run_twice_ends_as_abandoned(crew: Crew) -> None:
    first = await crew.start()
    once, again = await crew.new_task(hold=True, target="once"), await crew.new_task(hold=True)
    await first.submit(once, again)
    await crew.until_said("START", once, again)
    await first.kill()
    second = await crew.start()
    await second.tell(release=again)
    await crew.until_said("END", again)
    await crew.until_said("DROPPED", once)
    assert await crew.state(once) == ("failed", "task.abandoned")
    assert crew.counts("START")[once] == 1


@pytest.mark.measured
async def test_a_cancelled_task_does_not_come_back_to_life(crew: Crew) -> None:
    first = await crew.start()
    running, other = await crew.new_task(hold=True), await crew.new_task(hold=True)
    await first.submit(running, other)
    await crew.until_said("START", running, other)
    await first.kill()
    await crew.store.cancel("u", running)
    second = await crew.start()
    await second.tell(release=other)
    await crew.until_said("END", other)
    await crew.until_said("DROPPED", running)
    assert await crew.state(running) == ("cancelled", None)
    assert crew.counts("START")[running] == 1


async def test_two_kernels_side_by_side_run_each_its_own(crew: Crew) -> None:
    kernels = [await crew.start(serves_shared=False, concurrency=2) for _ in range(2)]
    tasks = [await crew.new_tasks(20), await crew.new_tasks(20)]
    for kernel, own in zip(kernels, tasks, strict=True):
        await kernel.submit(*own, shared=False)
    await crew.until_said("END", *tasks[0], *tasks[1])
    for kernel, own in zip(kernels, tasks, strict=True):
        assert {pid for task_id in own for pid in crew.said("START", task_id)} == {kernel.pid}
    assert set(crew.counts("START").values()) == {1}


async def test_the_tasks_of_a_dead_kernel_are_taken_over_queued_ones_too(crew: Crew) -> None:
    kernel = await crew.start(serves_shared=False, concurrency=1, concurrency_per_user=1)
    running, *queued = await crew.new_tasks(6, hold=True)
    await kernel.submit(running, *queued, shared=False)
    await crew.until_said("START", running)
    await kernel.kill()
    survivor = await crew.start(serves_shared=False)
    for task_id in (running, *queued):
        await survivor.tell(release=task_id)
    await crew.until_said("END", running, *queued, limit_s=20)
    assert set(crew.counts("END").values()) == {1}
    assert all(crew.said("START", task_id) == [survivor.pid] for task_id in queued)


async def test_a_server_takes_over_from_a_dead_kernel(crew: Crew) -> None:
    kernel = await crew.start(serves_shared=False, concurrency=1, concurrency_per_user=1)
    server = await crew.start()
    tasks = await crew.new_tasks(4, hold=True)
    await kernel.submit(*tasks, shared=False)
    await crew.until_said("START", tasks[0])
    for task_id in tasks:
        await server.tell(release=task_id)
    await kernel.kill()
    await crew.until_said("END", *tasks, limit_s=20)
    assert {crew.said("END", task_id)[0] for task_id in tasks} == {server.pid}


async def test_a_process_that_was_never_started_is_buried_without_dbos(crew: Crew) -> None:
    first = await crew.start(starts=False)
    await first.kill()
    second = await crew.start(starts=False)
    await second.stop()
    assert not (crew.folder / "dbos.db").exists()


async def test_what_one_process_runs_another_one_cancels(crew: Crew) -> None:
    runner = await crew.start()
    other = await crew.start()
    task_id = await crew.new_task(hold=True)
    await runner.submit(task_id)
    await crew.until(lambda _: bool(crew.said("START", task_id)))
    [where] = crew.said("START", task_id)
    canceller = other if where == runner.pid else runner
    await crew.store.cancel("u", task_id)
    began = time.monotonic()
    await canceller.tell(cancel=task_id)
    await crew.until_said("CANCELLED", task_id)
    assert time.monotonic() - began < 1
    await canceller.stop()
    assert await crew.state(task_id) == ("cancelled", None)


async def test_two_servers_share_a_queue_and_run_each_task_once(crew: Crew) -> None:
    servers = [await crew.start(concurrency=4, concurrency_per_user=4) for _ in range(2)]
    tasks = await crew.new_tasks(80, seconds=0.05)
    await servers[0].submit(*tasks)
    await crew.until_said("END", *tasks)
    assert set(crew.counts("START").values()) == {1}
    shares = Counter(pid for word, _, pid in crew.lines if word == "END")
    assert set(shares) == {server.pid for server in servers}


@pytest.mark.measured
async def test_a_graceful_end_leaves_the_rest_to_others(crew: Crew) -> None:
    first = await crew.start(concurrency=1, concurrency_per_user=1)
    second = await crew.start()
    running, *queued = await crew.new_tasks(4)
    await first.submit(running, *queued)
    await first.stop()
    await crew.until_said("END", running, *queued)
    assert set(crew.counts("END").values()) == {1}
    await second.stop()


async def test_a_retry_is_seen_through_in_the_process_that_began_it(crew: Crew) -> None:
    server = await crew.start()
    task_id = await crew.new_task(fail=2)
    await server.submit(task_id)
    await crew.until_said("END", task_id)
    assert crew.counts("RETRY")[task_id] == 2
    assert crew.counts("START")[task_id] == 3


async def test_several_processes_may_start_at_once_on_nothing(crew: Crew) -> None:
    tasks = await crew.new_tasks(6)
    processes = await asyncio.gather(*(crew.start() for _ in range(3)))
    for process, task_id in zip(processes, tasks, strict=False):
        await process.submit(task_id)
    await crew.until_said("END", *tasks[:3])


@pytest.mark.parametrize(
    "database_url", [pytest.param("postgresql", marks=pytest.mark.postgres)], indirect=True
)
async def test_a_machine_that_was_asleep_lets_go_of_what_others_have_taken_over(crew: Crew) -> None:
    sleeper = await crew.start(machine="a", lease_ttl_s=2)
    task_id = await crew.new_task(hold=True)
    await sleeper.submit(task_id)
    await crew.until_said("START", task_id)
    sleeper.signal(signal.SIGSTOP)
    other = await crew.start(machine="b", lease_ttl_s=2)
    await other.tell(release=task_id)
    await crew.until_said("END", task_id)
    assert crew.said("END", task_id) == [other.pid]
    sleeper.signal(signal.SIGCONT)
    await crew.until_said("CANCELLED", task_id)
    await other.stop()
    new = await crew.new_task()
    await sleeper.submit(new)
    await crew.until_said("END", new)
    assert crew.counts("END") == {task_id: 1, new: 1}
    assert await crew.state(task_id) == ("succeeded", None)


async def test_500_tasks_and_a_kill_half_way(crew: Crew) -> None:
    tasks = set(await crew.new_tasks(500, seconds=0.01))
    first = await crew.start(concurrency=16)
    await first.submit(*tasks)
    await crew.until(lambda lines: sum(word == "END" for word, _, _ in lines) >= 120)
    await first.kill()
    begun = set(crew.counts("START"))
    ended = {task_id for task_id in begun if (await crew.state(task_id))[0] == "succeeded"}
    assert 120 <= len(ended) < 500
    survivors = [crew.start(concurrency=16), crew.start(concurrency=16)]
    await asyncio.gather(*survivors)
    await crew.until_said("END", *(begun - ended), limit_s=10)
    await crew.until_said("END", *(tasks - ended))
    assert set(crew.counts("END").values()) == {1}
    assert {task_id for task_id, count in crew.counts("START").items() if count > 1} == begun - ended
    assert {await crew.state(task_id) for task_id in tasks} == {("succeeded", None)}
