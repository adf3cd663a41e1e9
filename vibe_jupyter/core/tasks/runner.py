"""Runs one task: route it, let the target work, store how it ended."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any

import orjson
import structlog

from vibe_jupyter.core.errors import TooLarge, Unavailable, VibeError
from vibe_jupyter.core.json_schema.loading import load_checker
from vibe_jupyter.core.logs import get_logger
from vibe_jupyter.core.masking import masked, masked_error, masked_json
from vibe_jupyter.core.routing.router import TaskRouter
from vibe_jupyter.core.tasks import rows
from vibe_jupyter.core.tasks.context import ProgressReport
from vibe_jupyter.core.tasks.engine import Retry

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from typing import TypeVar

    from pydantic import BaseModel

    from vibe_jupyter.core.events import NewsBoard
    from vibe_jupyter.core.routing.catalog import Catalog
    from vibe_jupyter.core.routing.router import Decision
    from vibe_jupyter.core.routing.targets import Target
    from vibe_jupyter.core.tasks.context import RunContext
    from vibe_jupyter.core.tasks.records import StoredTask
    from vibe_jupyter.core.tasks.store import TaskStore

    R = TypeVar("R")

__all__ = ["TaskRunner"]

MAX_ATTEMPTS = 3
MAX_RESULT_BYTES = 32 * 2**20

_PASSING = frozenset({"database.full", "database.locked", "database.io", "database.unavailable"})
_NOT_THE_TARGETS = frozenset({"task.timeout", "mcp.tool_failed"})
"""A limit that the caller has set, and a tool that tells what is wrong with what it was given."""
_PAUSE_S, _MAX_PAUSE_S = 0.2, 5.0

log = get_logger("tasks")


class TaskRunner:
    """The body of the engine's workflow. `make_context` gives the target its surroundings."""

    def __init__(
        self,
        store: TaskStore,
        catalog: Catalog,
        news: NewsBoard,
        executor_id: str,
        make_context: Callable[[StoredTask, ProgressReport], Awaitable[RunContext]],
    ) -> None:
        self._store = store
        self._catalog = catalog
        self._news = news
        self._executor_id = executor_id
        self._make_context = make_context
        self._slots: dict[tuple[str, str, int], asyncio.Semaphore] = {}
        self.running: set[str] = set()
        """The tasks that run in this process now."""

    async def run(self, task_id: str) -> None:
        """Run a task to its end, or to a point where the engine shall try it again.

        Raises:
            Retry: after a failure that may pass; the engine calls again after a pause.
            asyncio.CancelledError: if it was cancelled; the row says why.
        """
        task = await self._store.stored(task_id)
        if task is None or task.is_final:
            return
        if task.cancel_requested:
            await self._end_unstarted(task, "cancelled", None)
            return
        try:
            router = TaskRouter(await self._catalog.registry(task.user_id))
            decision = router.route(task.capability, orjson.loads(task.required_capabilities))
        except Unavailable as error:
            await self._end_unstarted(task, "failed", masked_error(error, task.user_id))
            return
        self.running.add(task_id)
        try:
            with structlog.contextvars.bound_contextvars(task_id=task_id, user_id=task.user_id):
                await self._run_on_best(task, decision)
        finally:
            self.running.discard(task_id)

    async def _run_on_best(self, task: StoredTask, decision: Decision) -> None:
        """Try the ranked targets; only a failure that may pass, of a target without lasting effects, goes on."""
        targets = [target for target, _ in decision.ranked]
        for place, target in enumerate(targets):
            attempt = task.attempts + place + 1
            async with self._slot(target, task.user_id):
                error = await self._attempt(task, target, decision, attempt)
            if error is None:
                return
            may_repeat = isinstance(error, Unavailable) and target.idempotent
            if may_repeat and place + 1 < len(targets):
                await self._note(task.id, "fallback", target=targets[place + 1].id, error=error.brief())
                continue
            if may_repeat and attempt < MAX_ATTEMPTS:
                await self._note(task.id, "retrying", attempt=attempt, of=MAX_ATTEMPTS, error=error.brief())
                raise Retry(str(error))
            await self._finish(task.id, "failed", error=error.brief())
            return

    async def _attempt(
        self, task: StoredTask, target: Target, decision: Decision, attempt: int
    ) -> VibeError | None:
        """Run the task on one target; return why it failed, None if the task has ended in another way."""
        why = rows.dump({**orjson.loads(task.explanation or "{}"), **decision.explain(), "chosen": target.id})
        is_ours = await _stored(
            lambda: self._store.start(
                task.id, self._executor_id, (target.id, target.type), why, attempt=attempt
            )
        )
        if not is_ours:  # ended, being cancelled, or taken over by another process
            await self._end_if_cancelled(task)
            return None
        self._news.publish(task.id)
        began = time.monotonic()
        target.stats.in_flight += 1
        ok = False
        try:
            await self._work(task, target)
            ok = True
            return None
        except VibeError as error:
            # The caller's mistake says nothing about the target.
            ok = error.status < 500 or error.code in _NOT_THE_TARGETS
            return masked_error(error, task.user_id)
        except asyncio.CancelledError:
            ok = True
            await self._end_if_cancelled(task)
            raise
        except Exception as error:
            log.exception("target failed", target=target.id)
            return VibeError(
                masked(f"{target.id} failed with {type(error).__name__}: {error}", task.user_id)[:2000],
                code="target.bug",
                hint=f"this is a bug of the {target.type} {target.id}; the log has its stack",
            )
        finally:
            target.stats.in_flight -= 1
            now = time.monotonic()
            target.stats.end(ok=ok, latency_s=now - began, now=now)

    async def _work(self, task: StoredTask, target: Target) -> None:
        """Let the target work within the task's time limit, and store its result."""

        async def store(progress: str) -> None:
            try:
                if await self._store.progress(task.id, self._executor_id, progress):
                    self._news.publish(task.id)
            except VibeError as error:  # a full disk: the task itself goes on
                log.warning("progress was not stored", reason=str(error))

        progress = ProgressReport(store, user_id=task.user_id)
        context = await self._make_context(task, progress)
        if target.is_personal:
            await load_checker()
        input_ = self._input(task, target)
        timeout = asyncio.timeout(task.timeout_s)
        try:
            async with timeout:
                output = await target.run(context, input_)
        except TimeoutError as error:
            if not timeout.expired():
                raise
            raise VibeError(
                f"it took longer than {task.timeout_s:g} s",
                code="task.timeout",
                hint="set a larger timeout_s, or ask for less",
            ) from error
        finally:
            await progress.flush()
        result = masked_json(output.model_dump_json(), task.user_id)
        parts = rows.dump([part.model_dump() for part in context.parts]) if context.parts else None
        if parts is not None:
            parts = masked_json(parts, task.user_id)
        size = len(result) + len(parts or "")
        if size > MAX_RESULT_BYTES:
            raise TooLarge(
                f"the result has {size / 2**20:.0f} MB, more than {MAX_RESULT_BYTES / 2**20:.0f}",
                code="task.result_too_large",
                hint="ask for less, e.g. with a smaller limit",
            )
        await self._finish(task.id, "succeeded", result=result, parts=parts)

    def _input(self, task: StoredTask, target: Target) -> BaseModel:
        """Return the task's input as the capability's model; it was checked when the task was accepted."""
        capability = target.capabilities[task.capability]
        values = orjson.loads(task.input)
        if task.type == "ask":
            values = {capability.text_field: values["text"]} if capability.text_field else {}
        return capability.read(values)

    def _slot(self, target: Target, user_id: str) -> asyncio.Semaphore:
        """Return what bounds how many tasks of a target run at once."""
        limit = target.concurrency or 1_000_000
        key = (user_id if target.is_personal else "", target.id, limit)
        if key not in self._slots:
            self._slots[key] = asyncio.Semaphore(limit)
        return self._slots[key]

    async def give_up(self, task_id: str, error: Exception) -> None:
        """End a task that the engine calls no more, because its body has raised too often."""
        log.error("task given up", task_id=task_id, error=repr(error))
        task = await self._store.stored(task_id)
        if task is None or task.is_final:
            return
        brief = VibeError(
            masked(f"it was tried again and again, lastly: {type(error).__name__}: {error}", task.user_id)[
                :2000
            ],
            code="task.given_up",
            hint="the server's log has the cause; retry it when that is gone",
        )
        if not await self._finish(task_id, "failed", error=brief.brief()):
            await self._end_unstarted(task, "failed", brief)

    async def _finish(self, task_id: str, state: str, **how: Any) -> bool:
        """End a task that runs here; false if it is not this process's own any more."""
        is_ours = await _stored(lambda: self._store.finish(task_id, self._executor_id, state, **how))
        if is_ours:
            self._news.publish(task_id)
        return is_ours

    async def _end_unstarted(self, task: StoredTask, state: str, error: VibeError | None) -> None:
        brief = error.brief() if error else None
        if await _stored(lambda: self._store.end_unstarted(task.id, state, brief)):
            self._news.publish(task.id)

    async def _end_if_cancelled(self, task: StoredTask) -> None:
        """End the task if somebody wants it cancelled; otherwise it is left for who takes over."""
        stored = await self._store.stored(task.id)
        if stored is None or not stored.cancel_requested or stored.is_final:
            return
        if stored.executor_id == self._executor_id:
            await self._finish(task.id, "cancelled")
        elif stored.executor_id is None:
            await self._end_unstarted(stored, "cancelled", None)

    async def _note(self, task_id: str, kind: str, **data: Any) -> None:
        await _stored(lambda: self._store.note(task_id, kind, data))
        self._news.publish(task_id)


async def _stored(write: Callable[[], Awaitable[R]]) -> R:
    """Write what became of a task, as often as it takes.

    A full disk says nothing about the target, and what the target has done is too good to be thrown away: it waits
    here, in its slot, until there is room.
    """
    pause_s = _PAUSE_S
    while True:
        try:
            return await write()
        except VibeError as error:
            if error.code not in _PASSING:
                raise
            log.warning("a task waits for the database", reason=str(error))
            await asyncio.sleep(pause_s)
            pause_s = min(2 * pause_s, _MAX_PAUSE_S)
