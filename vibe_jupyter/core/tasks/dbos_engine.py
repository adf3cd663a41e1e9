"""The task engine on DBOS, embedded: SQLite in a file, or PostgreSQL by URL.

A task that comes in while a slot is free is started at once (3 ms); what finds none waits in a DBOS queue, which
orders by priority, gives each user a share and is shared by all servers and workers. Both ways end in `Bodies`.
"""

from __future__ import annotations

import asyncio
import importlib
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING, Any

from vibe_jupyter.core.errors import Unavailable, VibeError
from vibe_jupyter.core.ids import new_executor_id
from vibe_jupyter.core.logs import get_logger
from vibe_jupyter.core.tasks.bodies import Bodies
from vibe_jupyter.core.tasks.dbos_database import engine_errors
from vibe_jupyter.core.tasks.engine import RetryPolicy
from vibe_jupyter.core.tasks.reaper import Reaper
from vibe_jupyter.core.tasks.slots import Slots
from vibe_jupyter.core.tasks.store import TaskStore
from vibe_jupyter.core.tasks.stranded import stranded_jobs

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable
    from datetime import datetime

    from vibe_jupyter.core.database.database import Database
    from vibe_jupyter.core.tasks.dbos_runtime import DbosRuntime
    from vibe_jupyter.core.tasks.engine import Job, OrphanCare
    from vibe_jupyter.core.tasks.leases import LeaseStore

__all__ = ["DbosEngine"]

_GRACE_S = 5.0
_CANCEL_POLL_S = 0.4
_OUTCOME_POLL_S, _OUTCOME_POLLS = 0.02, 50
_AFTER_BUG_S = 1.0
_BATCH = 50
"""How many tasks are enqueued in one transaction: DBOS's own statements wait meanwhile."""

log = get_logger("tasks")


class DbosEngine:
    """See `engine.TaskEngine` and `engine.create_engine`."""

    def __init__(
        self,
        url: str,
        run: Callable[[str], Awaitable[None]],
        *,
        give_up: Callable[[str, Exception], Awaitable[None]],
        database: Database,
        leases: LeaseStore,
        serves_shared: bool,
        concurrency: int,
        concurrency_per_user: int,
        retries: RetryPolicy | None = None,
    ) -> None:
        self.executor_id = new_executor_id()
        self.serves_shared = serves_shared
        self._url = url
        self._leases = leases
        self._database = database
        self._tasks = TaskStore(database)
        self._concurrency, self._per_user = concurrency, min(concurrency_per_user, concurrency)
        self._bodies = Bodies(run, Slots(concurrency, self._per_user), retries or RetryPolicy(), give_up)
        self._reaper = Reaper(leases, self)
        self._orphans: OrphanCare
        self._dbos: DbosRuntime | None = None
        self._is_suspended = False
        self._starting = asyncio.Lock()
        self._own_background: list[asyncio.Task[None]] = []
        self._dbos_background: list[asyncio.Task[None]] = []

    async def open(self, orphans: OrphanCare) -> None:
        """Be known as alive from now on, and look after the tasks of processes that are not."""
        self._orphans = orphans
        await self._reaper.acquire()
        self._own_background = [_in_background(self._reaper.run)]

    async def start(self) -> None:
        """Import and launch DBOS on the running event loop, whose default executor becomes DBOS's.

        Raises:
            Unavailable: `task.suspended`, while other processes take this one for dead.
            VibeError: `database.*`, about the engine's own database.
        """
        if self._dbos is None:
            async with self._starting:
                if self._dbos is None:
                    await self._launch()
            if self._dbos is not None and self._dbos.is_new:
                self._dbos.is_new = False
                await self.submit_many(await stranded_jobs(self._database))

    async def _launch(self) -> None:
        if self._is_suspended:
            raise Unavailable(
                "this process was taken for dead and is about to begin anew",
                code="task.suspended",
                hint="tasks that are accepted now start in some seconds",
            )
        module: Any = await _in_thread(importlib.import_module, "vibe_jupyter.core.tasks.dbos_runtime")
        limits = module.Limits(self._concurrency, self._per_user)
        dbos: DbosRuntime = module.DbosRuntime(
            self._url, self.executor_id, self._bodies, limits, serves_shared=self.serves_shared
        )
        self._bodies.open()
        try:
            with engine_errors():
                await dbos.launch()
        except BaseException:
            await _in_thread(dbos.destroy)
            raise
        runs: list[Callable[[], Awaitable[None]]] = [pace.run for pace in dbos.queues.values()]
        runs.append(partial(self._watch_cancellations, dbos))
        self._dbos_background = [_in_background(run) for run in runs]
        self._dbos = dbos

    async def submit(self, job: Job) -> None:
        """Take a task over for good."""
        await self.submit_many([job])

    async def submit_many(self, jobs: Iterable[Job]) -> None:
        """Take tasks over for good: start what finds a free slot, enqueue the rest."""
        dbos = await self._started()
        at_once: list[Job] = []
        waiting: dict[str, list[Job]] = {}
        for job in sorted(jobs, key=lambda job: -job.priority):
            queue = await self._queue_for(job)
            pace = dbos.queues.get(queue)
            if pace is not None and not pace.is_busy and self._bodies.reserve(job.task_id, job.user_id):
                pace.warm()
                at_once.append(job)
            else:
                waiting.setdefault(queue, []).append(job)
        with engine_errors():
            await asyncio.gather(*(self._start_now(dbos, job) for job in at_once))
            for queue, group in waiting.items():
                for first in range(0, len(group), _BATCH):
                    await dbos.enqueue(group[first : first + _BATCH], queue)

    async def waiting(self) -> Counter[str]:
        """Return how many tasks of each user wait in the queues that this process serves."""
        dbos = await self._started()
        count: Counter[str] = Counter()
        with engine_errors():
            for queue, pace in dbos.queues.items():
                if pace.is_busy:
                    count += await dbos.waiting(queue)
        return count

    async def _queue_for(self, job: Job) -> str:
        from vibe_jupyter.core.tasks.dbos_runtime import SHARED, own_queue

        if self.serves_shared or (job.shared and await self._leases.is_shared_served()):
            return SHARED
        return own_queue(self.executor_id)

    async def _start_now(self, dbos: DbosRuntime, job: Job) -> None:
        is_started = False
        try:
            is_started = await dbos.start_now(job)
        finally:
            if not is_started:
                self._bodies.drop_reservation(job.task_id, job.user_id)

    async def cancel(self, task_id: str) -> None:
        """Stop a task: here at once, elsewhere at the next look of the process that has it."""
        if not self._bodies.cancel(task_id):
            with engine_errors():
                await (await self._started()).cancel([task_id])

    async def status(self, task_id: str) -> str | None:
        """Return DBOS's status of the task."""
        with engine_errors():
            return await (await self._started()).status(task_id)

    async def prune(self, before: datetime) -> int:
        """Forget what ended before a time; nothing as long as DBOS was not needed."""
        with engine_errors():
            return 0 if self._dbos is None else await self._dbos.prune(before)

    async def stop(self) -> None:
        """Give running bodies a moment, leave the rest to whoever lives, and end."""
        await _cancel_all(self._own_background)
        try:
            await self._halt(_GRACE_S)
            is_clean = self._left_nothing and not await self._tasks.outbox_users(self.executor_id)
            await self._leases.release(self.executor_id, is_clean=is_clean)
        except VibeError as error:  # the lease runs out, or the next process sees that we are gone
            log.warning("lease was not released", reason=str(error))

    async def _halt(self, grace_s: float) -> None:
        """Stop all bodies and DBOS."""
        self._left_nothing = True
        async with self._starting:
            dbos, self._dbos = self._dbos, None
            if dbos is None:
                return
            await self._bodies.close(grace_s)
            await _cancel_all(self._dbos_background)
            try:
                with engine_errors():
                    await self._settle(dbos)
                    self._left_nothing = await _in_thread(dbos.destroy)
            finally:
                self._bodies.let_go()
        # the one that DBOS has put there is closed
        asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(thread_name_prefix="vibe-loop"))

    async def _settle(self, dbos: DbosRuntime) -> None:
        """Give DBOS a moment to note that bodies have ended."""
        for _ in range(_OUTCOME_POLLS):
            if self._bodies.has_left or not await dbos.has_unfinished():
                return
            await asyncio.sleep(_OUTCOME_POLL_S)

    async def suspend(self) -> None:
        """Stop all bodies at once: others may be running the same tasks."""
        self._is_suspended = True
        await self._halt(0)

    async def resume(self) -> None:
        """Begin anew; DBOS finds again what this process had and nobody has taken over."""
        self._is_suspended = False
        await self.start()

    async def take_over(self, dead: str, keep_claim: Callable[[], Awaitable[bool]]) -> bool:
        """Hand on all tasks of a dead process; false if the claim on it was lost meanwhile."""
        await self._orphans.adopt_outbox(dead)
        if not await self._tasks.has_unfinished():
            return True
        with engine_errors():
            dbos = await self._started()
            from vibe_jupyter.core.tasks.inheritance import Inheritance

            to_servers = self.serves_shared or await self._leases.is_shared_served()
            inheritance = Inheritance(
                dbos, self._tasks, self._orphans, self, to_servers=to_servers, keep_claim=keep_claim
            )
            return await inheritance.hand_on(dead)

    async def _started(self) -> DbosRuntime:
        await self.start()
        assert self._dbos is not None
        return self._dbos

    async def _watch_cancellations(self, dbos: DbosRuntime) -> None:
        """See what other processes have cancelled; DBOS itself looks once a second, and for steps only."""
        while True:
            await self._bodies.arrived.wait()
            self._bodies.arrived.clear()
            while task_ids := self._bodies.task_ids:
                await asyncio.sleep(_CANCEL_POLL_S)
                for task_id in await dbos.cancelled_among(task_ids):
                    self._bodies.cancel(task_id)


async def _in_thread(function: Callable[..., Any], *arguments: Any) -> Any:
    """Run something that blocks on a thread of its own, which DBOS has no say in."""
    with ThreadPoolExecutor(1, thread_name_prefix="vibe-dbos") as executor:
        return await asyncio.get_running_loop().run_in_executor(executor, function, *arguments)


def _in_background(run: Callable[[], Awaitable[None]]) -> asyncio.Task[None]:
    """Start what runs until it is cancelled; a bug in it is reported, and it goes on."""

    async def keep_on() -> None:
        while True:
            try:
                await run()
            except Exception:
                log.exception("background work of the task engine failed")
                await asyncio.sleep(_AFTER_BUG_S)

    return asyncio.create_task(keep_on())


async def _cancel_all(tasks: list[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    tasks.clear()
