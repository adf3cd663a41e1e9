"""Tasks run in this process: a kernel without a server, a worker, and the process that a server runs its tasks in."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vibe_jupyter.core import ids
from vibe_jupyter.core.tasks.context import RunContext
from vibe_jupyter.core.tasks.engine import create_engine
from vibe_jupyter.core.tasks.orphans import Orphans
from vibe_jupyter.core.tasks.relay import OutboxRelay
from vibe_jupyter.core.tasks.runner import TaskRunner
from vibe_jupyter.core.workers.pool import WorkerPool

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from vibe_jupyter.core.database.database import Database
    from vibe_jupyter.core.events import NewsBoard
    from vibe_jupyter.core.mcp.calls import ToolCaller
    from vibe_jupyter.core.routing.catalog import Catalog
    from vibe_jupyter.core.secrets.resolver import SecretResolver
    from vibe_jupyter.core.settings import Settings
    from vibe_jupyter.core.tasks.context import ProgressReport
    from vibe_jupyter.core.tasks.records import StoredTask
    from vibe_jupyter.core.tasks.store import TaskStore

__all__ = ["LocalExecution"]

_THREADS = 8
_POSTGRESQL_LAG_S = 1.0


class LocalExecution:
    """See `execution.Execution`.

    Args:
        tools: calls tools of MCP servers.
        secrets: finds what tasks need of their user's secrets.
        serves_shared: whether to run tasks of all processes, or own ones only.
        allowed_roots: returns the folders that a user's tasks may read.
        serves: the `outbox_id` of the process whose accepted tasks are handed over here; default: our own.
    """

    def __init__(
        self,
        settings: Settings,
        database: Database,
        store: TaskStore,
        catalog: Catalog,
        tools: ToolCaller,
        secrets: SecretResolver,
        news: NewsBoard,
        loop: asyncio.AbstractEventLoop,
        *,
        serves_shared: bool,
        allowed_roots: Callable[[str], Awaitable[Sequence[Path]]],
        serves: str | None = None,
    ) -> None:
        self._settings = settings
        self._database = database
        self._store = store
        self._tools = tools
        self._secrets = secrets
        self._allowed_roots = allowed_roots
        self._workers = WorkerPool(settings.worker_processes)
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="vibe-blocking")
        self._engine = create_engine(
            settings, database, run=self._run, give_up=self._give_up, serves_shared=serves_shared
        )
        self.executor_id = self._engine.executor_id
        self.outbox_id = serves or self.executor_id
        self._relay = OutboxRelay(store, self._engine, loop, self.outbox_id)
        self._orphans = Orphans(store, catalog, news, self._relay)
        self._runner = TaskRunner(store, catalog, news, self.executor_id, self._make_context)
        self._relaying: asyncio.Task[None] | None = None

    @property
    def problem(self) -> str | None:
        """Return why tasks wait that should run, if that is so."""
        return self._relay.problem

    async def open(self) -> None:
        """Take the lease, and hand over whatever is accepted from now on."""
        await self._engine.open(self._orphans)
        self._relaying = asyncio.create_task(self._relay.run())

    async def start(self) -> None:
        """Start the engine, and hand over what was accepted before."""
        await self._engine.start()
        self._relay.wake()

    def wake(self) -> None:
        """Say that a task was accepted; from any thread."""
        self._relay.wake()

    async def cancel(self, task_id: str) -> None:
        """Stop a task wherever it runs."""
        await self._engine.cancel(task_id)

    async def is_busy(self) -> bool:
        """Return whether tasks run in this process now."""
        return bool(self._runner.running)

    async def prune(self, before: datetime) -> None:
        """Let the engine forget what ended before a time."""
        await self._engine.prune(before)

    async def close(self) -> None:
        """End the engine and the worker processes."""
        if self._relaying is not None:
            self._relaying.cancel()
            await asyncio.gather(self._relaying, return_exceptions=True)
        await self._engine.stop()
        await self._workers.close()
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def _run(self, task_id: str) -> None:
        await self._runner.run(task_id)

    async def _give_up(self, task_id: str, error: Exception) -> None:
        await self._runner.give_up(task_id, error)

    async def _make_context(self, task: StoredTask, progress: ProgressReport) -> RunContext:
        root = Path(task.root)
        allowed = [*await self._allowed_roots(task.user_id), root]
        return RunContext(
            task,
            root=root,
            data_dir=self._settings.data_dir,
            allowed=allowed,
            progress=progress,
            workers=self._workers,
            threads=self._threads,
            tools=self._tools,
            secrets=self._secrets,
            history=self._history,
        )

    async def _history(self, user_id: str, after: str | None, limit: int) -> list[dict[str, Any]]:
        """Return ended tasks in the order of their end.

        On PostgreSQL, where two servers may commit out of that order, the newest second is left for next time.
        """
        if self._database.dialect == "sqlite":
            return await self._store.ended(user_id, after, limit)
        before = ids.iso(datetime.now(UTC) - timedelta(seconds=_POSTGRESQL_LAG_S))
        return await self._store.ended(user_id, after, limit, before=before)
