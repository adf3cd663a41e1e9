"""A Jupyter server with our extension whose engine takes tasks and runs none: what accepting costs by itself.

`python -m benchmarks.held_server ARGUMENTS OF jupyter_server`
"""

from __future__ import annotations

import secrets
from collections import Counter
from typing import Any

from jupyter_server.serverapp import main

import vibe_jupyter.core.platform

__all__ = ["HeldEngine"]


class HeldEngine:
    """Stands where the task engine does; what is handed over stays queued."""

    def __init__(self, *_: Any, **__: Any) -> None:
        self.executor_id = f"held-{secrets.token_hex(4)}"

    async def open(self, *_: Any) -> None:
        """Take no lease."""

    async def start(self) -> None:
        """Start nothing."""

    async def waiting(self) -> Counter[str]:
        """Say that all that was handed over has begun."""
        return Counter()

    async def submit_many(self, jobs: Any) -> None:
        """Take the jobs, and leave them."""

    async def cancel(self, task_id: str) -> None:
        """Nothing runs."""

    async def prune(self, before: Any) -> None:
        """Nothing is kept."""

    async def stop(self) -> None:
        """Nothing was started."""


if __name__ == "__main__":
    vibe_jupyter.core.platform.create_engine = HeldEngine  # type: ignore[attr-defined, assignment]
    main()
