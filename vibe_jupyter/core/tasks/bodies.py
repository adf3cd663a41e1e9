"""The tasks that are in this process: in a slot, waiting for one, or waiting for their next attempt."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING

from vibe_jupyter.core.logs import get_logger
from vibe_jupyter.core.tasks.engine import Retry

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from vibe_jupyter.core.tasks.engine import RetryPolicy
    from vibe_jupyter.core.tasks.slots import Slots

__all__ = ["Bodies"]

log = get_logger("tasks")


@dataclass(slots=True, eq=False)
class _Entry:
    worker: asyncio.Task[None]
    gone: asyncio.Event
    is_in_body: bool = False
    is_cancelled: bool = False
    body_was_told: bool = False


class Bodies:
    """Calls the body of each task, at most once at a time, within the slots and the retry policy.

    A body that is left (`close`) ends with `asyncio.CancelledError`, and so does its workflow: then DBOS notes
    nothing, and the task is taken over by whoever finds this process dead.
    """

    def __init__(
        self,
        run: Callable[[str], Awaitable[None]],
        slots: Slots,
        policy: RetryPolicy,
        give_up: Callable[[str, Exception], Awaitable[None]],
    ) -> None:
        self._run = run
        self._give_up = give_up
        self._slots = slots
        self._policy = policy
        self._entries: dict[str, _Entry] = {}
        self._reserved: set[str] = set()
        self._is_open = True
        self._left = asyncio.Event()
        self.has_left = False
        """Whether anything was left since the last `open`."""
        self.arrived = asyncio.Event()
        """Set whenever a task has come in."""

    @property
    def task_ids(self) -> list[str]:
        """Return the tasks that are here and that nobody has cancelled."""
        return [task_id for task_id, entry in self._entries.items() if not entry.is_cancelled]

    def reserve(self, task_id: str, user_id: str) -> bool:
        """Take a slot for a task that is about to come in, if one is free."""
        if self._is_open and self._slots.try_take(user_id):
            self._reserved.add(task_id)
            return True
        return False

    def drop_reservation(self, task_id: str, user_id: str) -> None:
        """Give the slot back of a task that does not come in after all."""
        if task_id in self._reserved:
            self._reserved.discard(task_id)
            self._slots.give_back(user_id)

    async def work(self, task_id: str, user_id: str, priority: int) -> None:
        """Run a task to its end.

        Raises:
            asyncio.CancelledError: the task has to be left to others.
        """
        while (other := self._entries.get(task_id)) is not None:  # never twice at once, whatever DBOS thinks
            await other.gone.wait()
        if not self._is_open:
            self.drop_reservation(task_id, user_id)
            await self._leave()
        entry = _Entry(asyncio.ensure_future(self._attempts(task_id, user_id, priority)), asyncio.Event())
        self._entries[task_id] = entry
        self.arrived.set()
        try:
            await entry.worker
        except asyncio.CancelledError:
            task = asyncio.current_task()
            if not entry.is_cancelled and not self._is_open and task is not None and not task.cancelling():
                await self._leave()
            if not entry.is_cancelled or not entry.worker.done():
                raise
            if not entry.body_was_told:
                await self._run(task_id)  # so that it stores that the task was cancelled
        finally:
            self.drop_reservation(task_id, user_id)  # if it was cancelled before its first step
            del self._entries[task_id]
            entry.gone.set()

    def cancel(self, task_id: str) -> bool:
        """Stop a task because somebody wants it cancelled; false if it is not here."""
        entry = self._entries.get(task_id)
        if entry is None:
            return False
        if not entry.is_cancelled:
            entry.is_cancelled, entry.body_was_told = True, entry.is_in_body
            entry.worker.cancel()
        return True

    def open(self) -> None:
        """Run what comes in, again."""
        self._is_open, self.has_left = True, False

    def let_go(self) -> None:
        """End the workflows of what was left, once DBOS takes no more tasks."""
        self._left.set()

    async def _leave(self) -> None:
        """Keep a left task's place until DBOS is closed: it would take another one from the queue for it."""
        self.has_left = True
        await self._left.wait()
        raise asyncio.CancelledError

    async def close(self, grace_s: float = 0) -> None:
        """Run nothing more: what is in a body has so long to end, then all of it is left."""
        self._is_open = False
        self._left.clear()
        for entry in self._entries.values():
            if not entry.is_in_body:
                entry.worker.cancel()
        workers = {entry.worker for entry in self._entries.values()}
        if not workers:
            return
        if grace_s:
            await asyncio.wait(workers, timeout=grace_s)
        for worker in workers:
            worker.cancel()
        await asyncio.wait(workers)

    async def _attempts(self, task_id: str, user_id: str, priority: int) -> None:
        entry = self._entries[task_id]

        async def attempt() -> None:
            if task_id in self._reserved:
                self._reserved.discard(task_id)
            else:
                await self._slots.take(user_id, priority)
            entry.is_in_body = True
            try:
                await self._run(task_id)
            except asyncio.CancelledError as error:
                if entry.worker.cancelling():
                    raise
                raise Retry("it was cancelled from inside") from error
            finally:
                entry.is_in_body = False
                self._slots.give_back(user_id)

        try:
            await attempt()
        except Exception as error:  # noqa: BLE001 - whatever it was, the policy bounds how often it may happen
            await self._again(attempt, task_id, error)

    async def _again(self, attempt: Callable[[], Awaitable[None]], task_id: str, error: Exception) -> None:
        from vibe_jupyter.core.tasks.dbos_workflow import call_again

        log.info("task will be tried again", task_id=task_id, error=repr(error))
        try:
            await call_again(attempt, error, self._policy)
        except Exception as last:
            await self._give_up(task_id, last)
            raise
