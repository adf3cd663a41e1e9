"""Tasks run in a child process of this one: what a server does.

Python runs one thread at a time, and the task engine computes a lot: in the server's own process it took four fifths
of the requests that the server could accept, and made every notebook wait for every task. The child is what
`jupyter vibe worker` is, plus a pipe in each direction. It is started when there is something to run, started again
if it dies, and ends with us. While it is away, accepted tasks wait in the outbox.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import time
from typing import TYPE_CHECKING, Any

import orjson

from vibe_jupyter.core.errors import VibeError
from vibe_jupyter.core.ids import new_executor_id
from vibe_jupyter.core.logs import get_logger
from vibe_jupyter.core.tasks.execution.messages import encode, max_line_bytes
from vibe_jupyter.core.tasks.execution.tool_link import ToolDesk
from vibe_jupyter.core.tasks.leases import Leases
from vibe_jupyter.core.tasks.reaper import beat_s
from vibe_jupyter.core.workers.process import boot_command, worker_environment

if TYPE_CHECKING:
    from asyncio.subprocess import Process
    from collections.abc import Mapping
    from datetime import datetime
    from pathlib import Path

    from vibe_jupyter.core.database.database import Database
    from vibe_jupyter.core.events import NewsBoard
    from vibe_jupyter.core.mcp.calls import ToolCaller
    from vibe_jupyter.core.settings import Settings
    from vibe_jupyter.core.tasks.store import TaskStore

__all__ = ["ChildExecution"]

MODULE = "vibe_jupyter.core.tasks.execution.child_main"
_WAKE_PAUSE_S = 0.02
"""In a flood the child is told so often that there is something; it looks by itself until nothing is left."""
_RESTART_S, _MAX_RESTART_S = 0.2, 30.0
_STOP_LIMIT_S = 12.0
"""The grace of running tasks (5 s), and what the engine needs to note their end and close."""
_IDLE_S = 600.0
"""After so long without a task the child is ended: its memory is worth more than the second of its next start."""

log = get_logger("tasks")


class ChildExecution:
    """See `execution.Execution`.

    Args:
        tools: calls tools of MCP servers for the child: the sessions live here, however often it comes and goes.
        tokens: those of the environment, which the child's lacks: they go through the pipe, which nobody else reads.
    """

    def __init__(
        self,
        settings: Settings,
        root: Path,
        database: Database,
        store: TaskStore,
        tools: ToolCaller,
        news: NewsBoard,
        loop: asyncio.AbstractEventLoop,
        tokens: Mapping[str, str],
    ) -> None:
        self.executor_id = self.outbox_id = new_executor_id()
        self._childs_problem: str | None = None
        self._own_problem: str | None = None
        self._settings = settings
        self._root = root
        self._store = store
        self._tools = tools
        self._tokens = tokens
        self._news = news
        self._loop = loop
        self._leases = Leases(database, ttl_s=settings.lease_ttl_s)
        self._process: Process | None = None
        self._desk: ToolDesk | None = None
        self._writing = asyncio.Lock()
        self._child_id = ""
        self._starting = asyncio.Lock()
        self._listening: asyncio.Task[None] | None = None
        self._beating: asyncio.Task[None] | None = None
        self._look = asyncio.Event()
        self._is_rung = self._is_unheard = False
        self._restart_s = _RESTART_S
        self._not_before = 0.0
        self._active_at = time.monotonic()

    @property
    def problem(self) -> str | None:
        """Return why tasks wait that should run: what the child has said, or why there is none."""
        return self._childs_problem or self._own_problem

    @property
    def is_started(self) -> bool:
        """Return whether the child is there."""
        return self._process is not None

    async def open(self) -> None:
        """Take a lease, so that others hand over our outbox should we die; start the child once it is needed."""
        await self._leases.acquire(self.outbox_id, serves_shared=True)
        self._beating = asyncio.create_task(self._beat())

    async def start(self) -> None:
        """Start the child unless it is there; what is written to it meanwhile waits in the pipe."""
        async with self._starting:
            if self._process is None:
                await self._start()

    async def _start(self) -> None:
        self._process = process = await asyncio.create_subprocess_exec(
            *boot_command(MODULE),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            env=worker_environment(os.environ),
            limit=max_line_bytes(self._settings.max_body_bytes),
        )
        self._active_at = time.monotonic()
        self._tell(
            settings=self._settings.in_clear(),
            root=str(self._root),
            serves=self.outbox_id,
            tokens=self._tokens,
        )
        self._desk = desk = ToolDesk(self._tools, lambda line: self._send(process, line))
        self._listening = asyncio.create_task(self._listen(process, desk))

    def wake(self) -> None:
        """Say that a task was accepted; from any thread."""
        self._is_unheard = True
        if not self._is_rung:
            self._is_rung = True
            self._loop.call_soon_threadsafe(self._heard)

    def _heard(self) -> None:
        self._is_rung = False  # before the look at what the other thread sets first: no ring may be lost
        if not self._is_unheard:
            return
        self._is_rung, self._is_unheard = True, False
        self._loop.call_later(_WAKE_PAUSE_S, self._heard)
        if self._process is not None:
            self._active_at = time.monotonic()
            self._tell(wake=True)
        else:
            self._look.set()

    async def cancel(self, task_id: str) -> None:
        """Let the child stop a task, which may run elsewhere."""
        await self.start()
        self._tell(cancel=task_id)

    async def is_busy(self) -> bool:
        """Return whether tasks run in the child."""
        return self._process is not None and bool(await self._store.running(self._child_id))

    async def prune(self, before: datetime) -> None:
        """Leave it to the child, which does the same as we do."""

    async def close(self) -> None:
        """End the child, which gives its tasks a moment, and the lease."""
        if self._beating is not None:
            self._beating.cancel()
            await asyncio.gather(self._beating, return_exceptions=True)
        async with self._starting:
            await self._end_child()
        try:
            is_clean = not await self._store.outbox_users(self.outbox_id)
            await self._leases.release(self.outbox_id, is_clean=is_clean)
        except VibeError as error:  # the next process sees that we are gone
            log.warning("lease was not released", reason=str(error))

    def _tell(self, **message: Any) -> None:
        if self._process is not None and self._process.stdin is not None:
            self._process.stdin.write(encode(message))  # to one that has died it goes nowhere

    async def _send(self, process: Process, line: bytes) -> None:
        """Write what may be large: one after the other, as the child takes it."""
        assert process.stdin is not None
        async with self._writing:
            with contextlib.suppress(ConnectionError):  # it has died: its calls end with it
                process.stdin.write(line)
                await process.stdin.drain()

    async def _listen(self, process: Process, desk: ToolDesk) -> None:
        """Pass on what the child says, until it has ended."""
        assert process.stdout is not None
        async for line in process.stdout:
            self._active_at = time.monotonic()
            match orjson.loads(line):
                case {"news": [*topics]}:
                    for topic in topics:
                        self._news.publish(topic)
                case {"ready": str(executor_id)}:
                    self._child_id, self._childs_problem, self._restart_s = executor_id, None, _RESTART_S
                case {"problem": str(problem)}:
                    self._childs_problem = problem
                case {"call": int(number), "request": dict(request)}:
                    desk.begin(number, request)
                case {"cancel_call": int(number)}:
                    desk.cancel(number)
        await desk.close()
        code = await process.wait()
        tell = log.info if code == 0 else log.error
        tell("the process that runs tasks has ended", code=code, reason=self._childs_problem)
        self._not_before = time.monotonic() + self._restart_s
        self._restart_s = min(2 * self._restart_s, _MAX_RESTART_S)
        self._process = None
        self._look.set()

    async def _beat(self) -> None:
        """Keep the lease, and see to it that the child is there when it is needed; ends by cancellation only."""
        pause_s = beat_s(self._leases.ttl_s)
        renewed_at = 0.0
        while True:
            try:
                if time.monotonic() - renewed_at >= pause_s:
                    if not await self._leases.renew(self.outbox_id):
                        await self._leases.acquire(self.outbox_id, serves_shared=True)
                    renewed_at = time.monotonic()
                if self._process is None:
                    await self._start_if_needed()
                elif time.monotonic() - self._active_at > _IDLE_S and not await self._store.has_unfinished():
                    async with self._starting:
                        await self._end_child()
                self._own_problem = None
            except (VibeError, OSError) as error:  # a full or locked database, no memory for a process
                self._own_problem = error.in_one_line if isinstance(error, VibeError) else str(error)
                log.warning("the process that runs tasks could not be seen to", reason=str(error))
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._look.wait(), self._pause_s(pause_s))
            self._look.clear()

    def _pause_s(self, pause_s: float) -> float:
        """Return how long to wait for news: no longer than until a dead child may be started again."""
        return (
            min(pause_s, max(self._not_before - time.monotonic(), 0.01)) if self._process is None else pause_s
        )

    async def _start_if_needed(self) -> None:
        if time.monotonic() < self._not_before:
            return
        if await self._store.outbox_users(self.outbox_id) or await self._leases.has_dead(self.outbox_id):
            await self.start()

    async def _end_child(self) -> None:
        """Close its pipe, upon which it ends by itself; by force if that takes too long.

        Its calls of tools fail with that: they are not answered any more.
        """
        if self._process is None or self._listening is None or self._desk is None:
            return
        process = self._process
        assert process.stdin is not None
        await self._desk.close()
        process.stdin.close()
        try:
            await asyncio.wait_for(asyncio.shield(self._listening), _STOP_LIMIT_S)
        except TimeoutError:
            log.warning("the process that runs tasks does not end")
            process.kill()
            await self._listening
