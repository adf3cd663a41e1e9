"""A task in a person's hands: its state, its result as attributes, and what can be done with it."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

from vibe_jupyter.client.payloads import payload_of
from vibe_jupyter.client.records import Record, ToolRecord, as_record, record_of
from vibe_jupyter.core.errors import Failed, InvalidInput, Unavailable, VibeError
from vibe_jupyter.core.tasks.schemas import FINAL_STATES, Task, TaskEvent

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator

    import pandas as pd

    from vibe_jupyter.client.namespaces import BaseClient, Namespace
    from vibe_jupyter.core.tasks.schemas import Explanation, TaskError

__all__ = ["AsyncTaskHandle", "Record", "TaskHandle", "as_record", "client_of"]

_PATIENCE_S = 30.0
"""How long a server may be gone before who waits for a task is told so: longer than it takes to restart."""


class _Handle:
    """What both kinds of handle know of their task."""

    def __init__(self, tasks: Namespace, task: Task) -> None:
        self._tasks = tasks
        self._task = task
        self._result: Any = record_of(task, self._payload)

    @property
    def task(self) -> Task:
        """Return the task as it was last seen."""
        return self._task

    @property
    def id(self) -> str:
        """Return the task's id."""
        return self._task.id

    @property
    def state(self) -> str:
        """Return the state as it was last seen."""
        return self._task.state

    @property
    def result(self) -> Any:
        """Return the result; its fields are attributes of the handle, too."""
        return self._result

    @property
    def error(self) -> TaskError | None:
        """Return why it failed."""
        return self._task.error

    @property
    def is_final(self) -> bool:
        """Return whether it had ended when it was last seen."""
        return self._task.is_final

    def raise_for_state(self) -> None:
        """Raise what a task failed with.

        Raises:
            Failed: with the task's own code, message and hint.
        """
        if self._task.state == "cancelled":
            raise Failed("the task was cancelled", code="task.cancelled", data={"task_id": self.id})
        if (error := self._task.error) is not None:
            raise Failed(error.message, code=error.code, hint=error.hint, data={"task_id": self.id})

    def to_pandas(self) -> pd.DataFrame:
        """Return the rows of a tabular result.

        Raises:
            InvalidInput: `result.not_tabular`.
            Unavailable: `pandas.missing`.
        """
        try:
            import pandas as pd
        except ImportError as error:
            raise Unavailable(
                "pandas is not installed here", code="pandas.missing", hint="pip install pandas"
            ) from error
        if isinstance(self._result, ToolRecord):
            return self._result.to_pandas()
        rows = self._rows()
        if rows is None:
            raise InvalidInput(
                f"the result of {self._task.type} is no table",
                code="result.not_tabular",
                hint="it has ended?" if self._result is None else f"it has {', '.join(self._result)}",
            )
        return pd.DataFrame(rows)

    def _rows(self) -> list[Any] | None:
        if isinstance(self._result, Record):
            lists = [name for name, value in self._result.items() if _is_rows(value)]
            name = self._tasks.table_of(self._task.capability) or (lists[0] if lists else None)
            return self._result.get(name) if name else None
        return self._result if _is_rows(self._result) else None

    def _see(self, task: Task) -> None:
        self._task, self._result = task, record_of(task, self._payload)

    def __getattr__(self, name: str) -> Any:
        if not name.startswith("_") and isinstance(self._result, Record) and name in self._fields:
            is_more = isinstance(self._result, ToolRecord) and name in self._result.READABLE
            return getattr(self._result, name) if is_more else self._result[name]
        fields = ", ".join(self._fields) or "no fields yet"
        raise AttributeError(f"a {self._task.type} task has no {name!r}; its result has {fields}")

    def __dir__(self) -> list[str]:
        return [*super().__dir__(), *self._fields]

    def _payload(self, handle: str) -> bytes:
        return payload_of(self._tasks.client, handle)

    @property
    def _fields(self) -> list[str]:
        if not isinstance(self._result, Record):
            return []
        more = self._result.READABLE if isinstance(self._result, ToolRecord) else ()
        return list(dict.fromkeys([*self._result, *more]))

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self._task.type} {self.id} {self.state}>"

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:
        from vibe_jupyter.widgets.rendering import mimebundle

        bundle: dict[str, Any] = mimebundle(self)
        return bundle


class TaskHandle(_Handle):
    """A task and what can be done with it.

    >>> task = vibe.tasks.create(type="file_search", input={"query": "login"})     # doctest: +SKIP
    >>> task.wait().matches[0].path                                                # doctest: +SKIP
    'src/auth/session.py'
    """

    def refresh(self) -> TaskHandle:
        """Look at the task again."""
        self._see(self._tasks.fetch(self.id))
        return self

    def events(self, after: int | None = None) -> Iterator[TaskEvent]:
        """Yield what has happened behind `after`, then each new event, up to the final one.

        A connection that breaks is taken up again where it broke, for a bounded time.

        Raises:
            Unavailable: if the server is gone for long; the task is not lost then.
            VibeError: `task.cannot_run`, if tasks cannot be run for now; it waits.
        """
        import time

        seen, patience = after or 0, _Patience(self.id)
        while True:
            try:
                for event in self._tasks.events(self.id, after=str(seen) if seen else None):
                    patience.restore()
                    seen = event.seq or seen
                    yield event
                    if event.type in FINAL_STATES:
                        return
                    if event.type == "problem":
                        raise _cannot_run(event)
                if self._tasks.fetch(self.id).is_final:
                    return  # before `after`
                raise _stream_ended()
            except Unavailable as error:
                time.sleep(patience.pause_s(error))

    def wait(
        self, on_event: Callable[[TaskEvent], None] | None = None, *, raise_on_failure: bool = True
    ) -> TaskHandle:
        """Wait for the end; `on_event` is told what happens meanwhile.

        Raises:
            Failed: if the task fails or is cancelled.
            Unavailable: if the server is gone for long; the task is not lost then.
        """
        if not self.is_final:
            for event in self.events():
                if on_event is not None:
                    on_event(event)
            self._look()
        if raise_on_failure:
            self.raise_for_state()
        return self

    def _look(self) -> None:
        """Refresh, and wait for a server that is gone for a moment."""
        import time

        patience = _Patience(self.id)
        while True:
            try:
                self.refresh()
                return
            except Unavailable as error:
                time.sleep(patience.pause_s(error))

    def cancel(self) -> TaskHandle:
        """Cancel it."""
        self._see(self._tasks.cancel(self.id).task)
        return self

    def retry(self) -> TaskHandle:
        """Run it again, as a new task."""
        handle: TaskHandle = self._tasks.retry(self.id)
        return handle

    def explain(self) -> Explanation:
        """Return why it went to its target."""
        explanation: Explanation = self._tasks.explain(self.id)
        return explanation


class AsyncTaskHandle(_Handle):
    """The same for async code: every method that asks the platform is awaited."""

    async def refresh(self) -> AsyncTaskHandle:
        """See `TaskHandle.refresh`."""
        self._see(await self._tasks.afetch(self.id))
        return self

    async def events(self, after: int | None = None) -> AsyncIterator[TaskEvent]:
        """See `TaskHandle.events`."""
        import asyncio

        seen, patience = after or 0, _Patience(self.id)
        while True:
            try:
                news = self._tasks.events(self.id, after=str(seen) if seen else None)
                async with contextlib.aclosing(news):
                    async for event in news:
                        patience.restore()
                        seen = event.seq or seen
                        yield event
                        if event.type in FINAL_STATES:
                            return
                        if event.type == "problem":
                            raise _cannot_run(event)
                if (await self._tasks.afetch(self.id)).is_final:
                    return
                raise _stream_ended()
            except Unavailable as error:
                await asyncio.sleep(patience.pause_s(error))

    async def wait(
        self, on_event: Callable[[TaskEvent], None] | None = None, *, raise_on_failure: bool = True
    ) -> AsyncTaskHandle:
        """See `TaskHandle.wait`."""
        if not self.is_final:
            async for event in self.events():
                if on_event is not None:
                    on_event(event)
            await self._look()
        if raise_on_failure:
            self.raise_for_state()
        return self

    async def _look(self) -> None:
        import asyncio

        patience = _Patience(self.id)
        while True:
            try:
                await self.refresh()
                return
            except Unavailable as error:
                await asyncio.sleep(patience.pause_s(error))

    async def cancel(self) -> AsyncTaskHandle:
        """See `TaskHandle.cancel`."""
        self._see((await self._tasks.cancel(self.id)).task)
        return self

    async def retry(self) -> AsyncTaskHandle:
        """See `TaskHandle.retry`."""
        handle: AsyncTaskHandle = await self._tasks.retry(self.id)
        return handle

    async def explain(self) -> Explanation:
        """See `TaskHandle.explain`."""
        explanation: Explanation = await self._tasks.explain(self.id)
        return explanation


def client_of(handle: TaskHandle) -> BaseClient:
    """Return the client that a handle came from: no attribute of it, as those are the result's fields."""
    return handle._tasks.client


def _is_rows(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(row, dict) for row in value)


class _Patience:
    """Bounds how long somebody waits for a server that is gone."""

    def __init__(self, task_id: str) -> None:
        self._task_id = task_id
        self.restore()

    def restore(self) -> None:
        """Begin anew: there was a sign of life."""
        self._failures = 0
        self._since = 0.0

    def pause_s(self, error: Unavailable) -> float:
        """Return how long to wait before the next try.

        Raises:
            Unavailable: the error, with the word that the task is safe, when patience is at its end.
        """
        import time

        now = time.monotonic()
        self._since = self._since if self._failures else now
        if now - self._since >= _PATIENCE_S:
            raise Unavailable(
                error.message,
                code=error.code,
                hint=f"the task is not lost: it goes on when the server is back. %vibe task show {self._task_id}",
                data={"task_id": self._task_id},
            ) from error
        self._failures += 1
        return min(1.0, 0.05 * 2.0 ** min(self._failures, 5))


def _cannot_run(event: TaskEvent) -> VibeError:
    return VibeError(
        f"the task was accepted and waits, for tasks cannot be run now: {event.data.get('message')}",
        code="task.cannot_run",
        hint="it is run once that is solved; jupyter vibe doctor helps to find the cause",
    )


def _stream_ended() -> Unavailable:
    return Unavailable("the server ended the stream of events before the task's end", code="server.lost")
