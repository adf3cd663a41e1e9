"""What becomes of a dead process's tasks inside DBOS: each goes into a queue that somebody living takes from."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from vibe_jupyter.core.tasks.dbos_runtime import REVIVED, SHARED, own_queue
from vibe_jupyter.core.tasks.engine import Job

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from dbos import WorkflowStatus

    from vibe_jupyter.core.tasks.dbos_runtime import DbosRuntime
    from vibe_jupyter.core.tasks.engine import OrphanCare, TaskEngine
    from vibe_jupyter.core.tasks.store import TaskStore

__all__ = ["Inheritance"]


class Inheritance:
    """The tasks of one dead process, on their way to others.

    Args:
        heir: the engine of this process.
        to_servers: whether a living process takes from the shared queue; else the heir runs all of them itself.
        keep_claim: whether the dead process is still ours to reap; asked before each page is handed on.
    """

    def __init__(
        self,
        dbos: DbosRuntime,
        tasks: TaskStore,
        orphans: OrphanCare,
        heir: TaskEngine,
        *,
        to_servers: bool,
        keep_claim: Callable[[], Awaitable[bool]],
    ) -> None:
        self._dbos = dbos
        self._tasks = tasks
        self._orphans = orphans
        self._heir = heir
        self._to_servers = to_servers
        self._keep_claim = keep_claim

    async def hand_on(self, dead: str) -> bool:
        """Hand on everything; false if the claim was lost on the way.

        Our own row goes first: a task in a queue may be started, which its row must allow by then.
        """
        while page := await self._dbos.abandoned_by(dead):
            if not await self._keep_claim():
                return False
            goes_on = await asyncio.gather(*(self._revive(workflow.workflow_id) for workflow in page))
            groups: dict[str | None, list[str]] = {}
            for workflow, is_revived in zip(page, goes_on, strict=True):
                queue = self._queue_of(workflow) if is_revived else None
                groups.setdefault(queue, []).append(workflow.workflow_id)
            for queue, task_ids in groups.items():
                if queue is None:
                    await self._dbos.cancel(task_ids)
                else:
                    await self._dbos.hand_on(task_ids, queue)
        await self._hand_on_unknown(dead)
        await self._dbos.forget_queue(dead)
        return True

    async def _revive(self, task_id: str) -> bool:
        return await self._orphans.revive(task_id, is_shared=self._to_servers)

    def _queue_of(self, workflow: WorkflowStatus) -> str:
        if not self._to_servers:
            return own_queue(self._heir.executor_id)
        return REVIVED if workflow.queue_partition_key is None else SHARED

    async def _hand_on_unknown(self, dead: str) -> None:
        """See to tasks that the dead process ran by our table, but not by DBOS's.

        A power cut can take back what DBOS had noted and nobody has synced.
        """
        for task_id in await self._tasks.running(dead):
            if not await self._revive(task_id) or await self._dbos.is_unfinished(task_id):
                continue
            task = await self._tasks.stored(task_id)
            if task is not None:
                await self._dbos.forget([task_id])
                await self._heir.submit(Job(task_id, task.user_id, task.priority, shared=self._to_servers))
