"""What can be done with tasks: accept, show, follow, cancel, retry, explain."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import orjson

from vibe_jupyter.core import paths
from vibe_jupyter.core.errors import Conflict, InvalidInput
from vibe_jupyter.core.ids import new_id, now
from vibe_jupyter.core.tasks import rows
from vibe_jupyter.core.tasks.records import NewTask
from vibe_jupyter.core.tasks.requests import check_request
from vibe_jupyter.core.tasks.schemas import FINAL_STATES, Explanation, TaskCreate, TaskEvent

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
    from pathlib import Path

    from vibe_jupyter.core.accounts.principal import Principal
    from vibe_jupyter.core.events import NewsBoard
    from vibe_jupyter.core.routing.catalog import Catalog
    from vibe_jupyter.core.tasks.schemas import HistoryQuery
    from vibe_jupyter.core.tasks.store import TaskStore

__all__ = ["TaskService"]

_POLL_S = 0.5  # how soon events of another process are seen; those of this one are seen at once
_SEQ = re.compile(r"[0-9]{1,12}\Z")


class TaskService:
    """Behaviour of tasks. Its methods may be called on any event loop."""

    def __init__(
        self,
        store: TaskStore,
        catalog: Catalog,
        news: NewsBoard,
        *,
        outbox_id: str,
        is_shared: bool,
        default_timeout_s: float,
        default_root: Path,
        allowed_roots: Callable[[str], Awaitable[Sequence[Path]]],
        project_root: Callable[[str, str], Awaitable[Path]],
        accepted: Callable[[], None],
        cancel_running: Callable[[str], Awaitable[None]],
        problem: Callable[[], str | None],
    ) -> None:
        self._store = store
        self._catalog = catalog
        self._news = news
        self._outbox_id = outbox_id
        self._is_shared = is_shared
        self._default_timeout_s = default_timeout_s
        self._default_root = default_root
        self._allowed_roots = allowed_roots
        self._project_root = project_root
        self._accepted = accepted
        self._cancel_running = cancel_running
        self._problem = problem

    async def create(self, principal: Principal, body: TaskCreate, *, retry_of: str | None = None) -> bytes:
        """Check a request, store it for good, and leave it to the engine.

        Raises:
            InvalidInput: what is wrong with type, capabilities or input; `route.ambiguous` for free text.
            Conflict: `task.idempotency_mismatch`.
            NotFound, Forbidden: about the project or the root.
        """
        asked = await check_request(self._catalog, principal, body)
        root = self._default_root
        if body.project_id is not None and body.root is None:
            root = await self._project_root(principal.user_id, body.project_id)
        elif body.root is not None:
            root = paths.checked_root(body.root, await self._roots_for(principal, body.root))
        task = NewTask(
            id=new_id(),
            user_id=principal.user_id,
            type=asked.type,
            capability=asked.capability,
            input=_stored(body.input),
            required_capabilities=rows.dump(asked.required),
            root=str(root),
            priority=body.priority,
            timeout_s=body.timeout_s or self._default_timeout_s,
            is_shared=self._is_shared,
            project_id=body.project_id,
            idempotency_key=body.idempotency_key,
            retry_of=retry_of,
            explanation=asked.explanation,
        )
        task_id, is_new, created_at = await self._store.insert(task, self._outbox_id)
        if not is_new:
            return await self._store.get(principal.user_id, task_id)
        self._accepted()
        return rows.encode(rows.task_json(task.row(created_at)))

    async def retry(self, principal: Principal, task_id: str) -> bytes:
        """Ask for the same again, as a new task.

        Raises:
            NotFound: `task.not_found`.
            Conflict: `task.not_ended`.
        """
        old = orjson.loads(await self._store.get(principal.user_id, task_id))
        if old["state"] not in FINAL_STATES:
            raise Conflict(
                f"the task is still {old['state']}",
                code="task.not_ended",
                hint="cancel it first, or wait for its end",
            )
        fields = ("type", "input", "required_capabilities", "priority", "timeout_s", "project_id", "root")
        body = TaskCreate(**{name: old[name] for name in fields})
        is_of_tool = not self._catalog.base.knows(old["capability"])
        if is_of_tool and "timeout_s" not in await self._store.explanation(principal.user_id, task_id):
            body.timeout_s = (
                None  # the default is no word of whoever asked: it does not count for the tool's call
            )
        return await self.create(principal, body, retry_of=task_id)

    async def get(self, principal: Principal, task_id: str) -> bytes:
        """Return a task as JSON."""
        return await self._store.get(principal.user_id, task_id)

    async def history(self, principal: Principal, query: HistoryQuery) -> bytes:
        """Return a page of tasks as JSON."""
        return await self._store.history(principal.user_id, query)

    async def cancel(self, principal: Principal, task_id: str) -> bytes:
        """Cancel a task: a queued one at once, a running one within a second."""
        await self._store.cancel(principal.user_id, task_id)
        self._news.publish(task_id)
        await self._cancel_running(task_id)
        return await self._store.get(principal.user_id, task_id)

    async def explain(self, principal: Principal, task_id: str) -> Explanation:
        """Return why a task went where it went; of one that waits, what is known so far."""
        task = orjson.loads(await self._store.get(principal.user_id, task_id))
        known = await self._store.explanation(principal.user_id, task_id)
        base = {name: task[name] for name in ("type", "capability", "required_capabilities")}
        return Explanation(**{**base, **known, "task_id": task_id})

    async def events(self, principal: Principal, task_id: str, after: str | None) -> AsyncIterator[TaskEvent]:
        """Yield the events of a task behind `after`, then each new one, up to the final one.

        An `after` that is no number of an event of this task is answered by a `gap` event and a replay from the
        start: what was shown before may not be what there is. A `problem` event says that tasks cannot be run here
        for now, and why; this one waits, then.
        """
        last, _ = await self._store.last_seq(principal.user_id, task_id)
        seen = 0
        if after is not None:
            if _SEQ.match(after) and int(after) <= last:
                seen = int(after)
            else:
                yield TaskEvent(seq=0, type="gap", task_id=task_id, at=now(), data={"after": after})
        problem: str | None = None
        with self._news.subscribe(task_id) as news:
            while True:
                page = await self._store.events(task_id, seen)
                for seq, kind, at, data in page:
                    if seq != seen + 1:
                        yield TaskEvent(seq=0, type="gap", task_id=task_id, at=at, data={"after": str(seen)})
                    seen = seq
                    yield TaskEvent(seq=seq, type=kind, task_id=task_id, at=at, data=orjson.loads(data))
                    if kind in FINAL_STATES:
                        return
                if not page:
                    _, state = await self._store.last_seq(principal.user_id, task_id)
                    if state in FINAL_STATES and not await self._store.events(task_id, seen):
                        return  # it ended before `after`
                    if not await news.wait(_POLL_S) and state == "queued":
                        problem, told = self._problem(), problem
                        if problem is not None and problem != told:
                            yield TaskEvent(
                                seq=0, type="problem", task_id=task_id, at=now(), data={"message": problem}
                            )

    async def _roots_for(self, principal: Principal, root: str) -> Sequence[Path]:
        if principal.via == "local":  # the process's own user: the folder is where their code runs
            return [paths.real(root)]
        return await self._allowed_roots(principal.user_id)


def _stored(input_: dict[str, Any]) -> str:
    try:
        return rows.dump(input_)
    except TypeError as error:  # the one thing that JSON can say and the encoder will not
        raise InvalidInput(
            "input: it is nested too deeply",
            code="task.invalid_input",
            hint="nest at most 250 lists and objects",
            errors=[{"loc": ["input"], "msg": "nested too deeply"}],
        ) from error
