"""Where accepted tasks are run, seen from the platform: in its own process, or in one beside it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from datetime import datetime

__all__ = ["Execution"]


class Execution(Protocol):
    """Takes tasks from the outbox and runs them. All methods but `wake` belong to the platform's loop."""

    executor_id: str
    """This process, among all that share the database."""

    outbox_id: str
    """The name under which tasks accepted here are put into the outbox."""

    @property
    def problem(self) -> str | None:
        """Return why tasks wait that should run, if that is so; for people."""
        ...

    async def open(self) -> None:
        """Be known as alive from now on, and see to what dead processes have left. Cheap."""
        ...

    async def start(self) -> None:
        """Be ready to run; a second call does nothing."""
        ...

    def wake(self) -> None:
        """Say that a task was accepted; from any thread."""
        ...

    async def cancel(self, task_id: str) -> None:
        """Stop a task wherever it runs; its row says already that somebody wants that."""
        ...

    async def is_busy(self) -> bool:
        """Return whether tasks run now that this process answers for."""
        ...

    async def prune(self, before: datetime) -> None:
        """Forget what ended before a time."""
        ...

    async def close(self) -> None:
        """Give running tasks a moment, leave the rest to whoever lives, and end."""
        ...
