"""What is shown that is no result of an operation: the status card and the line of progress."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from vibe_jupyter.widgets.rendering.document import Command

if TYPE_CHECKING:
    from collections.abc import Sequence

    from vibe_jupyter.core.status.schemas import Status
    from vibe_jupyter.core.tasks.schemas import Task, TaskEvent

__all__ = ["Listing", "ProgressLine", "StatusCard"]

T = TypeVar("T")

_NEXT = (Command("task", '"where is the login handled?"'), Command("oracles"), Command("help"))


@dataclass(frozen=True)
class StatusCard:
    """What `%vibe` alone shows.

    Args:
        status: what the platform says of itself.
        where: where it runs, in a phrase: `VibeClient.where`.
        recent: the newest tasks, newest first.
        next_steps: commands to try.
    """

    status: Status
    where: str
    recent: Sequence[Task] = ()
    next_steps: Sequence[Command] = _NEXT

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:
        from vibe_jupyter.widgets.rendering.bundle import mimebundle

        return mimebundle(self)


@dataclass(frozen=True)
class ProgressLine:
    """One line on a task that is being waited for: `▸ data.profile · 62 % · reading events.parquet · 8 s`.

    Args:
        task: the task as last seen.
        event: the newest of its events, if there was one.
        elapsed_s: seconds since it was asked for; default: counted from the task's own times.
        can_interrupt: whether to say that the kernel's interrupt cancels.
    """

    task: Task
    event: TaskEvent | None = None
    elapsed_s: float | None = None
    can_interrupt: bool = True


class Listing(list[T]):
    """A list that a notebook shows as a table, where a renderer knows its items."""

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:
        from vibe_jupyter.widgets.rendering.bundle import mimebundle

        return mimebundle(self)
