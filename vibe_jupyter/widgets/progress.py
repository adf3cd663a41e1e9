"""Follow a task while the cell waits: one line that changes in place, its questions, an interrupt that cancels."""

from __future__ import annotations

import queue
import threading
import time
from typing import TYPE_CHECKING, Any

from vibe_jupyter.client.handles import client_of
from vibe_jupyter.core.errors import Failed, VibeError
from vibe_jupyter.core.questions.schemas import Question
from vibe_jupyter.core.tasks.schemas import FINAL_STATES
from vibe_jupyter.widgets.asking.desk import Desk
from vibe_jupyter.widgets.status_line import line_here

if TYPE_CHECKING:
    from collections.abc import Callable

    from vibe_jupyter.client.handles import TaskHandle
    from vibe_jupyter.core.tasks.schemas import TaskEvent
    from vibe_jupyter.widgets.status_line import StatusLine

__all__ = ["follow"]

_QUIET_S = 0.4  # a task that ends sooner shows its result only
_TICK_S = 0.5


def follow(handle: TaskHandle) -> TaskHandle:
    """Wait for a task, showing how far it is and asking what it asks; return it when it has succeeded.

    The events are read on a thread of their own, so that the line also moves while nothing happens.

    Raises:
        Failed: if the task fails, or is cancelled by an interrupt.
    """
    news: queue.SimpleQueue[TaskEvent | Question | BaseException | None] = queue.SimpleQueue()
    threading.Thread(target=_read, args=(handle, news.put), name="vibe-follow", daemon=True).start()
    line = line_here()
    with Desk(client_of(handle), news.put, task_id=handle.id) as desk:
        try:
            _follow(handle, news, line, desk)
        except KeyboardInterrupt:
            line.end()
            raise _interrupted(handle) from None
    line.end()
    handle.refresh()
    handle.raise_for_state()
    return handle


def _follow(
    handle: TaskHandle,
    news: queue.SimpleQueue[TaskEvent | Question | BaseException | None],
    line: StatusLine,
    desk: Desk,
) -> None:
    """Show and ask until the events end."""
    from vibe_jupyter.widgets.rendering import progress_line

    began = time.monotonic()
    latest: TaskEvent | None = None
    while True:
        try:
            item = news.get(timeout=_TICK_S if line.is_shown else _QUIET_S)
        except queue.Empty:
            line.show(progress_line(handle.task, latest, time.monotonic() - began))
            continue
        if item is None:
            return
        if isinstance(item, BaseException):
            raise item
        if isinstance(item, Question):
            line.end()
            desk.ask(item)
            continue
        latest = item
        if item.type == "question":
            desk.open()
        is_late = item.type not in FINAL_STATES and time.monotonic() - began > _QUIET_S
        if line.is_shown or is_late:
            line.show(progress_line(handle.task, latest, time.monotonic() - began))


def _read(handle: TaskHandle, put: Callable[[Any], None]) -> None:
    try:
        for event in handle.events():
            put(event)
        put(None)
    except VibeError as error:
        put(error)


def _interrupted(handle: TaskHandle) -> VibeError:
    """Cancel the task, and return what is said of it."""
    try:
        handle.cancel()
    except VibeError as error:
        if error.code != "task.already_ended":
            return error
    return Failed(
        f"interrupted: the {handle.task.type} task was cancelled",
        code="task.cancelled",
        hint=f"nothing of it was kept but its record: %vibe task retry {handle.id}",
        data={"task_id": handle.id},
    )
