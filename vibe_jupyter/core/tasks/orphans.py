"""What becomes of the tasks of a process that is gone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vibe_jupyter.core.logs import get_logger

if TYPE_CHECKING:
    from vibe_jupyter.core.events import NewsBoard
    from vibe_jupyter.core.routing.catalog import Catalog
    from vibe_jupyter.core.tasks.records import StoredTask
    from vibe_jupyter.core.tasks.relay import OutboxRelay
    from vibe_jupyter.core.tasks.store import TaskStore

__all__ = ["MAX_REVIVALS", "Orphans"]

MAX_REVIVALS = 3

log = get_logger("tasks")


class Orphans:
    """Decides for each orphan whether it is run again; the engine's reaper asks."""

    def __init__(self, store: TaskStore, catalog: Catalog, news: NewsBoard, relay: OutboxRelay) -> None:
        self._store = store
        self._catalog = catalog
        self._news = news
        self._relay = relay

    async def adopt_outbox(self, dead: str) -> None:
        """Hand over what the dead process had accepted and not handed over itself."""
        if await self._store.adopt_outbox(dead, self._relay.outbox_id):
            self._relay.wake()

    async def revive(self, task_id: str, *, is_shared: bool) -> bool:
        """Put a task back into the queue, or end it with the reason; return whether it shall run again.

        One that had begun counts towards `MAX_REVIVALS`: it may be what kills its processes.
        """
        task = await self._store.stored(task_id)
        if task is None or task.is_final:
            return False
        has_begun = task.state != "queued"
        if task.cancel_requested:
            await self._end(task, "cancelled", None)
            return False
        if has_begun and not await self._is_idempotent(task):
            await self._end(
                task,
                "failed",
                {
                    "code": "task.abandoned",
                    "message": "the process that ran it is gone, and running it twice might do harm",
                    "hint": "look at what it has done already, then retry it",
                },
            )
            return False
        if has_begun and task.revivals >= MAX_REVIVALS:
            await self._end(
                task,
                "failed",
                {
                    "code": "task.crashed_repeatedly",
                    "message": f"the process that ran it died {task.revivals + 1} times",
                    "hint": "it may be what kills them: ask for less, or look at memory and the server's log",
                },
            )
            return False
        reason = "the process that had it is gone"
        revived = await self._store.requeue(task_id, is_shared=is_shared, counted=has_begun, reason=reason)
        self._news.publish(task_id)
        log.info("task goes on", task_id=task_id, revivals=task.revivals + has_begun)
        return revived

    async def _is_idempotent(self, task: StoredTask) -> bool:
        registry = await self._catalog.registry(task.user_id)
        target = registry.targets.get(task.target_id or "")
        return target is not None and target.idempotent

    async def _end(self, task: StoredTask, state: str, error: dict[str, str | None] | None) -> None:
        if await self._store.end_unstarted(task.id, state, error):
            self._news.publish(task.id)
