"""What runs tasks durably, seen from the rest of the platform: a small protocol, so that nothing else knows DBOS."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Awaitable, Callable, Iterable
    from datetime import datetime

    from vibe_jupyter.core.database.database import Database
    from vibe_jupyter.core.settings import Settings

__all__ = ["MAX_PRIORITY", "Job", "OrphanCare", "Retry", "RetryPolicy", "TaskEngine", "create_engine"]

MAX_PRIORITY = 1000
"""Priorities go from minus this to this."""


@dataclass(frozen=True, slots=True)
class Job:
    """What the engine must know of a task to run it.

    Args:
        task_id: the engine knows the work by it; submitting it again attaches to what is there.
        user_id: whose share of the slots it takes.
        priority: of what waits, a higher one starts earlier.
        shared: whether any server or worker may run it, or this process only.
    """

    task_id: str
    user_id: str
    priority: int = 0
    shared: bool = True


class Retry(Exception):
    """The body of a task asks to be called again after a pause, within the bounds of the `RetryPolicy`."""


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How often a body is called that raises, and how long the engine waits in between.

    The pause grows from `interval_s` by the factor `backoff`. It bounds everything a body may raise; a body that
    wants fewer attempts ends its task instead of raising `Retry`.
    """

    max_attempts: int = 8
    interval_s: float = 1.0
    backoff: float = 2.0


class OrphanCare(Protocol):
    """What is asked about the tasks of a process that is gone; see `orphans.Orphans`."""

    async def adopt_outbox(self, dead: str) -> None:
        """Hand over what the dead process had accepted and not handed over itself."""
        ...

    async def revive(self, task_id: str, *, is_shared: bool) -> bool:
        """Return whether the task shall run again; if not, it has been ended with the reason."""
        ...


class TaskEngine(Protocol):
    """Runs the body once for each submitted task, or again if its process died meanwhile.

    All methods but `executor_id` belong to one event loop, on which the bodies run too.
    """

    executor_id: str
    """This process, among all that share the database."""

    async def open(self, orphans: OrphanCare) -> None:
        """Be known as alive from now on, and look after the tasks of processes that are not. Cheap."""
        ...

    async def start(self) -> None:
        """Be ready to run; a second call does nothing."""
        ...

    async def submit(self, job: Job) -> None:
        """Take a task over for good: once this returns it survives a crash."""
        ...

    async def submit_many(self, jobs: Iterable[Job]) -> None:
        """Take tasks over for good, in few transactions."""
        ...

    async def waiting(self) -> Counter[str]:
        """Return how many submitted tasks of each user have not begun, as far as this process may run them."""
        ...

    async def cancel(self, task_id: str) -> None:
        """Stop a task wherever it is.

        A running body gets `asyncio.CancelledError`: at once in this process, within a second in another one. What
        waits for its next attempt is called once more, so that the body can end it; what waits in a queue is not.
        """
        ...

    async def status(self, task_id: str) -> str | None:
        """Return the engine's own word for where a task is, None if it does not know it."""
        ...

    async def prune(self, before: datetime) -> int:
        """Forget what ended before a time; return how much that was."""
        ...

    async def stop(self) -> None:
        """Give running bodies a moment, leave the rest to whoever lives, and end."""
        ...


def create_engine(
    settings: Settings,
    database: Database,
    *,
    run: Callable[[str], Awaitable[None]],
    give_up: Callable[[str, Exception], Awaitable[None]],
    serves_shared: bool,
) -> TaskEngine:
    """Return the engine that the settings describe; it imports DBOS when it is started.

    Args:
        run: the body: runs a task by its id and stores how it ended. What it raises is answered by another call
            after a pause. `asyncio.CancelledError` means: somebody wants the task cancelled, or this process
            must not run it any longer; the task's row knows which.
        give_up: told of a task, and of the last error, when its body has raised too often.
        serves_shared: whether to take tasks from all processes (a server, a worker) or own ones only (a kernel).
    """
    from vibe_jupyter.core.tasks.dbos_engine import DbosEngine
    from vibe_jupyter.core.tasks.leases import Leases

    return DbosEngine(
        settings.engine_database_url,
        run,
        give_up=give_up,
        database=database,
        leases=Leases(database, ttl_s=settings.lease_ttl_s),
        serves_shared=serves_shared,
        concurrency=settings.task_concurrency,
        concurrency_per_user=settings.task_concurrency_per_user,
    )
