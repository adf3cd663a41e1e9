"""Follow a task while the cell waits: one line that changes in place, and an interrupt that cancels."""

from __future__ import annotations

import queue
import sys
import threading
import time
from typing import TYPE_CHECKING, Any

from vibe_jupyter.core.errors import Failed, VibeError
from vibe_jupyter.core.tasks.schemas import FINAL_STATES

if TYPE_CHECKING:
    from collections.abc import Callable

    from IPython.core.interactiveshell import InteractiveShell

    from vibe_jupyter.client.handles import TaskHandle
    from vibe_jupyter.core.tasks.schemas import TaskEvent

__all__ = ["follow", "follow_with"]

_QUIET_S = 0.4  # a task that ends sooner shows its result only
_TICK_S = 0.5


def follow(handle: TaskHandle, shell: InteractiveShell | None) -> TaskHandle:
    """Wait for a task in a shell, showing how far it is; return it when it has succeeded.

    Raises:
        Failed: if the task fails, or is cancelled by an interrupt.
    """
    if shell is not None and hasattr(shell, "kernel"):
        line: _Line = _NotebookLine()
    else:
        line = _TerminalLine()
    return follow_with(handle, line)


def follow_with(handle: TaskHandle, line: _Line) -> TaskHandle:
    """Wait for a task, telling `line` how far it is.

    The events are read on a thread of their own, so that the line also moves while nothing happens.
    """
    events: queue.SimpleQueue[TaskEvent | BaseException | None] = queue.SimpleQueue()
    threading.Thread(target=_read, args=(handle, events.put), name="vibe-follow", daemon=True).start()
    began = time.monotonic()
    latest: TaskEvent | None = None
    try:
        while True:
            try:
                event = events.get(timeout=_TICK_S if line.is_shown else _QUIET_S)
            except queue.Empty:
                line.show(handle, latest, time.monotonic() - began)
                continue
            if event is None:
                break
            if isinstance(event, BaseException):
                raise event
            latest = event
            if line.is_shown or (event.type not in FINAL_STATES and time.monotonic() - began > _QUIET_S):
                line.show(handle, latest, time.monotonic() - began)
    except KeyboardInterrupt:
        line.end()
        raise _interrupted(handle) from None
    line.end()
    handle.refresh()
    handle.raise_for_state()
    return handle


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


class _Line:
    """Where progress is shown."""

    is_shown = False

    def show(self, handle: TaskHandle, event: TaskEvent | None, seconds: float) -> None:
        from vibe_jupyter.widgets.rendering import progress_line

        self.is_shown = True
        self.write(progress_line(handle.task, event, seconds))

    def write(self, text: str) -> None:
        raise NotImplementedError

    def end(self) -> None:
        """Leave no half line behind."""


class _NotebookLine(_Line):
    """An output of the cell that is replaced in place."""

    def __init__(self) -> None:
        self._handle: Any = None

    def write(self, text: str) -> None:
        from IPython.display import display

        data = {"text/plain": text}
        if self._handle is None:
            self._handle = display(data, raw=True, display_id=True)  # type: ignore[no-untyped-call]
        else:
            self._handle.update(data, raw=True)

    def end(self) -> None:
        """Make room for the result."""
        if self._handle is not None:
            self._handle.update({"text/plain": "", "text/html": ""}, raw=True)


class _TerminalLine(_Line):
    """A line of a terminal, overwritten; nothing where the output is a file."""

    def write(self, text: str) -> None:
        if sys.stderr.isatty():
            sys.stderr.write(f"\r\x1b[2K{text[:110]}")
            sys.stderr.flush()

    def end(self) -> None:
        if self.is_shown and sys.stderr.isatty():
            sys.stderr.write("\r\x1b[2K")
            sys.stderr.flush()
