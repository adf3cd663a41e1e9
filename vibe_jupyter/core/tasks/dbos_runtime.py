"""DBOS itself, launched: each method is one or two of its calls. Importing this module imports DBOS (0.5 s).

DBOS claims the default executor of the event loop that it is launched on (`asyncio.to_thread` goes through its
threads), and there is one of it in a process.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from dbos import DBOS, DBOSClient, DBOSPortableJSONSerializer, SetWorkflowID

from vibe_jupyter.core.tasks import dbos_workflow
from vibe_jupyter.core.tasks.dbos_database import (
    SCHEMA,
    THREADS,
    close_database,
    is_new,
    is_synced,
    open_database,
)
from vibe_jupyter.core.tasks.engine import MAX_PRIORITY
from vibe_jupyter.core.tasks.queue_pace import IDLE_S, QueuePace

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from dbos import EnqueueOptions, WorkflowStatus
    from sqlalchemy import Engine

    from vibe_jupyter.core.tasks.bodies import Bodies
    from vibe_jupyter.core.tasks.engine import Job

__all__ = ["REVIVED", "SHARED", "DbosRuntime", "Limits", "own_queue"]

SHARED = "tasks"
"""The queue of all servers and workers, with one partition for each user."""
REVIVED = "tasks.revived"
"""Their queue for taken-over tasks that were started without a queue, and so without a partition."""

REVIVED_INTERVAL_S = 1.0  # no process leaves more tasks in it than are taken at one look

_APP = "vibe"
_VERSION = "1"  # raised only when what a running workflow has recorded cannot be read any more
_UNFINISHED = ["ENQUEUED", "PENDING", "DELAYED"]
_COUNTED = 1000
_PAGE = 200


def own_queue(executor_id: str) -> str:
    """Return the queue of a process that does not serve the shared ones."""
    return f"{SHARED}.{executor_id}"


@dataclass(frozen=True, slots=True)
class Limits:
    """How many tasks one process, and there one user, may have running."""

    concurrency: int
    concurrency_per_user: int


class DbosRuntime:
    """DBOS in this process from `launch` to `destroy`."""

    def __init__(
        self, url: str, executor_id: str, bodies: Bodies, limits: Limits, *, serves_shared: bool
    ) -> None:
        self._url = url
        self._executor_id = executor_id
        self._bodies = bodies
        self._limits = limits
        self._queue_names = [SHARED, REVIVED] if serves_shared else [own_queue(executor_id)]
        self._database: Engine = open_database(url)
        self._client: DBOSClient | None = None
        self.queues: dict[str, QueuePace] = {}
        """Those that this process takes new tasks from."""
        self.is_new = False
        """Whether DBOS had no tables yet when it was launched."""

    async def launch(self) -> None:
        """Begin to take tasks; this blocks the event loop for a fifth of a second."""
        dbos_workflow.serve(self._bodies)
        self.is_new = is_new(self._database)
        serializer = DBOSPortableJSONSerializer()
        DBOS(
            config={
                "name": _APP,
                "system_database_url": self._url,
                "system_database_engine": self._database,
                "dbos_system_schema": SCHEMA,
                "serializer": serializer,
                "application_version": _VERSION,
                "executor_id": self._executor_id,
                "max_executor_threads": THREADS[self._database.dialect.name],
                # Messages between workflows: we have none, so it only sleeps, and closing waits for it.
                "use_listen_notify": False,
                "notification_listener_polling_interval_sec": 0.2,
                "log_level": "CRITICAL",  # it prints the stack of each failed workflow; ours are in the task's row
            }
        )
        DBOS.listen_queues(self._queue_names)
        with _synced():
            DBOS.launch()
            self._client = DBOSClient(
                system_database_engine=self._database, serializer=serializer, application_name=_APP
            )
            for name in self._queue_names:
                await self._register(name)
        for name, pace in self.queues.items():
            if await self.has_waiting(name):
                pace.quicken()

    async def _register(self, name: str) -> None:
        interval_s = REVIVED_INTERVAL_S if name == REVIVED else IDLE_S
        queue = await DBOS.register_queue_async(
            name,
            worker_concurrency=self._limits.concurrency,
            partition_worker_concurrency=self._limits.concurrency_per_user if name == SHARED else None,
            polling_interval_sec=interval_s,
            on_conflict="always_update",
        )
        if name != REVIVED:
            self.queues[name] = QueuePace(queue, partial(self.has_waiting, name))

    def destroy(self) -> bool:
        """Take no more tasks and close everything; blocks, so not on the event loop.

        Returns whether nothing is left that only this process would have gone on with.
        """
        try:
            if not dbos_workflow.is_served_by(self._bodies):
                return True
            DBOS.destroy()
            dbos_workflow.serve(None)
            return self._client is None or self._is_clean(self._client)
        finally:
            close_database(self._database)

    def _is_clean(self, client: DBOSClient) -> bool:
        """Look now that nothing is taken from the queues any more."""
        own = own_queue(self._executor_id)
        if client.list_workflows(executor_id=self._executor_id, status="PENDING", limit=1, load_input=False):
            return False
        if client.list_workflows(queue_name=own, status="ENQUEUED", limit=1, load_input=False):
            return False
        if own in self._queue_names:
            client.delete_queue(own)
        return True

    async def enqueue(self, jobs: Sequence[Job], queue: str) -> None:
        """Put jobs into a queue, in one synced transaction."""
        with _synced():
            await asyncio.to_thread(self._enqueue, jobs, queue)
        if queue in self.queues:
            self.queues[queue].quicken()

    def _enqueue(self, jobs: Sequence[Job], queue: str) -> None:
        client = self._client
        assert client is not None
        with self._database.begin() as connection:
            for job in jobs:
                options: EnqueueOptions = {
                    "queue_name": queue,
                    "workflow_name": dbos_workflow.WORKFLOW,
                    "workflow_id": job.task_id,
                    "queue_partition_key": job.user_id,
                    "priority": MAX_PRIORITY + 1 - job.priority,  # DBOS takes the lowest first, from 1 on
                }
                arguments = (job.task_id, job.user_id, job.priority)
                client.enqueue_in_transaction(connection, options, *arguments)

    async def start_now(self, job: Job) -> bool:
        """Run a job at once, without a queue; false if it is known already."""
        with _synced(), SetWorkflowID(job.task_id):
            handle = await DBOS.start_workflow_async(
                dbos_workflow.run_task, job.task_id, job.user_id, job.priority
            )
        return hasattr(handle, "task")  # a handle of one that is known already only polls

    async def status(self, task_id: str) -> str | None:
        """Return DBOS's word for where a task is."""
        found = await self._list(workflow_ids=[task_id])
        return found[0].status if found else None

    async def has_waiting(self, queue: str) -> bool:
        """Return whether anything waits in a queue."""
        return bool(await self._list(queue_name=queue, status="ENQUEUED", limit=1))

    async def waiting(self, queue: str) -> Counter[str]:
        """Return how many tasks of each user wait in a queue; of very many, how many of the first."""
        found = await self._list(queue_name=queue, status="ENQUEUED", limit=_COUNTED)
        return Counter(workflow.queue_partition_key or "" for workflow in found)

    async def has_unfinished(self) -> bool:
        """Return whether anything is left that only this process would have gone on with."""
        if await self._list(executor_id=self._executor_id, status="PENDING", limit=1):
            return True
        return await self.has_waiting(own_queue(self._executor_id))

    async def cancel(self, task_ids: list[str]) -> None:
        """Take tasks out of their queues; a process that runs one sees it at its next look."""
        with _synced():
            await DBOS.cancel_workflows_async(task_ids)

    async def cancelled_among(self, task_ids: list[str]) -> list[str]:
        """Return which of these tasks were cancelled."""
        found = await self._list(workflow_ids=task_ids, status="CANCELLED")
        return [workflow.workflow_id for workflow in found]

    async def abandoned_by(self, dead: str) -> list[WorkflowStatus]:
        """Return some tasks that a dead process ran, or that wait in its own queue."""
        running = await self._list(executor_id=dead, status="PENDING", limit=_PAGE)
        return running or await self._list(queue_name=own_queue(dead), status="ENQUEUED", limit=_PAGE)

    async def hand_on(self, task_ids: list[str], queue: str) -> None:
        """Put taken-over tasks into a queue; their process must be dead, or they would run twice at once."""
        with _synced():
            await DBOS.resume_workflows_async(task_ids, queue_name=queue)
        if queue in self.queues:
            self.queues[queue].quicken()

    async def forget(self, task_ids: list[str]) -> None:
        """Delete what DBOS knows of tasks."""
        with _synced():
            await DBOS.delete_workflows_async(task_ids)

    async def forget_queue(self, executor_id: str) -> None:
        """Delete the own queue of a process that has ended."""
        await DBOS.delete_queue_async(own_queue(executor_id))

    async def prune(self, before: datetime) -> int:
        """Delete what ended before a time, a page after the other; return how much that was."""
        count = 0
        while old := await self._list(completed_before=before.isoformat(), limit=_PAGE):
            await DBOS.delete_workflows_async([workflow.workflow_id for workflow in old])
            count += len(old)
        return count

    async def is_unfinished(self, task_id: str) -> bool:
        """Return whether DBOS will go on with a task, or some process does."""
        return await self.status(task_id) in _UNFINISHED

    @staticmethod
    async def _list(
        *,
        workflow_ids: list[str] | None = None,
        status: str | None = None,
        queue_name: str | None = None,
        executor_id: str | None = None,
        completed_before: str | None = None,
        limit: int | None = None,
    ) -> list[WorkflowStatus]:
        return await DBOS.list_workflows_async(
            workflow_ids=workflow_ids,
            status=status,
            queue_name=queue_name,
            executor_id=executor_id,
            completed_before=completed_before,
            limit=limit,
            load_input=False,
            load_output=False,
        )


@contextlib.contextmanager
def _synced() -> Iterator[None]:
    token = is_synced.set(True)
    try:
        yield
    finally:
        is_synced.reset(token)
