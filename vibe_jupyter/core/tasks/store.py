"""The SQL of tasks: each method is one short transaction or one indexed read."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import orjson

from vibe_jupyter.core.errors import Conflict, NotFound
from vibe_jupyter.core.ids import now
from vibe_jupyter.core.projects.failures import no_project
from vibe_jupyter.core.tasks import rows
from vibe_jupyter.core.tasks import statements as sql
from vibe_jupyter.core.tasks.history import read_ended, read_history
from vibe_jupyter.core.tasks.records import StoredTask
from vibe_jupyter.core.tasks.schemas import FINAL_STATES

if TYPE_CHECKING:
    from vibe_jupyter.core.database.database import Database
    from vibe_jupyter.core.database.statements import Connection, Statement
    from vibe_jupyter.core.tasks.records import NewTask
    from vibe_jupyter.core.tasks.schemas import HistoryQuery

__all__ = ["TaskStore"]

SHOWN_ID = 60
"""So many characters of an id that is none are shown: it may be anything."""


class TaskStore:
    """Tasks, their events and the outbox. A user sees only their own: another's task is not found."""

    def __init__(self, database: Database) -> None:
        self._db = database

    async def insert(self, task: NewTask, executor_id: str) -> tuple[str, bool, str]:
        """Store a task with its first event and its place in the outbox.

        Returns:
            Its id, whether it is new, and when it was created.

        Raises:
            Conflict: `task.idempotency_mismatch`, if the key was used for something else.
            NotFound: `project.not_found`.
        """

        def unit(c: Connection) -> tuple[str, bool, str]:
            if task.idempotency_key is not None:
                known = c.first(sql.SELECT_BY_KEY, user_id=task.user_id, key=task.idempotency_key)
                if known is not None:
                    return _same(known, task), False, ""
            if task.project_id is not None and not c.first(
                sql.SELECT_PROJECT, id=task.project_id, user_id=task.user_id
            ):
                raise no_project(task.project_id)
            return task.id, True, _insert_all(c, [(task, executor_id)])[0]

        if task.idempotency_key is None and task.project_id is None:  # nothing to look up first
            return task.id, True, await self._db.write_bulk(_insert_all, (task, executor_id))
        return await self._db.write(unit)

    async def get(self, user_id: str, task_id: str) -> bytes:
        """Return a task as the API's JSON.

        Raises:
            NotFound: `task.not_found`.
        """
        row = await self._db.read(lambda c: c.first(sql.SELECT_TASK, task_id=task_id, user_id=user_id))
        if row is None:
            raise no_task(task_id)
        return rows.encode(rows.task_json(row))

    async def history(self, user_id: str, query: HistoryQuery) -> bytes:
        """Return a page of a user's tasks as the API's JSON."""
        return await self._db.read(lambda c: read_history(c, user_id, query))

    async def ended(
        self, user_id: str, after: str | None, limit: int, *, before: str = "9"
    ) -> list[dict[str, Any]]:
        """Return a user's tasks in the order of their end, for an index over them."""
        found = await self._db.read(lambda c: read_ended(c, user_id, after, before, limit))
        decoded: list[dict[str, Any]] = orjson.loads(orjson.dumps(found))
        return decoded

    async def explanation(self, user_id: str, task_id: str) -> dict[str, Any]:
        """Return what was stored of the routing.

        Raises:
            NotFound: `task.not_found`.
        """
        row = await self._db.read(lambda c: c.first(sql.SELECT_EXPLANATION, task_id=task_id, user_id=user_id))
        if row is None:
            raise no_task(task_id)
        return orjson.loads(row[0]) if row[0] else {}

    async def stored(self, task_id: str) -> StoredTask | None:
        """Return a task for the platform itself."""
        row = await self._db.read(lambda c: c.first(sql.SELECT_STORED, task_id=task_id))
        return None if row is None else StoredTask(*row)

    async def events(self, task_id: str, after: int, limit: int = 500) -> list[tuple[int, str, str, str]]:
        """Return `(seq, type, at, data)` of the events behind `after`; `data` is JSON text."""
        found: list[Any] = await self._db.read(
            lambda c: c.all(sql.SELECT_EVENTS, task_id=task_id, after=after, limit=limit)
        )
        return found

    async def last_seq(self, user_id: str, task_id: str) -> tuple[int, str]:
        """Return the number of the last event and the state.

        Raises:
            NotFound: `task.not_found`.
        """
        row = await self._db.read(lambda c: c.first(sql.SELECT_SEQ, task_id=task_id, user_id=user_id))
        if row is None:
            raise no_task(task_id)
        return row[0], row[1]

    async def start(
        self, task_id: str, executor_id: str, target: tuple[str, str], explanation: str, *, attempt: int
    ) -> bool:
        """Make the task this process's own; false if it has ended, is being cancelled or is another's."""
        data = rows.dump({"target": {"id": target[0], "type": target[1]}, "attempt": attempt})

        def unit(c: Connection) -> bool:
            at = now()
            row = c.first(
                sql.START, task_id=task_id, me=executor_id, target=target[0], target_kind=target[1],
                why=explanation, at=at,
            )  # fmt: skip
            if row is None:
                return False
            c.run(sql.INSERT_EVENT, task_id=task_id, seq=row[0], type="running", at=at, data=data)
            return True

        return await self._db.write(unit)

    async def progress(self, task_id: str, executor_id: str, progress: str) -> bool:
        """Store how far it is, as JSON text; false if the task is not this process's own any more."""

        def unit(c: Connection) -> bool:
            row = c.first(sql.PROGRESS, task_id=task_id, me=executor_id, how_far=progress)
            if row is not None:
                c.run(sql.INSERT_EVENT, task_id=task_id, seq=row[0], type="progress", at=now(), data=progress)
            return row is not None

        return await self._db.write(unit)

    async def note(self, task_id: str, kind: str, data: dict[str, Any]) -> None:
        """Add an event."""

        def unit(c: Connection) -> None:
            add_event(c, sql.BUMP_SEQ, task_id, kind, data)

        await self._db.write(unit)

    async def finish(
        self,
        task_id: str,
        executor_id: str,
        state: str,
        *,
        result: str | None = None,
        parts: str | None = None,
        error: dict[str, Any] | None = None,
    ) -> bool:
        """End a task of this process; false if it is not its own any more."""
        data = {"error": error} if error else {}

        def unit(c: Connection) -> bool:
            failure = rows.dump(error) if error else None
            return add_event(
                c, sql.FINISH, task_id, state, data,
                me=executor_id, final=state, outcome=result, rich=parts, failure=failure,
            )  # fmt: skip

        return await self._db.write(unit)

    async def end_unstarted(self, task_id: str, state: str, error: dict[str, Any] | None = None) -> bool:
        """End a task that nobody runs; false if it has ended already."""

        def unit(c: Connection) -> bool:
            c.run(sql.DELETE_OUTBOX, done=task_id)
            failure = rows.dump(error) if error else None
            data = {"error": error} if error else {}
            return add_event(c, sql.END_UNSTARTED, task_id, state, data, final=state, failure=failure)

        return await self._db.write(unit)

    async def cancel(self, user_id: str, task_id: str) -> str:
        """Cancel a queued task at once and mark a running one; return the state it was in.

        Raises:
            NotFound: `task.not_found`.
            Conflict: `task.already_ended`.
        """

        def unit(c: Connection) -> str:
            row = c.first(sql.SELECT_SEQ, task_id=task_id, user_id=user_id)
            if row is None:
                raise no_task(task_id)
            state = str(row[1])
            if state in FINAL_STATES:
                raise Conflict(
                    f"the task has {state} already",
                    code="task.already_ended",
                    hint="retry it to run it again",
                )
            if state == "queued":
                c.run(sql.DELETE_OUTBOX, done=task_id)
                add_event(c, sql.END_UNSTARTED, task_id, "cancelled", {}, final="cancelled", failure=None)
            else:
                add_event(c, sql.REQUEST_CANCEL, task_id, "cancelling", {})
            return state

        return await self._db.write(unit)

    async def requeue(self, task_id: str, *, is_shared: bool, counted: bool, reason: str) -> bool:
        """Put a task whose process is gone back into the queue; false if it has ended."""

        def unit(c: Connection) -> bool:
            data = {"reason": reason}
            return add_event(c, sql.REQUEUE, task_id, "revived", data, shared=int(is_shared), n=int(counted))

        return await self._db.write(unit)

    async def outbox_users(self, executor_id: str) -> list[str]:
        """Return whose tasks this process has still to hand over."""
        found = await self._db.read(lambda c: c.all(sql.SELECT_OUTBOX_USERS, executor_id=executor_id))
        return [row[0] for row in found]

    async def outbox(self, executor_id: str, user_id: str, limit: int) -> list[tuple[str, int, int]]:
        """Return `(id, priority, is_shared)` of a user's tasks that are to be handed over, the next one first."""
        found: list[Any] = await self._db.read(
            lambda c: c.all(sql.SELECT_OUTBOX, executor_id=executor_id, user_id=user_id, limit=limit)
        )
        return found

    async def handed_over(self, task_ids: list[str]) -> None:
        """Take tasks out of the outbox: the engine has them."""

        def unit(c: Connection) -> None:
            for task_id in task_ids:
                c.run(sql.DELETE_OUTBOX, done=task_id)

        await self._db.write(unit)

    async def adopt_outbox(self, dead: str, executor_id: str) -> int:
        """Take over what a dead process had still to hand over; return how many tasks that are."""
        return await self._db.write(lambda c: c.run(sql.ADOPT_OUTBOX, dead=dead, me=executor_id))

    async def running(self, executor_id: str) -> list[str]:
        """Return the tasks that a process has running."""
        found = await self._db.read(lambda c: c.all(sql.SELECT_RUNNING, executor_id=executor_id))
        return [row[0] for row in found]

    async def cancelling(self, executor_id: str) -> list[str]:
        """Return the tasks of a process that somebody wants cancelled."""
        found = await self._db.read(lambda c: c.all(sql.SELECT_CANCELLING, executor_id=executor_id))
        return [row[0] for row in found]

    async def has_unfinished(self) -> bool:
        """Return whether any task waits or runs."""
        return bool(await self._db.read(lambda c: c.scalar(sql.SELECT_UNFINISHED)))

    async def counts(self, user_id: str) -> dict[str, int]:
        """Return how many unfinished tasks of a user are in which state."""
        found = await self._db.read(lambda c: c.all(sql.SELECT_COUNTS, user_id=user_id))
        return dict(found)

    async def prune(self, before: str, limit: int = 500) -> int:
        """Delete tasks that ended before a time, with their events; return how many, at most `limit`."""

        def unit(c: Connection) -> int:
            expired = c.all(sql.SELECT_EXPIRED, before=before, limit=limit)
            for task_id, user_id in expired:
                c.run(sql.DELETE_TASK, doomed=task_id)
                c.run(sql.COUNT_UP, owner=user_id, n=-1)
            return len(expired)

        return await self._db.write(unit)


def _insert_all(c: Connection, tasks: list[tuple[NewTask, str]]) -> list[str]:
    """Insert tasks, each with the `executor_id` of its place in the outbox; return when each was created."""
    at = now()
    new = {
        "state": "queued",
        "created_at": at,
        "last_seq": 1,
        "attempts": 0,
        "revivals": 0,
        "cancel_requested": 0,
    }
    c.insert_all(
        sql.INSERT_TASK, [{**task.__dict__, **new, "is_shared": int(task.is_shared)} for task, _ in tasks]
    )
    first = {"seq": 1, "type": "queued", "at": at, "data": "{}"}
    c.insert_all(sql.INSERT_EVENT, [{"task_id": task.id, **first} for task, _ in tasks])
    c.insert_all(
        sql.INSERT_OUTBOX,
        [
            {
                "task_id": task.id,
                "executor_id": executor_id,
                "user_id": task.user_id,
                "rank": -task.priority,
                "is_shared": int(task.is_shared),
            }
            for task, executor_id in tasks
        ],
    )
    for user_id, count in Counter(task.user_id for task, _ in tasks).items():
        c.run(sql.COUNT_UP, owner=user_id, n=count)
    return [at] * len(tasks)


def add_event(
    c: Connection, change: Statement, task_id: str, kind: str, data: dict[str, Any], **values: Any
) -> bool:
    """Change a task's row and store the event of that, with the number that the change gave it."""
    at = now()
    if "at" in change.compiled(c.dialect).names:
        values["at"] = at
    row = c.first(change, task_id=task_id, **values)
    if row is None:
        return False
    c.run(sql.INSERT_EVENT, task_id=task_id, seq=row[0], type=kind, at=at, data=rows.dump(data))
    return True


def no_task(task_id: str) -> NotFound:
    """Return the error for a task that is not there, or is somebody else's."""
    return NotFound(
        f"there is no task {task_id[:SHOWN_ID]}",
        code="task.not_found",
        hint="%vibe task list shows yours; ended tasks are deleted after VIBE_TASK_RETENTION_DAYS",
    )


def _same(known: tuple[Any, ...], task: NewTask) -> str:
    id_, input_, required, *rest = known
    asked = (task.type, task.priority, task.timeout_s, task.root, task.project_id)
    is_same = (
        tuple(rest) == asked
        and orjson.loads(input_) == orjson.loads(task.input)
        and required == task.required_capabilities
    )
    if not is_same:
        raise Conflict(
            f"the idempotency key was used for task {id_}, which asks for something else",
            code="task.idempotency_mismatch",
            hint="use a new key for a new request",
        )
    return str(id_)
