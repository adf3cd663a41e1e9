"""A Jupyter server with our extension that takes tasks and runs none: what accepting costs by itself.

`python -m benchmarks.held_server ARGUMENTS OF jupyter_server`
"""

from __future__ import annotations

import secrets
from typing import Any

from jupyter_server.serverapp import main

import vibe_jupyter.core.platform

__all__ = ["HeldExecution"]


class HeldExecution:
    """Stands where the process does that runs the tasks; what was accepted stays in the outbox."""

    problem = None

    def __init__(self, *_: Any) -> None:
        self.executor_id = self.outbox_id = f"held-{secrets.token_hex(4)}"

    async def open(self) -> None:
        """Take no lease."""

    async def start(self) -> None:
        """Start nothing."""

    def wake(self) -> None:
        """Wake nobody."""

    async def cancel(self, task_id: str) -> None:
        """Nothing runs."""

    async def is_busy(self) -> bool:
        """Return that nothing runs."""
        return False

    async def prune(self, before: Any) -> None:
        """Nothing is kept."""

    async def close(self) -> None:
        """Nothing was started."""


if __name__ == "__main__":
    vibe_jupyter.core.platform.ChildExecution = HeldExecution  # type: ignore[attr-defined, assignment, misc]
    main()
