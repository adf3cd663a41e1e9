"""Hands accepted tasks to the engine: the outbox is emptied as soon as something is in it.

A task and its place in the outbox are stored in one commit, so a crash between "accepted" and "queued" loses
nothing: whoever takes over the dead process's outbox hands the rest over. Handing over twice does no harm, since
the engine knows a task by its id.

The engine gets only as much as it can soon begin with: to enqueue a task costs it far more than to accept one costs
us, so a flood is accepted fast and waits here. Each user has a share, so that one's flood delays no other's task.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from vibe_jupyter.core.errors import VibeError
from vibe_jupyter.core.logs import get_logger
from vibe_jupyter.core.tasks.engine import Job

if TYPE_CHECKING:
    from vibe_jupyter.core.tasks.engine import TaskEngine
    from vibe_jupyter.core.tasks.store import TaskStore

__all__ = ["OutboxRelay"]

_RETRY_S = 1.0
_ENOUGH = 64  # tasks of a user that wait in the engine: what it begins within a few looks
_LOOK_S = 0.1
_FAILURES = 3
"""After so many in a row, people are told of it."""

log = get_logger("tasks")


class OutboxRelay:
    """Runs on the platform's loop; `wake` may be called from any thread.

    Args:
        outbox_id: whose accepted tasks are handed over.
    """

    def __init__(
        self, store: TaskStore, engine: TaskEngine, loop: asyncio.AbstractEventLoop, outbox_id: str
    ) -> None:
        self.outbox_id = outbox_id
        self._store = store
        self._engine = engine
        self._loop = loop
        self._bell = asyncio.Event()
        self._is_rung = False
        self._failures = 0
        self.problem: str | None = None
        """Why nothing is handed over, if that is so."""

    def wake(self) -> None:
        """Say that something was accepted."""
        if not self._is_rung:  # a second ring before the first is heard would say nothing more
            self._is_rung = True
            self._loop.call_soon_threadsafe(self._bell.set)

    async def run(self) -> None:
        """Empty the outbox whenever there is something in it; ends by cancellation only."""
        while True:
            await self._bell.wait()
            self._bell.clear()
            self._is_rung = False
            try:
                await self.empty()
                self._failures, self.problem = 0, None
            except VibeError as error:  # a full disk, a lost database: what was accepted stays in the outbox
                log.warning("tasks wait in the outbox", reason=str(error))
                self._failures += 1
                if self._failures >= _FAILURES:
                    self.problem = error.in_one_line
                self._loop.call_later(_RETRY_S, self.wake)

    async def empty(self) -> int:
        """Hand over all there is, as the engine gets on with it; return how many tasks that were."""
        count = 0
        while users := await self._store.outbox_users(self.outbox_id):
            await self._engine.start()
            waiting = await self._engine.waiting()
            room = {user: _ENOUGH - waiting[user] for user in users}
            jobs = [job for user in users for job in await self._next_of(user, room[user])]
            if jobs:
                await self._engine.submit_many(jobs)
                await self._store.handed_over([job.task_id for job in jobs])
                count += len(jobs)
            if len(jobs) >= min(room.values()):  # full: some dozens now and then, not each as soon as it fits
                await asyncio.sleep(_LOOK_S)
        return count

    async def _next_of(self, user_id: str, room: int) -> list[Job]:
        if room <= 0:
            return []
        return [
            Job(task_id=task_id, user_id=user_id, priority=priority, shared=bool(is_shared))
            for task_id, priority, is_shared in await self._store.outbox(self.outbox_id, user_id, room)
        ]
