"""What a target is given while it runs a task."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

from vibe_jupyter.core import paths
from vibe_jupyter.core.masking import masked, masked_json
from vibe_jupyter.core.mcp.calls import ToolRequest
from vibe_jupyter.core.oracles.base import Context
from vibe_jupyter.core.tasks import rows

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence
    from concurrent.futures import Executor
    from pathlib import Path

    from pydantic import SecretStr

    from vibe_jupyter.core.mcp.calls import ToolCaller
    from vibe_jupyter.core.mcp.schemas import ToolResult
    from vibe_jupyter.core.oracles.base import Part
    from vibe_jupyter.core.secrets.resolver import SecretResolver
    from vibe_jupyter.core.tasks.records import StoredTask
    from vibe_jupyter.core.workers.pool import WorkerPool

__all__ = ["ProgressReport", "RunContext"]

P = ParamSpec("P")
R = TypeVar("R")

_OFTEN_S, _SELDOM_S = 0.1, 1.0
_KEPT, _SHOWN = 5000, 500
_OFTEN_FOR = 100  # reports until a long task is told of less often


class ProgressReport:
    """Thins out what a target tells of its progress; `store` writes it down, without secrets. Callable from any thread.

    Args:
        store: takes it as JSON text.
        user_id: whose secrets are masked in it.
    """

    def __init__(self, store: Callable[[str], Awaitable[Any]], *, user_id: str) -> None:
        self._store = store
        self._user_id = user_id
        self._loop = asyncio.get_running_loop()
        self._latest: dict[str, Any] | None = None
        self._is_scheduled = False
        self._last_at = 0.0
        self._count = 0
        self._writing: asyncio.Task[None] | None = None

    def __call__(self, fraction: float | None, message: str = "", **data: Any) -> None:
        """Take the newest state; an older one that was not written yet is dropped."""
        if fraction is not None:
            fraction = min(1.0, max(0.0, float(fraction)))
        self._latest = {"fraction": fraction, "message": str(message)[:_KEPT], "data": data or None}
        if not self._is_scheduled:
            self._is_scheduled = True
            self._loop.call_soon_threadsafe(self._schedule)

    async def flush(self) -> None:
        """Write what has not been written yet."""
        if self._writing is not None:
            await self._writing
        await self._write()

    def _schedule(self) -> None:
        interval_s = _OFTEN_S if self._count < _OFTEN_FOR else _SELDOM_S
        delay_s = max(0.0, self._last_at + interval_s - time.monotonic())
        self._loop.call_later(delay_s, self._begin)

    def _begin(self) -> None:
        self._writing = self._loop.create_task(self._write())

    async def _write(self) -> None:
        self._is_scheduled = False
        latest, self._latest = self._latest, None
        if latest is not None:
            self._count += 1
            self._last_at = time.monotonic()
            latest["message"] = masked(latest["message"], self._user_id)[:_SHOWN]  # not half a secret
            await self._store(masked_json(rows.dump(latest), self._user_id))


class RunContext(Context):
    """The platform's `Context`, for one task."""

    def __init__(
        self,
        task: StoredTask,
        *,
        root: Path,
        data_dir: Path,
        allowed: Sequence[Path],
        progress: ProgressReport,
        workers: WorkerPool,
        threads: Executor,
        tools: ToolCaller,
        secrets: SecretResolver,
        history: Callable[[str, str | None, int], Awaitable[list[dict[str, Any]]]],
    ) -> None:
        self.task_id, self.user_id, self.capability = task.id, task.user_id, task.capability
        self._caller = task.caller
        self._call_timeout_s = task.call_timeout_s
        self.root, self.data_dir = root, data_dir
        self.parts: list[Part] = []
        self._allowed = allowed
        self._progress = progress
        self._workers, self._threads = workers, threads
        self._tools = tools
        self._secrets = secrets
        self._project_id = task.project_id
        self._history = history

    def progress(self, fraction: float | None, message: str = "", **data: Any) -> None:
        """See `Context.progress`."""
        self._progress(fraction, message, **data)

    def resolve(self, path: str) -> Path:
        """See `Context.resolve`."""
        return paths.resolve(path, self.root, self._allowed)

    def add_part(self, part: Part) -> None:
        """See `Context.add_part`."""
        self.parts.append(part)

    async def in_thread(self, function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        """See `Context.in_thread`."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._threads, lambda: function(*args, **kwargs))

    async def in_process(self, function: Callable[..., R], *args: Any, **kwargs: Any) -> R:
        """See `Context.in_process`."""

        def report(fraction: float | None, message: str, data: dict[str, Any]) -> None:
            self._progress(fraction, message, **data)

        return await self._workers.run(function, *args, report=report, **kwargs)

    async def call_tool(
        self, server: str, tool: str, arguments: dict[str, Any], *, timeout_s: float | None = None
    ) -> ToolResult:
        """See `Context.call_tool`."""
        request = ToolRequest(
            user_id=self.user_id,
            server=server,
            tool=tool,
            arguments=arguments,
            timeout_s=timeout_s or self._call_timeout_s,
            task_id=self.task_id,
            caller=self._caller,
        )
        return await self._tools.call(request, self._progress)

    async def secret(self, name: str, *, why: str) -> SecretStr:
        """See `Context.secret`."""
        return await self._secrets.require(self.user_id, name, project_id=self._project_id, why=why)

    async def history(self, *, after: str | None = None, limit: int = 1000) -> list[dict[str, Any]]:
        """See `Context.history`."""
        return await self._history(self.user_id, after, limit)
